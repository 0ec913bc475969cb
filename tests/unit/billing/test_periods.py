"""Months are local, and they tile time (A22)."""

from __future__ import annotations

import json
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain import periods
from common.errors import Refused

ROWS = {row["id"]: row for row in map(json.loads, (Path(__file__).parent / "golden.jsonl").read_text().splitlines())}
ZONES = sorted(zone for zone in available_timezones() if "/" in zone)
LABELS = [f"{year}-{month:02d}" for year in (2026, 2027, 2028) for month in range(1, 13)]


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1000


def test_the_time_zone_decides_the_month() -> None:
    row = ROWS["G21"]

    assert {zone: periods.label_at(ms(row["input"]["call"]), zone) for zone in row["expect"]} == row["expect"]
    april = periods.month("2026-04", "Europe/Paris")
    assert [april.from_ms, april.to_ms] == [ms(text) for text in row["paris_april_utc"]]


@given(st.sampled_from(ZONES), st.integers(0, len(LABELS) - 2))
def test_consecutive_months_meet_exactly_in_every_zone(zone: str, at: int) -> None:
    one, following = periods.month(LABELS[at], zone), periods.month(LABELS[at + 1], zone)

    assert one.to_ms == following.from_ms
    assert one.from_ms % 60_000 == 0
    assert periods.label_at(one.from_ms, zone) == one.label
    assert periods.label_at(one.to_ms - 1, zone) == one.label
    assert periods.label_at(one.to_ms, zone) == following.label


@pytest.mark.parametrize(
    "label", ["", "2026", "2026-13", "2026-00", "26-01", "2026-1", "1999-01", "2026-01-01", "٢٠٢٦-01"]
)
def test_what_is_no_month_is_refused(label: str) -> None:
    with pytest.raises(Refused, match="is no period"):
        periods.month(label, "UTC")


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "Europe"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(ValueError, match="unknown time zone"):
        periods.known_zone(zone)


def test_an_anchor_on_the_31st_comes_back_after_a_shorter_month() -> None:
    row = ROWS["G29"]
    anchor = date.fromisoformat(row["expect"][0][0])

    found = [[periods.nth(anchor, n).isoformat(), periods.nth(anchor, n + 1).isoformat()] for n in range(4)]

    assert found == row["expect"]


@given(st.sampled_from(ZONES), st.sampled_from(LABELS))
def test_the_local_days_of_a_month_tile_it(zone: str, label: str) -> None:
    period = periods.month(label, zone)
    days = period.days()

    assert (days[0][0], days[-1][1]) == (period.from_ms, period.to_ms)
    assert all(one[1] == following[0] for one, following in pairwise(days))
    assert 28 <= len(days) <= 31
