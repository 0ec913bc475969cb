"""What has to be counted in the old data before a migration: what would be lost, and what stands in its way (G 4.5).

A check is a query that counts. It is run before anything is changed, in the same transaction and under the same locks,
so that nothing can come in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from common.sql import Sql, ident, sql
from contracts.model import Entity, Field, RelationField, Scalar
from provisioner.domain.data import FieldPair, as_text, example, filling, has_gone, migration_value
from provisioner.domain.diff import Difference, EntityPair, RelationPair
from provisioner.domain.layout import SCHEMA, Ends, relation_table, required

COUNT = "{count}"
"""Stands in a message for what was counted."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Rows, values or edges that would no longer be served; accepted only with force."""

    path: str
    """`Type`, `Type.field` or `relation Name`, in the words of the schema that runs."""
    count: Sql


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
                where = sql("{column} is not null", column=ident(field.column))
                yield Loss(f"{pair.before.name}.{field.name}", _count(pair.before.table, where))
    for each in difference.relations_removed:
        yield Loss(f"relation {each.relation.name}", _edges(each))


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
    name, value = f"{pair.after.name}.{field.name}", migration_value(field)
    if field.required and value is None:
        message = (
            f"{name} is required, and there are nodes of {pair.after.name} without a value for it ({COUNT}). "
            f"Say which they get: {example(field)}"
        )
        yield Problem(2007, pair.after.name, field.name, message, _count(pair.before.table))
    if field.unique and value is not None and field.migration_value is not None:
        yield _shared(pair.after, field, _count(pair.before.table))


def _type(pair: EntityPair, each: FieldPair) -> Iterator[Problem]:
    after, count = each.after, _count(pair.before.table)
    if migration_value(after) is None:
        code, what = (2051, "type") if each.before.is_list == after.is_list else (2004, "list-ness")
        message = (
            f"{pair.after.name}.{after.name} changes its {what}, and there are nodes of {pair.after.name} ({COUNT}). "
            f"Say which value all of them get: {_example(each)}"
        )
        yield Problem(code, pair.after.name, after.name, message, count)
    elif after.unique and after.migration_value is not None:
        yield _shared(pair.after, after, count)


def _required(pair: EntityPair, kept: FieldPair) -> Iterator[Problem]:
    before, after = kept.before, kept.after
    if not after.required or before.required or migration_value(after) is not None:
        return
    message = (
        f"{pair.after.name}.{after.name} becomes required, and there are nodes of {pair.after.name} without a value "
        f"({COUNT}). Say which they get: {_example(kept)}"
    )
    where = sql("{column} is null", column=ident(before.column))
    yield Problem(2007, pair.after.name, after.name, message, _count(pair.before.table, where))


def _values(pair: EntityPair, kept: FieldPair) -> Iterator[Problem]:
    if not kept.gone or filling(kept) is not None:
        return
    name, table = f"{pair.after.name}.{kept.after.name}", pair.before.table
    if kept.after.is_list:
        message = (
            f"{name} is a list that can no longer hold {', '.join(kept.gone)}, and there are nodes of "
            f"{pair.after.name} ({COUNT}). Say which list replaces the ones that do: {_example(kept)}"
        )
        yield Problem(2022, pair.after.name, kept.after.name, message, _count(table))
        return
    for value in kept.gone:
        message = (
            f"{name} can no longer be {value}, and there are nodes of {pair.after.name} that are ({COUNT}). "
            f"Say what they become: {_example(kept)}"
        )
        where = has_gone(kept.after, (value,))
        yield Problem(2021, pair.after.name, kept.after.name, message, _count(table, where))


def _unique(pair: EntityPair, kept: FieldPair) -> Iterator[Problem]:
    after, table = kept.after, pair.before.table
    if not after.unique:
        return
    filled = filling(kept)
    if filled is not None and filled.where is None:
        if after.migration_value is not None:
            yield _shared(pair.after, after, _count(table))
        return
    # What a unique index would compare: the folded key of the text that a value is or becomes.
    of = as_text(kept)
    key = _key(after, ident(after.column) if of is None else of)
    if filled is not None and filled.where is not None:
        receivers = _receivers(table, filled.where, key=key, value=_key(after, filled.to))
        yield _shared(pair.after, after, receivers)
    if kept.before.unique and of is None:
        return
    where = sql("{column} is not null", column=ident(after.column))
    if filled is not None and filled.where is not None:
        where = sql("{where} and ({filled}) is not true", where=where, filled=filled.where)
    count = sql(
        "select count(*) from (select from {table} where {where} group by {key} having count(*) > 1) as repeated",
        table=ident(SCHEMA, table),
        where=where,
        key=key,
    )
    loosely = "; texts are compared without case and accents" if after.scalar is Scalar.STRING else ""
    message = f"{pair.after.name}.{after.name} cannot be unique: values are there more than once ({COUNT}){loosely}."
    yield Problem(2024, pair.after.name, after.name, message, count)


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


def _shared(entity: Entity, field: Field, count: Sql) -> Problem:
    message = f"{entity.name}.{field.name} is unique, and more than one node would have its migration value ({COUNT})."
    return Problem(3010, entity.name, field.name, message, count, allowed=1)


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
            yield Problem(2031, owner, name, message, _crowded(pair.before))
        if required(side.after) and not required(side.before):
            message = f"{owner}.{name} becomes required, and there are nodes of {owner} without a partner ({COUNT})."
            yield Problem(2047, owner, name, message, _alone(pair.before, side.before))


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


def _alone(each: Ends, field: RelationField) -> Sql:
    """How many nodes of one side have no partner."""
    entity = each.a if field.side == "a" else each.b
    if each.relation.storage == "join":
        column, held = "a", relation_table(each.relation)
        assert each.b_field is None, "only a symmetric relation has a to-one side and a join table"
    else:
        assert each.relation.column is not None, f"relation {each.relation.id} has no column"
        column, held = each.relation.column, each.holder.table
        if each.relation.storage == field.side:
            return _count(held, sql("{column} is null", column=ident(column)))
    return sql(
        "select count(*) from {table} as node "
        "where not exists (select from {held} as edge where edge.{column} = node.id)",
        table=ident(SCHEMA, entity.table),
        held=ident(SCHEMA, held),
        column=ident(column),
    )


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
