"""How many nodes an operation may return, from the page arguments, before it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.engine.plan.changes import Payload, Upsert, Write
from gateway.engine.plan.pages import PAGE_MAX
from gateway.engine.plan.tree import AnyNode, Count, Many, Node, One, Output, Read
from gateway.engine.source import Const, reader

INNER_GUESS: Final = 10
"""Nodes assumed of a nested list that names no size."""

Cost = Callable[[Mapping[str, Any]], int]


def cost(tree: Read | Write | Upsert) -> Cost:
    """The number of nodes as a function of the coerced variables."""
    match tree:
        case Write(answer=Payload(members=members)):
            return _several([_one(member[1].outputs) for member in members if isinstance(member, tuple)])
        case Write(answer=Node(outputs=outputs)) | Upsert(answer=Node(outputs=outputs)):
            return _one(outputs)
        case Write():
            return _fixed(0)
        case Many():
            return _many(tree, PAGE_MAX)
        case Count():
            return _fixed(1)
        case AnyNode():
            each = [_one(outputs) for _, outputs in tree.choices]
            return lambda variables: max([count(variables) for count in each], default=1)
        case _:
            return _one(tree.outputs)


def _many(many: Many, guess: int) -> Cost:
    inner = _one(many.outputs)
    limit = many.rows.page.limit if many.rows.page else None
    if limit is None:
        return lambda variables: guess * inner(variables)
    if isinstance(limit, Const):
        number = int(limit.value)
        return lambda variables: number * inner(variables)
    read = reader(limit)
    return lambda variables: read(variables) * inner(variables)


def _one(outputs: tuple[Output, ...]) -> Cost:
    parts: list[Cost] = []
    for output in outputs:
        match output:
            case Many():
                parts.append(_many(output, INNER_GUESS))
            case One():
                parts.append(_one(output.outputs))
            case Count():
                parts.append(_fixed(1))
            case _:
                pass
    if not parts:
        return _fixed(1)
    return lambda variables: 1 + sum([part(variables) for part in parts])


def _several(parts: list[Cost]) -> Cost:
    return lambda variables: sum([part(variables) for part in parts])


def _fixed(number: int) -> Cost:
    return lambda _variables: number
