"""Outputs -> an expression that writes them as JSON text.

Texts are put together with `||` from `to_json` and constants; `jsonb` would reorder keys and costs half on lists, and
`json_build_object` is slower on large answers. The order of keys is ours to keep.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from common.sql import EMPTY, Sql, join, literal, sql
from contracts.model import Field, Scalar
from gateway.engine.plan.pages import PAGE_MAX
from gateway.engine.plan.tree import (
    Count,
    CountOutput,
    Fixed,
    Link,
    Many,
    One,
    Order,
    Output,
    Page,
    Rows,
    Stored,
)
from gateway.engine.source import Const, Input
from gateway.engine.sql import text
from gateway.engine.sql.aliases import Aliases
from gateway.engine.sql.conditions import holds, related_from

Piece = str | Sql
"""Constant JSON text, or an expression of type text."""


def node(outputs: tuple[Output, ...], alias: str, aliases: Aliases) -> Sql:
    """The JSON object of the row `alias`."""
    members = [(output.key, _pieces(output, alias, aliases)) for output in outputs]
    return _object(members)


def nodes(many: Many, near: str | None, aliases: Aliases) -> Sql:
    """`select` the JSON list of a list of nodes."""
    rows = many.rows
    inner, outer = aliases.new("t"), aliases.new("q")
    needed = dict.fromkeys(_columns(many.outputs))
    order, page = rows.order, rows.page or Page()
    resort = EMPTY
    if page.from_end and order is not None:
        # Read from the end backwards, written forwards.
        resort = sql(" order by {by}", by=_order_by(order, text.column(outer, "key"), outer, backwards=False))
        needed["id"] = None
    selected = [text.column(inner, name) for name in needed] or [sql("1")]
    if page.from_end and order is not None:
        selected.append(sql('{key} as "key"', key=text.order_key(inner, order.field)))
    return sql(
        "select coalesce('[' || string_agg({node}, ','{resort}) || ']', '[]') from ({rows}) {outer}",
        node=node(many.outputs, outer, aliases),
        resort=resort,
        rows=window(rows, join(", ", selected), inner, near, aliases),
        outer=aliases.name(outer),
    )


def count(counted: Count, near: str | None, aliases: Aliases) -> Sql:
    """`select` the JSON object of a count."""
    far = aliases.new("t")
    items, within = _from(counted.rows, far, near, aliases)
    return sql(
        "select {object} from {items}{where}",
        object=_object([(one.key, _count_pieces(one)) for one in counted.outputs]),
        items=items,
        where=_where(within),
    )


def window(rows: Rows, selected: Sql, alias: str, near: str | None, aliases: Aliases) -> Sql:
    """`select` the rows of one page, in order (backwards when the page is counted from the end)."""
    items, within = _from(rows, alias, near, aliases)
    page, order = rows.page or Page(), rows.order
    assert order is not None, "every list has an order"
    for cursor, beyond in ((page.after, True), (page.before, False)):
        if cursor is not None:
            mark = aliases.new("m")
            items = sql("{items}, {mark}", items=items, mark=_cursor(rows, cursor, mark, aliases))
            within.append(_position(order, alias, mark, after=beyond))
    return sql(
        "select {selected} from {items}{where} order by {order}{limit}{skip}",
        selected=selected,
        items=items,
        where=_where(within),
        order=_order_by(order, text.order_key(alias, order.field), alias, backwards=page.from_end),
        limit=sql(" limit {n}", n=_number(page.limit or Const(PAGE_MAX))),
        skip=sql(" offset {n}", n=_number(page.skip)) if page.skip is not None else EMPTY,
    )


def _from(rows: Rows, alias: str, near: str | None, aliases: Aliases) -> tuple[Sql, list[Sql]]:
    within: list[Sql] = []
    if rows.link is not None and near is not None:
        items, linked = related_from(rows.link, near, alias, aliases)
        within.append(linked)
    else:
        items = sql("{table} {alias}", table=text.table(rows.entity.table), alias=aliases.name(alias))
    if rows.condition is not None:
        within.append(holds(rows.condition, alias, aliases))
    return items, within


def _where(conditions: list[Sql]) -> Sql:
    return sql(" where {all}", all=join(" and ", conditions)) if conditions else EMPTY


def _number(source: Input) -> Sql:
    """A page number: constants stand in the text, so that the planner knows them."""
    return Sql((str(int(source.value)),)) if isinstance(source, Const) else text.parameter(source, "int4")


# --- order and cursors --------------------------------------------------------------------------------------------


def _order_by(order: Order, key: Sql, alias: str, *, backwards: bool) -> Sql:
    """Null before every value ascending, after every value descending; ties by id, the oldest first (G 3, 5.4)."""
    down = order.descending != backwards
    identity = sql("{id} desc" if backwards else "{id}", id=text.column(alias, "id"))
    if order.field.column == "id":
        return sql("{id} desc" if down else "{id}", id=text.column(alias, "id"))
    # Said even where no null can be: an index in this order is only used when the statement says the same.
    nulls = sql(" nulls last" if down else " nulls first")
    template = "{key} desc{nulls}, {identity}" if down else "{key}{nulls}, {identity}"
    return sql(template, key=key, nulls=nulls, identity=identity)


def _cursor(rows: Rows, cursor: Input, mark: str, aliases: Aliases) -> Sql:
    """The place of the cursor's node; no row when there is no such node, hence no page (G 5.5)."""
    assert rows.order is not None, "every list has an order"
    at = aliases.new("t")
    return sql(
        '(select {id}, {key} as "key" from {table} {at} where {id} = {cursor}) {mark}',
        id=text.column(at, "id"),
        key=text.order_key(at, rows.order.field),
        table=text.table(rows.entity.table),
        at=aliases.name(at),
        cursor=text.text(cursor),
        mark=aliases.name(mark),
    )


