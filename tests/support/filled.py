"""Random data of a random service as lines of a file, and what such lines mean, however they say it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import Any, Final

from tests.support.naive.asked import Document, Word
from tests.support.naive.contents import one
from tests.support.naive.schema import SYSTEM, Kind, Scalar, Service, Side
from tests.support.naive.values import fold, moment

NODES: Final = 8
"""Of each type; even, so that pairs can be made of them."""
STAMPS: Final = ("2016-11-20T10:11:12.345Z", "2020-02-29T23:59:59.999Z")

Edge = tuple[str, str, str]


def contents(service: Service, seed: int) -> list[Any]:
    """Nodes of every type with some of their values, and edges; whatever is required is there."""
    chance = Random(seed)  # noqa: S311 - the same every time
    nodes = [node for kind in service.kinds for node in _nodes(chance, kind)]
    edges = [edge for sides in service.relations.values() for edge in _edges(chance, *sides)]
    return [*nodes, *edges]


def meaning(service: Service, lines: Iterable[Any]) -> tuple[dict[str, dict[str, Any]], set[Edge]]:
    """The nodes by id with the values that they have, and the edges as relation and both ids."""
    nodes: dict[str, dict[str, Any]] = {}
    edges: set[Edge] = set()
    for line in lines:
        if isinstance(line, list):
            first, second = line
            edges.add(_edge(service, service.side[first["_typeName"], first["fieldName"]], first["id"], second["id"]))
        elif "_typeName" in line:
            kind = service.kind[line["_typeName"]]
            values = {**line}
            for side in kind.sides:
                partner = values.pop(f"{side.name}Id", None)
                if partner is not None:
                    edges.add(_edge(service, side, line["id"], partner))
            nodes[line["id"]] = values
    return nodes, edges


def _edge(service: Service, side: Side, near: str, far: str) -> Edge:
    a, b = service.relations[side.relation]
    if a is b:
        near, far = sorted((near, far))
    return (side.relation, near, far) if side is a else (side.relation, far, near)


def _nodes(chance: Random, kind: Kind) -> Iterator[dict[str, Any]]:
    taken: set[tuple[str, Any]] = set()
    for number in range(NODES):
        made, changed = chance.choice(STAMPS), chance.choice(STAMPS)
        node = {"_typeName": kind.name, "id": f"{kind.name}-{number}", "createdAt": made, "updatedAt": changed}
        for field in kind.scalars:
            if field.name in SYSTEM:
                continue
            value = _unique(chance, field, taken) if field.unique else _value(chance, field)
            if value is not None:
                node[field.name] = value
        yield node


def _value(chance: Random, field: Scalar) -> Any:
    if not field.required and chance.random() < 0.3:
        return None
    if field.many:
        return [_single(chance, field.type) for _ in range(chance.randint(0, 3))]
    return _single(chance, field.type)


def _unique(chance: Random, field: Scalar, taken: set[tuple[str, Any]]) -> Any:
    for _ in range(50):
        value = _value(chance, field)
        key = (field.name, fold(value)[:191] if field.type == "String" and value is not None else value)
        if value is None or key not in taken:
            taken.add(key)
            return value
    return None if not field.required else f"only {len(taken)}"


def _single(chance: Random, kind: str) -> Any:
    value = one(chance, kind)
    if isinstance(value, Document):
        return value.value
    if isinstance(value, Word):
        return str(value)
    return moment(value) if kind == "DateTime" else value


def _edges(chance: Random, a: Side, b: Side) -> Iterator[list[dict[str, Any]]]:
    for near, far in sorted(set(_pairs(chance, a, b))):
        ends = [
            {"_typeName": a.owner, "id": f"{a.owner}-{near}", "fieldName": a.name},
            {"_typeName": b.owner, "id": f"{b.owner}-{far}", "fieldName": b.name},
        ]
        yield ends if chance.random() < 0.5 else ends[::-1]


def _pairs(chance: Random, a: Side, b: Side) -> Iterator[tuple[int, int]]:
    """Numbers of nodes that are connected, as the relation allows."""
    must = a.required or b.required
    some = [number for number in range(NODES) if must or chance.random() < 0.7]
    if a is b:
        if a.many:
            yield from {tuple(sorted((one_, chance.randrange(NODES)))) for one_ in some}  # type: ignore[misc]
        else:
            yield from ((number, number + 1) for number in range(0, NODES, 2) if must or chance.random() < 0.7)
    elif not a.many and not b.many:
        yield from ((number, number) for number in some)
    elif not a.many:
        yield from ((number, chance.randrange(NODES)) for number in some)
    elif not b.many:
        yield from ((chance.randrange(NODES), number) for number in some)
    else:
        yield from ((number, chance.randrange(NODES)) for number in some)
