"""Where the value of a parameter comes from: the text, a variable, or the moment of the call.

Values of clients never stand in SQL; only sources do, and each becomes a getter that the shell calls per request.
`settling` says which of several edges stay, `lists` writes a list as text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, assert_never

from gateway.engine.call import Fresh, Getter, Reader
from gateway.engine.source.lists import list_text
from gateway.engine.source.settling import Pair, Single, settled


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


@dataclass(frozen=True, slots=True)
class Each:
    """One value per row of a statement that writes several."""

    items: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """All values of several places, some of them lists, as one list."""

    parts: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class ListText:
    """A list as the text that PostgreSQL reads lists from: a row of several can hold it beside others."""

    of: Source


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge to be made, or one to each node of a list: `holder` keeps the id of `target`, or they stand in a table.

    At most one of them is a list.
    """

    holder: Source
    target: Source
    kept: bool = False
    """Written with its holder: it only says what later edges take away."""


@dataclass(frozen=True, slots=True)
class Edges:
    """Edges of one relation in the order they are made: the later takes what only one can have.

    `single` is `none` when nothing can be taken.
    """

    edges: tuple[Edge, ...]
    single: Single = "none"


@dataclass(frozen=True, slots=True)
class EndsOf:
    """The holders or the targets of edges, as lists of equal length; `both_ways` has each edge again turned around."""

    edges: Edges
    end: Literal["holder", "target"]
    both_ways: bool = False


@dataclass(frozen=True, slots=True)
class Holds:
    """Whether a test of the variables finds fault."""

    test: Callable[[Mapping[str, Any]], Any]


Input = Const | Var | Several
"""What a client can give."""
Source = Input | NewId | Now | Each | Listed | ListText | EndsOf | Holds


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
        case Holds(test=test):
            return lambda variables, _fresh: test(variables) is not None
        case _:
            return _together(source)


def _together(source: Each | Listed | ListText | EndsOf) -> Getter:
    match source:
        case Each(items=items):
            return _each(items)
        case Listed(parts=parts):
            return _listed(parts)
        case ListText(of=of):
            inner = getter(of)
            return lambda variables, fresh: list_text(inner(variables, fresh))
        case EndsOf():
            return _ends(source)
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


def pairs_of(edges: Edges, read: Callable[[Source], Any]) -> list[Pair]:
    """The single edges; `read` gives the value of a source."""
    return [
        (holder, target, one.kept)
        for one in edges.edges
        for holder in _items(read(one.holder))
        for target in _items(read(one.target))
    ]


def places(source: Source) -> int:
    """How many values a source is made of: what its getter weighs."""
    match source:
        case Each(items=items) | Listed(parts=items):
            return sum([places(item) for item in items])
        case Several(items=inputs):
            return len(inputs)
        case EndsOf(edges=edges):
            return 2 * len(edges.edges)
        case _:
            return 1


def _items(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else (value,)


def _each(items: tuple[Source, ...]) -> Getter:
    if all(isinstance(item, Const) for item in items):
        values = tuple([item.value for item in items if isinstance(item, Const)])
        return lambda _variables, _fresh: values
    getters = [getter(item) for item in items]
    return lambda variables, fresh: tuple([one(variables, fresh) for one in getters])


def _listed(parts: tuple[Source, ...]) -> Getter:
    getters = [getter(part) for part in parts]
    if all(isinstance(part, Const) for part in parts):
        # Nothing of it waits for the call.
        values = tuple([value for one in parts if isinstance(one, Const) for value in _items(one.value)])
        return lambda _variables, _fresh: values

    def get(variables: Mapping[str, Any], fresh: Fresh) -> tuple[Any, ...]:
        found: list[Any] = []
        for one in getters:
            found.extend(_items(one(variables, fresh)))
        return tuple(found)

    return get


def _ends(source: EndsOf) -> Getter:
    edges = source.edges
    getters = {one: getter(one) for edge in edges.edges for one in (edge.holder, edge.target)}
    first = 0 if source.end == "holder" else 1

    def get(variables: Mapping[str, Any], fresh: Fresh) -> tuple[Any, ...]:
        pairs, _ = settled(pairs_of(edges, lambda one: getters[one](variables, fresh)), edges.single)
        made = dict.fromkeys([(holder, target) for holder, target, kept in pairs if not kept])
        if source.both_ways:
            made.update(dict.fromkeys([(target, holder) for holder, target in made]))
        return tuple([pair[first] for pair in made])

    return get
