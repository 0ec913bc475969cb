"""One control schema out of the parts of its owners (DESIGN 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from graphql import (
    DefinitionNode,
    DirectiveDefinitionNode,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    TypeDefinitionNode,
    build_ast_schema,
    parse,
    print_ast,
    validate_schema,
)
from graphql.validation.validate import validate_sdl

COMMON: Final = "common"
"""The name under which the shared types take part in a merge; it owns no root field."""
ROOTS: Final = ("Query", "Mutation")
EMPTY: Final = "type Query { _: Boolean }"
"""What is served while no owner has published anything: `__typename` and introspection need a Query type."""


class MergeConflict(Exception):  # noqa: N818 - a conflict is named by what it is
    """The parts do not make one schema. `problems` lists all of them, each with the owners at odds."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Graph:
    """The merged schema and who answers each of its root fields: `(root type, field)` to owner."""

    schema: GraphQLSchema
    owner_of: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass
class _Merging:
    """Definitions kept so far, by what they define."""

    kept: dict[str, tuple[str, DefinitionNode]] = field(default_factory=dict)
    roots: dict[str, list[ObjectTypeDefinitionNode]] = field(default_factory=dict)
    owner_of: dict[tuple[str, str], str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def merge(common: str, parts: Mapping[str, str]) -> Graph:
    """The schema of `parts` (owner to SDL) over the shared types of `common`.

    A type that two owners define is refused unless both texts say the same; so is a root field that two owners answer.
    Raises MergeConflict with every problem.
    """
    merging = _Merging()
    for owner, text in ((COMMON, common), *sorted(parts.items())):
        _take(merging, owner, text)
    if not merging.owner_of:
        _take(merging, COMMON, EMPTY)
    _refuse(merging)
    document = DocumentNode(definitions=tuple(_definitions(merging)))
    merging.problems += [problem.message for problem in validate_sdl(document)]
    _refuse(merging)
    schema = build_ast_schema(document, assume_valid_sdl=True)
    merging.problems += [problem.message for problem in validate_schema(schema)]
    _refuse(merging)
    return Graph(schema, merging.owner_of)


def _refuse(merging: _Merging) -> None:
    if merging.problems:
        raise MergeConflict(tuple(merging.problems))


def _take(merging: _Merging, owner: str, text: str) -> None:
    try:
        document = parse(text)
    except GraphQLError as problem:
        merging.problems.append(f"{owner}: {problem.message}")
        return
    for definition in document.definitions:
        match definition:
            case ObjectTypeDefinitionNode() | ObjectTypeExtensionNode() if definition.name.value in ROOTS:
                _take_root(merging, owner, definition)
            case TypeDefinitionNode() | DirectiveDefinitionNode():
                _take_type(merging, owner, definition)
            case _:
                merging.problems.append(f"{owner}: only types and directives can be merged, not {definition.kind}")


def _take_root(merging: _Merging, owner: str, definition: ObjectTypeDefinitionNode | ObjectTypeExtensionNode) -> None:
    root = definition.name.value
    for answered in definition.fields or ():
        key = (root, answered.name.value)
        other = merging.owner_of.setdefault(key, owner)
        if other != owner:
            merging.problems.append(f"{root}.{key[1]} is answered by both {other} and {owner}")
    merging.roots.setdefault(root, []).append(
        ObjectTypeDefinitionNode(
            name=definition.name,
            interfaces=definition.interfaces,
            directives=definition.directives,
            fields=definition.fields,
        )
    )


def _take_type(merging: _Merging, owner: str, definition: TypeDefinitionNode | DirectiveDefinitionNode) -> None:
    mark = "@" if isinstance(definition, DirectiveDefinitionNode) else ""
    name = mark + definition.name.value
    first = merging.kept.get(name)
    if first is None:
        merging.kept[name] = (owner, definition)
    elif first[0] == owner:
        merging.problems.append(f"{name} is defined twice by {owner}")
    elif print_ast(first[1]) != print_ast(definition):
        merging.problems.append(f"{name} is defined differently by {first[0]} and {owner}")


def _definitions(merging: _Merging) -> list[DefinitionNode]:
    roots: list[DefinitionNode] = []
    for parts in merging.roots.values():
        fields = tuple(answered for part in parts for answered in part.fields or ())
        roots.append(ObjectTypeDefinitionNode(name=parts[0].name, interfaces=(), directives=(), fields=fields))
    return [*(definition for _, definition in merging.kept.values()), *roots]
