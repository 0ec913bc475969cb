"""What of an environment's data fits an earlier Model: which fields and relations have to be looked at, and how.

What nobody has to look at goes on as it is. The rules are written down in docs/how-to/undo.md; `judging` makes them
statements, `undo` the plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from common.sql import Sql, ident, literal, sql
from contracts.model import Entity, Field, Model, Scalar
from provisioner.domain.data import FieldPair, constant, value
from provisioner.domain.diff import Difference, EntityPair, RelationPair
from provisioner.domain.layout import (
    SCHEMA,
    Ends,
    column_type,
    ends,
    enum_of,
    relation_column,
    relation_table,
    required,
    value_type,
)
from provisioner.domain.preparing import TRASH
from provisioner.domain.trash import Held, Kept
from provisioner.domain.versions import back


@dataclass(frozen=True, slots=True)
class Judged:
    """A field of the earlier Model whose values are looked at one by one."""

    entity: Entity
    field: Field
    value: Sql
    """What it holds afterwards as far as it can, in terms of the row as it is and of its row in the trash."""
    kept: Kept | None
    instead: Sql | None
    """What a required field gets where nothing else is there; without it the row does not fit."""
    gone: tuple[str, ...] = ()
    was_optional: bool = False
    """Whether nulls were written that it cannot hold."""
    replaced: bool = False
    """Whether its column holds values of another type now."""
    returns: bool = False
    """Whether the field is not there now."""

    @property
    def column(self) -> str:
        """Its column."""
        return self.field.column

    @property
    def path(self) -> str:
        """`Type.field`."""
        return f"{self.entity.name}.{self.field.name}"

    @property
    def asks_rows(self) -> bool:
        """Whether rows may not fit because of it."""
        may_lack = self.returns or self.was_optional or self.gone or self.replaced or self.field.unique
        return bool(self.field.required and self.instead is None and may_lack)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a relation of the earlier Model."""

    letter: Literal["a", "b"]
    entity: Entity
    path: str
    required: bool
    single: bool


