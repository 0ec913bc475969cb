"""Caps: what one environment may have, as operators granted it and its owners cap it (C 1.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import reduce
from typing import ClassVar, Final

from common.errors import bad_input
from contracts import quotas
from contracts import registry as said
from contracts.names import EnvironmentKind
from contracts.quotas import NUMBER_MAX, Quota

WORDS: Final[Mapping[str, str]] = {
    "calls_per_second": "calls a second",
    "calls_per_day": "calls a day",
    "database_megabytes": "MB of database",
}
FIELDS: Final[Mapping[str, str]] = {
    "calls_per_second": "callsPerSecond",
    "calls_per_day": "callsPerDay",
    "database_megabytes": "databaseMegabytes",
}
"""What the API calls them."""

CapsEvent = said.CapsChanged
Changed = Mapping[str, int | None]
"""Numbers by name; None takes one away, and what is not named stays."""


@dataclass(frozen=True)
class Caps:
    """What was set for an environment; numbers that nobody set are None."""

    AUDITED: ClassVar = ("granted", "caps")
    environment: str
    granted: dict[str, int | None]
    caps: dict[str, int | None]


@dataclass(frozen=True)
class Place:
    """The environment that numbers are set for."""

    environment: str
    kind: EnvironmentKind
    organisation: str


def fold(history: Iterable[CapsEvent]) -> Caps | None:
    """The caps that the facts make; None = nobody set any."""
    return reduce(evolve, history, None)


def evolve(caps: Caps | None, event: CapsEvent) -> Caps:
    """The caps after one more fact, which carries all of them."""
    assert caps is None or caps.environment == event.environment, "facts of one environment"
    return Caps(event.environment, event.granted.model_dump(), event.caps.model_dump())


def cap(known: Caps | None, place: Place, changed: Changed, quota: Quota) -> said.CapsChanged | None:
    """Other caps of the owners; None when they are so already.

    `quota` is what environments of the kind may have. Refuses ABOVE_LIMIT: a cap lowers, it never raises.
    """
    granted = known.granted if known else None
    most = quotas.in_force(quota, granted, None)
    for name, number in changed.items():
        _refuse_unsound(name, number, least=1)
        limit: int | None = getattr(most, name)
        if number is not None and limit is not None and number > limit:
            raise bad_input(
                f"This {place.kind} environment may have {limit} {WORDS[name]}; {number} is more.",
                "An operator can grant more.",
                reason="ABOVE_LIMIT",
                field=FIELDS[name],
            )
    return _changed(known, place, caps=changed)


def grant(known: Caps | None, place: Place, changed: Changed) -> said.CapsChanged | None:
    """Other numbers in the place of those of the kind, 0 for no limit; None when they are so already."""
    for name, number in changed.items():
        _refuse_unsound(name, number, least=0)
    return _changed(known, place, granted=changed)


def _changed(
    known: Caps | None, place: Place, *, granted: Changed | None = None, caps: Changed | None = None
) -> said.CapsChanged | None:
    before = known or Caps(place.environment, said.Caps().model_dump(), said.Caps().model_dump())
    after = Caps(place.environment, {**before.granted, **(granted or {})}, {**before.caps, **(caps or {})})
    if after == before:
        return None
    return said.CapsChanged.model_validate({**asdict(after), "organisation": place.organisation})


def _refuse_unsound(name: str, number: int | None, *, least: int) -> None:
    if number is not None and not least <= number <= NUMBER_MAX:
        raise bad_input(
            f"{number} is no number of {WORDS[name]}.",
            f"Between {least} and {NUMBER_MAX}, or null to take it away.",
            reason="OUT_OF_RANGE",
            field=FIELDS[name],
        )
