"""What was acknowledged, held against what is there: nothing lost, nothing doubled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Ledger:
    """Everything a client was told. `offered` counts attempts that were worth an answer."""

    commands: dict[str, str] = field(default_factory=dict)
    """Name of what a command made, to the kind of command that was acknowledged."""
    doubtful_commands: set[str] = field(default_factory=set)
    """Names whose command never got a final answer: they may be there once or not at all."""
    calls: set[str] = field(default_factory=set)
    """Ids of calls that were answered with a billable outcome."""
    doubtful_calls: int = 0
    """Calls sent whose answer never came: they may have been counted."""
    writes: set[str] = field(default_factory=set)
    """Values of acknowledged data writes."""
    commands_offered: int = 0
    calls_offered: int = 0


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    what: str
    expected: str
    found: str
    good: bool


def compare(what: str, acknowledged: Iterable[str], there: Iterable[str]) -> list[Finding]:
    """Everything acknowledged is there, and nothing is there twice."""
    counted = Counter(there)
    wanted = set(acknowledged)
    lost = wanted - counted.keys()
    doubled = [name for name, times in counted.items() if times > 1]
    return [
        Finding(f"{what}: acknowledged are there", str(len(wanted)), f"{len(wanted) - len(lost)}", not lost),
        Finding(f"{what}: nothing is there twice", "0", f"{len(doubled)} {doubled[:3] or ''}".strip(), not doubled),
    ]


def compare_calls(ledger: Ledger, stored: list[str], invoiced: int) -> list[Finding]:
    """Every answered call is stored once, the invoice counts each stored call once, and nothing came from nowhere.

    `stored` are the ids of all billable calls in the sealed batches that the stream holds, each batch number once.
    """
    distinct = set(stored)
    unexplained = len(distinct - ledger.calls)
    return [
        *compare("calls", ledger.calls, stored),
        Finding("calls on the invoice = distinct billable calls", str(len(distinct)), str(invoiced), invoiced == len(distinct)),
        Finding(
            "calls nobody saw answered <= calls without an answer",
            f"<= {ledger.doubtful_calls}",
            str(unexplained),
            unexplained <= ledger.doubtful_calls,
        ),
    ]
