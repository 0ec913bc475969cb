"""What of a document breaks when another schema answers it: validated against both, with the places it uses.

A document that was refused before is nobody's loss. One that stays valid can still be answered otherwise (a field of
another scalar type), or depend on what is sent in its variables; the latter is said as not certain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    DocumentNode,
    EnumValueNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    NamedTypeNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
    parse,
    validate,
    visit,
)
from graphql.validation import OverlappingFieldsCanBeMergedRule, specified_rules

from contracts.documents import Reason

REASONS_MAX: Final = 20
ERRORS_MAX: Final = 50
RULES: Final = tuple(rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule)
"""Without the one that compares fields with each other: it is slow, and what it finds the document had before."""


@dataclass(frozen=True, slots=True)
class Change:
    """From one schema to another, with what a document does not show by becoming invalid."""

    before: GraphQLSchema
    after: GraphQLSchema
    answers: Mapping[str, str] = field(default_factory=dict)
    """Fields that will answer another type, and how."""
    inputs: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)
    """Input types and enums, and what can no longer be sent in a variable of theirs."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What breaks of a document; `names` are those of its operations."""

    names: tuple[str, ...]
    reasons: tuple[Reason, ...]


def change(before: GraphQLSchema, after: GraphQLSchema) -> Change:
    """What is worked out once for all documents."""
    return Change(before, after, dict(_answers(before, after)), dict(_inputs(before, after)))


def finding(text: str, change: Change) -> Finding | None:
    """What breaks of a document; None when nothing does, or when it was not valid before."""
    try:
        document = parse(text)
    except GraphQLError:
        return None
    errors = validate(change.after, document, RULES, max_errors=ERRORS_MAX)
    maybe = tuple(_variables(document, change.inputs))
    if not errors and not maybe and not change.answers:
        return None
    if validate(change.before, document, RULES, max_errors=1):
        return None
    places = _places(document, change.before)
    reasons: dict[str | None, Reason] = {}
    for reason in (*_refused(errors, places, change.after), *_answered(places, change.answers), *maybe):
        reasons.setdefault(reason.coordinate, reason)
    if not reasons:
        return None
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    names = tuple([one.name.value for one in operations if one.name])
    return Finding(names, tuple(reasons.values())[:REASONS_MAX])


# --- what a document uses -----------------------------------------------------------------------------------------