@dataclass(frozen=True, slots=True)
class Edges:
    """A relation of the earlier Model whose edges are looked at."""

    ends: Ends
    source: Sql | None
    """Where they are now, as `a` and `b`; None where none are left."""
    returns: bool
    crowded: bool = False
    """Whether there may be more partners than it can have."""
    lacking: bool = False
    """Whether nodes may be without a partner they must have."""
    kept: Kept | None = None

    @property
    def id(self) -> str:
        """Stable id of the relation."""
        return self.ends.relation.id

    @property
    def symmetric(self) -> bool:
        """Whether an edge is stored in both directions."""
        return self.ends.b_field is None

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both, also of a symmetric one."""
        one, other = self.ends.a_field, self.ends.b_field or self.ends.a_field
        return (
            Side("a", self.ends.a, f"{self.ends.a.name}.{one.name}", required(one), not one.is_list),
            Side("b", self.ends.b, f"{self.ends.b.name}.{other.name}", required(other), not other.is_list),
        )

    @property
    def changed(self) -> bool:
        """Whether edges become others, apart from those of rows that go."""
        return self.returns or self.crowded


class Fitting:
    """Everything that has to be looked at on the way from a Model back to an earlier one."""

    def __init__(self, before: Model, after: Model, held: Held) -> None:
        self.before, self.after, self.held = before, after, held
        self.difference: Difference = back(before, after)
        self.fields: tuple[Judged, ...] = tuple(
            each for pair in self.difference.kept for each in self._judged(pair, after.entity_by_id[pair.after.id])
        )
        every = [
            *map(self._returned, self.difference.relations_added),
            *map(self._kept, self.difference.relations_kept),
        ]
        self.risky = self._risky(every)
        """Tables of which rows may not fit."""
        self.edges: tuple[Edges, ...] = tuple(each for each in every if self._matters(each))
        self.tables: tuple[Entity, ...] = tuple(each for each in after.entities if self._looked_at(each))
        """Types whose rows are looked at."""

    @property
    def returning(self) -> tuple[Entity, ...]:
        """Types that are not there now."""
        return self.difference.added

    def of(self, entity: Entity) -> tuple[Judged, ...]:
        """The fields of a type that are looked at."""
        return tuple(each for each in self.fields if each.entity.id == entity.id)

    def rows(self, entity: Entity) -> Sql | None:
        """Where the rows of a type are now; None where none are left."""
        if entity.id in self.before.entity_by_id:
            return ident(SCHEMA, entity.table)
        item = self.held.get((entity.table, None))
        return None if item is None else ident(TRASH, item.name)

    # --- fields ---------------------------------------------------------------------------------------------------

    def _judged(self, pair: EntityPair, entity: Entity) -> Iterator[Judged]:
        raw = {field.id: field for field in entity.fields}
        for each in pair.kept:
            if not each.after.system:
                yield from self._kept_field(entity, raw[each.after.id], each)
        for each in pair.replaced:
            # Every value is of another type; in the database it is the same column only on the way back.
            after = raw[each.after.id]
            now = _read(each.before, after, self.after) if each.before.column == after.column else _nothing(after)
            item = self.held.get((entity.table, after.column))
            yield Judged(entity, after, _original(each, now, item), item, _instead(after), replaced=True)
        for field in pair.added:
            item = self.held.get((entity.table, field.column))
            if not field.system and (item is not None or field.required):
                now = _nothing(field) if item is None else _typed(field, sql("{k}.value", k=trashed(field.column)))
                yield Judged(entity, raw[field.id], now, item, _instead(raw[field.id]), returns=True)

    def _kept_field(self, entity: Entity, after: Field, pair: FieldPair) -> Iterator[Judged]:
        item = self.held.get((entity.table, after.column))
        was_optional = after.required and not pair.before.required
        if item or was_optional or pair.gone or (after.unique and not pair.before.unique):
            now = _original(pair, value(_unfilled(pair)), item)
            yield Judged(entity, after, now, item, _instead(after), gone=pair.gone, was_optional=was_optional)

    # --- relations ------------------------------------------------------------------------------------------------

    def _returned(self, each: Ends) -> Edges:
        each = ends(self.after, each.relation)
        lacking = any(required(field) for _, field in each.sides)
        column = relation_column(self.after, each.relation)
        item = self.held.get(column or (relation_table(each.relation), None))
        if item is not None:
            source = ident(TRASH, item.name)
            if column is None:
                return Edges(each, sql("select a, b from {t}", t=source), returns=True, lacking=lacking, kept=item)
            edge = _columns(each, key=sql("id"), value=sql("value"))
            return Edges(each, sql("select {e} from {t}", e=edge, t=source), returns=True, lacking=lacking, kept=item)
        rows = self.rows(each.holder) if column is not None else None
        if column is None or rows is None or each.holder.id in self.before.entity_by_id:
            return Edges(each, None, returns=True, lacking=lacking)
        # The table that held them is in the trash as a whole.
        return Edges(each, _held_edges(each, rows, column[1]), returns=True, lacking=lacking)

    def _kept(self, pair: RelationPair) -> Edges:
        after = ends(self.after, pair.after.relation)
        was = pair.before.relation
        crowded = any(side.before.is_list and not side.after.is_list for side in pair.sides)
        lacking = any(required(side.after) and not required(side.before) for side in pair.sides)
        if was.storage == "join":
            sides = sql("b as a, a as b") if pair.swapped else sql("a, b")
            source = sql("select {s} from {t}", s=sides, t=ident(SCHEMA, relation_table(was)))
        else:
            table, column = relation_column(self.before, was) or ("", "")
            on_a = (was.storage == "a") != pair.swapped
            edge = sql("id as a, {c} as b" if on_a else "{c} as a, id as b", c=ident(column))
            template = "select {e} from {t} where {c} is not null"
            source = sql(template, e=edge, t=ident(SCHEMA, table), c=ident(column))
        return Edges(after, source, returns=False, crowded=crowded, lacking=crowded or lacking)

    def _risky(self, every: Sequence[Edges]) -> frozenset[str]:
        risky = {each.entity.id for each in self.fields if each.asks_rows}
        while True:
            more = {
                side.entity.id
                for each in every
                for side, other in zip(each.sides, each.sides[::-1], strict=True)
                if side.required and (each.lacking or other.entity.id in risky)
            }
            if more <= risky:
                return frozenset(risky)
            risky |= more

    def _matters(self, each: Edges) -> bool:
        touched = any(side.entity.id in self.risky for side in each.sides)
        return touched or each.crowded or (each.returns and each.source is not None)

    def _looked_at(self, entity: Entity) -> bool:
        is_end = any(entity.id == side.entity.id for each in self.edges for side in each.sides)
        return is_end or bool(self.of(entity)) or entity.id in self.risky or entity.id not in self.before.entity_by_id


def _unfilled(pair: FieldPair) -> FieldPair:
    """The same without migration values: what takes the place of a value is decided when it is known not to fit."""
    after = pair.after.model_copy(update={"has_migration_value": False, "migration_value": None})
    new = None if pair.new is None else pair.new.model_copy(update={"migration_value": None})
    return FieldPair(pair.before, after, pair.old, new)


def trashed(column: str) -> Sql:
    """What the rows of a column's values in the trash are called where they are joined to its table."""
    return ident(f"~{column}")


