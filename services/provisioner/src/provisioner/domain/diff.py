"""What a deployment changes: a Model and the next one, compared; every change named and graded (STYLE 1.4, G 4).

Things are the same when their stable ids are the same, so a rename is a change of words and no change of the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from contracts.model import Entity, Enum, Field, Model, Relation, RelationField
from provisioner.domain.data import FieldPair, Fill, fill, filling
from provisioner.domain.layout import Ends, ends, enum_of, relation_column, relation_table, required


class Grade(StrEnum):
    """How dangerous a change is."""

    SAFE = "safe"
    HAZARDOUS = "hazardous"
    """It may be refused for the data there is, or changes values; what it replaces is kept in the trash."""
    DESTRUCTIVE = "destructive"
    """Data is no longer served; only with force."""


Kind = Literal["added", "removed", "renamed", "changed"]
Touched = frozenset[tuple[str, str | None]]
"""Tables, and columns of tables, that a change is the reason for."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference in the words of the schema."""

    kind: Kind
    subject: str
    """`Type`, `Type.field`, `relation Name` or `enum Name`, in the words of the new schema where there are any."""
    reason: str
    grade: Grade
    touches: Touched = frozenset()


@dataclass(frozen=True, slots=True)
class EntityPair:
    """An entity before and after, and its fields."""

    before: Entity
    after: Entity
    added: tuple[Field, ...]
    removed: tuple[Field, ...]
    replaced: tuple[FieldPair, ...]
    """Fields whose every value is replaced: of another type, or a list or no longer one.

    They have another column, except on the way back to a version in which the same column had another type.
    """
    kept: tuple[FieldPair, ...]
    fills: tuple[tuple[str, Fill], ...]
    """What rows that exist get in the column of each field that is added or replaces another, by the field's id."""

    def fill(self, field: Field) -> Fill:
        """What rows that exist get in a new column."""
        return dict(self.fills)[field.id]


@dataclass(frozen=True, slots=True)
class SidePair:
    """One side of a relation before and after."""

    before: RelationField
    entity: Entity
    """As it is after."""
    after: RelationField


@dataclass(frozen=True, slots=True)
class RelationPair:
    """A relation before and after, between the same entities."""

    before: Ends
    after: Ends

    @property
    def swapped(self) -> bool:
        """Whether sides a and b have changed places: the schema may be written in another order."""
        old, new = self.before.relation, self.after.relation
        if old.a != old.b:
            return old.a == new.b
        return old.a_field != old.b_field and (old.a_field, old.b_field) == (new.b_field, new.a_field)

    @property
    def sides(self) -> tuple[SidePair, ...]:
        """Each side before and after."""
        old = self.before.sides[::-1] if self.swapped else self.before.sides
        return tuple(SidePair(was, entity, now) for (_, was), (entity, now) in zip(old, self.after.sides, strict=True))

    @property
    def tightened(self) -> bool:
        """Whether some side must now have a partner, or no longer more than one."""
        return any(
            (required(side.after) and not required(side.before)) or (side.before.is_list and not side.after.is_list)
            for side in self.sides
        )

    @property
    def inverted(self) -> bool:
        """Whether the same column of a self relation now stands for the other direction."""
        if self.before.relation.storage == "join" or self.before.relation.a != self.before.relation.b:
            return False
        return (self.before.relation.storage != self.after.relation.storage) != self.swapped


@dataclass(frozen=True, slots=True)
class Difference:
    """Two Models laid side by side."""

    before: Model
    after: Model
    added: tuple[Entity, ...]
    removed: tuple[Entity, ...]
    kept: tuple[EntityPair, ...]
    relations_added: tuple[Ends, ...]
    relations_removed: tuple[Ends, ...]
    relations_kept: tuple[RelationPair, ...]
    back: bool = False
    """Whether it leads to an older version: nobody says now what becomes of values, so those that go are lost."""


Replaced = frozenset[tuple[str, str]]
"""Fields that took the place of another: (old id, new id)."""


@dataclass(frozen=True, slots=True)
class Road:
    """What the versions between two Models tell; without any, the two tell all."""

    replaced: Replaced
    renewed: frozenset[str]
    """Relations of which no edge came all the way."""
    hops: Mapping[tuple[str, str], tuple[FieldPair, ...]]
    """What each version did to a field, by ids of entity and field; from the version on that it came with."""
    origins: Mapping[tuple[str, str], Field]
    """Fields that came on the way, as they were then."""


def replacements(before: Model, after: Model) -> Replaced:
    """Which new fields take the place of an old one of the same name and type, when nothing lies between the two."""
    return frozenset(
        (gone[field.name].id, field.id)
        for entity, gone in (
            (entity, _gone(before.entity_by_id[entity.id], entity))
            for entity in after.entities
            if entity.id in before.entity_by_id
        )
        for field in entity.fields
        if field.name in gone and field.id not in {each.id for each in before.entity_by_id[entity.id].fields}
    )


def renewals(before: Model, after: Model) -> frozenset[str]:
    """Relations of which no edge stays, though they have the same name."""
    known = before.relation_by_id
    return frozenset(each.id for each in after.relations if each.id in known and _replaced(known[each.id], each))


