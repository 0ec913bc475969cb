"""A monthly price is owed for local days, each once, by the last plan that was live on it (MA 4.5, A11, A12)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain import finalising, invoices, periods
from billing.domain.invoices import Account, Book, Cut, Instance, Minute
from billing.domain.subscriptions import Terms, Version
from proof import rating

ROWS = {row["id"]: row for row in map(json.loads, (Path(__file__).parent / "golden.jsonl").read_text().splitlines())}
CUT = Cut(1, 1, 4_000_000_000_000)
ACCOUNT = Account("o1", "Makers", "p1", "Shop", "c1", "Acme", "EUR", "UTC")
DAY_MS = 24 * 60 * 60 * 1000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1000


def monthly(number: int, price: str, since: str = "2026-01-01T00:00:00Z") -> Version:
    return Version("cart", number, Terms("MONTHLY", rating.price(price), "EUR", "c1"), ms(since))


def drafted(
    plans: tuple[Version, ...], live: tuple[tuple[int, int | None], ...], label: str, zone: str = "UTC", cut: Cut = CUT
) -> dict[str, Any]:
    book = Book({"cart": plans}, (), {"cart": Instance("cart", "Cart", "m1", live)})
    return invoices.draft(book, periods.month(label, zone), replace(ACCOUNT, zone=zone), cut)


def shown(draft: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: line[name] for name in ("code", "quantity", "unit_price", "amount")} for line in draft["lines"]]


def assert_golden(name: str, draft: dict[str, Any], of: int) -> None:
    assert shown(draft) == ROWS[name]["lines"]
    assert draft["subtotal"] == ROWS[name]["subtotal"]
    assert {line["of"] for line in draft["lines"]} == {str(of)}


def test_a_whole_month_costs_exactly_its_price() -> None:
    live = ((ms("2026-05-03T00:00:00Z"), None),)

    assert_golden("G03", drafted((monthly(1, "49.00"),), live, "2026-06"), 30)


def test_the_day_on_which_prod_opens_counts_whole_in_the_zone_of_the_payer() -> None:
    given_ = ROWS["G04"]["input"]
    live = ((ms(given_["live_from"]), None),)

    assert_golden("G04", drafted((monthly(1, given_["price"]),), live, given_["period"], given_["tz"]), 31)


def test_a_plan_change_at_any_hour_gives_the_day_to_the_new_plan() -> None:
    given_ = ROWS["G05"]["input"]
    plans = (monthly(1, given_["A"]), monthly(2, given_["B"], given_["switch"]))
    live = ((ms("2026-01-01T00:00:00Z"), None),)

    assert_golden("G05", drafted(plans, live, "2026-05", given_["tz"]), 31)


def test_a_plan_change_at_midnight_leaves_the_day_before_to_the_old_plan() -> None:
    plans = (monthly(1, "31"), monthly(2, "62", "2026-05-11T00:00:00Z"))

    draft = drafted(plans, ((0, None),), "2026-05")

    assert [(line["plan"], line["quantity"]) for line in draft["lines"]] == [("cart@1", "10"), ("cart@2", "21")]


def test_days_on_which_it_was_off_cost_nothing_and_make_no_second_line() -> None:
    live = (
        (ms("2026-05-01T00:00:00Z"), ms("2026-06-11T00:00:00Z")),
        (ms("2026-06-21T00:00:00Z"), None),
    )

    assert_golden("G07", drafted((monthly(1, "99.00"),), live, "2026-06"), 30)


def test_a_draft_counts_the_days_until_now() -> None:
    live = ((ms("2026-06-01T00:00:00Z"), None),)

    draft = drafted((monthly(1, "30"),), live, "2026-06", cut=Cut(1, 1, ms("2026-06-10T00:00:01Z")))

    assert [line["quantity"] for line in draft["lines"]] == ["10"]
    assert draft["cutoff"]["until"] == "2026-06-10T00:00:01.000Z"


INSTANTS = st.integers(0, 30 * 24 * 60).map(lambda minute: ms("2026-06-01T00:00:00Z") + minute * 60_000)


@given(
    INSTANTS, INSTANTS, st.lists(INSTANTS, max_size=5), st.sampled_from(["UTC", "Asia/Kathmandu", "America/New_York"])
)
def test_splitting_a_live_time_changes_nothing(one: int, other: int, cuts: list[int], zone: str) -> None:
    start, end = sorted((one, other))
    edges = sorted({start, end, *(cut for cut in cuts if start < cut < end)})
    split = tuple(pairwise(edges))

    whole = drafted((monthly(1, "49"),), ((start, end),), "2026-06", zone)

    assert drafted((monthly(1, "49"),), split, "2026-06", zone)["lines"] == whole["lines"]


@given(st.lists(st.tuples(INSTANTS, INSTANTS), max_size=4), st.lists(INSTANTS, max_size=4))
def test_no_day_is_billed_twice(lives: list[tuple[int, int]], switches: list[int]) -> None:
    live = tuple((min(pair), max(pair)) for pair in lives)
    plans = tuple(
        replace(monthly(number, "30"), effective_ms=at) for number, at in enumerate([0, *sorted(switches)], start=1)
    )
    first = ms("2026-06-01T00:00:00Z")
    days = [(first + n * DAY_MS, first + (n + 1) * DAY_MS) for n in range(30)]
    touched = [day for day in days if any(max(day[0], start) < min(day[1], end) for start, end in live)]

    draft = drafted(plans, live, "2026-06")

    assert sum(int(line["quantity"]) for line in draft["lines"]) == len(touched)


def test_one_client_with_three_instances_pays_what_the_example_says() -> None:
    row = ROWS["G28"]
    live = {
        "P1/cart": ((ms("2026-01-01T00:00:00Z"), None),),
        "P1/mail": ((ms("2026-07-22T22:30:00Z"), None),),
        "P2/cart": ((ms("2026-01-01T00:00:00Z"), None),),
    }
    terms = {"P1/cart": ("PAY_PER_CALL", "0.002"), "P1/mail": ("MONTHLY", "49"), "P2/cart": ("MONTHLY", "28.41")}
    plans = {
        name: (Version(name, 1, Terms(kind, rating.price(price), "EUR", "c1"), 0),)  # type: ignore[arg-type]
        for name, (kind, price) in terms.items()
    }
    at = ms("2026-07-10T12:00:00Z")
    calls = [("prod", 40417), ("dev", row["input"]["calls_dev"]), ("stage", row["input"]["calls_stage"])]
    usage = [Minute("P1/cart", kind, "c1", at, "ok", count) for kind, count in calls]
    book = Book(plans, usage, {name: Instance(name, name, f"maker of {name}", times) for name, times in live.items()})
    period = periods.month(row["input"]["month"], "Europe/Paris")

    draft = invoices.draft(book, period, replace(ACCOUNT, zone="Europe/Paris"), CUT, Fraction(20))

    assert [(line["quantity"], line["unit_price"], line["amount"]) for line in draft["lines"]] == [
        (line["quantity"], line["unit_price"], line["amount"]) for line in row["lines"]
    ]
    assert (draft["subtotal"], draft["tax"]["amount"], draft["total"]) == (row["subtotal"], row["tax"], row["total"])
    platform, makers = finalising.shares(draft)
    assert platform == row["platform_share"]
    assert [maker.net for maker in makers] == row["maker_by_line"]


@pytest.mark.parametrize("zone", ["Europe/Paris", "Asia/Kathmandu", "Pacific/Apia"])
def test_a_month_with_a_change_of_clocks_has_its_days(zone: str) -> None:
    draft = drafted((monthly(1, "31"),), ((0, None),), "2026-10", zone)

    assert [(line["quantity"], line["of"], line["amount"]) for line in draft["lines"]] == [("31", "31", "31.00")]
