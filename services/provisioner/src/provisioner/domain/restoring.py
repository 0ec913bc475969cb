"""Brings one thing from the trash into the version that runs, where that has a place for it and nothing newer stands.

A place is the same column or table, or one of the same name and type in a type of the same name. What does not fit
stays in the trash.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from common.errors import BAD_USER_INPUT, Refused
from common.sql import EMPTY, Sql, ident, join, literal, sql
from contracts.model import Entity, Field, Model, Relation
from provisioner.domain.data import constant
from provisioner.domain.layout import SCHEMA, Ends, ends, enum_of, order_key, relation_table, required
from provisioner.domain.preparing import TRASH
from provisioner.domain.trash import Kept, type_name

NO_PLACE: Final = "NO_PLACE"

_COUNTED: Final = (
    "with done as ({done}), gone as (delete from {kept} as kept using done where {same} returning 1) "
    "select count(*) from gone"
)
_BY_ID: Final = sql("kept.id = done.id")
_BY_ENDS: Final = sql("kept.a = done.a and kept.b = done.b")


def restoring(item: Kept, was: Model, model: Model) -> Sql:
    """The statement that merges it and counts what it brought back; `was` is the Model in which the thing had a place.

    Refuses NO_PLACE when the version that runs has none, and says which push is needed.
    """
    if item.subject.startswith("relation "):
        return _edges(item, was, model)
    if item.what == "values":
        return _values(item, model)
    return _rows(item, was, model)


def _values(item: Kept, model: Model) -> Sql:
    type_, _, name = item.subject.partition(".")
    entity = _entity(model, item.table, type_)
    every = () if entity is None else entity.fields
    field = next((each for each in every if each.column == item.column), None)
    field = field or next((each for each in every if each.name == name), None)
    if entity is None or field is None or type_name(model, field) != item.type:
        raise _no_place(item, f"in which {type_} has the field `{name}: {item.type}`")
    t, kept, c = ident(SCHEMA, entity.table), ident(TRASH, item.name), ident(field.column)
    vacant = _vacant(field, sql("t.{c}", c=c))
    tests = [vacant, *_obeys(entity, field, model, sql("kept.value"))]
    source = kept
    if field.unique:
        # It may not have been unique when it was removed.
        source = _once(t, kept, by=order_key("value", field.scalar), holder=sql("kept.id"), free=vacant)
    done = sql(
        "update {t} as t set {c} = kept.value from {source} as kept where kept.id = t.id and {tests} returning t.id",
        t=t,
        c=c,
        source=source,
        tests=join(" and ", tests),
    )
    return sql(_COUNTED, done=done, kept=kept, same=_BY_ID)


def _rows(item: Kept, was: Model, model: Model) -> Sql:
    before = next((each for each in was.entities if each.table == item.table), None)
    entity = _entity(model, item.table, item.subject)
    if entity is None or before is None:
        raise _no_place(item, f"that has the type {item.subject}")
    columns, values, tests = [], [], [sql("true")]
    for field in entity.fields:
        old = _same(before, was, field, type_name(model, field))
        if field.system or (old is None and not field.required):
            continue
        if old is None:
            raise _no_place(item, f"in which {entity.name}.{field.name} is optional, or was there before")
        value = sql("kept.{c}", c=ident(old.column))
        columns.append(ident(field.column))
        values.append(value)
        tests += _obeys(entity, field, model, value)
        if field.required:
            tests.append(sql("{v} is not null", v=value))
    for each in _held(entity, model):
        known = each.relation.column in {one.column for one in was.relations} and entity.table == item.table
        partner = _partner(each) if known else Sql(("null",))
        if each.holder_field.required:
            tests.append(sql("{v} is not null", v=partner))
        assert each.relation.column is not None, "a relation that is held has a column"
        columns.append(ident(each.relation.column))
        values.append(partner)
    lonely = next(_lonely(entity, model), None)
    if lonely is not None:
        raise _no_place(item, f"in which {entity.name}.{lonely} is optional")
    kept, system = ident(TRASH, item.name), [ident(each) for each in ("id", "created_at", "updated_at")]
    done = sql(
        "insert into {t} ({columns}) select {values} from {kept} as kept where {tests} "
        "on conflict do nothing returning id",
        t=ident(SCHEMA, entity.table),
        columns=join(", ", [*system, *columns]),
        values=join(", ", [*(sql("kept.{c}", c=each) for each in system), *values]),
        kept=kept,
        tests=join(" and ", tests),
    )
    return sql(_COUNTED, done=done, kept=kept, same=_BY_ID)


def _edges(item: Kept, was: Model, model: Model) -> Sql:
    name = item.subject.removeprefix("relation ")
    old = next((each for each in was.relations if (each.column or each.table) == (item.column or item.table)), None)
    relation = next((each for each in model.relations if each.name == name), None)
    if relation is None or old is None or _types(was, old) != _types(model, relation):
        raise _no_place(item, f"that has the relation {name} between the same types")
    each, kept = ends(model, relation), ident(TRASH, item.name)
    pairs = item.what == "edges" or item.column is None
    a, b = ("kept.a", "kept.b") if pairs else ("kept.id", "kept.value")
    if not pairs and old.storage == "b":
        a, b = b, a
    there = [
        sql("exists (select from {t} as n where n.id = {end})", t=ident(SCHEMA, entity.table), end=Sql((end,)))
        for entity, end in ((each.a, a), (each.b, b))
    ]
    if relation.storage == "join":
        done = sql(
            "insert into {t} (a, b) select {a}, {b} from {kept} as kept where {there} on conflict do nothing "
            "returning a, b",
            t=ident(SCHEMA, relation_table(relation)),
            a=Sql((a,)),
            b=Sql((b,)),
            kept=kept,
            there=join(" and ", there),
        )
    else:
        done = _set_edges(
            each,
            kept,
            holder=Sql((a if relation.storage == "a" else b,)),
            partner=Sql((b if relation.storage == "a" else a,)),
            there=there,
        )
    mine = sql("{a} = done.a and {b} = done.b", a=Sql((a,)), b=Sql((b,)))
    return sql(_COUNTED, done=done, kept=kept, same=mine)


def _types(model: Model, relation: Relation) -> tuple[str, str, bool]:
    """The types of both sides, and whether there are two."""
    known = model.entity_by_id
    return known[relation.a].name, known[relation.b].name, relation.b_field is None


def _set_edges(each: Ends, kept: Sql, *, holder: Sql, partner: Sql, there: list[Sql]) -> Sql:
    assert each.relation.column is not None, "the relation is kept in a column"
    t, c = ident(SCHEMA, each.holder.table), ident(each.relation.column)
    alone, source = EMPTY, kept
    if not each.target_field.is_list:
        source = _once(t, kept, by=partner, holder=holder, free=sql("t.{c} is null", c=c))
        alone = sql(" and not exists (select from {t} as o where o.{c} = {partner})", t=t, c=c, partner=partner)
    ends_of = sql("t.id as a, t.{c} as b" if each.relation.storage == "a" else "t.{c} as a, t.id as b", c=c)
    return sql(
        "update {t} as t set {c} = {partner} from {source} as kept "
        "where t.id = {holder} and t.{c} is null and {there}{alone} returning {ends}",
        t=t,
        c=c,
        partner=partner,
        source=source,
        holder=holder,
        there=join(" and ", there),
        alone=alone,
        ends=ends_of,
    )


def _once(t: Sql, kept: Sql, *, by: Sql, holder: Sql, free: Sql) -> Sql:
    """What is kept for rows that have room for it, of equal things the first."""
    return sql(
        "(select distinct on ({by}) kept.* from {kept} as kept join {t} as t on t.id = {holder} where {free} "
        "order by {by}, {holder})",
        t=t,
        kept=kept,
        by=by,
        holder=holder,
        free=free,
    )


def _entity(model: Model, table: str, name: str) -> Entity | None:
    same = next((each for each in model.entities if each.table == table), None)
    return same or model.entity_by_name.get(name)


def _same(before: Entity, was: Model, field: Field, type_: str) -> Field | None:
    """The field of the earlier type that held the same."""
    alike = [each for each in before.fields if type_name(was, each) == type_]
    found = next((each for each in alike if each.column == field.column), None)
    return found or next((each for each in alike if each.name == field.name), None)


def _vacant(field: Field, current: Sql) -> Sql:
    """Whether nothing stands there, or only what a migration has put there."""
    if not field.has_migration_value or field.migration_value is None:
        return sql("{v} is null", v=current)
    given = constant(field, field.migration_value)
    return sql("({v} is null or {v}::text = ({given})::text)", v=current, given=given)


def _obeys(entity: Entity, field: Field, model: Model, value: Sql) -> Iterator[Sql]:
    enum = enum_of(model, field)
    if enum is not None:
        template = (
            "({v} is null or {v} <@ {each}::text[])" if field.is_list else "({v} is null or {v} = any({each}::text[]))"
        )
        yield sql(template, v=value, each=literal(list(enum.values)))
    if field.unique:
        mine, other = order_key("v", field.scalar), order_key(field.column, field.scalar)
        yield sql(
            "not exists (select from {t}, (select {value} as v) as mine where {other} = {mine})",
            t=ident(SCHEMA, entity.table),
            value=value,
            other=other,
            mine=mine,
        )


def _held(entity: Entity, model: Model) -> Iterator[Ends]:
    for relation in model.relations:
        if relation.storage != "join" and ends(model, relation).holder.id == entity.id:
            yield ends(model, relation)


def _partner(each: Ends) -> Sql:
    """The partner, as long as it is there."""
    assert each.relation.column is not None, "a relation that is held has a column"
    template = "(select n.id from {t} as n where n.id = kept.{c})"
    return sql(template, t=ident(SCHEMA, each.target.table), c=ident(each.relation.column))


def _lonely(entity: Entity, model: Model) -> Iterator[str]:
    """Relation fields that demand a partner which no row brings along."""
    for relation in model.relations:
        each: Ends = ends(model, relation)
        for owner, side in each.sides:
            if owner.id == entity.id and required(side) and relation.storage != side.side:
                yield side.name


def _no_place(item: Kept, needed: str) -> Refused:
    return Refused(
        BAD_USER_INPUT,
        f"The version that runs has no place for {item.subject}.",
        f"Push a version {needed}, then restore it.",
        reason=NO_PLACE,
        field="item",
    )
