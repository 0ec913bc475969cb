"""A Model as files name it: types, fields and relations, and the order in which their rows can come in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from contracts.model import Entity, Field, Model, Relation, RelationField


@dataclass(frozen=True, slots=True)
class Link:
    """A to-one field whose edge its own table keeps."""

    field: RelationField
    column: str
    target: Entity
    alone: bool
    """Whether the partner has one of them at most."""

    @property
    def member(self) -> str:
        """What holds the partner's id, in a file as in the arguments of a mutation: `<field>Id`."""
        return f"{self.field.name}Id"

    @property
    def required(self) -> bool:
        """Whether a row cannot be without a partner."""
        return self.field.required


@dataclass(frozen=True, slots=True)
class Pair:
    """A to-one field of a type with itself that serves both directions; a join table keeps its edges."""

    field: RelationField
    relation: Relation

    @property
    def member(self) -> str:
        """The same as of a Link."""
        return f"{self.field.name}Id"


@dataclass(frozen=True)
class Table:
    """A type."""

    entity: Entity
    links: tuple[Link, ...]
    pairs: tuple[Pair, ...]

    @property
    def name(self) -> str:
        """Of the type."""
        return self.entity.name

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The stored values besides the system fields, in the order of the schema."""
        return tuple(field for field in self.entity.fields if not field.system)

    @cached_property
    def required(self) -> tuple[Link, ...]:
        """The links that a row cannot be without."""
        return tuple(link for link in self.links if link.required)

    @cached_property
    def field(self) -> dict[str, Field]:
        """The fields by name."""
        return {field.name: field for field in self.fields}

    @cached_property
    def to_one(self) -> dict[str, Link | Pair]:
        """The links and pairs by the member that holds the partner's id."""
        found: tuple[Link | Pair, ...] = (*self.links, *self.pairs)
        return {one.member: one for one in found}


@dataclass(frozen=True)
class Shape:
    """All types and relations of a Model."""

    model: Model

    @cached_property
    def table(self) -> dict[str, Table]:
        """The types by name, in the order of the schema."""
        return {entity.name: _table(self.model, entity) for entity in self.model.entities}

    @cached_property
    def circles(self) -> tuple[tuple[str, ...], ...]:
        """Types whose rows need each other, or rows of their own type: these have to come in together."""
        return tuple(group for group in self._groups if len(group) > 1 or group[0] in self._needs[group[0]])

    @cached_property
    def order(self) -> tuple[Table, ...]:
        """The types such that what a row needs comes before it, as far as that can be."""
        left, done, ordered = list(self._groups), set[str](), list[str]()
        while left:
            ready = next(group for group in left if all(self._needs[one] <= done | {*group} for one in group))
            left.remove(ready)
            done |= {*ready}
            ordered += ready
        return tuple(self.table[name] for name in ordered)

    @cached_property
    def loose(self) -> tuple[Relation, ...]:
        """The relations whose edges are lines of their own: all but those that a row cannot be without."""
        kept = {link.field.relation for table in self.table.values() for link in table.required}
        return tuple(one for one in self.model.relations if one.id not in kept)

    def entity(self, id_: str) -> Entity:
        """A type by its stable id."""
        return self.model.entity_by_id[id_]

    @cached_property
    def _needs(self) -> dict[str, set[str]]:
        return {name: {link.target.name for link in table.required} for name, table in self.table.items()}

    @cached_property
    def _groups(self) -> tuple[tuple[str, ...], ...]:
        """Types that reach each other by what they need, in the order of the schema."""
        reached = {name: _reached(name, self._needs) for name in self.table}
        groups: list[tuple[str, ...]] = []
        for name in self.table:
            if not any(name in group for group in groups):
                together = [other for other in self.table if other in reached[name] and name in reached[other]]
                groups.append(tuple(together) or (name,))
        return tuple(groups)


def relation_sides(
    shape: Shape, relation: Relation
) -> tuple[tuple[Entity, RelationField], tuple[Entity, RelationField]]:
    """Entity and field of side a and of side b; a symmetric relation has the same twice."""
    a, b = shape.entity(relation.a), shape.entity(relation.b)
    a_field = a.relation_by_name[relation.a_field]
    return (a, a_field), (b, b.relation_by_name[relation.b_field] if relation.b_field else a_field)


def _table(model: Model, entity: Entity) -> Table:
    links: list[Link] = []
    pairs: list[Pair] = []
    for field in entity.relations:
        relation = model.relation_by_id[field.relation]
        if field.is_list:
            continue
        if relation.storage == "join":
            pairs.append(Pair(field, relation))
        elif relation.storage == field.side:
            links.append(_link(model, relation, field))
    return Table(entity, tuple(links), tuple(pairs))


def _link(model: Model, relation: Relation, field: RelationField) -> Link:
    target = model.entity_by_id[field.target]
    back = relation.b_field if field.side == "a" else relation.a_field
    assert back is not None, "only a join table keeps symmetric edges"
    assert relation.column is not None, "whoever keeps an edge has a column for it"
    return Link(field, relation.column, target, alone=not target.relation_by_name[back].is_list)


def _reached(start: str, needs: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    rest: Iterable[str] = needs[start]
    while rest := {*rest} - found:
        found |= {*rest}
        rest = {after for one in rest for after in needs[one]}
    return found
