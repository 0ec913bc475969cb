"""An import's token says how far it is, and only we can write one."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import Refused
from gateway.domain.bulk.transfer import Transfer, read, written
from gateway.domain.bulk.values import ID

BEGUN = Transfer("t1", "e1", "csv", "replace", began_ms=1_700_000_000_000, type="Band", linked=True, line=2)


def seal(text: str) -> str:
    return hashlib.sha256(f"secret {text}".encode()).hexdigest()


def test_a_token_is_read_as_it_was_written() -> None:
    now = BEGUN.after(10, 8, 2)

    assert read(written(now, seal), seal, "e1") == now
    assert (now.line, now.nodes, now.edges) == (12, 8, 2)


@given(st.integers(0, 300), st.characters())
def test_a_token_with_another_letter_is_refused(place: int, letter: str) -> None:
    token = written(BEGUN, seal)
    place %= len(token)
    other = token[:place] + letter + token[place + 1 :]

    if other != token:
        with pytest.raises(Refused, match="not given out"):
            read(other, seal, "e1")


def test_a_token_of_another_environment_is_refused() -> None:
    with pytest.raises(Refused, match="not given out"):
        read(written(BEGUN, seal), seal, "e2")


def test_a_sheet_that_points_at_itself_goes_through_three_stages() -> None:
    stages = [BEGUN.after(100, 50, 0)]
    while (following := stages[-1].next_stage()) is not None:
        stages.append(following.after(100, 1, 1))

    assert [one.stage for one in stages] == ["check", "rows", "links"]
    assert (stages[-1].line, stages[-1].nodes) == (102, 2)


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_ids_of_lines_are_ids_that_differ_and_stay_in_order(one: int, other: int) -> None:
    ids = BEGUN.new_id(one), BEGUN.new_id(other)

    assert all(ID.fullmatch(each) for each in ids)
    assert (ids[0] < ids[1]) == (one < other)
