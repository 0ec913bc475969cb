"""Statements that check and store a piece of a file. They take lists, a line's number first, and are the same for all.

Those that check return lines, those that store say how many rows there are more. A row that is there already, the same
in all that the file says of it, is passed over; so a piece can come twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from common.sql import EMPTY, Sql, ident, join, sql, value
from contracts.model import Field, Relation, Scalar
from gateway.domain.bulk.piece import Edge, Row
from gateway.domain.bulk.reading import APP
from gateway.domain.bulk.shape import Shape, Table, relation_sides

KEY_CHARACTERS: Final = 191
DEFER: Final = sql("set constraints all deferred")
SETTLE: Final = sql("set constraints all immediate")
SERVED: Final = sql("select model_sha from app._mortise")
_TYPES: Final[dict[Scalar, str]] = {
    Scalar.ID: "text",
    Scalar.STRING: "text",
    Scalar.INT: "int4",
    Scalar.FLOAT: "float8",
    Scalar.BOOLEAN: "bool",
    Scalar.DATETIME: "timestamptz(3)",
    Scalar.ENUM: "text",
    Scalar.JSON: "json",
}


@dataclass(frozen=True, slots=True)
class Check:
    """A statement that returns the lines with something wrong, and what that is."""

    statement: Sql
    field: str
    why: str
    values: dict[int, str]
    """The value of each line."""


# --- nodes ------------------------------------------------------------------------------------------------------------


def node_checks(table: Table, rows: Sequence[Row]) -> Iterator[Check]:
    """Before nodes are stored: ids that are taken, and values that only one node may have."""
    ids = {row.line: row.id for row in rows}
    yield Check(_other(table, rows), "id", f"is that of another {table.name} with other values", ids)
    for field in table.fields:
        if field.unique:
            given = {row.line: text for row in rows if (text := row.values.get(field.column)) is not None}
            yield from _unique(table, field.column, field, given, ids, field.name)
    for link in table.required:
        if link.alone:
            given = {row.line: row.partners[link.column] for row in rows}
            yield from _unique(table, link.column, None, given, ids, link.member)


def insert(table: Table, rows: Sequence[Row], now: str) -> Sql:
    """Store nodes; how many were not there."""
    given = _given(table, rows)
    columns = ["id", "created_at", "updated_at", *(name for name, _ in _columns(table))]
    values = [sql('w."id"'), *_moments(now), *(_cast(name, kind) for name, kind in _columns(table))]
    return sql(
        "with made as (insert into {table} ({columns}) select {values} from {given} "
        "on conflict ({id}) do nothing returning 1) select count(*) from made",
        table=_of(table),
        columns=join(", ", [ident(name) for name in columns]),
        values=join(", ", values),
        given=given,
        id=ident("id"),
    )


def partner_checks(table: Table, rows: Sequence[Row]) -> Iterator[Check]:
    """After nodes are stored: partners they cannot be without, and that are not there."""
    for link in table.required:
        given = {row.line: row.partners[link.column] for row in rows}
        yield _absent(link.target.table, given, link.member, f"is no {link.target.name} that is there")


# --- edges ------------------------------------------------------------------------------------------------------------


def edge_checks(shape: Shape, relation: Relation, edges: Sequence[Edge]) -> Iterator[Check]:
    """Before edges are stored: ends that are not there, and ends that belong to somebody else."""
    (a, a_field), (b, b_field) = relation_sides(shape, relation)
    a_ids, b_ids = {edge.line: edge.a for edge in edges}, {edge.line: edge.b for edge in edges}
    yield _absent(a.table, a_ids, "id", f"is no {a.name} that is there")
    yield _absent(b.table, b_ids, "id", f"is no {b.name} that is there")
    if not a_field.is_list:
        yield Check(
            _taken(shape, relation, edges, "a"), a_field.name, f"of this {a.name} leads elsewhere already", a_ids
        )
    if not b_field.is_list and relation.b_field is not None:
        yield Check(
            _taken(shape, relation, edges, "b"), b_field.name, f"of this {b.name} leads elsewhere already", b_ids
        )


def connect(shape: Shape, relation: Relation, edges: Sequence[Edge]) -> Sql:
    """Store edges; how many were not there."""
    given = _pairs(edges, both_ways=relation.b_field is None)
    if relation.table is not None:
        return sql(
            "with made as (insert into {table} ({a}, {b}) select distinct w.a, w.b from {given} "
            "on conflict ({a}, {b}) do nothing returning {a}, {b}) select count(*) from made{once}",
            table=ident(APP, relation.table),
            a=ident("a"),
            b=ident("b"),
            given=given,
            once=sql(" where {a} <= {b}", a=ident("a"), b=ident("b")) if relation.b_field is None else EMPTY,
        )
    (a, _), (b, _) = relation_sides(shape, relation)
    holder = a if relation.storage == "a" else b
    near, far = (sql("w.a"), sql("w.b")) if relation.storage == "a" else (sql("w.b"), sql("w.a"))
    return sql(
        "with made as (update {table} t set {column} = {far} from {given} where t.{id} = {near} "
        "and t.{column} is null returning 1) select count(*) from made",
        table=ident(APP, holder.table),
        column=ident(relation.column or ""),
        far=far,
        given=given,
        id=ident("id"),
        near=near,
    )


# --- at the end -------------------------------------------------------------------------------------------------------


def lonely(shape: Shape) -> Iterator[tuple[str, str, Sql]]:
    """Type, field and statement of what cannot be without a partner that a row of another table, or an edge, names."""
    for table in shape.table.values():
        for field in table.entity.relations:
            relation = shape.model.relation_by_id[field.relation]
            if field.is_list or not field.required or relation.storage == field.side:
                continue
            if relation.table is not None:
                held = sql(
                    "select from {of} j where j.{a} = t.{id}",
                    of=ident(APP, relation.table),
                    a=ident("a"),
                    id=ident("id"),
                )
            else:
                held = sql(
                    "select from {of} h where h.{column} = t.{id}",
                    of=ident(APP, shape.entity(field.target).table),
                    column=ident(relation.column or ""),
                    id=ident("id"),
                )
            statement = sql(
                "select t.{id} from {table} t where not exists ({held}) order by t.{id} limit 100",
                id=ident("id"),
                table=_of(table),
                held=held,
            )
            yield table.name, field.name, statement


def _of(table: Table) -> Sql:
    return ident(APP, table.entity.table)


def _columns(table: Table) -> list[tuple[str, str]]:
    """Columns besides the system's, and their SQL types."""
    fields = [(field.column, _TYPES[field.scalar] + ("[]" if field.is_list else "")) for field in table.fields]
    return [*fields, *((link.column, "text") for link in table.required)]


