"""The selection of an operation, flattened: no fragments, no directives, each response key once (GraphQL 6.3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLAbstractType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_object_type,
)
from graphql.language import BooleanValueNode, VariableNode

from gateway.domain.bounds import Limits
from gateway.engine.failure import Location, Rejected, limit
from gateway.engine.operation.given import Given, given, size


@dataclass(frozen=True, slots=True)
class Selected:
    """A field of the answer."""

    key: str
    name: str
    arguments: Mapping[str, Given]
    """Only what was given; a variable that was not supplied is not here."""
    fields: tuple[Selected, ...] = ()
    by_type: Mapping[str, tuple[Selected, ...]] | None = None
    """For a field of an interface: the selection for each type it can have."""
    location: Location = (1, 1)
    nodes: tuple[FieldNode, ...] = ()
    """Where it came from; read by introspection only."""


@dataclass(slots=True)
class Flattening:
    """One flattening under way; counts what it makes, because fragments can multiply."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    values: Mapping[str, Any]
    limits: Limits
    fields: int = 0
    argument_values: int = 0

    def select(
        self, kind: GraphQLObjectType, sets: tuple[SelectionSetNode, ...], depth: int = 1
    ) -> tuple[Selected, ...]:
        """The fields of an object of this type. Raises Rejected beyond the limits."""
        if depth > self.limits.depth:
            raise Rejected(limit(f"The operation is nested deeper than {self.limits.depth} levels."))
        merged: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for one in sets:
            self._collect(kind, one, merged, visited)
        return tuple([self._field(kind, key, nodes, depth) for key, nodes in merged.items()])

    def _collect(
        self,
        kind: GraphQLObjectType,
        selections: SelectionSetNode,
        merged: dict[str, list[FieldNode]],
        visited: set[str],
    ) -> None:
        for selection in selections.selections:
            if not self._included(selection):
                continue
            if isinstance(selection, FieldNode):
                key = (selection.alias or selection.name).value
                merged.setdefault(key, []).append(selection)
                continue
            inner: Any = selection
            if isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                if name in visited:
                    continue
                visited.add(name)
                inner = self.fragments[name]
            condition = inner.type_condition
            if condition is None or self._applies(condition.name.value, kind):
                self._collect(kind, inner.selection_set, merged, visited)

    def _field(self, kind: GraphQLObjectType, key: str, nodes: list[FieldNode], depth: int) -> Selected:
        self.fields += 1
        if self.fields > self.limits.fields:
            raise Rejected(limit(f"The operation selects more than {self.limits.fields} fields."))
        node = nodes[0]
        name = node.name.value
        location = (node.loc.start_token.line, node.loc.start_token.column) if node.loc else (1, 1)
        if name.startswith("__"):
            return Selected(key, name, {}, location=location, nodes=tuple(nodes))
        definition = kind.fields[name]
        arguments = self._arguments(node, definition)
        sets = tuple([one.selection_set for one in nodes if one.selection_set])
        target = get_named_type(definition.type)
        if is_object_type(target):
            return Selected(key, name, arguments, self.select(target, sets, depth + 1), location=location)
        if is_abstract_type(target):
            return Selected(key, name, arguments, by_type=self._each(target, sets, depth), location=location)
        return Selected(key, name, arguments, location=location)

    def _each(
        self, target: GraphQLAbstractType, sets: tuple[SelectionSetNode, ...], depth: int
    ) -> dict[str, tuple[Selected, ...]]:
        each: dict[str, tuple[Selected, ...]] = {}
        largest = start = self.fields
        for one in self.schema.get_possible_types(target):
            # A node has one type: the largest alternative counts, not all of them.
            self.fields = start
            each[one.name] = self.select(one, sets, depth + 1)
            largest = max(largest, self.fields)
        self.fields = largest
        return each

    def _arguments(self, node: FieldNode, definition: GraphQLField) -> dict[str, Given]:
        found: dict[str, Given] = {}
        for argument in node.arguments or ():
            name = argument.name.value
            value = given(argument.value, definition.args[name].type, self.values)
            if value is not None:
                found[name] = value
                self.argument_values += size(value)
                if self.argument_values > self.limits.argument_values:
                    raise Rejected(limit(f"The arguments hold more than {self.limits.argument_values} values."))
        return found

    def _included(self, selection: SelectionNode) -> bool:
        for directive in selection.directives or ():
            name = directive.name.value
            if name in ("skip", "include"):
                condition = (directive.arguments or ())[0].value
                if self._truth(condition) == (name == "skip"):
                    return False
        return True

    def _truth(self, condition: Any) -> bool:
        if isinstance(condition, VariableNode):
            return bool(self.values[condition.name.value])
        assert isinstance(condition, BooleanValueNode), "validation lets nothing else stand in a directive"
        return condition.value

    def _applies(self, condition: str, kind: GraphQLObjectType) -> bool:
        return condition == kind.name or any(condition == one.name for one in kind.interfaces)
