"""What has to be counted in the old data before a migration: what would be lost, and what stands in its way (G 4.5).

A check is a query that counts. It is run before anything is changed, in the same transaction and under the same locks,
so that nothing can come in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from common.sql import Sql, ident, sql
from contracts.model import Entity, Field, RelationField, Scalar
from provisioner.domain.data import FieldPair, as_text, example, filling, has_gone, value
from provisioner.domain.diff import Difference, EntityPair, RelationPair
from provisioner.domain.layout import SCHEMA, Ends, relation_table, required

COUNT = "{count}"
"""Stands in a message for what was counted."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table that a check counts; what is counted is usually none of many."""

    table: str
    column: str
    where: Sql

    @property
    def count(self) -> Sql:
        """How many there are."""
        return _count(self.table, self.where)


@dataclass(frozen=True, slots=True)
class Loss:
    """Rows, values or edges that would no longer be served; accepted only with force."""

    path: str
    """`Type`, `Type.field` or `relation Name`, in the words of the schema that runs."""
    count: Sql
    rows: Rows | None = None
    """The same, where it is so simple."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is refused, whatever the caller accepts."""

    code: int
    """G 7.4"""
    type: str
    field: str | None
    message: str
    count: Sql | None = None
    """How often it is so; None when it is so whatever the data."""
    allowed: int = 0
    """How often it may be so."""
    rows: Rows | None = None
    """What `count` counts, where it is so simple."""
    unique: tuple[str, str] | None = None
    """Table and column of which a unique index would tell the same."""
    partner: tuple[str, str] | None = None
    """Table and column, as they are to be, whose nulls would tell the same."""


def losses(difference: Difference) -> tuple[Loss, ...]:
    """Everything that would be lost."""
    return tuple(_losses(difference))


def problems(difference: Difference) -> tuple[Problem, ...]:
    """Everything that may stand in the way."""
    return tuple(_problems(difference))


def _losses(difference: Difference) -> Iterator[Loss]:
    for entity in difference.removed:
        yield Loss(entity.name, _count(entity.table))
    for pair in difference.kept:
        for field in pair.removed:
            if not field.system:
                rows = _filled(pair.before.table, field.column)
                yield Loss(f"{pair.before.name}.{field.name}", rows.count, rows)
        if difference.back:
            yield from _replaced(pair)
    for each in difference.relations_removed:
        held = _held(each)
        yield Loss(f"relation {each.relation.name}", _edges(each), _filled(*held) if held else None)


def _replaced(pair: EntityPair) -> Iterator[Loss]:
    """Values that become others on the way back."""
    table = pair.before.table
    for each in pair.replaced:
        if not each.before.system:
            rows = _filled(table, each.before.column)
            yield Loss(f"{pair.before.name}.{each.before.name}", rows.count, rows)
    for each in pair.kept:
        filled = None if each.after.system else filling(each)
        if filled is not None and filled.keeps is not None:
            rows = Rows(table, each.before.column, filled.keeps)
            yield Loss(f"{pair.before.name}.{each.before.name}", rows.count, rows)


def _problems(difference: Difference) -> Iterator[Problem]:
    for entity in difference.after.entities:
        for field in entity.fields:
            if field.scalar is Scalar.JSON and (field.unique or field.indexed):
                message = f"{entity.name}.{field.name} is Json, which can be neither unique nor indexed."
                yield Problem(2040, entity.name, field.name, message)
    for pair in difference.kept:
        for field in pair.added:
            yield from _added(pair, field)
        for each in pair.replaced:
            # On the way back an optional field begins without values; what it held is among the losses.
            if each.after.required or not difference.back:
                yield from _type(pair, each)
        for kept in pair.kept:
            if not kept.after.system:
                yield from _required(pair, kept)
                yield from _values(pair, kept)
                yield from _unique(pair, kept)
    for fresh in difference.relations_added:
        yield from _new_relation(difference, fresh)
    for changed in difference.relations_kept:
        yield from _sides(changed)


def _added(pair: EntityPair, field: Field) -> Iterator[Problem]:
    if field.system:
        return
    name, filled = f"{pair.after.name}.{field.name}", pair.fill(field)
    if field.required and not filled.complete:
        message = (
            f"{name} is required, and there are nodes of {pair.after.name} without a value for it ({COUNT}). "
            f"Say which they get: {example(field)}"
        )
        yield Problem(2007, pair.after.name, field.name, message, _count(pair.before.table))
    if field.unique and filled.complete:
        yield _shared(pair.after, field, _count(pair.before.table))


