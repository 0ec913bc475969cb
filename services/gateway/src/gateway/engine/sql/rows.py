"""Nodes that are written: rows of one statement, one node's new values, or its end."""

from __future__ import annotations

from typing import Final

from common.sql import EMPTY, Sql, ident, join, sql
from contracts.model import Scalar
from gateway.engine.plan.changes import Assign, Column, Delete, Insert, Update
from gateway.engine.source import Each, ListText, Now, Source
from gateway.engine.sql import text

ROW: Final = "t"
"""Alias of the written node in its own statement."""
_GIVEN: Final = "w"
_OTHER_LISTS: Final = "app.other_json(array_to_json({old})::text, array_to_json({new})::text)"
_TIMES: Final = ("created_at", "updated_at")


def insert(change: Insert, gate: Sql, returning: Sql = EMPTY) -> Sql:
    """New rows. One takes its values as they are, several take lists of them, so that the text does not grow."""
    columns = [Column("id"), *change.columns]
    names = join(", ", [ident(name) for name in ("id", *_TIMES, *[one.name for one in change.columns])])
    now = text.parameter(Now(), "timestamptz")
    if len(change.rows) == 1:
        first, *given = [_single(column, value) for column, value in zip(columns, change.rows[0], strict=True)]
        values = join(", ", [first, now, now, *given])
        source = sql("select {values}{gate}", values=values, gate=text.where(gate)) if gate else None
        source = source or sql("values ({values})", values=values)
    else:
        source = _several(columns, change.rows, now, gate)
    return sql(
        "insert into {table} as {row} ({names}) {source}{returning}",
        table=text.table(change.entity.table),
        row=ident(ROW),
        names=names,
        source=source,
        returning=returning,
    )


def update(change: Update, gate: Sql, returning: Sql = EMPTY) -> Sql:
    """One node's values."""
    return sql(
        "update {table} {row} set {assigns} where {column} = {id}{gate}{returning}",
        table=text.table(change.entity.table),
        row=ident(ROW),
        assigns=join(", ", _assignments(change.assigns)),
        column=text.column(ROW, "id"),
        id=text.text(change.node),
        gate=text.also(gate),
        returning=returning,
    )


def delete(change: Delete, gate: Sql, returning: Sql = EMPTY) -> Sql:
    """One node's end."""
    return sql(
        "delete from {table} {row} where {column} = {id}{gate}{returning}",
        table=text.table(change.entity.table),
        row=ident(ROW),
        column=text.column(ROW, "id"),
        id=text.text(change.node),
        gate=text.also(gate),
        returning=returning,
    )


def _single(column: Column, value: Source) -> Sql:
    return text.parameter(value, _type(column))


def _several(columns: list[Column], rows: tuple[tuple[Source, ...], ...], now: Sql, gate: Sql) -> Sql:
    selected: list[Sql] = []
    lists: list[Sql] = []
    names: list[Sql] = []
    for number, column in enumerate(columns):
        values = [row[number] for row in rows]
        if all(value == values[0] for value in values):
            selected.append(_single(column, values[0]))
            continue
        given = text.column(_GIVEN, column.name)
        names.append(ident(column.name))
        if column.field is not None and column.field.is_list:
            # A list of lists would have to be a rectangle; the text of each is not.
            lists.append(text.texts(Each(tuple([ListText(value) for value in values]))))
            selected.append(sql("{given}::{type}", given=given, type=Sql((_type(column),))))
        else:
            lists.append(text.parameter(Each(tuple(values)), f"{_type(column)}[]"))
            selected.append(given)
    first, *rest = selected
    return sql(
        "select {values} from unnest({lists}) {given}({names}){gate}",
        values=join(", ", [first, now, now, *rest]),
        lists=join(", ", lists),
        given=ident(_GIVEN),
        names=join(", ", names),
        gate=text.where(gate),
    )


def _type(column: Column) -> str:
    return "text" if column.field is None else text.type_of(column.field)


def _assignments(assigns: tuple[Assign, ...]) -> list[Sql]:
    assigned = [sql("{column} = {given}", column=ident(one.column), given=_given(one)) for one in assigns]
    # Only a changed scalar moves the time: neither edges nor the same value again (G 2.1).
    changes = [_changed(one) for one in assigns if one.field is not None]
    if changes:
        moved = sql(
            "{column} = case when {changed} then {now} else {old} end",
            column=ident("updated_at"),
            changed=join(" or ", changes),
            now=text.parameter(Now(), "timestamptz"),
            old=text.column(ROW, "updated_at"),
        )
        assigned.append(moved)
    return assigned


def _changed(assign: Assign) -> Sql:
    old, new = text.column(ROW, assign.column), _given(assign)
    if assign.field is not None and assign.field.scalar is Scalar.JSON:
        # It is kept as it was written; what it says is what counts.
        template = _OTHER_LISTS if assign.field.is_list else "app.other_json({old}::text, {new}::text)"
        return sql(template, old=old, new=new)
    return sql("{old} is distinct from {new}", old=old, new=new)


def _given(assign: Assign) -> Sql:
    return text.parameter(assign.value, "text" if assign.field is None else text.type_of(assign.field))
