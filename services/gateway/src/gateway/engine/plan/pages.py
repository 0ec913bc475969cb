"""Page arguments -> a window, and the checks of its numbers (G 5.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from contracts.model import Entity
from gateway.engine.failure import Failed, Failure, first_and_last, negative, too_many_nodes
from gateway.engine.operation.given import Given, Value
from gateway.engine.plan.tree import Check, Order, Page
from gateway.engine.schema.members import Vocabulary
from gateway.engine.source import Const, Input, reader

PAGE_MAX: Final = 1000
"""Nodes that one list returns at most."""


def order(words: Vocabulary, entity: Entity, arguments: Mapping[str, Given]) -> Order:
    """The order of a list; by id unless one is given."""
    given = arguments.get("orderBy")
    if isinstance(given, Value) and given.choice is not None:
        field, descending = words.orders(entity)[given.choice]
        return Order(field, descending)
    return Order(entity.field_by_name["id"])


def page(arguments: Mapping[str, Given], checks: list[Check]) -> Page:
    """The window. Numbers from variables are checked per request. Raises Failed."""
    first, last, skip = (_number(arguments, name, checks) for name in ("first", "last", "skip"))
    if first is not None and last is not None:
        raise Failed(first_and_last())
    return Page(
        limit=last if first is None else first,
        skip=skip,
        after=_source(arguments, "after"),
        before=_source(arguments, "before"),
        from_end=last is not None,
    )


def require(source: Input, test: Callable[[Any], Failure | None], checks: list[Check]) -> None:
    """Check a value now when it is known, else with every request. Raises Failed."""
    if isinstance(source, Const):
        failure = test(source.value)
        if failure is not None:
            raise Failed(failure)
        return
    read = reader(source)
    checks.append(lambda variables: test(read(variables)))


def _number(
    arguments: Mapping[str, Given], name: Literal["first", "last", "skip"], checks: list[Check]
) -> Input | None:
    source = _source(arguments, name)
    if source is not None:
        require(source, lambda number: _number_failure(name, number), checks)
    return source


def _number_failure(name: Literal["first", "last", "skip"], number: int) -> Failure | None:
    if number < 0:
        return negative(name, number)
    if name != "skip" and number > PAGE_MAX:
        return too_many_nodes(number)
    return None


def _source(arguments: Mapping[str, Given], name: str) -> Input | None:
    given = arguments.get(name)
    return given.source if isinstance(given, Value) else None
