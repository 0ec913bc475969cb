"""Statements that write an environment's data out, a line per row, in an order that is always the same.

PostgreSQL makes the lines; they pass through this process as bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from common.sql import Sql, ident, join, literal, sql
from contracts.model import Entity, Field, Relation, RelationField, Scalar
from gateway.domain.bulk import sheets
from gateway.domain.bulk.lines import TYPE
from gateway.domain.bulk.shape import Link, Pair, Shape, Table, relation_sides

APP: Final = "app"
_PIECES_MAX: Final = 40
"""Texts that one call of `concat` puts together; the server takes a hundred."""
_INSTANT: Final = """to_char({value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""


def lock(shape: Shape) -> Sql:
    """Keep deployments from changing the tables while they are read."""
    relations = [ident(APP, one.table) for one in shape.model.relations if one.table is not None]
    tables = [ident(APP, table.entity.table) for table in shape.order]
    return sql("lock table {all} in access share mode", all=join(", ", [*tables, *relations]))


def nodes(table: Table) -> Sql:
    """The nodes of a type as JSON, by id; a row is one text without line breaks."""
    pieces = [
        _constant("{" + f'"{TYPE}":{json.dumps(table.name)},"id":"'),
        ident("id"),
        _constant('"'),
        _quoted("createdAt", _instant("created_at")),
        _quoted("updatedAt", _instant("updated_at")),
        *(_member(field) for field in table.fields),
        *(_quoted(link.member, ident(link.column)) for link in table.required),
        _constant("}"),
    ]
    return sql("select {line} from {of} order by {id}", line=_together(pieces), of=_of(table.entity), id=ident("id"))


def edges(shape: Shape, relation: Relation) -> Sql:
    """The edges of a relation as JSON, side b first; of a symmetric one each edge once."""
    (a, a_field), (b, b_field) = relation_sides(shape, relation)
    if relation.table is not None:
        source, a_id, b_id = ident(APP, relation.table), ident("a"), ident("b")
        where = sql(" where {a} <= {b}", a=a_id, b=b_id) if relation.b_field is None else Sql()
    else:
        holder, column = (a if relation.storage == "a" else b), ident(relation.column or "")
        source, where = _of(holder), sql(" where {column} is not null", column=column)
        a_id, b_id = (ident("id"), column) if relation.storage == "a" else (column, ident("id"))
    pieces = [
        _constant("[" + _end(b, '"')),
        b_id,
        _constant('"' + _field(b_field) + "," + _end(a, '"')),
        a_id,
        _constant('"' + _field(a_field) + "]"),
    ]
    return sql(
        "select {line} from {of}{where} order by {a}, {b}",
        line=_together(pieces),
        of=source,
        where=where,
        a=a_id,
        b=b_id,
    )


def sheet(table: Table) -> Sql:
    """The nodes of a type as the columns of a sheet, by id."""
    cells = {
        "id": ident("id"),
        "createdAt": _instant("created_at"),
        "updatedAt": _instant("updated_at"),
        **{field.name: _cell(field) for field in table.fields},
        **{member: _partner(one) for member, one in table.to_one.items()},
    }
    assert tuple(cells) == sheets.columns(table), "what is written is what is read"
    columns = [sql("{cell} as {name}", cell=cell, name=ident(name)) for name, cell in cells.items()]
    return sql(
        "select {columns} from {of} {t} order by {id}",
        columns=join(", ", columns),
        of=_of(table.entity),
        t=ident("t"),
        id=ident("t", "id"),
    )


def _of(entity: Entity) -> Sql:
    return ident(APP, entity.table)


def _constant(text: str) -> Sql:
    return literal(text)


def _instant(column: str) -> Sql:
    return sql(_INSTANT, value=ident(column))


def _quoted(name: str, value: Sql) -> Sql:
    """A member whose text needs no escapes."""
    return sql("{name} || {value} || '\"'", name=literal(f',{json.dumps(name)}:"'), value=value)


def _member(field: Field) -> Sql:
    """A member of a node; null, which `concat` passes over, when there is no value."""
    column, name = ident(field.column), literal(f",{json.dumps(field.name)}:")
    if field.is_list:
        value = _list(field)
    elif field.scalar is Scalar.STRING:
        value = sql("to_json({column})::text", column=column)
    elif field.scalar is Scalar.ENUM:
        return _quoted(field.name, column)
    elif field.scalar is Scalar.DATETIME:
        return _quoted(field.name, _instant(field.column))
    else:
        value = sql("{column}::text", column=column)
    if field.scalar is Scalar.JSON:
        # Line breaks stand between its values only: within a text they are escaped.
        value = sql("translate({value}, E'\\n\\r', '  ')", value=value)
    return sql("{name} || {value}", name=name, value=value)


def _list(field: Field) -> Sql:
    template = "array_to_json(app.instants({column}))" if field.scalar is Scalar.DATETIME else "array_to_json({column})"
    return sql("{list}::text", list=sql(template, column=ident(field.column)))


def _cell(field: Field) -> Sql:
    if field.is_list:
        return _list(field)
    return _instant(field.column) if field.scalar is Scalar.DATETIME else sql("{c}::text", c=ident(field.column))


def _partner(one: Link | Pair) -> Sql:
    if isinstance(one, Link):
        return ident(one.column)
    return sql(
        "(select {b} from {of} where {a} = {id})",
        b=ident("b"),
        of=ident(APP, one.relation.table or ""),
        a=ident("a"),
        id=ident("t", "id"),
    )


def _end(entity: Entity, rest: str) -> str:
    return "{" + f'"{TYPE}":{json.dumps(entity.name)},"id":' + rest


def _field(field: RelationField) -> str:
    return f',"fieldName":{json.dumps(field.name)}' + "}"


def _together(pieces: Sequence[Sql]) -> Sql:
    """One text of all; what is null is left out."""
    while len(pieces) > _PIECES_MAX:
        groups = [pieces[at : at + _PIECES_MAX] for at in range(0, len(pieces), _PIECES_MAX)]
        pieces = [sql("concat({pieces})", pieces=join(", ", group)) for group in groups]
    return sql("concat({pieces})", pieces=join(", ", pieces))
