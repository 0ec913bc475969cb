"""What was acknowledged, held against what is there: nothing lost, nothing doubled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

OVERCOUNT: Final = "calls on the invoice = distinct billable calls"
"""The finding that has to be bad in a run without guards."""
SHOWN: Final = 3


@dataclass(frozen=True)
class Made:
    """What an acknowledged command made."""

    kind: str
    id: str


@dataclass
class Ledger:
    """Everything a client was told, and what it was never told."""

    commands: dict[str, Made] = field(default_factory=dict)
    """Name that a command carried, to what was acknowledged."""
    commands_open: set[str] = field(default_factory=set)
    """Commands without a final answer: they may have happened once or not at all."""
    refused: dict[str, str] = field(default_factory=dict)
    """Commands that were refused for good. None should be: every one is in order."""
    repeated: int = 0
    """Acknowledged commands that were sent a second time."""
    repeated_differently: list[str] = field(default_factory=list)
    """Those whose second answer was not the first."""
    calls: set[str] = field(default_factory=set)
    """Ids of calls that were answered with a billable outcome."""
    calls_open: int = 0
    """Calls sent whose answer never came: they may have been counted."""
    writes: set[str] = field(default_factory=set)
    """Values of acknowledged data writes."""
    tally: Counter[str] = field(default_factory=Counter)
    """How often what happened: offered, skipped, answered, retried ... For the report; nothing is decided by it."""


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
    lost = sorted(wanted - counted.keys())
    doubled = sorted(name for name, times in counted.items() if times > 1)
    return [
        Finding(f"{what}: acknowledged and there", str(len(wanted)), _count(len(wanted) - len(lost), lost), not lost),
        Finding(f"{what}: there twice", "0", _count(len(doubled), doubled), not doubled),
    ]


def compare_commands(ledger: Ledger, there: Mapping[str, Iterable[tuple[str, str]]]) -> list[Finding]:
    """Each kind of thing that commands make, by name; and what was told is what is: the same ids.

    `there` is kind to (name, id) of everything that exists.
    """
    found: list[Finding] = []
    strangers: list[str] = []
    for kind, things in there.items():
        told = {name: made.id for name, made in ledger.commands.items() if made.kind == kind}
        pairs = list(things)
        found += compare(f"{kind}s", told, (name for name, _ in pairs))
        strangers += [name for name, thing in pairs if name in told and told[name] != thing]
    return [
        *found,
        Finding("commands told another id than what is there", "0", _count(len(strangers), strangers), not strangers),
        _none("commands repeated with another answer", ledger.repeated_differently),
        _none("commands refused", [f"{name}: {why}" for name, why in ledger.refused.items()]),
    ]


def compare_calls(ledger: Ledger, stored: list[str], invoiced: int) -> list[Finding]:
    """Every answered call is stored once, the invoice counts each stored call once, and nothing came from nowhere.

    `stored` are the ids of all billable calls in the sealed batches that the stream holds, each batch number once.
    """
    distinct = set(stored)
    unseen = len(distinct - ledger.calls)
    return [
        *compare("calls", ledger.calls, stored),
        Finding(OVERCOUNT, str(len(distinct)), str(invoiced), invoiced == len(distinct)),
        Finding(
            "calls counted without an answer seen", f"<= {ledger.calls_open}", str(unseen), unseen <= ledger.calls_open
        ),
    ]


def same(what: str, wanted: set[str], found: set[str]) -> Finding:
    """Two sets that have to be equal."""
    missing, orphans = sorted(wanted - found), sorted(found - wanted)
    more = f" missing {missing[:SHOWN]}" if missing else ""
    more += f" orphans {orphans[:SHOWN]}" if orphans else ""
    return Finding(what, str(len(wanted)), f"{len(found)}{more}", wanted == found)


def overcounted(findings: Iterable[Finding]) -> bool:
    """Whether more was invoiced than was called: what a run without guards has to show."""
    return any(
        finding.what == OVERCOUNT and not finding.good and int(finding.found) > int(finding.expected)
        for finding in findings
    )


def _none(what: str, unwanted: list[str]) -> Finding:
    return Finding(what, "0", _count(len(unwanted), unwanted), not unwanted)


def _count(number: int, examples: list[str]) -> str:
    return f"{number} {examples[:SHOWN]}" if examples else str(number)
