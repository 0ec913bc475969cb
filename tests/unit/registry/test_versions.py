"""Version numbers only grow, and every version says what is new."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from common.errors import Refused
from registry.domain.versions import next_version, release_notes

NUMBERS = some.tuples(*[some.integers(min_value=0, max_value=999_999_998)] * 3)


def test_a_version_that_is_not_asked_for_is_the_next_patch() -> None:
    assert next_version("0.0.9", None) == "0.0.10"


@given(NUMBERS, NUMBERS)
def test_a_version_is_accepted_exactly_when_it_is_greater(last: tuple[int, ...], asked: tuple[int, ...]) -> None:
    texts = [".".join(map(str, each)) for each in (last, asked)]
    if asked > last:
        assert next_version(*texts) == texts[1]
    else:
        with pytest.raises(Refused, match="is not greater than the last one"):
            next_version(*texts)


@pytest.mark.parametrize(
    "asked", ["", "1", "1.2", "v1.2.3", "1.2.3-rc", "01.2.3", "1.2.x", "-1.0.0", "1.2.3\n", "9" * 40]
)
def test_what_is_not_three_numbers_is_refused_with_a_hint(asked: str) -> None:
    with pytest.raises(Refused, match="is not a version") as refusal:
        next_version("0.0.1", asked)
    assert refusal.value.hint


def test_release_notes_are_trimmed_and_empty_ones_left_out() -> None:
    assert release_notes(["  one ", "", " \n", "two"]) == ("one", "two")


@pytest.mark.parametrize("notes", [[], [" "], ["a"] * 51, ["a" * 2001], ["a\0b"], ["\ud800"]])
def test_unusable_release_notes_are_refused(notes: list[str]) -> None:
    with pytest.raises(Refused):
        release_notes(notes)
