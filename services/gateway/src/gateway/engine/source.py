"""Where the value of a parameter comes from: the text, a variable, or the moment of the call.

Values of clients never stand in SQL; only sources do, and each becomes a getter that the shell calls per request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from gateway.engine.call import Fresh, Getter, Reader


@dataclass(frozen=True, slots=True)
class Const:
    """A value known when the operation is compiled; lists are tuples."""

    value: Any
    length: int = 0
    """Characters of a number's text, which the limits of G 3 count; 0 for everything else."""


@dataclass(frozen=True, slots=True)
class Var:
    """A place in the coerced variables."""

    path: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Several:
    """A list whose items come from different places, such as `[1, $n]`."""

    items: tuple[Const | Var, ...]


@dataclass(frozen=True, slots=True)
class NewId:
    """The n-th new node id of the call."""

    number: int = 0


@dataclass(frozen=True, slots=True)
class Now:
    """The time of the call."""


Input = Const | Var | Several
"""What a client can give."""
Source = Input | NewId | Now


def getter(source: Source) -> Getter:
    """The function that fetches a value for one request."""
    match source:
        case Const(value=value):
            return lambda _variables, _fresh: value
        case NewId(number=number):
            return lambda _variables, fresh: fresh.ids[number]
        case Now():
            return _now
        case Var() | Several():
            read = reader(source)
            return lambda variables, _fresh: read(variables)
        case _:
            assert_never(source)


def reader(source: Input) -> Reader:
    """The function that fetches a client's value from the coerced variables."""
    match source:
        case Const(value=value):
            return lambda _variables: value
        case Var(path=(str(name),)):
            return lambda variables: variables[name]
        case Var(path=path):
            return lambda variables: _walk(variables, path)
        case Several(items=items):
            readers = [reader(item) for item in items]
            return lambda variables: tuple([read(variables) for read in readers])
        case _:
            assert_never(source)


def _walk(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def _now(_variables: Mapping[str, Any], fresh: Fresh) -> Any:
    return fresh.at