def _position(order: Order, alias: str, mark: str, *, after: bool) -> Sql:
    """The row stands after (before) the cursor in the order (key, id)."""
    field = order.field
    names = {
        "key": text.order_key(alias, field),
        "id": text.column(alias, "id"),
        "mark_key": text.column(mark, "key"),
        "mark_id": text.column(mark, "id"),
    }
    upwards = after != order.descending
    if field.column == "id":
        return sql("{id} > {mark_id}" if upwards else "{id} < {mark_id}", **names)
    if field.required and upwards and after:
        return sql("({key}, {id}) > ({mark_key}, {mark_id})", **names)
    if field.required and not upwards and not after:
        return sql("({key}, {id}) < ({mark_key}, {mark_id})", **names)
    names["tie"] = sql("{id} > {mark_id}" if after else "{id} < {mark_id}", **names)
    template = (
        "({key} > {mark_key} or {key} = {mark_key} and {tie}"
        if upwards
        else ("({key} < {mark_key} or {key} = {mark_key} and {tie}")
    )
    if field.required:
        return sql(template + ")", **names)
    # Null is below every value: going up it can only be left behind, going down it comes last.
    nulls = (
        " or {mark_key} is null and ({key} is not null or {tie}))"
        if upwards
        else " or {key} is null and ({mark_key} is not null or {tie}))"
    )
    return sql(template + nulls, **names)


# --- members ------------------------------------------------------------------------------------------------------


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
    items, within = _from(one.rows, far, near, aliases)
    found = sql(
        "(select {node} from {items}{where})", node=node(one.outputs, far, aliases), items=items, where=_where(within)
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
            return ['"', sql("app.instant({value})", value=stored), '"']
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


def _object(members: Iterable[tuple[str, list[Piece]]]) -> Sql:
    pieces: list[Piece] = []
    for key, value_pieces in members:
        pieces.append(f'{"," if pieces else "{"}"{key}":')
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
    return join(" || ", [literal(piece) if isinstance(piece, str) else piece for piece in merged])


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
