"""Outputs -> an expression that writes them as JSON text.

Texts are put together with `||` from `to_json` and constants; `jsonb` would reorder keys and costs half on lists, and
`json_build_object` is slower on large answers. The order of keys is ours to keep.

What is related is looked up for each row of the page, by the index of the relation. Lateral joins cost the same; plain
joins of the one related node save a third where the other table is small, but let the planner read all of a large one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, assert_never

from common.sql import EMPTY, Sql, join, literal, sql
from contracts.model import Field, Scalar
from gateway.engine.plan.tree import (
    Count,
    Counted,
    CountOutput,
    Fixed,
    Link,
    Many,
    One,
    Output,
    Page,
    Stored,
)
from gateway.engine.sql import pages, text
from gateway.engine.sql.aliases import Aliases

_CHAIN_MAX: Final = 100
"""Texts that one chain of `||` puts together."""

_INSTANT: Final = """to_char({value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
"""Written out: a function around it is not inlined, as to_char only promises to be stable, and costs four times."""

Piece = str | Sql
"""Constant JSON text, or an expression of type text."""


def node(outputs: tuple[Output, ...], alias: str, aliases: Aliases) -> Sql:
    """The JSON object of the row `alias`."""
    return members([(output.key, _pieces(output, alias, aliases)) for output in outputs])


def nodes(many: Many, near: str | None, aliases: Aliases) -> Sql:
    """`select` the JSON list of a list of nodes."""
    rows = many.rows
    inner, outer = aliases.new("t"), aliases.new("q")
    needed = dict.fromkeys(_columns(many.outputs))
    order, page = rows.order, rows.page or Page()
    assert order is not None, "every list has an order"
    resort = EMPTY
    if page.from_end:
        # Read from the end backwards, written forwards.
        resort = sql(" order by {by}", by=pages.order_by(order, text.column(outer, "key"), outer, backwards=False))
    if page.from_end or pages.parted(rows):
        needed["id"] = None
    selected = [text.column(inner, name) for name in needed] or [sql("1")]
    if page.from_end or pages.parted(rows):
        selected.append(sql('{key} as "key"', key=text.order_key(inner, order.field)))
    marks, rows_sql = pages.window(rows, join(", ", selected), inner, near, aliases)
    return sql(
        "select coalesce('[' || string_agg({node}, ','{resort}) || ']', '[]') from {marks}({rows}) {outer}",
        node=node(many.outputs, outer, aliases),
        resort=resort,
        marks=sql("{marks}, lateral ", marks=join(", ", marks)) if marks else EMPTY,
        rows=rows_sql,
        outer=aliases.name(outer),
    )


def count(counted: Count, near: str | None, aliases: Aliases) -> Sql:
    """`select` the JSON object of a count."""
    if not any(isinstance(one, Counted) for one in counted.outputs):
        # Nothing is counted, so nothing would make one row of all.
        return sql("select {object}", object=members([(one.key, _count_pieces(one)) for one in counted.outputs]))
    far = aliases.new("t")
    items, within = pages.source(counted.rows, far, near, aliases)
    return sql(
        "select {object} from {items}{where}",
        object=members([(one.key, _count_pieces(one)) for one in counted.outputs]),
        items=items,
        where=pages.where(within),
    )


def _pieces(output: Output, alias: str, aliases: Aliases) -> list[Piece]:
    match output:
        case Stored(field=field):
            return _stored(field, text.column(alias, field.column))
        case Fixed(json=json):
            return [json]
        case Many():
            return [sql("({list})", list=nodes(output, alias, aliases))]
        case One():
            return [_one(output, alias, aliases)]
        case Count():
            return [sql("({count})", count=count(output, alias, aliases))]
        case _:
            assert_never(output)


def _count_pieces(output: CountOutput) -> list[Piece]:
    return [output.json] if isinstance(output, Fixed) else [sql("count(*)::text")]


def _one(one: One, near: str, aliases: Aliases) -> Sql:
    far = aliases.new("t")
    items, within = pages.source(one.rows, far, near, aliases)
    found = sql(
        "(select {node} from {items}{where})",
        node=node(one.outputs, far, aliases),
        items=items,
        where=pages.where(within),
    )
    return sql("coalesce({found}, 'null')", found=found)


def _stored(field: Field, stored: Sql) -> list[Piece]:
    pieces = _listed(field, stored) if field.is_list else _single(field.scalar, stored)
    if field.required:
        return pieces
    return [sql("coalesce({value}, 'null')", value=_concatenated(pieces))]


def _single(scalar: Scalar, stored: Sql) -> list[Piece]:
    match scalar:
        case Scalar.ID | Scalar.ENUM:
            # Ids and enum values hold no character that JSON escapes (G 2.6).
            return ['"', stored, '"']
        case Scalar.DATETIME:
            return ['"', sql(_INSTANT, value=stored), '"']
        case Scalar.STRING:
            return [sql("to_json({value})::text", value=stored)]
        case Scalar.INT | Scalar.FLOAT | Scalar.BOOLEAN | Scalar.JSON:
            return [sql("{value}::text", value=stored)]
        case _:
            assert_never(scalar)


def _listed(field: Field, stored: Sql) -> list[Piece]:
    if field.scalar is Scalar.DATETIME:
        return [sql("array_to_json(app.instants({value}))::text", value=stored)]
    return [sql("array_to_json({value})::text", value=stored)]


def members(named: Iterable[tuple[str, list[Piece]]]) -> Sql:
    """The JSON object of named values."""
    pieces: list[Piece] = ["{"]
    for key, value_pieces in named:
        pieces.append(f'{"," if len(pieces) > 1 else ""}"{key}":')
        pieces.extend(value_pieces)
    pieces.append("}")
    return _concatenated(pieces)


def _concatenated(pieces: list[Piece]) -> Sql:
    """The pieces with `||` between them; neighbouring constants become one."""
    merged: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    parts = [literal(piece) if isinstance(piece, str) else piece for piece in merged]
    while len(parts) > _CHAIN_MAX:
        # PostgreSQL walks a chain of operators by recursion, and its stack has an end.
        groups = [parts[n : n + _CHAIN_MAX] for n in range(0, len(parts), _CHAIN_MAX)]
        parts = [sql("({parts})", parts=join(" || ", group)) for group in groups]
    return join(" || ", parts)


def _columns(outputs: tuple[Output, ...]) -> Iterable[str]:
    """The columns of a row that its JSON is written from."""
    for output in outputs:
        match output:
            case Stored(field=field):
                yield field.column
            case Many(rows=rows) | One(rows=rows) | Count(rows=rows):
                yield _near_column(rows.link)
            case Fixed():
                pass
            case _:
                assert_never(output)


def _near_column(link: Link | None) -> str:
    return link.column if link is not None and link.keeps == "near" else "id"