def _type(pair: EntityPair, each: FieldPair) -> Iterator[Problem]:
    after, count = each.after, _count(pair.before.table)
    filled = pair.fill(after)
    if filled.to is None or (after.required and not filled.complete):
        code, what = (2051, "type") if each.before.is_list == after.is_list else (2004, "list-ness")
        message = (
            f"{pair.after.name}.{after.name} changes its {what}, and there are nodes of {pair.after.name} ({COUNT}). "
            f"Say which value all of them get: {_example(each)}"
        )
        yield Problem(code, pair.after.name, after.name, message, count)
    elif after.unique and filled.complete:
        yield _shared(pair.after, after, count)


def _required(pair: EntityPair, kept: FieldPair) -> Iterator[Problem]:
    before, after, filled = kept.before, kept.after, filling(kept)
    if not after.required or (filled is not None and filled.complete):
        return
    if before.required and (filled is None or filled.constant):
        return
    message = (
        f"{pair.after.name}.{after.name} becomes required, and there are nodes of {pair.after.name} without a value "
        f"({COUNT}). Say which they get: {_example(kept)}"
    )
    rows = _empty(pair.before.table, before.column)
    if kept.hops and filled is not None:
        rows = Rows(pair.before.table, before.column, sql("({value}) is null", value=value(kept)))
    yield Problem(2007, pair.after.name, after.name, message, rows.count, rows=rows)


def _values(pair: EntityPair, kept: FieldPair) -> Iterator[Problem]:
    filled = filling(kept)
    if not kept.gone or (filled is not None and not kept.hops):
        return
    name, table = f"{pair.after.name}.{kept.after.name}", pair.before.table
    if kept.after.is_list and filled is None:
        message = (
            f"{name} is a list that can no longer hold {', '.join(kept.gone)}, and there are nodes of "
            f"{pair.after.name} ({COUNT}). Say which list replaces the ones that do: {_example(kept)}"
        )
        yield Problem(2022, pair.after.name, kept.after.name, message, _count(table))
        return
    for gone in kept.gone if filled is None else _left(kept):
        message = (
            f"{name} can no longer be {gone}, and there are nodes of {pair.after.name} that are ({COUNT}). "
            f"Say what they become: {_example(kept)}"
        )
        where = has_gone(kept.after, (gone,), value(kept))
        assert where is not None, "a value that is given is looked for"
        rows = Rows(table, kept.after.column, where)
        yield Problem(2021, pair.after.name, kept.after.name, message, rows.count, rows=rows)


def _left(kept: FieldPair) -> tuple[str, ...]:
    """Values that went in a version that put nothing in their place."""
    last = {value: hop for hop in kept.hops for value in hop.gone}
    return tuple(each for each in kept.gone if filling(last[each]) is None)


def _unique(pair: EntityPair, kept: FieldPair) -> Iterator[Problem]:
    after, table, filled = kept.after, pair.before.table, filling(kept)
    if not after.unique:
        return
    if filled is not None and kept.hops:
        # What several versions make of a value: only all of them together tell which are there more than once.
        to = value(kept)
        yield _repeated(pair, kept, sql("({to}) is not null", to=to), _key(after, to))
        return
    if filled is not None and filled.where is None:
        if filled.complete:
            yield _shared(pair.after, after, _count(table))
        return
    # What a unique index would compare: the folded key of the text that a value is or becomes.
    key = _key(after, as_text(kept))
    if filled is not None and filled.where is not None:
        receivers = _receivers(table, filled.where, key=key, value=_key(after, filled.to))
        yield _shared(pair.after, after, receivers, place=(table, after.column))
    if kept.before.unique and not kept.changes_type:
        return
    where = sql("{column} is not null", column=ident(after.column))
    if filled is not None and filled.where is not None:
        where = sql("{where} and ({filled}) is not true", where=where, filled=filled.where)
    yield _repeated(pair, kept, where, key)


def _repeated(pair: EntityPair, kept: FieldPair, where: Sql, key: Sql) -> Problem:
    after, table = kept.after, pair.before.table
    count = sql(
        "select count(*) from (select from {table} where {where} group by {key} having count(*) > 1) as repeated",
        table=ident(SCHEMA, table),
        where=where,
        key=key,
    )
    loosely = "; texts are compared without case and accents" if after.scalar is Scalar.STRING else ""
    message = f"{pair.after.name}.{after.name} cannot be unique: values are there more than once ({COUNT}){loosely}."
    return Problem(2024, pair.after.name, after.name, message, count, unique=(table, after.column))


