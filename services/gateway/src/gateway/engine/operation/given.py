"""What a client gave for an argument: its structure is known to the plan, its scalars are sources of parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
)

from gateway.engine.failure import Rejected, invalid
from gateway.engine.operation.leaves import from_literal
from gateway.engine.source import Const, Input, Several, Var


@dataclass(frozen=True, slots=True)
class Null:
    """An explicit null."""


@dataclass(frozen=True, slots=True)
class Value:
    """A scalar, an enum value, or a list of either."""

    source: Input
    choice: str | None = None
    """The name, when it is one enum value: the plan may depend on it."""


@dataclass(frozen=True, slots=True)
class Object:
    """An input object: the members that were given."""

    members: Mapping[str, Given]


@dataclass(frozen=True, slots=True)
class Objects:
    """A list of input objects."""

    items: tuple[Object, ...]


Given = Null | Value | Object | Objects
NULL: Final = Null()


def given(node: ValueNode, kind: GraphQLInputType, values: Mapping[str, Any]) -> Given | None:
    """The value of an argument or member of a validated document; None when its variable was not supplied."""
    if isinstance(node, VariableNode):
        name = node.name.value
        return from_variable(values[name], kind, (name,)) if name in values else None
    if isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    if isinstance(node, NullValueNode):
        return NULL
    if isinstance(kind, GraphQLList):
        return _list(node.values if isinstance(node, ListValueNode) else (node,), kind.of_type, values)
    if isinstance(kind, GraphQLInputObjectType):
        assert isinstance(node, ObjectValueNode), "validation lets nothing else stand for an input object"
        return _object(node, kind, values)
    return _leaf(node, kind)


def from_variable(value: Any, kind: GraphQLInputType, path: tuple[str | int, ...]) -> Given:
    """The value at a place in the coerced variables."""
    if isinstance(kind, GraphQLNonNull):
        if value is None:
            # A nullable variable with a default may stand here, so validation lets an explicit null through.
            raise Rejected(invalid(f"Variable '${path[0]}' must not be null where '{kind}' is expected."))
        kind = kind.of_type
    if value is None:
        return NULL
    if isinstance(kind, GraphQLList):
        item = kind.of_type.of_type if isinstance(kind.of_type, GraphQLNonNull) else kind.of_type
        if not isinstance(item, GraphQLInputObjectType):
            return Value(Var(path))
        return Objects(tuple([_whole_object(one, item, (*path, n)) for n, one in enumerate(value)]))
    if isinstance(kind, GraphQLInputObjectType):
        return _whole_object(value, kind, path)
    return Value(Var(path), value if isinstance(kind, GraphQLEnumType) else None)


def size(value: Given) -> int:
    """How many values it is made of; a list of scalars is one."""
    match value:
        case Object(members=members):
            return 1 + sum([size(member) for member in members.values()])
        case Objects(items=items):
            return 1 + sum([size(item) for item in items])
        case Value(source=Several(items=items)):
            return len(items)
        case _:
            return 1


def _whole_object(value: dict[str, Any], kind: GraphQLInputObjectType, path: tuple[str | int, ...]) -> Object:
    fields = kind.fields
    return Object({name: from_variable(member, fields[name].type, (*path, name)) for name, member in value.items()})


def _object(node: ObjectValueNode, kind: GraphQLInputObjectType, values: Mapping[str, Any]) -> Object:
    members: dict[str, Given] = {}
    for member in node.fields:
        name = member.name.value
        found = given(member.value, kind.fields[name].type, values)
        if found is not None:
            members[name] = found
    return Object(members)


def _list(nodes: tuple[ValueNode, ...], item: GraphQLInputType, values: Mapping[str, Any]) -> Given:
    items = [_item(node, item, values) for node in nodes]
    objects = tuple([one for one in items if isinstance(one, Object)])
    if objects:
        return Objects(objects)
    inner = item.of_type if isinstance(item, GraphQLNonNull) else item
    if isinstance(inner, GraphQLInputObjectType):
        return Objects(())
    sources = [one.source for one in items if isinstance(one, Value)]
    if all(isinstance(one, Const) for one in sources):
        return Value(Const(tuple([one.value for one in sources if isinstance(one, Const)])))
    return Value(Several(tuple([one for one in sources if isinstance(one, Const | Var)])))


def _item(node: ValueNode, kind: GraphQLInputType, values: Mapping[str, Any]) -> Given:
    found = given(node, kind, values)
    if found is None or isinstance(found, Null):
        where = (node.loc.start_token.line, node.loc.start_token.column) if node.loc else (1, 1)
        raise Rejected(invalid(f"A list of '{kind}' cannot hold null.", where))
    return found


def _leaf(node: ValueNode, kind: GraphQLInputType) -> Value:
    where = (node.loc.start_token.line, node.loc.start_token.column) if node.loc else (1, 1)
    assert isinstance(kind, GraphQLScalarType | GraphQLEnumType), "lists and objects were taken out before"
    try:
        source = from_literal(node, kind)
    except GraphQLError as error:
        raise Rejected(invalid(error.message, where)) from error
    return Value(source, source.value if isinstance(kind, GraphQLEnumType) else None)
