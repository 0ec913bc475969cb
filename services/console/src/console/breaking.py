"""Who calls what a new version would break, for people on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from rich.markup import escape

from console.screen import out

OPERATIONS_MAX: Final = 20
CALLERS_MAX: Final = 10
FRAGMENT: Final = """
fragment Breaking on Breaks {
  checked days operations unchecked uncheckedCalls
  findings {
    hash names certain calls
    reasons { coordinate message certain }
    callers {
      organisation organisationName project projectName instance environment client clientName key keyName
      calls lastSeen stakes { plan amount currency }
    }
  }
}"""
"""What commands ask of a preview."""


def certain(seen: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Operations that break whatever is sent in their variables."""
    return [each for each in (seen or {}).get("findings", []) if each["certain"]]


def show(seen: dict[str, Any] | None) -> None:
    """Everything of it that somebody should know; nothing where nobody calls."""
    if seen is None:
        return
    if not seen["checked"]:
        out.print("[yellow]Whether callers would break could not be found out just now.[/]")
        return
    days, sure = seen["days"], certain(seen)
    maybe = [each for each in seen["findings"] if not each["certain"]]
    if sure:
        out.print(f"[bold red]It would break what was called in the last {days} days:[/]")
        _operations(sure)
    if maybe:
        out.print("[bold yellow]It may break these, by what is sent in their variables:[/]")
        _operations(maybe)
    if seen["operations"] and not seen["findings"]:
        out.print(f"It breaks none of the {seen['operations']} operations called in the last {days} days.")
    if seen["uncheckedCalls"]:
        out.print(f"{_many(seen['uncheckedCalls'], 'call')} of other operations could not be looked at.")


def _operations(found: Sequence[dict[str, Any]]) -> None:
    for each in found[:OPERATIONS_MAX]:
        name = ", ".join(each["names"]) or "without a name"
        out.print(f"  {escape(name)} [dim]{each['hash']}[/]  [bold]{_many(each['calls'], 'call')}[/]")
        for reason in each["reasons"]:
            out.print(f"    {escape(reason['message'])}")
        for caller in each["callers"][:CALLERS_MAX]:
            out.print(f"    {escape(_caller(caller))}")
        if len(each["callers"]) > CALLERS_MAX:
            out.print(f"    and {_many(len(each['callers']) - CALLERS_MAX, 'other caller')}")
    if len(found) > OPERATIONS_MAX:
        out.print(f"  and {_many(len(found) - OPERATIONS_MAX, 'other operation')}; --json lists all")


def _caller(caller: dict[str, Any]) -> str:
    """`Grand Hotel (Hotel, prod): 1000 calls, 3.5 EUR, last at 2026-11-20T10:00Z`."""
    key = f"key {caller['keyName']}" if caller["keyName"] else None
    who = caller["clientName"] or key or ("without a key" if caller["instance"] else None)
    place = caller["projectName"] or caller["organisationName"] or caller["organisation"]
    named = f"{who} ({place}, {caller['environment']})" if who else f"{place}, {caller['environment']}"
    money = [_stake(each) for each in caller["stakes"] if each["plan"] != "NOT_BILLABLE"]
    last = f"last at {caller['lastSeen'][:16]}Z"
    return ", ".join((f"{named}: {_many(caller['calls'], 'call')}", *money, last))


def _stake(stake: dict[str, Any]) -> str:
    amount = f"{Decimal(stake['amount']):f} {stake['currency']}"
    return f"{amount} a month" if stake["plan"] == "MONTHLY" else amount


def _many(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"
