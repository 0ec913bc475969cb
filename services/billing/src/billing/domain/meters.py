"""From a sealed batch of calls to sums by minute. Sums commute, so neither order nor grouping of batches matters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, get_args

import orjson

from contracts.calls import BILLABLE, CALL, TIMES, Batch, CallClass

MINUTE_MS: Final = 60_000
DAY_MS: Final = 24 * 60 * MINUTE_MS
GRAIN_MS: Final = {"MINUTE": MINUTE_MS, "HOUR": 60 * MINUTE_MS, "DAY": DAY_MS}
CODELESS: Final = CALL.index("code")
"""Columns of calls that were recorded before there were error codes; others may have more."""
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


class Use(NamedTuple):
    """Whose answered calls of which operation are counted apart, in one environment on one UTC day."""

    environment: str
    day: int
    """Days since the epoch."""
    client: str
    credential: str
    """The key or token; empty where it is that of a client, and where there was none."""
    hash: str


Seen = list[int]
"""What was counted of a use: calls, and the start of the minute of the last one in milliseconds."""


class Counted(NamedTuple):
    """What the calls of a batch come to."""

    sums: dict[Meter, Sums]
    places: dict[str, Place]
    uses: dict[Use, Seen]


def opened(body: bytes) -> Batch:
    """The batch in the body of a message, its calls not looked at yet: `counted` does that, at a tenth of the time.

    Raises ValueError for what is no batch.
    """
    said = orjson.loads(body)
    if type(said) is not dict or type(said.get("calls")) is not list:
        raise ValueError(f"not a batch with a list of calls: {said!r:.200}")
    return Batch.model_validate(said | {"calls": []}, strict=True).model_copy(update={"calls": said["calls"]})


def counted(calls: Sequence[Any]) -> Counted:
    """The sums of the calls (rows of `contracts.calls.CALL`), where their environments belong, and what was called.

    Raises ValueError for a row that is no call: what cannot be counted stops the line, it is never skipped.
    """
    try:
        found = _summed(calls)
        sound = all(_is_sound(meter, of) for meter, of in found.sums.items()) and all(map(_is_text, found.uses))
    except (TypeError, ValueError):
        sound = False
    if not sound:  # which is so rare that only now each call is looked at by itself
        fault = next((fault for call in calls if (fault := _fault(call))), "the calls of a batch cannot be counted")
        raise ValueError(fault)
    return found


def _summed(calls: Sequence[Any]) -> Counted:
    """The one loop that every call of the platform goes through: a microsecond here is a microsecond of each."""
    found: dict[tuple[Any, ...], Sums] = {}
    places: dict[str, Place] = {}
    for _, env, kind, instance, service, project, org, client, key, class_, at, took, into, out, _, text, *_ in calls:
        apart = (env, client, key, at // MINUTE_MS, class_, text)  # on the boundary: of the new minute
        sums = found.get(apart)
        if sums is None:
            sums = found[apart] = [0, 0, 0, 0]
            if env not in places:
                places[env] = Place(kind, instance or "", service, project or "", org)
        sums[0] += 1
        sums[1] += into
        sums[2] += out
        sums[3] += took
    if max(map(len, calls), default=0) > TIMES:
        _repeat(found, calls)
    return _sorted_out(found, places)


def _repeat(found: dict[tuple[Any, ...], Sums], calls: Sequence[Any]) -> None:
    """Count rows that stand for several calls as often as they say; only refused ones do. Raises ValueError."""
    named = {name: number for number, name in enumerate(CALL)}
    columns = [named[name] for name in ("environment", "client", "credential", "at", "class", "hash")]
    for call in calls:
        if len(call) > TIMES:
            environment, client, key, at, class_, text = (call[column] for column in columns)
            if class_ != "limited" or type(call[TIMES]) is not int or call[TIMES] < 1:
                raise ValueError
            found[environment, client, key, at // MINUTE_MS, class_, text][0] += call[TIMES] - 1


def _sorted_out(found: Mapping[tuple[Any, ...], Sums], places: dict[str, Place]) -> Counted:
    """Meters and uses from what was summed as finely as both need it."""
    meters: dict[Meter, Sums] = {}
    uses: dict[Use, Seen] = {}
    for (environment, client, key, minute, class_, text), sums in found.items():
        at_ms = minute * MINUTE_MS
        meter = Meter(environment, client or "", at_ms, class_)
        before = meters.get(meter)
        meters[meter] = sums if before is None else [a + b for a, b in zip(before, sums, strict=True)]
        if text and class_ in BILLABLE:
            use = Use(environment, at_ms // DAY_MS, client or "", "" if client else key or "", text)
            seen = uses.get(use)
            uses[use] = [sums[0], at_ms] if seen is None else [seen[0] + sums[0], max(seen[1], at_ms)]
    return Counted(meters, places, uses)


def _is_text(use: Use) -> bool:
    return type(use.credential) is type(use.hash) is str


def _is_sound(meter: Meter, sums: Sums) -> bool:
    """Whether the parts were what they should be: one number with a fraction makes a sum with one."""
    whole = all(type(number) is int for number in (meter.minute_ms, *sums))
    return whole and type(meter.environment) is type(meter.client) is str and meter.class_ in CLASSES


def _fault(call: Any) -> str | None:
    """Why this is no call, if it is none."""
    if type(call) is not list or len(call) < CODELESS:
        return f"a call has {len(CALL)} columns, this is none: {call!r:.500}"
    named = dict(zip(CALL, call, strict=False))
    name = f"call {named['id']!r}"
    if named["class"] not in get_args(CallClass):
        return f"{name} is of unknown class {named['class']!r}"
    if type(named["environment"]) is not str or type(named["client"] or "") is not str:
        return f"{name} names no environment or no client by text: {call!r:.500}"
    if type(named["credential"] or "") is not str or type(named["hash"] or "") is not str:
        return f"{name} names no credential or no document by text: {call!r:.500}"
    if len(call) > TIMES and (named["class"] != "limited" or type(call[TIMES]) is not int or call[TIMES] < 1):
        return f"{name} cannot stand for {call[TIMES]!r} calls"
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
