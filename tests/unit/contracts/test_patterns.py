"""What a pattern of types or subjects means."""

from __future__ import annotations

import fnmatch

from hypothesis import given
from hypothesis import strategies as some

from contracts import patterns


@given(
    some.text("ab.*", min_size=1, max_size=8),
    some.text("ab.", max_size=8),
)
def test_a_pattern_means_what_a_shell_would_take_it_for(pattern: str, text: str) -> None:
    assert patterns.matches([pattern], text) is fnmatch.fnmatchcase(text, pattern)


def test_a_pattern_written_to_take_long_does_not() -> None:
    assert not patterns.matches(["*a" * 90], "a" * 89)