def _given(table: Table, rows: Sequence[Row]) -> Sql:
    """The rows as a table `w` of texts: line, id, moments, and a column for each of the table's."""
    names = ["n", "id", "created_at", "updated_at", *(name for name, _ in _columns(table))]
    every = (
        [row.id for row in rows],
        [row.created_at for row in rows],
        [row.updated_at for row in rows],
        *([row.values.get(field.column) for row in rows] for field in table.fields),
        *([row.partners.get(link.column) for row in rows] for link in table.required),
    )
    lists = [
        sql("{lines}::int8[]", lines=value([row.line for row in rows])),
        *(sql("{texts}::text[]", texts=value(texts)) for texts in every),
    ]
    return sql(
        "unnest({lists}) w ({names})", lists=join(", ", lists), names=join(", ", [ident(name) for name in names])
    )


def _cast(name: str, kind: str) -> Sql:
    return sql("w.{name}::{kind}", name=ident(name), kind=Sql((kind,)))


def _moments(now: str) -> tuple[Sql, Sql]:
    """What is not said is now, and what was never changed was changed when it was made."""
    made = sql("coalesce(w.created_at, {now}::text)::timestamptz(3)", now=value(now))
    changed = sql("coalesce(w.updated_at, w.created_at, {now}::text)::timestamptz(3)", now=value(now))
    return made, changed


def _other(table: Table, rows: Sequence[Row]) -> Sql:
    """Rows that are there and say something else. Moments count only if the file says them."""
    differs = [
        sql("(w.{c} is not null and t.{c} <> w.{c}::timestamptz(3))", c=ident(name))
        for name in ("created_at", "updated_at")
    ]
    for name, kind in _columns(table):
        template = "t.{c}::text is distinct from w.{c}" if kind == "json" else "t.{c} is distinct from {cast}"
        if kind == "json[]":
            template = "t.{c}::text is distinct from {cast}::text"
        differs.append(sql(template, c=ident(name), cast=_cast(name, kind)))
    return sql(
        "select w.n from {given} join {table} t on t.{id} = w.{id} where {differs} order by 1",
        given=_given(table, rows),
        table=_of(table),
        id=ident("id"),
        differs=join(" or ", differs),
    )