def _receivers(table: str, where: Sql, *, key: Sql, value: Sql) -> Sql:
    """How many rows would hold the constant, if any row gets it at all."""
    return sql(
        "select count(*) from {table} "
        "where (({where}) or {key} = {value}) and exists (select from {table} where {where})",
        table=ident(SCHEMA, table),
        where=where,
        key=key,
        value=value,
    )


def _key(field: Field, value: Sql) -> Sql:
    return sql("left(app.fold({value}), 191)", value=value) if field.scalar is Scalar.STRING else value


def _shared(entity: Entity, field: Field, count: Sql, place: tuple[str, str] | None = None) -> Problem:
    message = f"{entity.name}.{field.name} is unique, and more than one node would have its migration value ({COUNT})."
    return Problem(3010, entity.name, field.name, message, count, allowed=1, unique=place)


def _new_relation(difference: Difference, each: Ends) -> Iterator[Problem]:
    for entity, field in each.sides:
        if required(field) and entity.id in difference.before.entity_by_id:
            message = (
                f"{entity.name}.{field.name} is required, and there are nodes of {entity.name} without a partner "
                f"({COUNT}). Add the field as optional, connect the nodes, then make it required."
            )
            table = difference.before.entity_by_id[entity.id].table
            yield Problem(2052, entity.name, field.name, message, _count(table))


def _sides(pair: RelationPair) -> Iterator[Problem]:
    for side in pair.sides:
        owner, name = side.entity.name, side.after.name
        if side.before.is_list and not side.after.is_list:
            message = (
                f"{owner}.{name} cannot become to-one: there are nodes of {owner} with more than one partner ({COUNT})."
            )
            yield Problem(2031, owner, name, message, _crowded(pair.before), unique=_held(pair.before))
        if required(side.after) and not required(side.before):
            message = f"{owner}.{name} becomes required, and there are nodes of {owner} without a partner ({COUNT})."
            there = _held(pair.after) if pair.after.relation.storage == side.after.side else None
            yield Problem(2047, owner, name, message, *_alone(pair.before, side.before), partner=there)


def _crowded(each: Ends) -> Sql:
    """How many nodes of the to-many side have more than one partner."""
    if each.relation.storage == "join":
        column, held = "a", relation_table(each.relation)
    else:
        assert each.relation.column is not None, f"relation {each.relation.id} has no column"
        column, held = each.relation.column, each.holder.table
    return sql(
        "select count(*) from (select from {held} where {column} is not null group by {column} having count(*) > 1) "
        "as crowded",
        held=ident(SCHEMA, held),
        column=ident(column),
    )


def _held(each: Ends) -> tuple[str, str] | None:
    return None if each.relation.column is None else (each.holder.table, each.relation.column)


def _alone(each: Ends, field: RelationField) -> tuple[Sql, int, Rows | None]:
    """How many nodes of one side have no partner; none may."""
    entity = each.a if field.side == "a" else each.b
    if each.relation.storage == "join":
        column, held = "a", relation_table(each.relation)
        assert each.b_field is None, "only a symmetric relation has a to-one side and a join table"
    else:
        assert each.relation.column is not None, f"relation {each.relation.id} has no column"
        column, held = each.relation.column, each.holder.table
        if each.relation.storage == field.side:
            rows = _empty(held, column)
            return rows.count, 0, rows
    alone = sql(
        "select count(*) from {table} as node "
        "where not exists (select from {held} as edge where edge.{column} = node.id)",
        table=ident(SCHEMA, entity.table),
        held=ident(SCHEMA, held),
        column=ident(column),
    )
    return alone, 0, None


def _empty(table: str, column: str) -> Rows:
    return Rows(table, column, sql("{column} is null", column=ident(column)))


def _filled(table: str, column: str) -> Rows:
    return Rows(table, column, sql("{column} is not null", column=ident(column)))


def _edges(each: Ends) -> Sql:
    relation = each.relation
    if relation.storage != "join":
        assert relation.column is not None, f"relation {relation.id} has no column"
        return _count(each.holder.table, sql("{column} is not null", column=ident(relation.column)))
    # A symmetric edge is stored in both directions and is still one edge.
    return _count(relation_table(relation), sql('"a" <= "b"') if each.b_field is None else None)


def _count(table: str, where: Sql | None = None) -> Sql:
    if where is None:
        return sql("select count(*) from {table}", table=ident(SCHEMA, table))
    return sql("select count(*) from {table} where {where}", table=ident(SCHEMA, table), where=where)


def _example(kept: FieldPair) -> str:
    return example(kept.after, kept.new.values if kept.new else ())