def compare(before: Model | None, after: Model, road: Road | None = None, *, back: bool = False) -> Difference:
    """The two Models side by side; nothing before means an empty Model. `back`: `after` is the older one."""
    old = before or Model(service=after.service)
    way = road or Road(replacements(old, after), renewals(old, after), {}, {})
    lost = tuple(entity for entity in old.entities if entity.id not in after.entity_by_id)
    fresh = tuple(entity for entity in after.entities if entity.id not in old.entity_by_id)
    kept = tuple(_entity_pair(old, after, entity, way) for entity in after.entities if entity.id in old.entity_by_id)
    renewed = way.renewed
    return Difference(
        before=old,
        after=after,
        added=fresh,
        removed=lost,
        kept=kept,
        relations_added=tuple(
            ends(after, relation)
            for relation in after.relations
            if relation.id not in old.relation_by_id or relation.id in renewed
        ),
        relations_removed=tuple(
            ends(old, relation)
            for relation in old.relations
            if relation.id not in after.relation_by_id or relation.id in renewed
        ),
        relations_kept=tuple(
            RelationPair(ends(old, old.relation_by_id[relation.id]), ends(after, relation))
            for relation in after.relations
            if relation.id in old.relation_by_id and relation.id not in renewed
        ),
        back=back,
    )


def changes(difference: Difference) -> tuple[Change, ...]:
    """Every change: types, then enums, then relations (G 4.1)."""
    return (*_type_changes(difference), *_enum_changes(difference), *_relation_changes(difference))


def _gone(before: Entity, after: Entity) -> dict[str, Field]:
    stays = {field.id for field in after.fields}
    return {field.name: field for field in before.fields if field.id not in stays and not field.system}


def _entity_pair(old: Model, new: Model, after: Entity, road: Road) -> EntityPair:
    before = old.entity_by_id[after.id]
    known = {field.id: field for field in before.fields}
    instead = {field: known[gone] for gone, field in road.replaced if gone in known}
    stays = {field.id for field in after.fields}

    def pair(was: Field, field: Field) -> FieldPair:
        hops = road.hops.get((after.id, field.id), ()) if was.id == field.id else ()
        return FieldPair(was, field, enum_of(old, was), enum_of(new, field), hops)

    shared = tuple(pair(known[field.id], field) for field in after.fields if field.id in known)
    kept = tuple(each for each in shared if each.keeps_column)
    swapped = (
        *(pair(instead[field.id], field) for field in after.fields if field.id in instead),
        *(each for each in shared if not each.keeps_column),
    )
    outgoing = {each.before.id for each in swapped}
    added = tuple(field for field in after.fields if field.id not in known and field.id not in instead)

    def filled(field: Field) -> Fill:
        place = (after.id, field.id)
        return fill(road.origins.get(place, field), road.hops.get(place, ()) if place in road.origins else ())

    return EntityPair(
        before=before,
        after=after,
        added=added,
        removed=tuple(field for field in before.fields if field.id not in stays and field.id not in outgoing),
        replaced=swapped,
        kept=kept,
        fills=tuple((field.id, filled(field)) for field in (*added, *(each.after for each in swapped))),
    )


def _replaced(before: Relation, after: Relation) -> bool:
    """Whether edges of the one can be no edges of the other: it points elsewhere, or became or was symmetric."""
    same = {before.a, before.b} == {after.a, after.b}
    return not same or (before.b_field is None) != (after.b_field is None)


def _type_changes(difference: Difference) -> Iterator[Change]:
    for entity in difference.added:
        yield Change("added", entity.name, "new type", Grade.SAFE, frozenset({(entity.table, None)}))
    for pair in difference.kept:
        if pair.before.name != pair.after.name:
            yield Change("renamed", pair.after.name, f"was {pair.before.name}", Grade.SAFE)
        yield from _field_changes(pair)
    for entity in difference.removed:
        touched = frozenset({(entity.table, None)})
        yield Change("removed", entity.name, "type removed", Grade.DESTRUCTIVE, touched)


def _field_changes(pair: EntityPair) -> Iterator[Change]:
    table, name = pair.after.table, pair.after.name
    for field in pair.added:
        touched = frozenset({(table, field.column)})
        if field.system:
            yield Change("added", f"{name}.{field.name}", "shown from now on", Grade.SAFE, touched)
        else:
            grade = Grade.HAZARDOUS if field.required else Grade.SAFE
            yield Change("added", f"{name}.{field.name}", "new field", grade, touched)
    for each in pair.replaced:
        touched = frozenset({(table, each.before.column), (table, each.after.column)})
        if each.before.is_list != each.after.is_list:
            reason = "becomes a list" if each.after.is_list else "becomes a single value"
        else:
            reason = f"type changes from {_type_name(each.before, each.old)} to {_type_name(each.after, each.new)}"
        yield Change(
            "changed", f"{name}.{each.after.name}", f"{reason}: all values are replaced", Grade.HAZARDOUS, touched
        )
    for kept in pair.kept:
        touched = frozenset({(table, kept.after.column)})
        for kind, reason, grade in _aspects(kept):
            yield Change(kind, f"{name}.{kept.after.name}", reason, grade, touched)
    for field in pair.removed:
        touched = frozenset({(table, field.column)})
        if field.system:
            yield Change("removed", f"{name}.{field.name}", "hidden from now on", Grade.SAFE, touched)
        else:
            yield Change("removed", f"{name}.{field.name}", "field removed", Grade.DESTRUCTIVE, touched)


