"""What a Model looks like in a database: the one place that knows tables, columns, constraints and indexes.

Two layouts are compared to find the steps between them, and a layout is compared with the catalogue of a real database
to prove that a history of steps arrived where one step would have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from common.sql import Sql, ident, literal, sql
from contracts.model import Entity, Enum, Field, Model, Relation, RelationField, Scalar

SCHEMA: Final = "app"
KEY_CHARACTERS: Final = 191
"""How much of a text counts for uniqueness and order (G 2.3)."""

EXACT: Final = ' collate "C"'
"""Ids compare byte by byte, everything else as the database does."""
ID_TYPE: Final = f"text{EXACT}"
TYPES: Final[Mapping[Scalar, str]] = {
    Scalar.ID: ID_TYPE,
    Scalar.STRING: "text",
    Scalar.INT: "int4",
    Scalar.FLOAT: "float8",
    Scalar.BOOLEAN: "bool",
    Scalar.DATETIME: "timestamptz(3)",
    Scalar.ENUM: "text",
    Scalar.JSON: "json",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `type` is SQL."""

    name: str
    type: str
    required: bool


@dataclass(frozen=True, slots=True)
class Check:
    """Which values an enum column may hold."""

    name: str
    table: str
    column: str
    values: tuple[str, ...]
    is_list: bool


@dataclass(frozen=True, slots=True)
class Index:
    """An index; `on` is everything after the table's name, `column` the one it is there for."""

    name: str
    table: str
    column: str
    unique: bool
    on: Sql


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key to the id of another table."""

    name: str
    table: str
    column: str
    target: str
    on_delete: Literal["cascade", "restrict", "set null"]
    deferrable: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table and all that hangs on it."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    checks: tuple[Check, ...] = ()
    indexes: tuple[Index, ...] = ()
    references: tuple[Reference, ...] = ()

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class Ends:
    """A relation with both its sides looked up."""

    relation: Relation
    a: Entity
    b: Entity
    a_field: RelationField
    b_field: RelationField | None
    """None when the relation is symmetric: its one field stands on side a and serves both directions."""

    @property
    def holder(self) -> Entity:
        """The entity whose table has the relation's column (not for join tables)."""
        return self.a if self.relation.storage == "a" else self.b

    @property
    def target(self) -> Entity:
        """The entity the relation's column points at."""
        return self.b if self.relation.storage == "a" else self.a

    @property
    def holder_field(self) -> RelationField:
        """The field whose value the relation's column is."""
        field = self.a_field if self.relation.storage == "a" else self.b_field
        assert field is not None, "a symmetric relation has a join table"
        return field

    @property
    def target_field(self) -> RelationField:
        """The field on the other side of the relation's column."""
        field = self.b_field if self.relation.storage == "a" else self.a_field
        assert field is not None, "a symmetric relation has a join table"
        return field

    @property
    def sides(self) -> tuple[tuple[Entity, RelationField], ...]:
        """Every field of the relation with the entity it stands on."""
        one = (self.a, self.a_field)
        return (one,) if self.b_field is None else (one, (self.b, self.b_field))


def ends(model: Model, relation: Relation) -> Ends:
    """Both sides of a relation of the Model."""
    a, b = model.entity_by_id[relation.a], model.entity_by_id[relation.b]
    return Ends(
        relation,
        a,
        b,
        a.relation_by_name[relation.a_field],
        None if relation.b_field is None else b.relation_by_name[relation.b_field],
    )


def required(field: Field | RelationField) -> bool:
    """Whether a value must always be there. A to-many relation is never null, but may be empty."""
    return field.required and not (isinstance(field, RelationField) and field.is_list)


def value_type(field: Field) -> str:
    """The SQL type of a field's values."""
    single = TYPES[field.scalar].removesuffix(EXACT)
    return f"{single}[]" if field.is_list else single


def column_type(field: Field) -> str:
    """The SQL type of a field's column: that of its values, and how they compare."""
    return value_type(field) + (EXACT if TYPES[field.scalar].endswith(EXACT) else "")


def relation_column(model: Model, relation: Relation) -> tuple[str, str] | None:
    """Table and column that hold the relation's edges; None for a join table."""
    if relation.storage == "join":
        return None
    assert relation.column is not None, f"relation {relation.id} has storage {relation.storage} and no column"
    return ends(model, relation).holder.table, relation.column


def relation_table(relation: Relation) -> str:
    """The join table that holds the relation's edges."""
    assert relation.table is not None, f"relation {relation.id} has storage join and no table"
    return relation.table


