"""Filter arguments -> conditions (G 5.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from contracts.model import Entity
from gateway.engine.failure import Failed, filter_null
from gateway.engine.operation.given import Given, Null, Object, Objects, Value
from gateway.engine.plan.links import link
from gateway.engine.plan.tree import Among, Compare, Condition, Every, IsNull, Like, Related, Some, Unknown
from gateway.engine.schema.members import FieldMember, RelationMember, Vocabulary

_PLACES: Final[Mapping[str, Literal["contains", "starts_with", "ends_with"]]] = {
    "contains": "contains",
    "starts_with": "starts_with",
    "ends_with": "ends_with",
}
_OPERATORS: Final[Mapping[str, Literal["=", "<>", "<", "<=", ">", ">="]]] = {
    "equals": "=",
    "not": "<>",
    "lt": "<",
    "lte": "<=",
    "gt": ">",
    "gte": ">=",
}


def condition(words: Vocabulary, entity: Entity, given: Given | None) -> Condition | None:
    """The condition of a filter argument; None when it restricts nothing. Raises Failed."""
    if not isinstance(given, Object):
        return None
    members = words.members(entity)
    parts: list[Condition] = []
    for name, value in given.members.items():
        part: Condition | None
        if name in ("AND", "OR"):
            part = _several(words, entity, value, all_of=name == "AND")
        else:
            member = members[name]
            if isinstance(member, FieldMember):
                part = _test(member, value)
            else:
                part = _related(words, entity, member, value, name)
        if part is not None:
            parts.append(part)
    return _together(parts)


def _several(words: Vocabulary, entity: Entity, given: Given, *, all_of: bool) -> Condition | None:
    # Members without any condition contribute nothing, also in OR (G 5.3, 16).
    items = given.items if isinstance(given, Objects) else ()
    parts = [part for item in items if (part := condition(words, entity, item)) is not None]
    if all_of or len(parts) == 1:
        return _together(parts)
    return Some(tuple(parts)) if parts else None


def _test(member: FieldMember, given: Given) -> Condition:
    field, test = member.field, member.test
    if isinstance(given, Null):
        return IsNull(field, negated=test == "not") if test in ("equals", "not") else Unknown()
    assert isinstance(given, Value), "a scalar member holds a value"
    operator = _OPERATORS.get(test)
    if operator is not None:
        return Compare(field, operator, given.source)
    negated = test.startswith("not_")
    where = test.removeprefix("not_")
    if where == "in":
        return Among(field, given.source, negated)
    return Like(field, _PLACES[where], given.source, negated)


def _related(words: Vocabulary, entity: Entity, member: RelationMember, given: Given, name: str) -> Condition:
    edge = link(words.model, entity, member.field)
    if member.quantifier == "is":
        if isinstance(given, Null):
            return Related(edge, "none", None)
        return Related(edge, "some", condition(words, edge.far, given))
    if isinstance(given, Null):
        raise Failed(filter_null(name))
    inner = condition(words, edge.far, given)
    if member.quantifier == "every" and inner is None:
        return Every(())
    return Related(edge, member.quantifier, inner)


def _together(parts: list[Condition]) -> Condition | None:
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else Every(tuple(parts))
