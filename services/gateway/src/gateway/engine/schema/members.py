"""The vocabulary of filters and orders: which member names a type has, and what each asks (G 5.3, 5.4)."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Final, Literal

from contracts.model import Entity, Field, Model, Relation, RelationField, Scalar

Test = Literal[
    "equals", "not", "in", "not_in", "lt", "lte", "gt", "gte",
    "contains", "not_contains", "starts_with", "not_starts_with", "ends_with", "not_ends_with",
]  # fmt: skip
Quantifier = Literal["is", "every", "some", "none"]

_EQUAL: Final[tuple[Test, ...]] = ("equals", "not")
_LISTED: Final[tuple[Test, ...]] = (*_EQUAL, "in", "not_in")
_RANGED: Final[tuple[Test, ...]] = (*_LISTED, "lt", "lte", "gt", "gte")
_TEXTUAL: Final[tuple[Test, ...]] = (
    *_RANGED, "contains", "not_contains", "starts_with", "not_starts_with", "ends_with", "not_ends_with",
)  # fmt: skip
TESTS: Final[dict[Scalar, tuple[Test, ...]]] = {
    Scalar.ID: _TEXTUAL,
    Scalar.STRING: _TEXTUAL,
    Scalar.INT: _RANGED,
    Scalar.FLOAT: _RANGED,
    Scalar.DATETIME: _RANGED,
    Scalar.BOOLEAN: _EQUAL,
    Scalar.ENUM: _LISTED,
    Scalar.JSON: (),
}


@dataclass(frozen=True, slots=True)
class FieldMember:
    """`name_not_in`: a test of a stored value."""

    field: Field
    test: Test

    @property
    def takes_list(self) -> bool:
        """Whether the member takes a list of values."""
        return self.test in ("in", "not_in")


@dataclass(frozen=True, slots=True)
class RelationMember:
    """`albums_some`, or `manager`: a condition on related nodes."""

    field: RelationField
    quantifier: Quantifier


Member = FieldMember | RelationMember


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of a model, made for each type when first asked for."""

    model: Model
    _members: dict[str, dict[str, Member]] = dataclass_field(default_factory=dict)
    _orders: dict[str, dict[str, tuple[Field, bool]]] = dataclass_field(default_factory=dict)

    def members(self, entity: Entity) -> dict[str, Member]:
        """The filter members of a type by name."""
        found = self._members.get(entity.id)
        if found is None:
            found = self._members[entity.id] = filter_members(entity)
        return found

    def orders(self, entity: Entity) -> dict[str, tuple[Field, bool]]:
        """The values of a type's orderBy: the field, and whether it descends."""
        found = self._orders.get(entity.id)
        if found is None:
            found = self._orders[entity.id] = orders(entity)
        return found


def filter_members(entity: Entity) -> dict[str, Member]:
    """Every filter member of a type but AND and OR, in the order of the schema."""
    members: dict[str, Member] = {}
    for name in entity.order:
        field = entity.field_by_name.get(name)
        if field is not None:
            for test in () if field.is_list else TESTS[field.scalar]:
                members[name if test == "equals" else f"{name}_{test}"] = FieldMember(field, test)
            continue
        relation = entity.relation_by_name[name]
        if relation.is_list:
            members[f"{name}_every"] = RelationMember(relation, "every")
            members[f"{name}_some"] = RelationMember(relation, "some")
            members[f"{name}_none"] = RelationMember(relation, "none")
        else:
            members[name] = RelationMember(relation, "is")
    return members


def orders(entity: Entity) -> dict[str, tuple[Field, bool]]:
    """Every value of the orderBy enumeration: the field, and whether it descends."""
    found: dict[str, tuple[Field, bool]] = {}
    for name in entity.order:
        field = entity.field_by_name.get(name)
        if field is not None and not field.is_list:
            found[f"{name}_ASC"] = (field, False)
            found[f"{name}_DESC"] = (field, True)
    return found


def writable(entity: Entity) -> tuple[Field, ...]:
    """The scalar fields a client sets, in the order of the schema."""
    return tuple(field for name in entity.order if (field := entity.field_by_name.get(name)) and not field.system)


def id_argument(field: RelationField) -> str:
    """The argument that connects by id: `managerId`, `albumsIds` (G 6.2)."""
    return f"{field.name}Ids" if field.is_list else f"{field.name}Id"


def by_shape(entity: Entity) -> list[RelationField]:
    """The relation fields as arguments stand: those to one, then those to many (G 6.2)."""
    return sorted(entity.relations, key=lambda one: one.is_list)


def opposite(model: Model, field: RelationField) -> RelationField | None:
    """The field on the other side of a relation; the field itself when one field is both sides."""
    relation = model.relation_by_id[field.relation]
    if relation.b_field is None:
        return field
    name = relation.b_field if field.side == "a" else relation.a_field
    return model.entity_by_id[field.target].relation_by_name.get(name)


@dataclass(frozen=True, slots=True)
class End:
    """A node of an edge in the mutations of its relation: `albumsAlbum`, with the argument `albumsAlbumId` (G 6.6)."""

    name: str
    entity: Entity
    field: RelationField
    """The field of this node that leads to the other one."""

    @property
    def argument(self) -> str:
        """The argument that names the node."""
        return f"{self.name}Id"


def ends(model: Model, relation: Relation) -> tuple[End, End]:
    """Both nodes of an edge, side a first. A node is named after the field of the other side that leads to it."""
    a, b = model.entity_by_id[relation.a], model.entity_by_id[relation.b]
    a_field = a.relation_by_name[relation.a_field]
    if relation.b_field is None:
        return End(f"{a_field.name}1{a.name}", a, a_field), End(f"{a_field.name}2{a.name}", a, a_field)
    b_field = b.relation_by_name[relation.b_field]
    return End(f"{b_field.name}{a.name}", a, a_field), End(f"{a_field.name}{b.name}", b, b_field)
