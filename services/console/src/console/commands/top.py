"""What a running Mortise does at this moment, again and again: rates, durations, lags, pools and logs on disk."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from console import screen
from console.commands.status import Process, addresses, looked, summary
from console.rates import Between, Key, Took
from console.screen import Json

INTERVAL_SECONDS: Final = 2.0
SHARES: Final = {"p50Ms": 0.5, "p95Ms": 0.95, "p99Ms": 0.99}
LEFT: Final = frozenset({"process"})
"""Columns of names."""
_DIGITS: Final = 2


def top(
    *,
    data: Annotated[Path | None, typer.Option("--data", help="Data directory of a stack on this machine.")] = None,
    health: Annotated[
        list[str] | None, typer.Option("--health", help="Address of a process's health port; say it once for each.")
    ] = None,
    interval: Annotated[
        float, typer.Option("--interval", "-i", min=0.1, max=3600, help="Seconds between two looks.")
    ] = INTERVAL_SECONDS,
    once: Annotated[bool, typer.Option("--once", help="Look twice, show what happened between, and end.")] = False,
    as_json: Json = False,
) -> None:
    """Show what happens now: calls and operations, what is behind, connections, logs on disk. Control-C ends it.

    On a terminal one screen is drawn anew; elsewhere each look is printed below the last, with --json one line each.
    """
    asked = addresses(data, health)
    live = sys.stdout.isatty() and not once and not as_json
    try:
        if live:
            with Live(console=screen.out, screen=True, auto_refresh=False) as drawn:
                for told in _looks(asked, interval):
                    drawn.update(_drawn(told), refresh=True)
        for told in _looks(asked, interval):
            if as_json:
                print(json.dumps(told, ensure_ascii=False, indent=1 if once else None), flush=True)
            else:
                screen.out.print(_drawn(told))
            if once:
                return
    except KeyboardInterrupt:
        return


def _looks(asked: Mapping[str, str], interval: float) -> Iterable[dict[str, Any]]:
    """What happened since the last look, for ever; the first after one interval."""
    before, at = looked(asked), time.monotonic()
    while True:
        time.sleep(interval)  # rates are of what happened in this time
        after, now = looked(asked), time.monotonic()
        yield happened(before, after, now - at)
        before, at = after, now


def happened(before: Sequence[Process], after: Sequence[Process], seconds: float) -> dict[str, Any]:
    """All that is shown of two looks at the same processes."""
    between = Between(
        {each.name: each.figures for each in before}, {each.name: each.figures for each in after}, seconds
    )
    state = summary(after)
    return {
        "seconds": round(seconds, _DIGITS),
        "healthy": state["healthy"],
        "wrong": state["wrong"],
        "ready": sum(each["ready"] for each in state["processes"]),
        "processes": len(after),
        "calls": _calls(between),
        "bytesOutPerSecond": {kind: round(rate) for (kind,), rate in _some(between, "mortise_calls_bytes_out_total")},
        "operations": _operations(between),
        "projections": _projections(between, after),
        "workers": _workers(after),
        "environments": state["environments"],
    }


def _calls(between: Between) -> list[dict[str, Any]]:
    took = between.took("mortise_calls_seconds", "kind", "class")
    return [
        {"kind": kind, "class": outcome, "perSecond": round(rate, _DIGITS), **_durations(took.get((kind, outcome)))}
        for (kind, outcome), rate in sorted(between.rates("mortise_calls_total", "kind", "class").items())
        if rate
    ]


def _operations(between: Between) -> list[dict[str, Any]]:
    """What canonical lines with a duration tell of, the most frequent first."""
    took = between.took("mortise_took_seconds", "name")
    rates = {name: rate for (name,), rate in between.rates("mortise_took_seconds_count", "name").items() if rate}
    return [
        {"name": name, "perSecond": round(rate, _DIGITS), **_durations(took.get((name,)))}
        for name, rate in sorted(rates.items(), key=lambda each: (-each[1], each[0]))
    ]


def _projections(between: Between, after: Sequence[Process]) -> list[dict[str, Any]]:
    applied = between.rates("mortise_projection_applied_total", "projection")
    return [
        {"process": process.name, **each, "perSecond": round(applied.get((each["name"],), 0.0), _DIGITS)}
        for process in after
        for each in process.projections()
    ]


def _workers(after: Sequence[Process]) -> list[dict[str, Any]]:
    return [
        {
            "process": process.name,
            "connectionsOpen": int(process.number("mortise_connections_open")),
            "connectionsBudget": int(process.number("mortise_connections_budget")),
            "walBytes": int(process.number("mortise_wal_bytes")),
            "unsentCalls": int(process.number("mortise_calls_unsent")),
            "unsentSeconds": round(process.number("mortise_calls_unsent_seconds"), _DIGITS),
        }
        for process in after
        if "mortise_connections_budget" in process.figures
    ]


def _some(between: Between, name: str) -> list[tuple[Key, float]]:
    return [(key, rate) for key, rate in sorted(between.rates(name, "kind").items()) if rate]


def _durations(took: Took | None) -> dict[str, float | None]:
    found = {name: None if took is None else took.milliseconds(share) for name, share in SHARES.items()}
    return {name: None if number is None else round(number, _DIGITS) for name, number in found.items()}


# --- showing ------------------------------------------------------------------------------------------------------


def _drawn(told: Mapping[str, Any]) -> RenderableType:
    out = told["bytesOutPerSecond"]
    head = f"{told['ready']} of {told['processes']} processes ready; the last {told['seconds']:.1f} s"
    states = ", ".join(f"{number} {state}" for state, number in told["environments"].items())
    calls = [(f"{each['kind']} {each['class']}", *_measured(each)) for each in told["calls"]]
    operations = [(each["name"], *_measured(each)) for each in told["operations"]]
    read = [
        (each["name"], each["process"], each["lag"], each["parked"], each["perSecond"]) for each in told["projections"]
    ]
    workers = [
        (
            each["process"],
            f"{each['connectionsOpen']} of {each['connectionsBudget']}",
            _bytes(each["walBytes"]),
            each["unsentCalls"],
            f"{each['unsentSeconds']:.1f} s",
        )
        for each in told["workers"]
    ]
    durations = ("per second", *(name.removesuffix("Ms") + " ms" for name in SHARES))
    return Group(
        Text(head, style="bold"),
        Text(f"environments: {states or 'none'}; out: {_bytes(sum(out.values()))} per second"),
        *(Text(f"wrong: {sentence}", style="red") for sentence in told["wrong"]),
        *_table(("Data calls", *durations), calls),
        *_table(("Operations", *durations), operations),
        *_table(("Read model", "process", "behind", "aside", "per second"), read),
        *_table(("Worker", "connections", "log on disk", "unsent calls", "oldest"), workers),
        Text(),
    )


def _measured(each: Mapping[str, Any]) -> tuple[str, ...]:
    return (f"{each['perSecond']:.1f}", *("" if each[name] is None else f"{each[name]:.1f}" for name in SHARES))


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> tuple[Text, Table]:
    """An empty line, and the rows under their headings."""
    drawn = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        drawn.add_column(column, justify="left" if number == 0 or column in LEFT else "right")
    for row in rows:
        drawn.add_row(*map(str, row))
    if not rows:
        drawn.add_row("none")
    return Text(), drawn


def _bytes(number: float) -> str:
    for unit in ("B", "kB", "MB"):
        if number < 1000:  # noqa: PLR2004 - as the units say
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"
