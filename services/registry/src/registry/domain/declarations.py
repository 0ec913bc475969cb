"""SDL text to what it declares, in the dialect's own words; what the dialect does not know is refused here (G 2).

The limits come first, so that a text that is too large costs nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from graphql import GraphQLSyntaxError, parse
from graphql.language import Token, ast

from registry.domain.problems import GLOBAL, SCHEMA_INVALID, TOP, At, Problem, problem

TEXT_BYTES_MAX: Final = 1024 * 1024
TOKENS_MAX: Final = 100_000
TYPES_MAX: Final = 500
FIELDS_MAX: Final = 400
ENUM_VALUES_MAX: Final = 1000

UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
"""What no text of ours may hold: NUL and lone surrogates."""
ROOTS: Final = frozenset({"Query", "Mutation", "Subscription"})
SYNTAX: Final = "There's a syntax error in the Schema Definition."

_KINDS: Final[dict[type[ast.DefinitionNode], str]] = {
    ast.InterfaceTypeDefinitionNode: "Interfaces",
    ast.UnionTypeDefinitionNode: "Unions",
    ast.InputObjectTypeDefinitionNode: "Input types",
    ast.ScalarTypeDefinitionNode: "Scalar declarations",
    ast.DirectiveDefinitionNode: "Directive definitions",
    ast.SchemaDefinitionNode: "Schema definitions",
    ast.OperationDefinitionNode: "Operations",
    ast.FragmentDefinitionNode: "Fragments",
}


@dataclass(frozen=True, slots=True)
class Directive:
    """A directive as written; of arguments that are given twice the first counts, and `twice` names them."""

    name: str
    arguments: Mapping[str, ast.ValueNode]
    at: At
    twice: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeclaredField:
    """A field as written. `written` is its type as text; `depth` counts the list brackets around the named type."""

    owner: str
    name: str
    at: At
    type: str
    written: str
    depth: int
    required: bool
    inner_required: bool
    directives: tuple[Directive, ...]
    description: str | None

    def directive(self, name: str) -> Directive | None:
        """The first directive of that name."""
        return next((each for each in self.directives if each.name == name), None)

    def has(self, name: str) -> bool:
        """Whether the field carries the directive."""
        return self.directive(name) is not None


@dataclass(frozen=True, slots=True)
class DeclaredType:
    """A type as written."""

    name: str
    at: At
    directives: tuple[Directive, ...]
    interfaces: tuple[str, ...]
    fields: tuple[DeclaredField, ...]
    description: str | None


@dataclass(frozen=True, slots=True)
class DeclaredEnum:
    """An enum as written; `values` with their places."""

    name: str
    at: At
    directives: tuple[Directive, ...]
    values: tuple[tuple[str, At], ...]
    description: str | None


@dataclass(frozen=True, slots=True)
class Declarations:
    """All types and enums of a text, in its order, root types left out."""

    types: tuple[DeclaredType, ...] = ()
    enums: tuple[DeclaredEnum, ...] = ()

    @property
    def all(self) -> tuple[DeclaredType | DeclaredEnum, ...]:
        """Types, then enums."""
        return (*self.types, *self.enums)


def read(text: str) -> tuple[Declarations, tuple[Problem, ...]]:
    """What the text declares, and what in it the dialect does not have. A text beyond a limit declares nothing."""
    if found := _beyond_a_limit(text):
        return Declarations(), (found,)
    try:
        document = parse(text, max_tokens=TOKENS_MAX)
    except GraphQLSyntaxError as error:
        at = At(error.locations[0].line, error.locations[0].column) if error.locations else TOP
        return Declarations(), (problem(at, GLOBAL, None, f"{SYNTAX} {error.message}"),)
    problems = tuple(_refused(document.definitions))
    types = tuple(
        _type(node)
        for node in document.definitions
        if isinstance(node, ast.ObjectTypeDefinitionNode) and node.name.value not in ROOTS
    )
    enums = tuple(_enum(node) for node in document.definitions if isinstance(node, ast.EnumTypeDefinitionNode))
    declared = Declarations(types, enums)
    return declared, (*problems, *_too_many(declared))


def _beyond_a_limit(text: str) -> Problem | None:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > TEXT_BYTES_MAX:
        return problem(
            TOP, GLOBAL, None, f"The schema has {size} bytes; at most {TEXT_BYTES_MAX} are accepted.", code=2040
        )
    if found := UNSTORABLE.search(text):
        before = text[: found.start()]
        at = At(before.count("\n") + 1, found.start() - before.rfind("\n"))
        return problem(at, GLOBAL, None, f"{SYNTAX} The character U+{ord(found[0]):04X} cannot stand in a schema.")
    return None


def _refused(definitions: Sequence[ast.DefinitionNode]) -> Iterator[Problem]:
    """Definitions, and arguments of fields, that the dialect does not have."""
    for node in definitions:
        name = getattr(getattr(node, "name", None), "value", None) or GLOBAL
        at = _at(getattr(node, "name", None) or node)
        match node:
            case ast.EnumTypeDefinitionNode():
                pass
            case ast.ObjectTypeDefinitionNode() if name in ROOTS:
                message = f"`type {name}` needs makers' code, not yet available. Queries and mutations are generated."
                yield problem(at, name, None, message, code=SCHEMA_INVALID)
            case ast.ObjectTypeDefinitionNode():
                yield from _arguments(node)
            case ast.TypeExtensionNode() | ast.SchemaExtensionNode():
                message = "Extensions are not part of the data model; write the whole declaration in one place."
                yield problem(at, name, None, message, code=SCHEMA_INVALID)
            case _:
                kind = next((word for each, word in _KINDS.items() if isinstance(node, each)), "Such definitions")
                message = f"{kind} are not part of the data model; it has object types with @model, and enums."
                yield problem(at, name, None, message, code=SCHEMA_INVALID)


def _arguments(node: ast.ObjectTypeDefinitionNode) -> Iterator[Problem]:
    for field in node.fields or ():
        if field.arguments:
            owner, name = node.name.value, field.name.value
            message = f"The field `{name}` has arguments; fields of the data model take none."
            yield problem(_at(field.arguments[0].name), owner, name, message, code=SCHEMA_INVALID)


def _too_many(declared: Declarations) -> Iterator[Problem]:
    def over(count: int, limit: int, what: str, at: At, name: str) -> Iterator[Problem]:
        if count > limit:
            yield problem(at, name, None, f"{count} {what}; at most {limit} are accepted.", code=SCHEMA_INVALID)

    yield from over(len(declared.types), TYPES_MAX, "types", TOP, GLOBAL)
    yield from over(len(declared.enums), TYPES_MAX, "enums", TOP, GLOBAL)
    for each in declared.types:
        yield from over(len(each.fields), FIELDS_MAX, f"fields in `{each.name}`", each.at, each.name)
    for enum in declared.enums:
        yield from over(len(enum.values), ENUM_VALUES_MAX, f"values in `{enum.name}`", enum.at, enum.name)


def _type(node: ast.ObjectTypeDefinitionNode) -> DeclaredType:
    return DeclaredType(
        name=node.name.value,
        at=_at(node.name),
        directives=_directives(node.directives),
        interfaces=tuple(each.name.value for each in node.interfaces or ()),
        fields=tuple(_field(node.name.value, each) for each in node.fields or ()),
        description=_description(node),
    )


def _field(owner: str, node: ast.FieldDefinitionNode) -> DeclaredField:
    kind, depth, closing = node.type, 0, ""
    required, inner_required = isinstance(kind, ast.NonNullTypeNode), False
    while not isinstance(kind, ast.NamedTypeNode):
        if isinstance(kind, ast.NonNullTypeNode):
            closing, kind = "!" + closing, kind.type
        else:
            assert isinstance(kind, ast.ListTypeNode), "a type is named, a list or non-null"
            depth, closing, kind = depth + 1, "]" + closing, kind.type
            inner_required = isinstance(kind, ast.NonNullTypeNode)
    return DeclaredField(
        owner=owner,
        name=node.name.value,
        at=_at(node.name),
        type=kind.name.value,
        written="[" * depth + kind.name.value + closing,
        depth=depth,
        required=required,
        inner_required=inner_required,
        directives=_directives(node.directives),
        description=_description(node),
    )


def _enum(node: ast.EnumTypeDefinitionNode) -> DeclaredEnum:
    return DeclaredEnum(
        name=node.name.value,
        at=_at(node.name),
        directives=_directives(node.directives),
        values=tuple((each.name.value, _at(each.name)) for each in node.values or ()),
        description=_description(node),
    )


def _directives(nodes: Sequence[ast.ConstDirectiveNode] | None) -> tuple[Directive, ...]:
    return tuple(
        Directive(
            name=node.name.value,
            arguments={each.name.value: each.value for each in reversed(node.arguments or ())},
            at=_at(node.name),
            twice=tuple(name for name, times in Counter(_argument_names(node)).items() if times > 1),
        )
        for node in nodes or ()
    )


def _argument_names(node: ast.ConstDirectiveNode) -> Iterator[str]:
    return (each.name.value for each in node.arguments or ())


def _description(node: ast.TypeDefinitionNode | ast.FieldDefinitionNode) -> str | None:
    """The description string, else the comment lines right above."""
    if node.description:
        return node.description.value or None
    assert node.loc, "the parser keeps locations"
    lines: list[str] = []
    line = node.loc.start_token.line
    token: Token | None = node.loc.start_token.prev
    while token and token.kind.name == "COMMENT" and token.line == line - 1:
        # A comment that trails a declaration belongs to that declaration.
        if token.prev and token.prev.line == token.line:
            break
        lines.append((token.value or "").strip())
        line, token = token.line, token.prev
    return "\n".join(reversed(lines)).strip() or None


def _at(node: ast.Node) -> At:
    assert node.loc, "the parser keeps locations"
    return At(node.loc.start_token.line, node.loc.start_token.column)
