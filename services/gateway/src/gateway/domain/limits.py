"""What one control operation may ask for: depth, fields, aliases and cost (P 1.1).

`roughly` bounds a document before validation, whose rules are quadratic in places; `weigh` measures the chosen
operation after it, each fragment once, so that fragments inside fragments cannot multiply the work of measuring.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)

from common.errors import Refused, bad_input

DEPTH_MAX: Final = 12
FIELDS_MAX: Final = 1_000
ROOTS_MAX: Final = 50
COST_MAX: Final = 20_000
TOKENS_MAX: Final = 15_000
MESSAGE_CHARACTERS_MAX: Final = 600
PAGE_DEFAULT: Final = 50
"""Rows of a list that takes a page size and was given none."""
LIST_ASSUMED: Final = 10
"""Rows of a list that takes no page size."""


@dataclass(frozen=True)
class Weight:
    """Of a selection: levels of fields, number of fields, and fields times the rows they are asked for."""

    depth: int = 0
    fields: int = 0
    cost: int = 0


def roughly(document: DocumentNode) -> None:
    """Refuse a document whose text alone has too many fields."""
    fields = 0
    open_sets: list[SelectionSetNode] = [
        definition.selection_set
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode)
    ]
    while open_sets:
        for selection in open_sets.pop().selections:
            if isinstance(selection, FieldNode):
                fields += 1
            if isinstance(selection, FieldNode | InlineFragmentNode) and selection.selection_set:
                open_sets.append(selection.selection_set)
        if fields > FIELDS_MAX:
            raise _too("fields", f"more than {FIELDS_MAX}", FIELDS_MAX)


def told(message: str) -> str:
    """What a validation rule says, cut: an answer is not larger than its question."""
    if "integer string conversion" in message:
        # Python's own words for a literal of thousands of digits help nobody.
        return "Int cannot represent a number of so many digits; it has 32 bits."
    return message if len(message) <= MESSAGE_CHARACTERS_MAX else message[:MESSAGE_CHARACTERS_MAX] + "…"


def check(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: dict[str, Any],
    roots: int,
) -> Weight:
    """The operation's weight; `roots` is its number of root response keys. Refuses what exceeds a limit."""
    weight = weigh(schema, document, operation, variables)
    for name, found, most in (
        ("root aliases", roots, ROOTS_MAX),
        ("depth", weight.depth, DEPTH_MAX),
        ("fields", weight.fields, FIELDS_MAX),
        ("cost", weight.cost, COST_MAX),
    ):
        if found > most:
            raise _too(name, str(found), most)
    return weight


def weigh(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: dict[str, Any]
) -> Weight:
    """The weight of a validated operation with its coerced variables."""
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    scales = _Scales(schema, fragments, variables, {})
    return scales.of_set(operation.selection_set, schema.get_root_type(operation.operation))


@dataclass(frozen=True)
class _Scales:
    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    variables: dict[str, Any]
    known: dict[str, Weight]

    def of_set(self, selections: SelectionSetNode, parent: Any) -> Weight:
        depth = fields = cost = 0
        for selection in selections.selections:
            match selection:
                case FieldNode():
                    one = self.of_field(selection, parent)
                case InlineFragmentNode():
                    condition = selection.type_condition
                    on = self.schema.get_type(condition.name.value) if condition else parent
                    one = self.of_set(selection.selection_set, on)
                case FragmentSpreadNode():
                    one = self.of_fragment(selection.name.value)
                case _:
                    one = Weight()
            depth, fields, cost = max(depth, one.depth), fields + one.fields, cost + one.cost
        return Weight(depth, fields, cost)

    def of_fragment(self, name: str) -> Weight:
        if name not in self.known:
            fragment = self.fragments[name]
            on = self.schema.get_type(fragment.type_condition.name.value)
            self.known[name] = self.of_set(fragment.selection_set, on)
        return self.known[name]

    def of_field(self, node: FieldNode, parent: GraphQLCompositeType) -> Weight:
        name = node.name.value
        if name.startswith("__"):
            # Introspection has a depth rule of its own among the validation rules, and reads no rows.
            fields = 1 + _count(node.selection_set, self.fragments, {})
            return Weight(1, fields, fields)
        if not node.selection_set or not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            return Weight(1, 1, 1)
        kind = parent.fields[name].type
        inner = get_named_type(kind)
        below = self.of_set(node.selection_set, inner if is_composite_type(inner) else parent)
        rows = self.rows(node, parent, name)
        return Weight(below.depth + 1, below.fields + 1, 1 + rows * below.cost)

    def rows(self, node: FieldNode, parent: GraphQLObjectType | GraphQLInterfaceType, name: str) -> int:
        """Rows the field may answer: its page size, or an assumption; `edges` count with their connection."""
        field = parent.fields[name]
        for argument in ("pagination", "first", "last"):
            if argument in field.args:
                asked = [self.page(given.value) for given in node.arguments or () if given.name.value in _PAGES]
                return max([size for size in asked if size is not None], default=PAGE_DEFAULT)
        if is_list_type(get_nullable_type(field.type)) and not parent.name.endswith("Connection"):
            return LIST_ASSUMED
        return 1

    def page(self, value: ValueNode) -> int | None:
        """The page size of an argument's value: an integer, or the `limit` of a Pagination."""
        match value:
            case VariableNode():
                given = self.variables.get(value.name.value)
                limit = given.get("limit") if isinstance(given, dict) else given
                return limit if isinstance(limit, int) else None
            case IntValueNode():
                return int(value.value)
            case ObjectValueNode():
                inner = [self.page(field.value) for field in value.fields if field.name.value == "limit"]
                return inner[0] if inner else None
            case _:
                return None


_PAGES: Final = frozenset({"pagination", "first", "last"})


def _count(
    selections: SelectionSetNode | None, fragments: dict[str, FragmentDefinitionNode], known: dict[str, int]
) -> int:
    total = 0
    for selection in selections.selections if selections else ():
        if isinstance(selection, FragmentSpreadNode):
            name = selection.name.value
            if name not in known:
                known[name] = _count(fragments[name].selection_set, fragments, known)
            total += known[name]
        elif isinstance(selection, FieldNode | InlineFragmentNode):
            total += isinstance(selection, FieldNode) + _count(selection.selection_set, fragments, known)
    return total


def _too(name: str, found: str, most: int) -> Refused:
    return bad_input(
        f"The operation has too much {name}: {found}, at most {most} is allowed."
        if name in ("depth", "cost")
        else f"The operation has too many {name}: {found}, at most {most} are allowed.",
        "Ask for less at once, or in several requests.",
        reason="LIMIT_EXCEEDED",
    )