def _aspects(pair: FieldPair) -> Iterator[tuple[Kind, str, Grade]]:
    before, after = pair.before, pair.after
    if before.name != after.name:
        yield "renamed", f"was {before.name}", Grade.SAFE
    if pair.changes_type:
        yield "changed", f"type changes from {_type_name(before, pair.old)} to String", Grade.SAFE
    if before.required != after.required:
        yield (
            ("changed", "becomes required", Grade.HAZARDOUS)
            if after.required
            else ("changed", "becomes optional", Grade.SAFE)
        )
    if before.unique != after.unique:
        yield (
            ("changed", "becomes unique", Grade.HAZARDOUS)
            if after.unique
            else ("changed", "no longer unique", Grade.SAFE)
        )
    if before.indexed != after.indexed:
        yield "changed", "gets an index" if after.indexed else "loses its index", Grade.SAFE
    if (before.has_default, before.default) != (after.has_default, after.default):
        yield "changed", "other default for new nodes", Grade.SAFE
    if pair.gone:
        yield "changed", f"can no longer be {', '.join(pair.gone)}", Grade.HAZARDOUS
    elif pair.old and pair.new and pair.old.id == pair.new.id and pair.old.values != pair.new.values:
        yield "changed", "other values of its enum", Grade.SAFE
    if (filled := filling(pair)) is not None:
        which = "all nodes get" if filled.where is None else "nodes without a valid value get"
        yield "changed", f"{which} the migration value", Grade.HAZARDOUS


def _type_name(field: Field, enum: Enum | None) -> str:
    return enum.name if enum else field.scalar.value


def _enum_changes(difference: Difference) -> Iterator[Change]:
    before, after = difference.before, difference.after
    for enum in after.enums:
        old = before.enum_by_id.get(enum.id)
        if old is None:
            yield Change("added", f"enum {enum.name}", "new enum", Grade.SAFE)
            continue
        if old.name != enum.name:
            yield Change("renamed", f"enum {enum.name}", f"was {old.name}", Grade.SAFE)
        if fresh := [value for value in enum.values if value not in old.values]:
            yield Change("changed", f"enum {enum.name}", f"new values {', '.join(fresh)}", Grade.SAFE)
        if gone := [value for value in old.values if value not in enum.values]:
            yield Change("changed", f"enum {enum.name}", f"no longer has {', '.join(gone)}", Grade.HAZARDOUS)
    for enum in before.enums:
        if enum.id not in after.enum_by_id:
            yield Change("removed", f"enum {enum.name}", "enum removed", Grade.SAFE)


def _relation_changes(difference: Difference) -> Iterator[Change]:
    for each in difference.relations_removed:
        touched = _held(difference.before, each)
        yield Change("removed", f"relation {each.relation.name}", "relation removed", Grade.DESTRUCTIVE, touched)
    for each in difference.relations_added:
        known = difference.before.entity_by_id
        hazard = any(required(field) and entity.id in known for entity, field in each.sides)
        grade = Grade.HAZARDOUS if hazard else Grade.SAFE
        touched = _held(difference.after, each)
        yield Change("added", f"relation {each.relation.name}", "new relation", grade, touched)
    for pair in difference.relations_kept:
        yield from _edge_changes(difference, pair)


def _edge_changes(difference: Difference, pair: RelationPair) -> Iterator[Change]:
    subject = f"relation {pair.after.relation.name}"
    touched = _held(difference.before, pair.before) | _held(difference.after, pair.after)
    if pair.before.relation.name != pair.after.relation.name:
        yield Change("renamed", subject, f"was {pair.before.relation.name}", Grade.SAFE)
    for side in pair.sides:
        name, later = f"{side.entity.name}.{side.after.name}", required(side.after)
        if side.before.is_list != side.after.is_list:
            reason = f"{name} becomes {'to-many' if side.after.is_list else 'to-one'}"
            grade = Grade.SAFE if side.after.is_list else Grade.HAZARDOUS
            yield Change("changed", subject, reason, grade, touched)
        if required(side.before) != later:
            reason = f"{name} becomes {'required' if later else 'optional'}"
            yield Change("changed", subject, reason, Grade.HAZARDOUS if later else Grade.SAFE, touched)
    if pair.inverted or _held(difference.before, pair.before) != _held(difference.after, pair.after):
        yield Change("changed", subject, "edges are kept on the other side", Grade.SAFE, touched)
    elif pair.swapped and pair.after.relation.storage == "join":
        yield Change("changed", subject, "sides change places", Grade.SAFE, touched)


def _held(model: Model, each: Ends) -> Touched:
    """Where the edges are."""
    column = relation_column(model, each.relation)
    return frozenset({(relation_table(each.relation), None) if column is None else column})
