"""Which rows stand in an answer, in which order: windows of ordered lists, and the places of cursors (G 5.4, 5.5)."""

from __future__ import annotations

from typing import Final

from common.sql import EMPTY, Sql, join, sql
from contracts.model import Entity
from gateway.engine.plan.pages import PAGE_MAX
from gateway.engine.plan.tree import Order, Page, Rows
from gateway.engine.source import Const, Input
from gateway.engine.sql import text
from gateway.engine.sql.aliases import Aliases
from gateway.engine.sql.conditions import holds, related_from


def window(rows: Rows, selected: Sql, alias: str, near: str | None, aliases: Aliases) -> tuple[list[Sql], Sql]:
    """The places of cursors, and the `select` of the rows of one page between them.

    Rows come in order; backwards when the page is counted from the end. The places are one row each, joined before the
    page, so that an index can begin at them.
    """
    items, within = source(rows, alias, near, aliases)
    page, order = rows.page or Page(), rows.order
    assert order is not None, "every list has an order"
    marks: list[Sql] = []
    for cursor, after in ((page.after, True), (page.before, False)):
        if cursor is not None:
            mark = aliases.new("m")
            marks.append(_cursor(rows.entity, order, cursor, mark, aliases))
            within.append(_position(order, alias, mark, after=after))
    statement = sql(
        "select {selected} from {items}{where} order by {order}{limit}{skip}",
        selected=selected,
        items=items,
        where=where(within),
        order=order_by(order, text.order_key(alias, order.field), alias, backwards=page.from_end),
        limit=sql(" limit {n}", n=_number(page.limit or Const(PAGE_MAX))),
        skip=sql(" offset {n}", n=_number(page.skip)) if page.skip is not None else EMPTY,
    )
    return marks, statement


def source(rows: Rows, alias: str, near: str | None, aliases: Aliases) -> tuple[Sql, list[Sql]]:
    within: list[Sql] = []
    if rows.link is not None and near is not None:
        items, linked = related_from(rows.link, near, alias, aliases)
        within.append(linked)
    else:
        items = sql("{table} {alias}", table=text.table(rows.entity.table), alias=aliases.name(alias))
    if rows.condition is not None:
        within.append(holds(rows.condition, alias, aliases))
    return items, within


def where(conditions: list[Sql]) -> Sql:
    return sql(" where {all}", all=join(" and ", conditions)) if conditions else EMPTY


def _number(source: Input) -> Sql:
    """A page number: constants stand in the text, so that the planner knows them."""
    return Sql((str(int(source.value)),)) if isinstance(source, Const) else text.parameter(source, "int4")


def order_by(order: Order, key: Sql, alias: str, *, backwards: bool) -> Sql:
    """Null before every value ascending, after every value descending; ties by id, the oldest first (G 3, 5.4)."""
    down = order.descending != backwards
    identity = sql("{id} desc" if backwards else "{id}", id=text.column(alias, "id"))
    if order.field.column == "id":
        return sql("{id} desc" if down else "{id}", id=text.column(alias, "id"))
    # Said even where no null can be: an index in this order is only used when the statement says the same.
    nulls = sql(" nulls last" if down else " nulls first")
    template = "{key} desc{nulls}, {identity}" if down else "{key}{nulls}, {identity}"
    return sql(template, key=key, nulls=nulls, identity=identity)


def _cursor(entity: Entity, order: Order, cursor: Input, mark: str, aliases: Aliases) -> Sql:
    """The place of the cursor's node; no row when there is no such node, hence no page (G 5.5)."""
    at = aliases.new("t")
    return sql(
        '(select {id}, {key} as "key" from {table} {at} where {id} = {cursor}) {mark}',
        id=text.column(at, "id"),
        key=text.order_key(at, order.field),
        table=text.table(entity.table),
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
    tie = sql("{id} > {mark_id}" if after else "{id} < {mark_id}", **names)
    # Null is below every value: going up it can only be left behind, going down it comes last.
    template = {
        (True, True, True): "({key}, {id}) > ({mark_key}, {mark_id})",
        (True, False, False): "({key}, {id}) < ({mark_key}, {mark_id})",
        # The first comparison says nothing new; it is the one that an index understands.
        (True, True, False): "{key} >= {mark_key} and ({key} > {mark_key} or {tie})",
        (True, False, True): "{key} <= {mark_key} and ({key} < {mark_key} or {tie})",
        (False, True, True): _NULLABLE_UP,
        (False, True, False): _NULLABLE_UP,
        (False, False, True): _NULLABLE_DOWN,
        (False, False, False): _NULLABLE_DOWN,
    }[field.required, upwards, after]
    return sql(template, tie=tie, **names)


_NULLABLE_UP: Final = (
    "({key} > {mark_key} or {key} = {mark_key} and {tie} or {mark_key} is null and ({key} is not null or {tie}))"
)
_NULLABLE_DOWN: Final = (
    "({key} < {mark_key} or {key} = {mark_key} and {tie} or {key} is null and ({mark_key} is not null or {tie}))"
)
