"""A page of a list in SQL: conditions, order with ties by id, nulls last, limit and offset (P 3.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from registry.domain.lists import DAY, Operator, Test, Wanted

Expression = sa.ColumnElement[Any]
Condition = sa.ColumnElement[bool]
ESCAPE: Final = "\\"

COMPARE: Final[Mapping[Operator, Callable[[Expression, Any], Condition]]] = {
    "EQ": lambda column, value: column == value,
    "NE": lambda column, value: column.is_distinct_from(value),
    "GT": lambda column, value: column > value,
    "GTE": lambda column, value: column >= value,
    "LT": lambda column, value: column < value,
    "LTE": lambda column, value: column <= value,
}

WITHIN_DAY: Final[Mapping[Operator, Callable[[Expression, Any], Condition]]] = {
    "EQ": lambda column, day: sa.and_(column >= day, column < day + DAY),
    "NE": lambda column, day: sa.or_(column < day, column >= day + DAY, column.is_(None)),
    "GT": lambda column, day: column >= day + DAY,
    "GTE": lambda column, day: column >= day,
    "LT": lambda column, day: column < day,
    "LTE": lambda column, day: column < day + DAY,
}


def page(statement: sa.Select[Any], columns: Mapping[str, Expression], want: Wanted) -> sa.Select[Any]:
    """The statement cut to the page; `columns` has an expression for every column of the list, `id` among them."""
    for test in want.tests:
        statement = statement.where(condition(columns[test.column], test))
    by = columns[want.order]
    if isinstance(by.type, sa.Text) and by.type.collation is None:
        by = sa.func.lower(by)
    ordered = [by.desc(), columns["id"].desc()] if want.direction == "DESC" else [by.asc(), columns["id"].asc()]
    return statement.order_by(ordered[0].nulls_last(), ordered[1]).limit(want.limit).offset(want.offset)


def condition(column: Expression, test: Test) -> Condition:
    """One filter."""
    first = test.values[0]
    if test.day:
        return WITHIN_DAY[test.operator](column, first)
    match test.operator:
        case "IN":
            return column.in_(list(test.values))
        case "CONTAINS":
            return column.ilike(f"%{escaped(first)}%", escape=ESCAPE)
        case "STARTS_WITH":
            return column.ilike(f"{escaped(first)}%", escape=ESCAPE)
        case _:
            return COMPARE[test.operator](column, first)


def escaped(text: str) -> str:
    """Text that LIKE takes literally."""
    return text.replace(ESCAPE, ESCAPE * 2).replace("%", ESCAPE + "%").replace("_", ESCAPE + "_")