def _unique(
    table: Table, column: str, field: Field | None, given: dict[int, str], ids: dict[int, str], name: str
) -> Iterator[Check]:
    """A value that another node has, and one that stands twice in the piece."""
    if not given:
        return
    kind = "text" if field is None else _TYPES[field.scalar]
    source = sql(
        "unnest({lines}::int8[], {ids}::text[], {values}::text[]) w (n, id, v)",
        lines=value([*given]),
        ids=value([ids[line] for line in given]),
        values=value([*given.values()]),
    )
    mine, theirs = sql("w.v::{kind}", kind=Sql((kind,))), sql("t.{c}", c=ident(column))
    if field is not None and field.scalar is Scalar.STRING:
        mine, theirs = _key(sql("w.v")), _key(theirs)
    elsewhere = sql(
        "select w.n from {source} join {table} t on {theirs} = {mine} and t.{id} <> w.id order by 1",
        source=source,
        table=_of(table),
        theirs=theirs,
        mine=mine,
        id=ident("id"),
    )
    yield Check(elsewhere, name, f"is that of another {table.name}, and is unique", given)
    twice = sql(
        "select n from (select w.n, row_number() over (partition by {mine} order by w.n) r from {source}) d "
        "where r > 1 order by 1",
        mine=mine,
        source=source,
    )
    yield Check(twice, name, "stands on an earlier line already, and is unique", given)


def _key(text: Sql) -> Sql:
    """What counts of a text that is unique (G 2.3)."""
    return sql("left(app.fold({text}), {n})", text=text, n=Sql((str(KEY_CHARACTERS),)))


def _absent(table: str, given: dict[int, str], field: str, why: str) -> Check:
    statement = sql(
        "select w.n from unnest({lines}::int8[], {ids}::text[]) w (n, id) "
        "where not exists (select from {table} t where t.{id} = w.id) order by 1",
        lines=value([*given]),
        ids=value([*given.values()]),
        table=ident(APP, table),
        id=ident("id"),
    )
    return Check(statement, field, why, given)


def _pairs(edges: Sequence[Edge], *, both_ways: bool = False) -> Sql:
    """The edges as a table `w (n, a, b)`; a symmetric one stands there in both directions."""
    lines, a, b = [edge.line for edge in edges], [edge.a for edge in edges], [edge.b for edge in edges]
    if both_ways:
        lines, a, b = lines * 2, a + b, b + a
    return sql(
        "unnest({lines}::int8[], {a}::text[], {b}::text[]) w (n, a, b)", lines=value(lines), a=value(a), b=value(b)
    )


def _taken(shape: Shape, relation: Relation, edges: Sequence[Edge], side: str) -> Sql:
    """Lines whose end on a side has another partner already, in the database or on an earlier line."""
    here, there = (ident("a"), ident("b")) if side == "a" else (ident("b"), ident("a"))
    return sql(
        "select distinct n from (select w.n, w.a, w.b, first_value(w.{there}) over "
        "(partition by w.{here} order by w.n) as f from {given}) w where w.f <> w.{there} "
        "or exists (select from {stored} t where t.{here} = w.{here} and t.{there} <> w.{there}) order by 1",
        here=here,
        there=there,
        given=_pairs(edges, both_ways=relation.b_field is None),
        stored=_stored(shape, relation),
    )


def _stored(shape: Shape, relation: Relation) -> Sql:
    """The edges that are there, with columns `a` and `b`."""
    if relation.table is not None:
        return ident(APP, relation.table)
    (a, _), (b, _) = relation_sides(shape, relation)
    holder, mine, other = (a, "a", "b") if relation.storage == "a" else (b, "b", "a")
    return sql(
        "(select {id} as {mine}, {column} as {other} from {table} where {column} is not null)",
        id=ident("id"),
        mine=ident(mine),
        column=ident(relation.column or ""),
        other=ident(other),
        table=ident(APP, holder.table),
    )
