"""Variables: coerced to their types, and their shape.

The shape is what a plan depends on: which keys are present or null, the choice of enums, the lengths of object lists,
the truth of directive variables. Scalars and lists of scalars are parameters and leave no more than their presence
(DESIGN 4.1).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_variable_values,
    is_input_type,
    type_from_ast,
)
from graphql.utilities import value_from_ast_untyped

from gateway.domain.bounds import Limits
from gateway.engine.failure import Failure, Refusal, Rejected, invalid, limit
from gateway.engine.operation.leaves import from_json

Shape = tuple[Hashable, ...]

_NULL: Final = "null"
_SCALAR: Final = "scalar"
_SCALARS: Final = "scalars"
_ABSENT: Final = object()

ERRORS_MAX: Final = 20
"""Validation stops after so many problems."""


@dataclass(slots=True)
class _Walk:
    """One coercion under way: what has been seen so far."""

    limits: Limits
    shape: list[Hashable] = field(default_factory=list)
    values: int = 0
    depth: int = 0


_Coercer = Callable[[Any, _Walk], Any]


@dataclass(frozen=True, slots=True)
class Variable:
    """A declared variable, ready to coerce."""

    name: str
    type: GraphQLInputType
    default: Any
    """The default as JSON; see `has_default`."""
    has_default: bool
    steers: bool
    """It stands in @skip or @include, so that its value belongs to the shape."""
    coerce: _Coercer


def declared(
    schema: GraphQLSchema, operation: OperationDefinitionNode, steering: frozenset[str]
) -> tuple[Variable, ...]:
    """The variables of a validated operation; `steering` names those that stand in directives."""
    found: list[Variable] = []
    for node in operation.variable_definitions or ():
        name = node.variable.name.value
        kind = type_from_ast(schema, node.type)
        assert is_input_type(kind), "validation lets no other type be a variable's"
        default = value_from_ast_untyped(node.default_value) if node.default_value else None
        found.append(
            Variable(
                name,
                kind,
                default,
                node.default_value is not None,
                name in steering,
                _coercer(kind, {}),
            )
        )
    return tuple(found)


def coerced(variables: tuple[Variable, ...], given: Mapping[str, Any], limits: Limits) -> tuple[dict[str, Any], Shape]:
    """The values of the declared variables, and their shape.

    Raises Rejected beyond the limits, and GraphQLError for the first problem; `refused` tells all of them.
    """
    walk = _Walk(limits)
    values: dict[str, Any] = {}
    for variable in variables:
        value = given.get(variable.name, _ABSENT)
        if value is _ABSENT and variable.has_default:
            value = variable.default
        if value is _ABSENT:
            if isinstance(variable.type, GraphQLNonNull):
                message = f"Variable '${variable.name}' of required type '{variable.type}' was not provided."
                raise GraphQLError(message)
            walk.shape.append(None)
            continue
        try:
            value = values[variable.name] = variable.coerce(value, walk)
        except GraphQLError as error:
            message = f"Variable '${variable.name}' has invalid value: {error.message}"
            raise GraphQLError(message) from error
        if variable.steers:
            walk.shape.append(bool(value))
    return values, tuple(walk.shape)


def refused(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    given: Mapping[str, Any],
    first: GraphQLError,
    limits: Limits,
) -> Rejected:
    """Every problem of the variables; `first` is what coercion found, in case only we object."""
    if _more_values(given, limits.input_values):
        # What stands behind the first problem was not measured, and looking at all of it takes time.
        return Rejected(invalid(first.message))
    declared = operation.variable_definitions or ()
    try:
        found = get_variable_values(schema, declared, dict(given), max_errors=ERRORS_MAX)
    except IndexError:  # graphql-core looks for words alike, and stumbles over letters whose small form is two (İ)
        found = get_variable_values(schema, declared, dict(given), max_errors=ERRORS_MAX, hide_suggestions=True)
    if not isinstance(found, list):
        return Rejected(invalid(first.message))
    return Rejected(
        Refusal(
            "invalid",
            tuple(
                Failure(
                    "BAD_USER_INPUT",
                    error.message,
                    locations=tuple((at.line, at.column) for at in error.locations or ()),
                )
                for error in found
            ),
        )
    )


def _more_values(value: Any, most: int) -> bool:
    count = 0
    rest = [value]
    while rest and count <= most:
        one = rest.pop()
        if isinstance(one, dict):
            rest.extend(one.values())
        elif isinstance(one, list | tuple):
            rest.extend(one)
        count += 1
    return bool(rest)


def _coercer(kind: Any, known: dict[str, _Coercer]) -> _Coercer:
    match kind:
        case GraphQLNonNull():
            return _required(_coercer(kind.of_type, known), str(kind))
        case GraphQLList():
            item = kind.of_type.of_type if isinstance(kind.of_type, GraphQLNonNull) else kind.of_type
            if isinstance(item, GraphQLInputObjectType):
                return _objects(_coercer(kind.of_type, known))
            return _scalars(item, nullable=not isinstance(kind.of_type, GraphQLNonNull))
        case GraphQLInputObjectType():
            return known.get(kind.name) or _object(kind, known)
        case GraphQLEnumType():
            return _enum(kind)
        case _:
            return _scalar(kind)


def _required(inner: _Coercer, name: str) -> _Coercer:
    def coerce(value: Any, walk: _Walk) -> Any:
        if value is None:
            message = f"Expected value of non-null type '{name}' not to be None."
            raise GraphQLError(message)
        return inner(value, walk)

    return coerce


def _scalar(leaf: GraphQLScalarType) -> _Coercer:
    def coerce(value: Any, walk: _Walk) -> Any:
        if value is None:
            walk.shape.append(_NULL)
            return None
        walk.shape.append(_SCALAR)
        return from_json(value, leaf)

    return coerce


def _enum(leaf: GraphQLEnumType) -> _Coercer:
    def coerce(value: Any, walk: _Walk) -> Any:
        if value is None:
            walk.shape.append(_NULL)
            return None
        chosen = from_json(value, leaf)
        walk.shape.append(chosen)
        return chosen

    return coerce


def _scalars(leaf: GraphQLScalarType | GraphQLEnumType, *, nullable: bool) -> _Coercer:
    def coerce(value: Any, walk: _Walk) -> Any:
        if value is None:
            walk.shape.append(_NULL)
            return None
        walk.shape.append(_SCALARS)
        items = value if isinstance(value, list | tuple) else [value]
        if len(items) > walk.limits.list_items:
            raise Rejected(limit(f"A list has {len(items)} items; {walk.limits.list_items} are allowed."))
        if None in items and not nullable:
            message = f"Expected value of non-null type '{leaf.name}!' not to be None."
            raise GraphQLError(message)
        return tuple([None if item is None else from_json(item, leaf) for item in items])

    return coerce


def _objects(inner: _Coercer) -> _Coercer:
    def coerce(value: Any, walk: _Walk) -> Any:
        if value is None:
            walk.shape.append(_NULL)
            return None
        items = value if isinstance(value, list | tuple) else [value]
        walk.shape.append(len(items))
        return [inner(item, walk) for item in items]

    return coerce


def _object(kind: GraphQLInputObjectType, known: dict[str, _Coercer]) -> _Coercer:
    members: dict[str, _Coercer] = {}
    needed: list[
        tuple[str, ...]
    ] = []  # Filled on first use: asking for `fields` earlier would build types nobody uses.

    def member(name: str) -> _Coercer:
        found = kind.fields.get(name)
        if found is None:
            message = f"'{name}' is not a field of '{kind.name}'."
            raise GraphQLError(message)
        made = members[name] = _coercer(found.type, known)
        return made

    def coerce(value: Any, walk: _Walk) -> Any:
        if value is None:
            walk.shape.append(_NULL)
            return None
        if not isinstance(value, dict):
            message = f"Expected value of type '{kind.name}' to be an object."
            raise GraphQLError(message)
        walk.values += 1 + len(value)
        walk.depth += 1
        if walk.values > walk.limits.input_values:
            raise Rejected(limit(f"The variables hold more than {walk.limits.input_values} values."))
        if walk.depth > walk.limits.input_depth:
            raise Rejected(limit(f"A variable is nested deeper than {walk.limits.input_depth} levels."))
        names = tuple(sorted(value))
        walk.shape.append(names)
        made = {name: (members.get(name) or member(name))(value[name], walk) for name in names}
        walk.depth -= 1
        if not needed:
            needed.append(tuple(name for name, one in kind.fields.items() if isinstance(one.type, GraphQLNonNull)))
        for name in needed[0]:
            if name not in made:
                message = f"Expected value of type '{kind.name}' to include required field '{name}'."
                raise GraphQLError(message)
        return made

    known[kind.name] = coerce
    return coerce
