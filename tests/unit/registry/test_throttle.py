"""How often somebody may guess a password."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from registry.domain import throttle

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_three_guesses_are_free() -> None:
    assert throttle.wait_seconds([], START) == 0
    assert throttle.wait_seconds([START, START, START], START) == 0


def test_then_each_wrong_guess_doubles_the_wait() -> None:
    waits = [throttle.wait_seconds([START] * count, START) for count in range(4, 9)]

    assert waits == [1, 2, 4, 8, 16]


def test_what_was_long_ago_is_forgotten() -> None:
    assert throttle.wait_seconds([START] * 9, at(901)) == 0


def test_the_wait_is_never_longer_than_a_minute() -> None:
    assert throttle.wait_seconds([START] * 400, START) == 60


@given(st.lists(st.floats(0.01, 5.0), min_size=1, max_size=400))
def test_nobody_gets_ten_guesses_into_a_minute(pauses: list[float]) -> None:
    made: list[datetime] = []
    now = START
    for pause in pauses:
        now += timedelta(seconds=pause)
        if throttle.wait_seconds(made, now) == 0:
            made.append(now)

    for first in made:
        assert sum(first <= guess < first + timedelta(minutes=1) for guess in made) < 10
