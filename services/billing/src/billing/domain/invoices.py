"""A draft invoice: a pure function of plan versions, usage and a cut-off, one rounding per line (MA 4.3, 4.6, A07).

A call is owed by the client whose key made it, else by the client its plan names, else by the organisation itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from billing.domain.meters import is_billed
from billing.domain.periods import Period, text
from billing.domain.subscriptions import DEFAULT_CURRENCY, Version, in_force
from common.ids import derived
from proof import canonical, rating

SCHEMA: Final = "mortise.invoice/1"


@dataclass(frozen=True)
class Account:
    """Who owes: a client of the project, or (client None) the organisation itself."""

    issuer: str
    """Organisation."""
    project: str
    client: str | None
    name: str
    currency: str
    zone: str
    main: bool = True
    """Of several currencies the first; calls without a price stand there, and only there."""


@dataclass(frozen=True)
class Minute:
    """Calls of one environment, client key and class in one UTC minute."""

    instance: str
    service_name: str
    kind: str
    client: str | None
    minute_ms: int
    class_: str
    calls: int


@dataclass(frozen=True)
class Owed:
    """Calls of one instance under one plan version."""

    version: Version
    service_name: str
    calls: int


def owed(
    plans: Mapping[str, Sequence[Version]], usage: Iterable[Minute], period: Period
) -> dict[str | None, tuple[Owed, ...]]:
    """What was called in the period, by the client that owes it."""
    sums: dict[tuple[str | None, Version], tuple[str, int]] = {}
    for minute in usage:
        if not is_billed(minute.kind, minute.class_) or not period.from_ms <= minute.minute_ms < period.to_ms:
            continue
        version = in_force(plans.get(minute.instance, ()), minute.instance, minute.minute_ms)
        key = (minute.client or version.terms.client, version)
        sums[key] = (minute.service_name, sums.get(key, ("", 0))[1] + minute.calls)
    grouped: dict[str | None, tuple[Owed, ...]] = {}
    for (client, version), (name, calls) in sums.items():
        grouped[client] = (*grouped.get(client, ()), Owed(version, name, calls))
    return grouped


def draft(
    plans: Mapping[str, Sequence[Version]], usage: Iterable[Minute], period: Period, account: Account, cutoff: int
) -> bytes:
    """The canonical document of what the account owes for the period; `cutoff` = position in CALLS counted up to."""
    mine = [item for item in owed(plans, usage, period).get(account.client, ()) if _belongs(item, account)]
    mine.sort(key=lambda item: (item.service_name, item.version.instance, item.version.number))
    lines: list[dict[str, Any]] = []
    total = calls = 0
    for item in mine:
        for line in rating.rate(item.version.terms.rated, item.calls, currency=account.currency):
            lines.append(_line(len(lines) + 1, item, line, account.currency))
            total += line.amount
            calls += line.quantity
    return canonical.encode(
        {
            "schema": SCHEMA,
            "id": invoice_id(account, period.label),
            "status": "draft",
            "issuer": {"org": account.issuer},
            "client": {"id": account.client, "name": account.name} if account.client else {"name": account.name},
            "project": account.project,
            "currency": account.currency,
            "time_zone": account.zone,
            "period": {"label": period.label, "from": text(period.from_ms), "to": text(period.to_ms)},
            "lines": lines,
            "calls": str(calls),
            "subtotal": rating.amount(total, account.currency),
            "cutoff": {"calls": str(cutoff)},
        }
    )


def invoice_id(account: Account, label: str) -> str:
    """The same payer, issuer, currency and period always mean the same invoice (A15)."""
    return derived("invoice", account.issuer, account.project, account.client or "", account.currency, label)


def currencies(own: str | None, items: Iterable[Owed]) -> tuple[str, ...]:
    """The currencies somebody owes in, his own first; never none (MA 4.2: one account, one currency, one document)."""
    priced = {item.version.terms.currency for item in items if item.version.terms.kind != "NOT_BILLABLE"}
    first = own or min(priced, default=DEFAULT_CURRENCY)
    return (first, *sorted(priced - {first}))


def _belongs(item: Owed, account: Account) -> bool:
    if item.version.terms.kind == "NOT_BILLABLE":
        return account.main
    return item.version.terms.currency == account.currency


def _line(number: int, item: Owed, line: rating.Line, currency: str) -> dict[str, Any]:
    assert line.unit_price is not None, "per-call lines have a price"
    return {
        "n": number,
        "code": line.code,
        "env": "prod",
        "instance": item.version.instance,
        "service": item.service_name,
        "plan": item.version.id,
        "quantity": str(line.quantity),
        "unit_price": rating.plain(line.unit_price),
        "exact": rating.ratio(line.exact),
        "amount": rating.amount(line.amount, currency),
    }
