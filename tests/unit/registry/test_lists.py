"""Filters, order and pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from common.errors import Refused
from registry.domain import lists
from registry.domain.lists import Columns

COLUMNS = Columns(
    {
        "id": "exact",
        "name": "text",
        "slug": "exact",
        "disabled": "boolean",
        "created_at": "time",
        "count": "number",
    },
    "name",
)


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 1, day, hour, tzinfo=UTC)


ROWS: list[dict[str, Any]] = [
    {"id": "1", "name": "Beta", "slug": "b", "disabled": False, "created_at": at(1), "count": 3},
    {"id": "2", "name": "alpha", "slug": "a", "disabled": True, "created_at": at(2), "count": None},
    {"id": "3", "name": None, "slug": "c", "disabled": False, "created_at": at(3, 0), "count": 1},
    {"id": "4", "name": "alphabet", "slug": "B", "disabled": False, "created_at": at(4), "count": 2},
]


def ids(
    *filters: tuple[str, str, str | None], order: tuple[str, str] | None = None, page: tuple[int, int] | None = None
) -> list[str]:
    want = lists.wanted(
        COLUMNS,
        filters=[{"field": field, "value": value, "op": op} for field, value, op in filters],
        order={"field": order[0], "direction": order[1]} if order else None,
        pagination={"limit": page[0], "offset": page[1]} if page else None,
    )
    return [row["id"] for row in lists.page(ROWS, want)]


def test_without_wishes_a_list_has_its_own_order_with_nulls_last() -> None:
    assert ids() == ["2", "4", "1", "3"]


@pytest.mark.parametrize(
    ("test", "found"),
    [
        (("name", "ALPHA", None), {"2", "4"}),
        (("name", "alpha", "EQ"), {"2"}),
        (("name", "alpha", "NE"), {"1", "3", "4"}),
        (("name", "bet", "STARTS_WITH"), {"1"}),
        (("slug", "b", None), {"1"}),
        (("slug", "b, c", "IN"), {"1", "3"}),
        (("disabled", "true", None), {"2"}),
        (("createdAt", "2026-01-02", None), {"2"}),
        (("created_at", "2026-01-02", "GT"), {"3", "4"}),
        (("created_at", "2026-01-02", "GTE"), {"2", "3", "4"}),
        (("created_at", "2026-01-02", "LT"), {"1"}),
        (("created_at", "2026-01-02", "LTE"), {"1", "2"}),
        (("created_at", "2026-01-02", "NE"), {"1", "3", "4"}),
        (("created_at", "2026-01-03T01:00:00+01:00", None), {"3"}),
        (("count", "2", "GTE"), {"1", "4"}),
    ],
)
def test_a_filter_means(test: tuple[str, str, str | None], found: set[str]) -> None:
    assert set(ids(test)) == found


def test_all_filters_must_hold() -> None:
    assert ids(("name", "alpha", None), ("disabled", "false", None)) == ["4"]


def test_nulls_are_last_in_both_directions() -> None:
    assert ids(order=("count", "ASC")) == ["3", "4", "1", "2"]
    assert ids(order=("count", "DESC")) == ["1", "4", "3", "2"]


def test_ties_follow_the_direction() -> None:
    assert ids(order=("disabled", "ASC")) == ["1", "3", "4", "2"]
    assert ids(order=("disabled", "DESC")) == ["2", "4", "3", "1"]


def test_a_page_is_a_piece_of_the_list() -> None:
    assert ids(page=(2, 1)) == ["4", "1"]
    assert ids(page=(0, 0)) == []
    assert ids(page=(10, 99)) == []


@pytest.mark.parametrize("page", [(501, 0), (-1, 0), (1, -1)])
def test_a_page_outside_the_limits_is_refused(page: tuple[int, int]) -> None:
    with pytest.raises(Refused) as refused:
        ids(page=page)
    assert refused.value.code == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "test",
    [
        ("disabled", "yes", None),
        ("disabled", "true", "GT"),
        ("disabled", "t", "CONTAINS"),
        ("created_at", "yesterday", None),
        ("created_at", "2026-13-01", None),
        ("created_at", "2026-01-01T00:00:00", None),
        ("created_at", "2026", "CONTAINS"),
        ("count", "many", None),
        ("count", "9" * 30, None),
        ("name", "a\0b", None),
        ("slug", ",".join("x" for _ in range(101)), "IN"),
    ],
)
def test_a_value_that_cannot_be_read_is_refused(test: tuple[str, str, str | None]) -> None:
    with pytest.raises(Refused) as refused:
        ids(test)
    assert refused.value.code == "BAD_USER_INPUT"


def test_an_unknown_column_is_refused_with_those_there_are() -> None:
    with pytest.raises(Refused) as refused:
        ids(("password", "x", None))
    assert refused.value.reason == "UNKNOWN_FIELD"
    assert "created_at" in (refused.value.hint or "")
    with pytest.raises(Refused):
        ids(order=("token_hash", "ASC"))
