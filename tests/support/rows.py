"""Random rows of any Model: with nulls, repetitions, lists, Json and edges, as far as its constraints let them be."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from common.sql import Sql, ident, join, literal, sql
from contracts.model import Entity, Field, Model, Relation, Scalar
from provisioner.domain.layout import ends, layout, value_type

ROWS_MAX = 4
VALUES: dict[Scalar, tuple[Any, ...]] = {
    Scalar.STRING: ("Ann", "ANN", "ánn", "Bob", "", "x" * 191 + "y", "x" * 191 + "z"),
    Scalar.INT: (0, 1, -1, 2147483647),
    Scalar.FLOAT: (0.5, 100.500000000001, -1e30),
    Scalar.BOOLEAN: (True, False),
    Scalar.DATETIME: ("2016-01-01T00:00:00.000Z", "1960-02-03T04:05:06.007Z"),
    Scalar.JSON: ({}, {"a": [1, None]}, [1, "é"]),
}


@dataclass
class Rows:
    """What is put into a database: rows by table, edges by join table."""

    model: Model
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    edges: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def statements(self) -> str:
        """One text that inserts all of it, partners before or after those that need them."""
        parts = [sql("set constraints all deferred")]
        for entity in self.model.entities:
            types = {each.column: Sql((f"::{value_type(each)}",)) for each in entity.fields}
            for row in self.tables.get(entity.table, []):
                values = [sql("{value}{type}", value=literal(v), type=types.get(c, Sql())) for c, v in row.items()]
                parts.append(
                    sql(
                        'insert into {table} ("created_at", "updated_at", {columns}) values ({at}, {at}, {values})',
                        table=ident("app", entity.table),
                        at=literal("2020-01-01T00:00:00Z"),
                        columns=join(", ", [ident(column) for column in row]),
                        values=join(", ", values),
                    )
                )
        for table, pairs in self.edges.items():
            values = [sql("({a}, {b})", a=literal(a), b=literal(b)) for a, b in pairs]
            if values:
                parts.append(
                    sql("insert into {table} values {rows}", table=ident("app", table), rows=join(", ", values))
                )
        return ";\n".join(part.text for part in parts)


@st.composite
def rows(draw: st.DrawFn, model: Model, tag: str) -> Rows:
    """Rows with ids that begin with `tag`."""
    made = Rows(model)
    ids = {
        entity.id: [f"{tag}{entity.table}{n}" for n in range(draw(st.integers(0, ROWS_MAX)))]
        for entity in model.entities
    }
    for entity in model.entities:
        found = [draw(_row(model, entity, one)) for one in ids[entity.id]]
        for relation in _held(model, entity):
            _connect(draw, model, relation, found, ids)
        made.tables[entity.table] = _unique(model, entity, found)
    _dropped(model, made)
    for relation in model.relations:
        if relation.table is not None:
            made.edges[relation.table] = draw(_pairs(model, relation, made))
    return made


def dumped(model: Model) -> str:
    """A query for all rows, in words that do not depend on the order of columns."""
    parts = [
        sql("select {name} || to_jsonb(node)::text as line from {table} as node", name=literal(f"{name} "), table=t)
        for name in layout(model)
        for t in (ident("app", name),)
    ]
    return join(" union all ", parts).text + " order by 1"


def emptied(model: Model) -> str:
    """A statement after which there are no rows."""
    return sql("truncate {tables}", tables=join(", ", [ident("app", name) for name in layout(model)])).text


def _held(model: Model, entity: Entity) -> list[Relation]:
    return [
        each for each in model.relations if each.storage != "join" and ends(model, each).holder.table == entity.table
    ]


@st.composite
def _row(draw: st.DrawFn, model: Model, entity: Entity, id: str) -> dict[str, Any]:
    values = {each.column: draw(_value(model, each)) for each in entity.fields if not each.system}
    return {"id": id} | values


@st.composite
def _value(draw: st.DrawFn, model: Model, one: Field) -> Any:
    if not one.required and draw(st.integers(0, 2)) == 0:
        return None
    pool = model.enum_by_id[one.enum].values if one.enum is not None else VALUES[one.scalar]
    if one.is_list:
        return [_plain(one, each) for each in draw(st.lists(st.sampled_from(pool), max_size=3))]
    return _plain(one, draw(st.sampled_from(pool)))


def _plain(one: Field, value: Any) -> Any:
    return json.dumps(value) if one.scalar is Scalar.JSON else value


def _connect(
    draw: st.DrawFn, model: Model, relation: Relation, found: list[dict[str, Any]], ids: dict[str, list[str]]
) -> None:
    each = ends(model, relation)
    assert relation.column is not None
    for row in found:
        partners: list[str | None] = [*ids[each.target.id], *([] if each.holder_field.required else [None])]
        row[relation.column] = draw(st.sampled_from(partners)) if partners else None


def _unique(model: Model, entity: Entity, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Only the first of rows that may not be there together, and none without the partner it needs."""
    columns = [each.column for each in entity.fields if each.unique and each.name != "id"]
    needed = []
    for relation in _held(model, entity):
        assert relation.column is not None
        if not ends(model, relation).target_field.is_list:
            columns.append(relation.column)
        if ends(model, relation).holder_field.required:
            needed.append(relation.column)
    seen: set[tuple[str, Any]] = set()
    kept = []
    for row in found:
        keys = {(column, _key(row[column])) for column in columns if row[column] is not None}
        if not keys & seen and all(row[column] is not None for column in needed):
            seen |= keys
            kept.append(row)
    return kept


def _key(value: Any) -> Any:
    """What uniqueness looks at (G 2.3)."""
    if not isinstance(value, str):
        return value
    return "".join(each for each in unicodedata.normalize("NFKD", value) if not unicodedata.combining(each)).casefold()[
        :191
    ]


def _dropped(model: Model, made: Rows) -> None:
    """Rows whose partner was left out are left out as well, or let go of it."""
    changed = True
    while changed:
        changed = False
        there = {row["id"] for found in made.tables.values() for row in found}
        for entity in model.entities:
            for relation in _held(model, entity):
                for row in list(made.tables[entity.table]):
                    partner = row[relation.column or ""]
                    if partner is None or partner in there:
                        continue
                    changed = True
                    if ends(model, relation).holder_field.required:
                        made.tables[entity.table].remove(row)
                        there.discard(row["id"])
                    else:
                        row[relation.column or ""] = None


@st.composite
def _pairs(draw: st.DrawFn, model: Model, relation: Relation, made: Rows) -> list[tuple[str, str]]:
    each = ends(model, relation)
    a, b = ([row["id"] for row in made.tables[entity.table]] for entity in (each.a, each.b))
    if not a or not b:
        return []
    drawn = draw(st.lists(st.tuples(st.sampled_from(a), st.sampled_from(b)), unique=True, max_size=6))
    if each.b_field is not None:
        return drawn
    single = not each.a_field.is_list
    pairs: dict[tuple[str, str], None] = {}
    for one, other in drawn:
        if single and {one, other} & {end for pair in pairs for end in pair}:
            continue
        pairs[(one, other)] = pairs[(other, one)] = None
    return list(pairs)
