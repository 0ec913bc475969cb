"""An operation as a value: what is asked, without saying how it is spelled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final


class Omitted:
    """A variable that the request does not supply."""

    def __repr__(self) -> str:
        return "<omitted>"


OMITTED: Final = Omitted()


class Word(str):
    """The name of an enum value."""

    __slots__ = ()


@dataclass(frozen=True)
class Document:
    """A Json value."""

    value: Any


@dataclass(frozen=True)
class Wrong:
    """A value that does not fit its type: as a literal, and in variables."""

    literal: str
    value: Any


@dataclass(frozen=True)
class Given:
    """A value at a place of a type: a scalar, null, OMITTED, a list of `Given` or a dict of them."""

    value: Any
    type: str


Arguments = dict[str, Given]


@dataclass(frozen=True)
class Pick:
    """A selected field."""

    key: str
    name: str
    arguments: Arguments = field(default_factory=dict)
    picks: tuple[Pick, ...] = ()
    on: str | None = None
    """Only for nodes of this type (below `node`)."""
    kind: str | None = None
    """The type that `picks` are selected from, if it is one of the schema's."""


@dataclass(frozen=True)
class Operation:
    """Root fields of a query or a mutation."""

    verb: str
    roots: tuple[Pick, ...]


def plain(given: Given) -> Any:
    """The value itself; members whose variable is omitted are not there."""
    value = given.value
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items() if one.value is not OMITTED}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.value if isinstance(value, Document) else value


def arguments(pick: Pick) -> dict[str, Any]:
    """The plain values of a field's arguments."""
    return {name: plain(one) for name, one in pick.arguments.items() if one.value is not OMITTED}


def fits(operation: Operation) -> bool:
    """Whether every value fits the type of its place; else nothing is executed."""
    return all(_fits(given) for root in operation.roots for pick in walked(root) for given in pick.arguments.values())


def walked(pick: Pick) -> Iterator[Pick]:
    yield pick
    for one in pick.picks:
        yield from walked(one)


def _fits(given: Given) -> bool:
    value = given.value
    if value is None or value is OMITTED:
        return not given.type.endswith("!")
    if isinstance(value, dict):
        return all(_fits(one) for one in value.values())
    if isinstance(value, list):
        return all(_fits(one) for one in value)
    return not isinstance(value, Wrong)
