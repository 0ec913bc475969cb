"""A gate lets through what a quota allows and not one call more, whatever the clock does (C 1.4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.quotas import OUTSIDE_PRODUCTION, Quota
from gateway.domain import outcomes
from gateway.domain.quotas import (
    DAY_MS,
    MEASURE_BYTES,
    MEASURE_MS,
    Gate,
    database_full,
    grows,
    limits_anything,
    retry_after,
    too_many,
)

MORNING = 20_000 * DAY_MS + 8 * 3_600_000


def gate(workers: int = 1, **numbers: int) -> Gate:
    made = Gate()
    made.bound(Quota(**numbers), workers)
    return made


def through(one: Gate, at_ms: int, tries: int) -> int:
    """How many of some calls at once are let through."""
    return sum(one.enter(at_ms) == 0 for _ in range(tries))


@given(
    rate=st.integers(1, 200),
    workers=st.integers(1, 8),
    pauses=st.lists(st.integers(0, 3000), min_size=1, max_size=150),
)
def test_never_more_than_the_burst_and_what_the_time_allows(rate: int, workers: int, pauses: list[int]) -> None:
    one, at, let = gate(workers, calls_per_second=rate), MORNING, 0
    burst = max(1, 5 * rate // workers)
    for pause in pauses:
        at += pause
        let += one.enter(at) == 0
        assert let <= burst + rate * (at - MORNING) / 1000 / workers + 1e-6


@given(rate=st.integers(1, 200), pauses=st.lists(st.integers(0, 3000), min_size=1, max_size=100))
def test_whoever_waits_as_long_as_he_is_told_is_let_through(rate: int, pauses: list[int]) -> None:
    one, at = gate(calls_per_second=rate), MORNING
    for pause in pauses:
        at += pause
        through(one, at, 5 * rate)
        wait_ms = one.enter(at)
        if wait_ms:
            assert one.enter(at + wait_ms) == 0
            at += wait_ms


def test_the_numbers_outside_production_are_ten_a_second_and_fifty_at_once() -> None:
    one = Gate()
    one.bound(OUTSIDE_PRODUCTION, 1)

    assert through(one, MORNING, 200) == 50
    assert through(one, MORNING + 1000, 200) == 10
    assert through(one, MORNING + 60_000, 200) == 50


def test_workers_share_what_there_is() -> None:
    shares = [gate(4, calls_per_second=10) for _ in range(4)]

    assert sum(through(one, MORNING, 200) for one in shares) == 48
    assert all(gate(4, calls_per_second=1).enter(MORNING) == 0 for _ in range(4))


@given(back_ms=st.integers(1, 10 * DAY_MS))
def test_a_clock_that_is_set_back_closes_no_gate_for_longer_than_the_limit_would(back_ms: int) -> None:
    one = gate(calls_per_second=10)
    through(one, MORNING, 200)

    wait_ms = one.enter(MORNING - back_ms)

    assert wait_ms <= 5_000 + 100


def test_a_day_lets_through_as_many_calls_as_it_has_and_the_next_one_begins_anew() -> None:
    one = gate(calls_per_day=30)

    assert through(one, MORNING, 100) == 30
    assert one.enter(MORNING) == 16 * 3_600_000
    assert through(one, MORNING + 16 * 3_600_000, 100) == 30


def test_what_other_workers_let_through_counts_too() -> None:
    one = gate(calls_per_day=30)
    through(one, MORNING, 5)
    at_send = one.calls
    through(one, MORNING, 2)

    one.learn(one.day, 25, at_send)

    assert (one.calls, one.told) == (27, 25)
    assert through(one, MORNING, 100) == 3
    one.learn(one.day - 1, 1000, 0)
    assert one.calls == 30


def test_a_call_that_comes_again_another_way_is_counted_once() -> None:
    one = gate(calls_per_second=1, calls_per_day=10)
    for _ in range(100):
        assert one.enter(MORNING) == 0
        one.leave()

    assert one.calls == 0
    assert through(one, MORNING, 100) == 5


def test_a_refusal_says_what_is_limited_and_when_it_goes_on() -> None:
    fast, long = gate(calls_per_second=1), gate(calls_per_day=1)
    through(fast, MORNING, 10)
    through(long, MORNING, 10)

    soon = too_many(fast, "dev", fast.enter(MORNING))
    tomorrow = too_many(long, "dev", long.enter(MORNING))

    assert (soon.code, soon.reason, retry_after(soon)) == ("RATE_LIMITED", "RATE_LIMITED", 1)
    assert (tomorrow.code, tomorrow.reason, retry_after(tomorrow)) == ("RATE_LIMITED", "QUOTA_EXCEEDED", 16 * 3600)
    assert tomorrow.details["resetsAt"] == "2024-10-05T00:00:00Z"
    assert {outcomes.of_refusal(one) for one in (soon, tomorrow)} == {"limited"}


def test_refused_calls_of_one_caller_become_one_record() -> None:
    one = gate(calls_per_second=1)
    for number in range(100):
        one.refuse(("key", "client") if number % 2 else ("other", None), 10, 20)

    noted = {caller: (each.times, each.bytes_in, each.bytes_out) for caller, each in one.refused.items()}
    assert noted == {("key", "client"): (50, 500, 1000), ("other", None): (50, 500, 1000)}
    assert one.limited == 100


def test_a_database_is_measured_when_it_may_have_grown_and_full_from_its_limit_on() -> None:
    one = gate(database_megabytes=10)

    assert one.wrote(100, MORNING)
    one.measured(9_999_999, MORNING)
    assert not one.full
    assert not one.wrote(100, MORNING + 1)
    assert one.wrote(MEASURE_BYTES, MORNING + 2)
    one.measured(10_000_000, MORNING + 2)
    assert one.full
    assert not one.wrote(1, MORNING + 3)
    assert one.wrote(1, MORNING + 1_002)
    one.measured(None, MORNING + 1_002)
    assert one.full
    assert one.wrote(1, MORNING + 1_002 + MEASURE_MS)
    refusal = database_full(one, "dev")
    assert (refusal.code, refusal.reason, outcomes.of_refusal(refusal)) == ("FORBIDDEN", "DATABASE_FULL", "limited")


def test_nothing_is_measured_where_nothing_is_limited() -> None:
    assert not gate(calls_per_day=1).wrote(1 << 40, MORNING)


@pytest.mark.parametrize(
    ("statement", "larger"),
    [
        ('with written as (insert into "app"."t4" as "t" ("id") values ($1::text)', True),
        ('with "w1" as (update "app"."t2" set "r20" = $1::text', True),
        ('with written as (delete from "app"."t4" "t" where "t"."id" = $1::text', False),
        ('select \'{"updated":\' || "t1"."updated_at" from "app"."t1" "t1"', False),
    ],
)
def test_what_only_takes_away_makes_no_database_larger(statement: str, larger: bool) -> None:  # noqa: FBT001 - a case
    assert grows([statement]) is larger


def test_an_environment_sleeps_when_nobody_called_for_its_minutes() -> None:
    one = gate(sleep_minutes=15)
    one.enter(MORNING)

    assert not one.may_sleep(MORNING + 15 * 60_000 - 1)
    assert one.may_sleep(MORNING + 15 * 60_000)
    assert not gate(calls_per_day=5).may_sleep(MORNING)


def test_an_environment_without_limits_needs_no_gate() -> None:
    assert not limits_anything(Quota(log_days=7))
    assert limits_anything(Quota(sleep_minutes=1))
