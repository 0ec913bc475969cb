"""Access: how an environment is opened, by key, to the organisation, or to everybody (DESIGN 4.8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar, Literal

from contracts import registry as said
from contracts.names import EnvironmentKind

Mode = Literal["key", "organisation", "public"]

AccessEvent = said.AccessChanged


@dataclass(frozen=True)
class Access:
    """The mode somebody chose for an environment."""

    AUDITED: ClassVar = ("mode",)
    environment: str
    mode: Mode


def fold(history: Iterable[AccessEvent]) -> Access | None:
    """The access that its facts make; None = nobody chose, see `default`."""
    return reduce(evolve, history, None)


def evolve(access: Access | None, event: AccessEvent) -> Access:
    """The access after one more fact; a later choice replaces an earlier one."""
    assert access is None or access.environment == event.environment, "facts of one environment"
    return Access(event.environment, event.mode)


def default(kind: EnvironmentKind) -> Mode:
    """The mode of an environment that nobody chose one for."""
    return "organisation" if kind == "demo" else "key"


def change(
    access: Access | None, *, environment: str, kind: EnvironmentKind, organisation: str, mode: Mode
) -> said.AccessChanged | None:
    """Another mode; None when it is that already."""
    now = access.mode if access else default(kind)
    return None if now == mode else said.AccessChanged(environment=environment, organisation=organisation, mode=mode)
