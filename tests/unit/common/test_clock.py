"""The instant of a number of milliseconds is the one whose text says the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from common import clock

YEAR_3000_MS = 32_503_680_000_000


@given(some.integers(0, YEAR_3000_MS))
def test_milliseconds_and_instants_say_the_same(milliseconds: int) -> None:
    at = clock.at(milliseconds)
    assert (at.tzinfo, (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)) == (UTC, milliseconds)
    assert clock.parse(clock.text(at)) == at
