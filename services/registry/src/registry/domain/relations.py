"""Which fields of a schema make one relation together (G 2.5).

Two fields with the same `@relation(name:)`; or one field on both sides of a symmetric relation; or, while a relation
is being renamed, a field with the new name and `oldName` and its partner that still has the old name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from graphql.language import ast

from registry.domain.declarations import Declarations, DeclaredField, Directive
from registry.domain.naming import SCALARS
from registry.domain.problems import Problem, problem

SYSTEM = frozenset({"id", "createdAt", "updatedAt"})


@dataclass(frozen=True, slots=True)
class DeclaredRelation:
    """Two sides that found one another; `b` is None when `a` is both sides. `a` comes first in the schema."""

    name: str
    old_name: str | None
    a: DeclaredField
    b: DeclaredField | None

    def storage(self) -> Literal["a", "b", "join"]:
        """Where a new relation keeps its edges (see `contracts.model.Relation`)."""
        if self.b is None or (self.a.depth and self.b.depth):
            return "join"
        if self.a.depth:
            return "b"
        if self.b.depth:
            return "a"
        return "b" if self.b.required and not self.a.required else "a"

    def fits(self, storage: str, *, symmetric: bool) -> bool:
        """Whether edges that are kept like this can stay: a column needs a to-one field on its own side."""
        if symmetric != (self.b is None):
            return False
        if self.b is None or (self.a.depth and self.b.depth):
            return storage == "join"
        return (storage == "a" and not self.a.depth) or (storage == "b" and not self.b.depth)


def text_argument(directive: Directive | None, name: str) -> str | None:
    """The value of an argument that must be a string; None when it is absent or something else."""
    node = directive.arguments.get(name) if directive else None
    return node.value if isinstance(node, ast.StringValueNode) else None


def relation_fields(declared: Declarations) -> tuple[DeclaredField, ...]:
    """The fields that point at a type, one that does not exist included; in the schema's order."""
    enums = {each.name for each in declared.enums} - {each.name for each in declared.types}
    return tuple(
        field
        for each in declared.types
        for field in each.fields
        if field.name not in SYSTEM and field.type not in SCALARS and field.type not in enums
    )


def grouped(fields: Sequence[DeclaredField]) -> dict[str, list[DeclaredField]]:
    """The fields by relation name, those of a half renamed relation together under its new name."""
    groups: dict[str, list[DeclaredField]] = {}
    for field in fields:
        if name := text_argument(field.directive("relation"), "name"):
            groups.setdefault(name, []).append(field)
    for name in list(groups):
        if name not in groups:
            continue  # joined to its new name already
        old = text_argument(groups[name][0].directive("relation"), "oldName")
        alone = len(groups[name]) == 1 and old and old != name and len(groups.get(old, ())) == 1
        if old and alone and _opposite(groups[name][0], groups[old][0]):
            groups[name] += groups.pop(old)
    return groups


def paired(declared: Declarations) -> tuple[DeclaredRelation, ...]:
    """The relations of a schema whose relation fields have no problem, in the order of their first fields."""
    fields = relation_fields(declared)
    place = {id(field): number for number, field in enumerate(fields)}
    relations = []
    for name, group in grouped(fields).items():
        first, *rest = sorted(group, key=lambda field: place[id(field)])
        olds = (text_argument(each.directive("relation"), "oldName") for each in group)
        relations.append(DeclaredRelation(name, next(filter(None, olds), None), first, rest[0] if rest else None))
    return tuple(sorted(relations, key=lambda each: place[id(each.a)]))


def wrong(declared: Declarations) -> Iterator[Problem]:
    """Relation fields of the wrong shape, without a relation, or without the right partner (G 2.7)."""
    fields = relation_fields(declared)
    groups = grouped(fields)
    group_of = {id(field): (name, group) for name, group in groups.items() for field in group}
    for field in fields:
        if not _shaped(field):
            yield problem(
                field.at,
                field.owner,
                field.name,
                f"The relation field `{field.name}` has the wrong format: `{field.written}`. "
                f"Possible formats: `{field.type}`, `{field.type}!`, `[{field.type}!]!`",
            )
    for field in fields:
        yield from _unpaired(field, *group_of.get(id(field), ("", ())))
    for name, group in groups.items():
        yield from _crossed(name, group)


def _shaped(field: DeclaredField) -> bool:
    return field.depth == 0 or (field.depth == 1 and field.required and field.inner_required)


def _unpaired(field: DeclaredField, name: str, group: Sequence[DeclaredField]) -> Iterator[Problem]:
    if not field.has("relation"):
        message = (
            f'The relation field `{field.name}` must specify a `@relation` directive: `@relation(name: "MyRelation")`'
        )
        yield problem(field.at, field.owner, field.name, message)
    elif field.type == field.owner and group and len(group) not in (1, 2):
        message = f"A relation directive for a self relation must appear either 1 or 2 times. Relation name: `{name}`"
        yield problem(field.at, field.owner, field.name, message)
    elif field.type != field.owner and group and len(group) != 2:  # noqa: PLR2004 - a relation has two sides
        message = f"A relation directive with a name must appear exactly 2 times. Relation name: `{name}`"
        yield problem(field.at, field.owner, field.name, message)


def _crossed(name: str, group: Sequence[DeclaredField]) -> Iterator[Problem]:
    if len(group) != 2:  # noqa: PLR2004 - a relation has two sides
        return
    for one, other in (group, reversed(group)):
        if one.type != other.owner:
            yield problem(
                one.at,
                one.owner,
                one.name,
                f"The relation field `{one.name}` has the type `{one.type}`. But the other directive for this relation "
                f"appeared on the type `{other.owner}`. Relation name: `{name}`",
            )


def _opposite(one: DeclaredField, other: DeclaredField) -> bool:
    return one.type == other.owner and other.type == one.owner


def by_field(relations: Sequence[DeclaredRelation]) -> Mapping[tuple[str, str], tuple[int, Literal["a", "b"]]]:
    """Each relation field, by type and name, with the number of its relation and its side."""
    found: dict[tuple[str, str], tuple[int, Literal["a", "b"]]] = {}
    for number, relation in enumerate(relations):
        found[relation.a.owner, relation.a.name] = (number, "a")
        if relation.b:
            found[relation.b.owner, relation.b.name] = (number, "b")
    return found
