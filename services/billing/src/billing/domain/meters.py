"""From a sealed batch of calls to sums by minute. Sums commute, so neither order nor grouping of batches matters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, get_args

from contracts.calls import BILLABLE, CALL, Batch, CallClass

MINUTE_MS: Final = 60_000
GRAIN_MS: Final = {"MINUTE": MINUTE_MS, "HOUR": 60 * MINUTE_MS, "DAY": 24 * 60 * MINUTE_MS}
CLASSES: Final = frozenset(get_args(CallClass))
_AT: Final = {name: column for column, name in enumerate(CALL)}


@dataclass(frozen=True)
class Meter:
    """What is counted apart. Empty text stands for none: a key must not hold nulls."""

    environment: str
    client: str
    minute_ms: int
    """Start of the UTC minute in which the outcome was known."""
    class_: str


@dataclass(frozen=True)
class Place:
    """Where an environment belongs; it never moves."""

    kind: str
    instance: str
    service: str
    project: str
    organisation: str


@dataclass(frozen=True)
class Sums:
    """What was counted on a meter."""

    calls: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    duration_us: int = 0

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.calls + other.calls,
            self.bytes_in + other.bytes_in,
            self.bytes_out + other.bytes_out,
            self.duration_us + other.duration_us,
        )


def counted(batch: Batch) -> tuple[dict[Meter, Sums], dict[str, Place]]:
    """The sums of one batch, and where its environments belong.

    Raises ValueError for a row that is no call: what cannot be counted stops the line, it is never skipped.
    """
    sums: dict[Meter, Sums] = {}
    places: dict[str, Place] = {}
    for row in batch.calls:
        if len(row) != len(CALL):
            raise ValueError(f"a call has {len(CALL)} columns, this one {len(row)}: {row!r}")
        call = dict(zip(CALL, row, strict=True))
        if call["class"] not in CLASSES:
            raise ValueError(f"call {call['id']!r} is of unknown class {call['class']!r}")
        meter = Meter(call["environment"], call["client"] or "", minute_start(int(call["at"])), call["class"])
        one = Sums(1, int(call["bytes_in"]), int(call["bytes_out"]), int(call["duration_us"]))
        sums[meter] = sums.get(meter, Sums()) + one
        places[meter.environment] = Place(
            call["kind"], call["instance"] or "", call["service"], call["project"] or "", call["organisation"]
        )
    return sums, places


def minute_start(at_ms: int) -> int:
    """Start of the minute an instant lies in; a call on the boundary belongs to the new minute."""
    return at_ms - at_ms % MINUTE_MS


def merged(parts: Iterable[Mapping[Meter, Sums]]) -> dict[Meter, Sums]:
    """The sums of several batches."""
    whole: dict[Meter, Sums] = {}
    for part in parts:
        for meter, sums in part.items():
            whole[meter] = whole.get(meter, Sums()) + sums
    return whole


def is_billed(kind: str, class_: str) -> bool:
    """Only answered calls on prod of an instance are ever billed (A04, A05)."""
    return kind == "prod" and class_ in BILLABLE