class _Places(Visitor):
    """What of the schema the nodes of a document stand for."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self.of: dict[int, str] = {}
        """Node (by identity) to coordinate."""
        self.fields: dict[str, None] = {}
        self._info = info
        self._fields: list[str] = []
        self._inside: list[str] = []

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent = self._info.get_parent_type()
        name = f"{parent.name}.{node.name.value}" if parent else node.name.value
        self.of[id(node)] = name
        self.fields[name] = None
        self._fields.append(name)

    def leave_field(self, *_: Any) -> None:
        self._fields.pop()

    def enter_argument(self, node: Any, *_: Any) -> None:
        directive = self._info.get_directive()
        owner = f"@{directive.name}" if directive else self._fields[-1] if self._fields else ""
        self._inside.append(f"{owner}({node.name.value}:)")
        self.of[id(node)] = self._inside[-1]

    def leave_argument(self, *_: Any) -> None:
        self._inside.pop()

    def enter_object_field(self, node: Any, *_: Any) -> None:
        owner = get_named_type(self._info.get_parent_input_type())
        self._inside.append(f"{owner.name}.{node.name.value}" if owner else node.name.value)
        self.of[id(node)] = self._inside[-1]

    def leave_object_field(self, *_: Any) -> None:
        self._inside.pop()

    def enter_object_value(self, node: ObjectValueNode, *_: Any) -> None:
        owner = get_named_type(self._info.get_input_type())
        self.of[id(node)] = owner.name if owner else ""

    def enter_enum_value(self, node: Any, *_: Any) -> None:
        owner = get_named_type(self._info.get_input_type())
        self.of[id(node)] = f"{owner.name}.{node.value}" if owner else node.value

    def enter_named_type(self, node: NamedTypeNode, *_: Any) -> None:
        self.of[id(node)] = node.name.value

    def enter(self, node: Node, *_: Any) -> None:
        """Every other value stands where it is sent."""
        if self._inside:
            self.of[id(node)] = self._inside[-1]


def _places(document: DocumentNode, schema: GraphQLSchema) -> _Places:
    info = TypeInfo(schema)
    found = _Places(info)
    visit(document, TypeInfoVisitor(info, found))
    return found


def _refused(errors: list[GraphQLError], places: _Places, after: GraphQLSchema) -> Iterator[Reason]:
    for error in errors:
        if not error.nodes:
            continue  # only that there are too many
        known = [(node, places.of[id(node)]) for node in error.nodes if id(node) in places.of]
        coordinate = _missing(*known[-1], after) if known else None
        message = error.message
        if isinstance(error.nodes[-1], ValueNode) and known and coordinate == known[-1][1]:
            # The library repeats the value, and whoever is told this may be of another organisation.
            message = _unfit(error.nodes[-1], coordinate, message)
        yield Reason(coordinate=coordinate, message=message, certain=True)


def _unfit(node: Node, coordinate: str, message: str) -> str:
    """The message without the value that was sent; names of the schema and of variables are no values."""
    if isinstance(node, EnumValueNode | VariableNode):
        return message
    return f"{coordinate} no longer takes the value that is sent there."


def _missing(node: Node, coordinate: str, after: GraphQLSchema) -> str:
    """The required argument or input field that a node does not give; else what it stands for itself."""
    if isinstance(node, FieldNode):
        owner = after.get_type(coordinate.rpartition(".")[0])
        there = owner.fields.get(node.name.value) if isinstance(owner, GraphQLObjectType) else None
        given = {one.name.value for one in node.arguments or ()}
        for name, argument in there.args.items() if there else ():
            if is_required_argument(argument) and name not in given:
                return f"{coordinate}({name}:)"
    if isinstance(node, ObjectValueNode):
        type_ = after.get_type(coordinate)
        given = {one.name.value for one in node.fields}
        for name, input_ in type_.fields.items() if isinstance(type_, GraphQLInputObjectType) else ():
            if is_required_input_field(input_) and name not in given:
                return f"{coordinate}.{name}"
    return coordinate


def _answered(places: _Places, answers: Mapping[str, str]) -> Iterator[Reason]:
    for name in places.fields:
        if name in answers:
            yield Reason(coordinate=name, message=answers[name], certain=True)


def _variables(document: DocumentNode, inputs: Mapping[str, tuple[Reason, ...]]) -> Iterator[Reason]:
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            for variable in operation.variable_definitions or ():
                yield from inputs.get(_type_name(variable), ())


def _type_name(variable: VariableDefinitionNode) -> str:
    type_: Any = variable.type
    while not isinstance(type_, NamedTypeNode):
        type_ = type_.type
    return type_.name.value


# --- what changes without making a document invalid -----------------------------------------------------------------


def _answers(before: GraphQLSchema, after: GraphQLSchema) -> Iterator[tuple[str, str]]:
    """Fields of scalars and enums that a caller will read otherwise. What can now be null is no change of these."""
    for name, old in before.type_map.items():
        new = after.type_map.get(name)
        if name.startswith("__") or not isinstance(old, GraphQLObjectType) or not isinstance(new, GraphQLObjectType):
            continue
        for inner, was in old.fields.items():
            now = new.fields.get(inner)
            if now is not None and _read(was.type) != _read(now.type):
                yield f"{name}.{inner}", f"{name}.{inner} answers {was.type}, and will answer {now.type}."


def _read(type_: GraphQLOutputType) -> str:
    """How a caller reads what a field answers: lists of what. An enum is text, whatever it is called."""
    bare: Any = type_.of_type if is_non_null_type(type_) else type_
    if is_list_type(bare):
        return f"[{_read(bare.of_type)}]"
    if isinstance(bare, GraphQLEnumType):
        return "text"
    return str(bare) if is_leaf_type(bare) else "object"


def _inputs(before: GraphQLSchema, after: GraphQLSchema) -> Iterator[tuple[str, tuple[Reason, ...]]]:
    for name, old in before.type_map.items():
        new = after.type_map.get(name)
        found: list[Reason] = []
        if isinstance(old, GraphQLEnumType) and isinstance(new, GraphQLEnumType):
            found += _values(old, new)
        elif isinstance(old, GraphQLInputObjectType) and isinstance(new, GraphQLInputObjectType):
            found += _members(old, new)
        if found:
            yield name, tuple(found)


def _members(old: GraphQLInputObjectType, new: GraphQLInputObjectType) -> Iterator[Reason]:
    for name, was in old.fields.items():
        now = new.fields.get(name)
        coordinate = f"{old.name}.{name}"
        if now is None:
            yield _maybe(coordinate, f"A variable may hold {coordinate}, which will be gone.")
            continue
        one, other = get_named_type(was.type), get_named_type(now.type)
        stricter = is_required_input_field(now) and not is_required_input_field(was)
        if stricter:
            yield _maybe(coordinate, f"A variable may leave out {coordinate}, which will be required.")
        elif one.name != other.name or (is_non_null_type(now.type) and str(was.type) != str(now.type)):
            yield _maybe(coordinate, f"A variable may hold {coordinate} as {was.type}; it will have to be {now.type}.")
        if isinstance(one, GraphQLEnumType) and isinstance(other, GraphQLEnumType):
            yield from _values(one, other)
    for name, now in new.fields.items():
        if name not in old.fields and is_required_input_field(now):
            coordinate = f"{old.name}.{name}"
            yield _maybe(coordinate, f"A variable will have to hold {coordinate}, which is new.")


def _values(old: GraphQLEnumType, new: GraphQLEnumType) -> Iterator[Reason]:
    for value in old.values:
        if value not in new.values:
            yield _maybe(f"{old.name}.{value}", f"A variable may hold {old.name}.{value}, which will be gone.")


def _maybe(coordinate: str, message: str) -> Reason:
    return Reason(coordinate=coordinate, message=message, certain=False)
