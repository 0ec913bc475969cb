"""A control operation cut into one self-contained operation per owner (DESIGN 3).

Root selections are collected first, which settles `@skip`, `@include`, fragments on the root, merged response keys,
`__typename` and introspection. What an owner gets is text that depends on the document alone: values stay in variables,
so that he can cache the parsed and validated operation by its text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, Literal

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    Visitor,
    get_variable_values,
    is_non_null_type,
    print_ast,
    visit,
)
from graphql.execution.collect_fields import FragmentDetails, collect_fields
from graphql.execution.values import VariableValues

from common.errors import bad_input
from gateway.domain.merge import Graph

SELF: Final = ""
"""The owner of `__schema` and `__type`: the gateway itself."""
TYPENAME: Final = "__typename"


@dataclass(frozen=True)
class Field:
    """One response key at the root."""

    key: str
    name: str
    owner: str
    nullable: bool


@dataclass(frozen=True)
class Part:
    """What one owner is asked at once."""

    owner: str
    query: str
    variables: tuple[str, ...]
    """Names of the variables it uses."""
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Split:
    """The parts of one operation. Queries may go out together, the parts of a mutation one after another."""

    kind: Literal["query", "mutation"]
    name: str | None
    root: str
    fields: tuple[Field, ...]
    """In the order of the answer."""
    parts: tuple[Part, ...]


def chosen(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """The operation to run. Refuses an unknown name, a missing choice, and subscriptions."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name:
        operations = [node for node in operations if node.name and node.name.value == name]
        if not operations:
            raise bad_input(f"Unknown operation named {name!r}.")
    if not operations:
        raise bad_input("The document has no operation.")
    if len(operations) > 1:
        raise bad_input("The document has several operations.", "Name one of them in operationName.")
    if operations[0].operation is OperationType.SUBSCRIPTION:
        raise bad_input("The control API has no subscriptions.")
    return operations[0]


def coerced(schema: GraphQLSchema, operation: OperationDefinitionNode, variables: dict[str, Any]) -> VariableValues:
    """The operation's variables as values of their types. Raises GraphQLErrors with all problems (at most 50)."""
    declared = operation.variable_definitions or ()
    try:
        values = get_variable_values(schema, declared, variables, max_errors=50)
    except IndexError:  # graphql-core looks for words alike, and stumbles over letters whose small form is two (İ)
        values = get_variable_values(schema, declared, variables, max_errors=50, hide_suggestions=True)
    if isinstance(values, list):
        raise Problems(values)
    return values


class Problems(Exception):  # noqa: N818 - it carries the problems of a text, all at once
    """Everything that is wrong with a text or its variables."""

    def __init__(self, problems: list[GraphQLError]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


def split(graph: Graph, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues) -> Split:
    """The operation's parts, in the order in which mutations must run."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    root = graph.schema.get_root_type(operation.operation)
    if root is None:
        raise bad_input(f"The control API has no {operation.operation.value} at the moment.")
    details = {name: FragmentDetails(node) for name, node in fragments.items()}
    collected = collect_fields(graph.schema, details, variables, root, operation).grouped_field_set
    nodes = {key: [found.node for found in group] for key, group in collected.items()}
    fields = tuple(_field(graph, root, key, group[0].name.value) for key, group in nodes.items())
    kind: Literal["query", "mutation"] = "mutation" if operation.operation is OperationType.MUTATION else "query"
    parts = tuple(
        _part(operation, fragments, nodes, owner, group)
        for owner, group in _groups(kind, [field for field in fields if field.name != TYPENAME])
    )
    return Split(kind, operation.name.value if operation.name else None, root.name, fields, parts)


def _field(graph: Graph, root: Any, key: str, name: str) -> Field:
    if name == TYPENAME:
        return Field(key, name, SELF, nullable=False)
    if name.startswith("__"):
        return Field(key, name, SELF, nullable=name == "__type")
    return Field(key, name, graph.owner_of[root.name, name], nullable=not is_non_null_type(root.fields[name].type))


def _groups(kind: str, fields: list[Field]) -> Iterable[tuple[str, list[Field]]]:
    """Queries: all fields of an owner together. Mutations: runs of neighbours, for their order is their meaning."""
    if kind == "mutation":
        return [(owner, list(group)) for owner, group in groupby(fields, key=lambda field: field.owner)]
    by_owner: dict[str, list[Field]] = {}
    for field in fields:
        by_owner.setdefault(field.owner, []).append(field)
    return by_owner.items()


def _part(
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    nodes: Mapping[str, list[FieldNode]],
    owner: str,
    fields: list[Field],
) -> Part:
    selections = tuple(_settled(node) for field in fields for node in nodes[field.key])
    used = _Uses()
    for node in selections:
        visit(node, used)
    seen: dict[str, FragmentDefinitionNode] = {}
    while missing := [name for name in used.fragments if name not in seen]:
        for name in missing:
            seen[name] = fragments[name]
            visit(fragments[name].selection_set, used)
    definitions = tuple(
        node for node in operation.variable_definitions or () if node.variable.name.value in used.variables
    )
    own = OperationDefinitionNode(
        operation=operation.operation,
        name=operation.name,
        variable_definitions=definitions,
        directives=(),
        selection_set=SelectionSetNode(selections=selections),
    )
    # In the order of the document, so that the text does not depend on the order in which fragments were met.
    kept = tuple(node for name, node in fragments.items() if name in seen)
    text = print_ast(DocumentNode(definitions=(own, *kept)))
    return Part(owner, text, tuple(node.variable.name.value for node in definitions), tuple(fields))


class _Uses(Visitor):
    """Names of the fragments and variables that a node uses."""

    def __init__(self) -> None:
        super().__init__()
        self.fragments: dict[str, None] = {}
        self.variables: set[str] = set()

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> None:
        self.fragments[node.name.value] = None

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        self.variables.add(node.name.value)


def _settled(node: FieldNode) -> FieldNode:
    """The field without `@skip` and `@include`: at the root they have been obeyed already."""
    directives = tuple(node for node in node.directives or () if node.name.value not in ("skip", "include"))
    return FieldNode(
        alias=node.alias,
        name=node.name,
        arguments=node.arguments,
        directives=directives,
        selection_set=node.selection_set,
    )