def _columns(each: Ends, *, key: Sql, value: Sql) -> Sql:
    template = "{key} as a, {value} as b" if each.relation.storage == "a" else "{value} as a, {key} as b"
    return sql(template, key=key, value=value)


def _held_edges(each: Ends, rows: Sql, column: str) -> Sql:
    edge = _columns(each, key=sql("id"), value=ident(column))
    return sql("select {e} from {t} where {c} is not null", e=edge, t=rows, c=ident(column))


def _instead(field: Field) -> Sql | None:
    """What a required field gets where no value is: its default, else the migration value that its version brought."""
    if field.unique or not field.required:
        return None
    if field.has_default and field.default is not None:
        return constant(field, field.default)
    if field.has_migration_value and field.migration_value is not None:
        return constant(field, field.migration_value)
    return None


def _nothing(field: Field) -> Sql:
    return _typed(field, sql("null"))


def _typed(field: Field, of: Sql) -> Sql:
    name, _, collation = column_type(field).partition(" ")
    return sql("(({of})::{type}{collation})", of=of, type=Sql((name,)), collation=Sql((f" {collation}",)))


def _original(pair: FieldPair, now: Sql, item: Kept | None) -> Sql:
    """The value from before the deployment where nobody has written another one since."""
    if item is None:
        return _typed(pair.after, now)
    column = ident(pair.before.column)
    became = sql("null") if item.became is None else Sql((item.became,))
    untouched = sql(
        "{k}.id is not null and {column}::text is not distinct from "
        "(select ({became})::text from (select {k}.value as {column}) as was)",
        k=trashed(pair.after.column),
        column=column,
        became=became,
    )
    return _typed(
        pair.after,
        sql(
            "case when {untouched} then {old} else {now} end",
            untouched=untouched,
            old=_typed(pair.after, sql("{k}.value", k=trashed(pair.after.column))),
            now=_typed(pair.after, now),
        ),
    )


def _read(before: Field, after: Field, model: Model) -> Sql:
    """The value of which a text is the very form; null where there is none, or where it was no text."""
    column = ident(after.column)
    if before.scalar is not Scalar.STRING or before.is_list != after.is_list:
        return _nothing(after)
    if not after.is_list:
        return _read_one(after, model, column)
    return sql(
        "case when not exists (select from unnest({c}) as each (t) where {one} is null) then "
        "(select coalesce(array_agg({one} order by n), '{{}}') from unnest({c}) with ordinality as each (t, n)) end",
        c=column,
        one=_read_one(after, model, sql("t")),
    )


def _read_one(after: Field, model: Model, text: Sql) -> Sql:
    enum = enum_of(model, after)
    if enum is not None:
        return sql("case when {t} = any({v}::text[]) then {t} end", t=text, v=literal(list(enum.values)))
    single = Sql((value_type(after).removesuffix("[]"),))
    if after.scalar in {Scalar.STRING, Scalar.ID}:
        return text
    form = sql("app.instant({t}::{s})" if after.scalar is Scalar.DATETIME else "({t}::{s})::text", t=text, s=single)
    number = sql(" and {t} !~* 'nan|inf'", t=text) if after.scalar is Scalar.FLOAT else Sql()
    return sql(
        "case when pg_input_is_valid({t}, {name}){number} then case when {form} = {t} then {t}::{s} end end",
        t=text,
        name=literal(single.text),
        number=number,
        form=form,
        s=single,
    )
