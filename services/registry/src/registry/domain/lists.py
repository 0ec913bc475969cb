"""What a list should show: filters, order and page, read and refused the same way for every list (P 3.1)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal

from common.errors import Refused, bad_input
from registry.domain.wording import shortened

Kind = Literal["text", "exact", "boolean", "time", "number"]
Direction = Literal["ASC", "DESC"]
Operator = Literal["EQ", "NE", "CONTAINS", "STARTS_WITH", "GT", "GTE", "LT", "LTE", "IN"]

LIMIT: Final = 50
LIMIT_MAX: Final = 500
IN_VALUES_MAX: Final = 100
DAY: Final = timedelta(days=1)
COMPARE: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "EQ": operator.eq,
    "NE": operator.ne,
    "GT": operator.gt,
    "GTE": operator.ge,
    "LT": operator.lt,
    "LTE": operator.le,
}
PARTIAL: Final = frozenset({"CONTAINS", "STARTS_WITH"})


@dataclass(frozen=True)
class Columns:
    """What a list may be filtered and ordered by, and its order when nobody asks."""

    kinds: Mapping[str, Kind]
    order: str
    direction: Direction = "ASC"

    def named(self, name: str) -> str:
        """The column of that name; camelCase is accepted as well. Refuses an unknown one with those there are."""
        snake = re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
        if snake in self.kinds:
            return snake
        raise bad_input(
            f"There is no column {shortened(name)!r} to filter or order by.",
            f"There are: {', '.join(sorted(self.kinds))}.",
            reason="UNKNOWN_FIELD",
            field="field",
        )


@dataclass(frozen=True)
class Test:
    """One condition on one column; `day` when a time was given as a date and means that whole day."""

    column: str
    kind: Kind
    operator: Operator
    values: tuple[Any, ...]
    day: bool = False


@dataclass(frozen=True)
class Wanted:
    """A page of a list."""

    tests: tuple[Test, ...]
    order: str
    direction: Direction
    limit: int
    offset: int


def wanted(
    columns: Columns,
    *,
    filters: Sequence[Mapping[str, Any]] | None,
    order: Mapping[str, Any] | None,
    pagination: Mapping[str, Any] | None,
) -> Wanted:
    """The page that the arguments of a list ask for. Refuses BAD_USER_INPUT what cannot be read."""
    limit, offset = (pagination["limit"], pagination["offset"]) if pagination else (LIMIT, 0)
    if not 0 <= limit <= LIMIT_MAX:
        raise bad_input(f"limit is {limit}.", f"Use 0 to {LIMIT_MAX}.", field="pagination.limit")
    if offset < 0:
        raise bad_input(f"offset is {offset}.", "Use 0 or more.", field="pagination.offset")
    return Wanted(
        tests=tuple(_test(columns, each) for each in filters or ()),
        order=columns.named(order["field"]) if order else columns.order,
        direction=order["direction"] if order else columns.direction,
        limit=limit,
        offset=offset,
    )


def page(rows: Sequence[Mapping[str, Any]], want: Wanted) -> list[Mapping[str, Any]]:
    """The page out of rows in memory: for what is sealed in tables and cannot be compared there."""
    kept = [row for row in rows if all(_passes(test, row[test.column]) for test in want.tests)]
    down = want.direction == "DESC"
    kept.sort(key=lambda row: row["id"], reverse=down)
    kept.sort(key=lambda row: _sortable(row[want.order]), reverse=down)
    kept.sort(key=lambda row: row[want.order] is None)
    return kept[want.offset : want.offset + want.limit]


def _test(columns: Columns, given: Mapping[str, Any]) -> Test:
    column = columns.named(given["field"])
    kind = columns.kinds[column]
    op: Operator = given.get("op") or ("CONTAINS" if kind == "text" else "EQ")
    if op in PARTIAL and kind not in {"text", "exact"}:
        raise bad_input(f"{op} does not apply to {column!r}.", "Use EQ, NE or a comparison.", field="op")
    if kind == "boolean" and op not in {"EQ", "NE", "IN"}:
        raise bad_input(f"{op} does not apply to {column!r}.", "Use EQ or NE.", field="op")
    texts = [text.strip() for text in given["value"].split(",")] if op == "IN" else [given["value"]]
    if len(texts) > IN_VALUES_MAX:
        raise bad_input(f"IN has {len(texts)} values.", f"Use at most {IN_VALUES_MAX}.", field="value")
    day = kind == "time" and op != "IN" and re.fullmatch(r"\d{4}-\d\d-\d\d", texts[0]) is not None
    return Test(column, kind, op, tuple(_value(column, kind, text) for text in texts), day)


def _value(column: str, kind: Kind, text: str) -> Any:
    refused = bad_input(f"{shortened(text)!r} is no value of {column!r} ({kind}).", field="value")
    if "\0" in text:
        raise refused
    match kind:
        case "boolean":
            return _boolean(text, refused)
        case "time":
            return _time(text, refused)
        case "number":
            return _number(text, refused)
        case _:
            return text


def _boolean(text: str, refused: Refused) -> bool:
    if text not in {"true", "false"}:
        raise refused
    return text == "true"


def _number(text: str, refused: Refused) -> int:
    if not re.fullmatch(r"-?\d{1,18}", text):
        raise refused
    return int(text)


def _time(text: str, refused: Refused) -> datetime:
    try:
        if len(text) == len("2026-01-31"):
            return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
        at = datetime.fromisoformat(text)
    except ValueError:
        raise refused from None
    if at.tzinfo is None:
        raise refused
    return at


def _passes(test: Test, value: Any) -> bool:
    if value is None:
        return test.operator == "NE"
    first = test.values[0]
    if test.day:
        return _day(test.operator, first)(value)
    if test.operator == "IN":
        return value in test.values
    if test.operator in PARTIAL:
        text, part = str(value).casefold(), first.casefold()
        return bool(part in text if test.operator == "CONTAINS" else text.startswith(part))
    return bool(COMPARE[test.operator](value, first))


def _day(op: Operator, day: datetime) -> Callable[[datetime], bool]:
    after = day + DAY
    return {
        "EQ": lambda at: day <= at < after,
        "NE": lambda at: not day <= at < after,
        "GT": lambda at: at >= after,
        "GTE": lambda at: at >= day,
        "LT": lambda at: at < day,
        "LTE": lambda at: at < after,
    }[op]


def _sortable(value: Any) -> Any:
    """Text in the order people expect; None anywhere, because it is moved to the end afterwards."""
    if value is None:
        return (0, "")
    return (1, value.casefold() if isinstance(value, str) else value)
