"""From a sealed batch of calls to sums by minute. Sums commute, so neither order nor grouping of batches matters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, get_args

import orjson

from contracts.calls import BILLABLE, CALL, Batch, CallClass

MINUTE_MS: Final = 60_000
GRAIN_MS: Final = {"MINUTE": MINUTE_MS, "HOUR": 60 * MINUTE_MS, "DAY": 24 * 60 * MINUTE_MS}
CLASSES: Final = frozenset(get_args(CallClass))


class Meter(NamedTuple):
    """What is counted apart. Empty text stands for none: a key must not hold nulls."""

    environment: str
    client: str
    minute_ms: int
    """Start of the UTC minute in which the outcome was known."""
    class_: str


class Place(NamedTuple):
    """Where an environment belongs; it never moves."""

    kind: str
    instance: str
    service: str
    project: str
    organisation: str


Sums = list[int]
"""What was counted on a meter: calls, bytes in, bytes out, microseconds."""


def opened(body: bytes) -> Batch:
    """The batch in the body of a message, its calls not looked at yet: `counted` does that, at a tenth of the time.

    Raises ValueError for what is no batch.
    """
    said = orjson.loads(body)
    if type(said) is not dict or type(said.get("calls")) is not list:
        raise ValueError(f"not a batch with a list of calls: {said!r:.200}")
    return Batch.model_validate(said | {"calls": []}, strict=True).model_copy(update={"calls": said["calls"]})


def counted(calls: Sequence[Any]) -> tuple[dict[Meter, Sums], dict[str, Place]]:
    """The sums of the calls (rows of `contracts.calls.CALL`), and where their environments belong.

    Raises ValueError for a row that is no call: what cannot be counted stops the line, it is never skipped.
    """
    try:
        sums, places = _summed(calls)
        sound = all(_is_sound(meter, of) for meter, of in sums.items())
    except (TypeError, ValueError):
        sound = False
    if not sound:  # which is so rare that only now each call is looked at by itself
        fault = next((fault for call in calls if (fault := _fault(call))), "the calls of a batch cannot be counted")
        raise ValueError(fault)
    return sums, places


def _summed(calls: Sequence[Any]) -> tuple[dict[Meter, Sums], dict[str, Place]]:
    """The one loop that every call of the platform goes through: a microsecond here is a microsecond of each."""
    found: dict[tuple[str, str, int, str], Sums] = {}
    places: dict[str, Place] = {}
    for _, environment, kind, instance, service, project, org, client, _, class_, at, took, into, out, _, _, _ in calls:
        key = (environment, client or "", at // MINUTE_MS, class_)  # on the boundary: of the new minute
        sums = found.get(key)
        if sums is None:
            sums = found[key] = [0, 0, 0, 0]
            if environment not in places:
                places[environment] = Place(kind, instance or "", service, project or "", org)
        sums[0] += 1
        sums[1] += into
        sums[2] += out
        sums[3] += took
    return {
        Meter(env, client, minute * MINUTE_MS, class_): of for (env, client, minute, class_), of in found.items()
    }, places


def _is_sound(meter: Meter, sums: Sums) -> bool:
    """Whether the parts were what they should be: one number with a fraction makes a sum with one."""
    whole = all(type(number) is int for number in (meter.minute_ms, *sums))
    return whole and type(meter.environment) is type(meter.client) is str and meter.class_ in CLASSES


def _fault(call: Any) -> str | None:
    """Why this is no call, if it is none."""
    if type(call) is not list or len(call) != len(CALL):
        return f"a call has {len(CALL)} columns, this is none: {call!r:.500}"
    named = dict(zip(CALL, call, strict=True))
    name = f"call {named['id']!r}"
    if named["class"] not in get_args(CallClass):
        return f"{name} is of unknown class {named['class']!r}"
    if type(named["environment"]) is not str or type(named["client"] or "") is not str:
        return f"{name} names no environment or no client by text: {call!r:.500}"
    for column in ("at", "bytes_in", "bytes_out", "duration_us"):
        if type(named[column]) is not int:
            return f"{name} has {named[column]!r} for {column}, which is no whole number"
    return None


def merged(parts: Iterable[Mapping[Meter, Sums]]) -> dict[Meter, Sums]:
    """The sums of several batches."""
    whole: dict[Meter, Sums] = {}
    for part in parts:
        for meter, sums in part.items():
            before = whole.get(meter)
            whole[meter] = sums if before is None else [a + b for a, b in zip(before, sums, strict=True)]
    return whole


def is_billed(kind: str, class_: str) -> bool:
    """Only answered calls on prod of an instance are ever billed (A04, A05)."""
    return kind == "prod" and class_ in BILLABLE
