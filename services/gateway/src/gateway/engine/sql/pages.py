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
    ways: list[Sql] = []
    for cursor, after in ((page.after, True), (page.before, False)):
        if cursor is not None:
            mark = aliases.new("m")
            marks.append(_cursor(rows.entity, order, cursor, mark, aliases))
            if ways or order.field.required:
                within.append(_position(order, alias, mark, after=after))
            else:
                ways = _ways(order, alias, mark, after=after)
    by = order_by(order, text.order_key(alias, order.field), alias, backwards=page.from_end)
    if not ways:
        return marks, _select(selected, items, within, by, _pages(page))
    # The page is what is first of what each way finds; the ways go on where the page could end.
    enough = _limit(page) if page.skip is None else sql("{n}::int8 + {m}", n=_limit(page), m=_number(page.skip))
    found = [_select(selected, items, [*within, way], by, sql(" limit {n}", n=enough)) for way in ways]
    whole = aliases.new("u")
    return marks, sql(
        "select * from ({found}) {whole} order by {by}{pages}",
        found=join(" union all ", [sql("({one})", one=one) for one in found]),
        whole=aliases.name(whole),
        by=order_by(order, text.column(whole, "key"), whole, backwards=page.from_end),
        pages=_pages(page),
    )


def parted(rows: Rows) -> bool:
    """Whether `window` needs the id and the order's key, as `key`, among what is selected: a cursor may be at null."""
    page, order = rows.page, rows.order
    if page is None or order is None or order.field.required:
        return False
    return page.after is not None or page.before is not None


def _select(selected: Sql, items: Sql, within: list[Sql], by: Sql, pages: Sql) -> Sql:
    return sql(
        "select {selected} from {items}{where} order by {by}{pages}",
        selected=selected,
        items=items,
        where=where(within),
        by=by,
        pages=pages,
    )


def _pages(page: Page) -> Sql:
    skip = sql(" offset {n}", n=_number(page.skip)) if page.skip is not None else EMPTY
    return sql(" limit {n}{skip}", n=_limit(page), skip=skip)


def _limit(page: Page) -> Sql:
    return _number(page.limit or Const(PAGE_MAX))


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
    upwards = after != order.descending
    names = _names(order, alias, mark, after=after)
    if field.column == "id":
        return sql("{id} > {mark_id}" if upwards else "{id} < {mark_id}", **names)
    if field.required:
        template = {
            (True, True): "({key}, {id}) > ({mark_key}, {mark_id})",
            (False, False): "({key}, {id}) < ({mark_key}, {mark_id})",
            # The first comparison says nothing new; it is the one that an index understands.
            (True, False): _ABOVE,
            (False, True): _BELOW,
        }[upwards, after]
        return sql(template, **names)
    # Null is below every value: going up it can only be left behind, going down it comes last.
    rest = "{mark_key} is null and ({key} is not null or {tie})"
    if not upwards:
        rest = "{key} is null and ({mark_key} is not null or {tie})"
    return sql("(" + (_ABOVE if upwards else _BELOW) + " or " + rest + ")", **names)


def _ways(order: Order, alias: str, mark: str, *, after: bool) -> list[Sql]:
    """The same where the key can be null, in parts that have no row in common; an index understands each."""
    if after != order.descending:
        ways = (
            "{mark_key} is not null and " + _ABOVE,
            "{mark_key} is null and {key} is null and {tie}",
            "{mark_key} is null and {key} is not null",
        )
    else:
        ways = (
            "{mark_key} is not null and " + _BELOW,
            "{mark_key} is not null and {key} is null",
            "{mark_key} is null and {key} is null and {tie}",
        )
    return [sql(way, **_names(order, alias, mark, after=after)) for way in ways]


def _names(order: Order, alias: str, mark: str, *, after: bool) -> dict[str, Sql]:
    own, marked = text.column(alias, "id"), text.column(mark, "id")
    return {
        "key": text.order_key(alias, order.field),
        "id": own,
        "mark_key": text.column(mark, "key"),
        "mark_id": marked,
        "tie": sql("{id} > {mark_id}" if after else "{id} < {mark_id}", id=own, mark_id=marked),
    }


_ABOVE: Final = "{key} >= {mark_key} and ({key} > {mark_key} or {tie})"
_BELOW: Final = "{key} <= {mark_key} and ({key} < {mark_key} or {tie})"
