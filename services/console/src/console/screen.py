"""What a command prints: tables and sentences for people on a terminal, one JSON document for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from console.failures import Failure, usage

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Force = Annotated[bool, typer.Option("--force", "-f", help="Do not ask, and accept losing data and breaking callers.")]

PIPE_COLUMNS: Final = 240
"""Width of tables that nobody looks at."""

out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPE_COLUMNS)
err = Console(highlight=False, soft_wrap=True, stderr=True)

SAFE_LINES_MAX: Final = 20
ACTIONS: Final = {"Create": ("+", "green"), "Update": ("*", "yellow"), "Delete": ("-", "red")}
GRADE_STYLES: Final = {"BREAKING": "red", "DANGEROUS": "yellow", "SAFE": "green"}


def answer(value: Any, render: Callable[[], None], *, as_json: bool) -> None:
    """The result of a command, in the form that was asked for."""
    if as_json:
        print(json.dumps(value, indent=1, ensure_ascii=False))
    else:
        render()


def table(title: str | None, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows under headings; None shows as an empty cell."""
    drawn = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    out.print(drawn)


def facts(pairs: Iterable[tuple[str, object]]) -> None:
    """Names and values, one a line, which is never broken: keys and addresses are there to be copied."""
    shown = [(name, str(value)) for name, value in pairs if value is not None]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        out.print(f"{name:<{width}}  {value}", markup=False)


def say(text: str) -> None:
    """A sentence to people; it goes to stderr, so that stdout holds results only."""
    err.print(escape(text))


def changes(found: Sequence[dict[str, Any]], *, what: str = "This push") -> None:
    """Graded changes, gravest first, under a red heading when one of them can break a caller."""
    order = list(GRADE_STYLES)
    grave = any(each["criticality"] != "SAFE" for each in found)
    out.print(f"[bold red]{what} changes the API:[/]" if grave else f"[bold]{what} changes the API:[/]")
    ordered = sorted(found, key=lambda each: order.index(each["criticality"]))
    safe = [each for each in ordered if each["criticality"] == "SAFE"]
    for each in ordered[: len(ordered) - len(safe) + SAFE_LINES_MAX]:
        grade = each["criticality"]
        out.print(f"  [{GRADE_STYLES[grade]}]{grade:<9}[/]  {escape(each['message'])}")
    if len(safe) > SAFE_LINES_MAX:
        out.print(f"  and {len(safe) - SAFE_LINES_MAX} more that are safe")


def losses(found: Sequence[dict[str, Any]]) -> None:
    """What would be lost, and how much of it there is."""
    out.print("[bold red]It would lose data:[/]")
    for each in found:
        out.print(f"  {escape(each['path'])}  [red]{each['rows']}[/]")


def messages(found: Sequence[dict[str, Any]]) -> None:
    """Changes in words, with what they consist of."""
    for each in found:
        _message(each, "")
        for inner in each["subDescriptions"]:
            _message(inner, "    ")


def _message(said: dict[str, Any], margin: str) -> None:
    sign, style = ACTIONS[said["action"]]
    out.print(
        f"{margin}[{style}]{sign}[/] {said['type'].lower()} {escape(said['name'])}: {escape(said['description'])}"
    )


def steps(found: Sequence[dict[str, Any]]) -> None:
    """What would run on a database, in order."""
    if not found:
        out.print("Nothing runs on the database.")
        return
    rows = [
        (
            each["number"],
            each["phase"],
            each["kind"],
            each["subject"],
            each["grade"],
            ", ".join(each["locks"]),
            each["reason"],
        )
        for each in found
    ]
    table("On the database:", ("Step", "Phase", "What", "Of", "Grade", "Locks", "Why"), rows)


def problems(found: Sequence[dict[str, Any]]) -> None:
    """Problems of a schema as compilers tell them."""
    for each in found:
        code = f" [dim]\\[{each['code']}][/]" if each.get("code") else ""
        err.print(f"{escape(each['file'])}:{each['line']}:{each['column']}{code} {escape(each['message'])}")


def failed(failure: Failure, *, as_json: bool) -> None:
    """Message, hint and code on stderr."""
    if as_json:
        print(json.dumps(failure.told(), indent=1, ensure_ascii=False), file=sys.stderr)
        return
    code = failure.code if not failure.reason else f"{failure.code}, {failure.reason}"
    err.print(f"[bold red]error:[/] {escape(failure.message)} [dim]({escape(code)})[/]")
    for each in failure.details.get("operations") or ():
        why = "; ".join(str(reason.get("message")) for reason in each.get("reasons") or ())
        err.print(f"  {escape(str(each.get('hash')))}  {each.get('calls')} calls  {escape(why)}")
    for each in failure.details.get("losses") or ():
        err.print(f"  {escape(str(each.get('path')))}  {each.get('rows')}")
    if failure.hint:
        err.print(f"[bold]hint:[/] {escape(failure.hint)}")


def interactive() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirmed(question: str, *, force: bool, otherwise: str) -> None:
    """Go on only when somebody says yes (default: no) or force was given. Raises Failure otherwise."""
    if force:
        return
    if not interactive():
        raise Failure(otherwise, "Say --force if that is what you want.", code="CONFIRMATION_NEEDED")
    if not typer.confirm(question, default=False, err=True):
        raise Failure("Nothing was done.", code="CANCELLED")


def unless_lost(act: Callable[[bool], dict[str, Any]], *, force: bool) -> dict[str, Any]:
    """The outcome of something that may lose data; when it is refused for that, somebody may still want it.

    `act` takes whether losing data is accepted. Raises Failure.
    """
    try:
        return act(force)
    except Failure as failure:
        if failure.reason not in {"DATA_LOSS", "BREAKS_CALLERS"} or not interactive():
            raise
        err.print(escape(failure.message))
        if lost := failure.details.get("losses"):
            losses(lost)
        confirmed("Lose it?" if lost else "Break them?", force=False, otherwise=failure.message)
        return act(True)  # noqa: FBT003 - it was agreed to


def given(value: str | None, option: str, question: str, *, hidden: bool = False) -> str:
    """An option's value, asked for when somebody is there to answer."""
    if value is not None:
        return value
    if not interactive():
        raise usage(f"{option} is missing.", f"Nobody is there to be asked: {question.lower()}?")
    return str(typer.prompt(question, hide_input=hidden, err=True))
