"""Smaller operations that may still show the same difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.support.naive.asked import Given, Operation, Pick


def smaller(operation: Operation) -> Iterator[Operation]:
    """Everything that is one step smaller, the largest steps first."""
    for roots in _without_one(operation.roots, keep=1):
        yield replace(operation, roots=roots)
    for number, root in enumerate(operation.roots):
        for pick in _smaller_pick(root):
            yield replace(operation, roots=(*operation.roots[:number], pick, *operation.roots[number + 1 :]))


def _without_one(items: tuple[Any, ...], *, keep: int = 0) -> Iterator[tuple[Any, ...]]:
    if len(items) > keep:
        for number in range(len(items)):
            yield (*items[:number], *items[number + 1 :])


def _smaller_pick(pick: Pick) -> Iterator[Pick]:
    if len(pick.picks) > 2:
        yield replace(pick, picks=pick.picks[:1])
    for picks in _without_one(pick.picks, keep=1):
        yield replace(pick, picks=picks)
    for given in _smaller_members(pick.arguments):
        yield replace(pick, arguments=given)
    for number, one in enumerate(pick.picks):
        for each in _smaller_pick(one):
            yield replace(pick, picks=(*pick.picks[:number], each, *pick.picks[number + 1 :]))


def _smaller_members(given: dict[str, Given]) -> Iterator[dict[str, Given]]:
    for name, one in given.items():
        if not one.type.endswith("!"):
            yield {other: value for other, value in given.items() if other != name}
    for name, one in given.items():
        for value in _smaller_given(one):
            yield {**given, name: value}


def _smaller_given(given: Given) -> Iterator[Given]:
    value = given.value
    if isinstance(value, dict):
        for members in _smaller_members(value):
            yield replace(given, value=members)
    elif isinstance(value, list):
        for items in _without_one(tuple(value)):
            yield replace(given, value=list(items))
        for number, one in enumerate(value):
            for each in _smaller_given(one):
                yield replace(given, value=[*value[:number], each, *value[number + 1 :]])
    elif isinstance(value, str) and len(value) > 1 and given.type.startswith("String"):
        yield replace(given, value=type(value)(value[: len(value) // 2]))