def layout(model: Model) -> dict[str, Table]:
    """Every table of the Model by name, entities first, all in the Model's order."""
    tables = {entity.table: _entity_table(model, entity) for entity in model.entities}
    for relation in model.relations:
        if relation.storage == "join":
            table = _join_table(ends(model, relation))
            tables[table.name] = table
    return tables


def order_key(column: str, scalar: Scalar) -> Sql:
    """What a column is ordered and compared by: folded and cut for text, itself otherwise (DESIGN 4.3)."""
    if scalar is Scalar.STRING:
        return sql("left(app.fold({column}), {n})", column=ident(column), n=literal(KEY_CHARACTERS))
    return ident(column)


def _entity_table(model: Model, entity: Entity) -> Table:
    held = [
        relation
        for relation in model.relations
        if relation.storage != "join" and ends(model, relation).holder.id == entity.id
    ]
    return Table(
        name=entity.table,
        columns=(*_own_columns(entity), *(_relation_column(ends(model, relation)) for relation in held)),
        key=("id",),
        checks=tuple(_checks(model, entity)),
        indexes=(*_field_indexes(entity), *(_relation_index(ends(model, relation)) for relation in held)),
        references=tuple(_relation_reference(ends(model, relation)) for relation in held),
    )


def _own_columns(entity: Entity) -> Iterator[Column]:
    yield Column("id", ID_TYPE, required=True)
    yield Column("created_at", TYPES[Scalar.DATETIME], required=True)
    yield Column("updated_at", TYPES[Scalar.DATETIME], required=True)
    for field in entity.fields:
        if not field.system:
            yield Column(field.column, column_type(field), required=field.required)


def _checks(model: Model, entity: Entity) -> Iterator[Check]:
    for field in entity.fields:
        enum = enum_of(model, field)
        if enum is not None:
            name = f"{entity.table}_{field.column}_check"
            yield Check(name, entity.table, field.column, enum.values, field.is_list)


def enum_of(model: Model, field: Field) -> Enum | None:
    """The enum whose values the field holds."""
    if field.scalar is not Scalar.ENUM:
        return None
    assert field.enum is not None, f"enum field {field.name} names no enum"
    return model.enum_by_id[field.enum]


def _field_indexes(entity: Entity) -> Iterator[Index]:
    table = entity.table
    for field in entity.fields:
        if field.name == "id":
            continue
        name, key = f"{table}_{field.column}", order_key(field.column, field.scalar)
        is_text = field.scalar is Scalar.STRING and not field.is_list
        if field.unique:
            yield Index(f"{name}_key", table, field.column, unique=True, on=sql("({key})", key=key))
        if field.indexed or (field.unique and is_text):
            yield Index(f"{name}_idx", table, field.column, unique=False, on=sql('({key} nulls first, "id")', key=key))
        if field.indexed and is_text:
            on = sql("using gin (app.fold({column}) app.gin_trgm_ops)", column=ident(field.column))
            yield Index(f"{name}_trgm", table, field.column, unique=False, on=on)


def _relation_column(ends: Ends) -> Column:
    assert ends.relation.column is not None, f"relation {ends.relation.id} has no column"
    return Column(ends.relation.column, ID_TYPE, required=ends.holder_field.required)


def _relation_index(ends: Ends) -> Index:
    column, table = _relation_column(ends).name, ends.holder.table
    if ends.target_field.is_list:
        on = sql('({column}, "id")', column=ident(column))
        return Index(f"{table}_{column}_idx", table, column, unique=False, on=on)
    return Index(f"{table}_{column}_key", table, column, unique=True, on=sql("({column})", column=ident(column)))


def _relation_reference(ends: Ends) -> Reference:
    column = _relation_column(ends)
    return Reference(
        name=f"{ends.holder.table}_{column.name}_fkey",
        table=ends.holder.table,
        column=column.name,
        target=ends.target.table,
        on_delete="restrict" if column.required else "set null",
        deferrable=True,
    )


def _join_table(ends: Ends) -> Table:
    table = relation_table(ends.relation)
    indexes = [Index(f"{table}_b_idx", table, "b", unique=False, on=sql('("b", "a")'))]
    if ends.b_field is None and not ends.a_field.is_list:
        indexes.append(Index(f"{table}_a_key", table, "a", unique=True, on=sql('("a")')))
    return Table(
        name=table,
        columns=(Column("a", ID_TYPE, required=True), Column("b", ID_TYPE, required=True)),
        key=("a", "b"),
        indexes=tuple(indexes),
        references=(
            Reference(f"{table}_a_fkey", table, "a", ends.a.table, on_delete="cascade", deferrable=False),
            Reference(f"{table}_b_fkey", table, "b", ends.b.table, on_delete="cascade", deferrable=False),
        ),
    )
