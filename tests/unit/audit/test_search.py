"""Who reads which part of the history (B14), and how it is paged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.domain import search
from audit.domain.heads import due
from common.errors import Refused
from contracts.access import ANONYMOUS, INVALID, Principal

OWNER = Principal(kind="user", id="u1", organisations={"mine": "owner", "also": "owner", "other": "member"})
OPERATOR = Principal(kind="user", id="op", operator=True)


def code(principal: Principal, organisation: str | None) -> str:
    with pytest.raises(Refused) as refused:
        search.visible(principal, organisation)
    return refused.value.code


def test_an_owner_reads_what_he_owns_and_an_operator_everything() -> None:
    assert search.visible(OWNER, None) == ("also", "mine")
    assert search.visible(OWNER, "mine") == ("mine",)
    assert search.visible(OPERATOR, None) is None
    assert search.visible(OPERATOR, "_") == ("_",)
    assert search.visible(Principal(kind="user", id="u2", organisations={"other": "member"}), None) == ()


def test_what_one_may_not_see_is_not_found_and_what_one_may_not_do_forbidden() -> None:
    assert code(OWNER, "foreign") == "NOT_FOUND"
    assert code(OWNER, "_") == "NOT_FOUND"
    assert code(OWNER, "other") == "FORBIDDEN"
    assert code(ANONYMOUS, None) == "UNAUTHENTICATED"
    assert code(INVALID, "mine") == "UNAUTHENTICATED"


def test_an_entry_is_seen_by_owners_and_operators_only() -> None:
    assert search.may_see(OWNER, "mine")
    assert search.may_see(OPERATOR, "_")
    assert not search.may_see(OWNER, "other")
    assert not search.may_see(OWNER, "_")


@given(st.integers(0, 10**15))
def test_a_cursor_comes_back_as_its_index(index: int) -> None:
    assert search.parse_cursor(search.cursor(index)) == index


@pytest.mark.parametrize("text", ["", "x", "ZW50cnk6", "ZW50cnk6LTE=", "ZW50cnk6MTIz!", "é", "ZW50cnk6" + "MTIz" * 20])
def test_a_cursor_nobody_gave_out_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="unknown cursor"):
        search.parse_cursor(text)


@pytest.mark.parametrize("first", [-1, 501])
def test_a_page_has_bounds(first: int) -> None:
    with pytest.raises(Refused, match="first is"):
        search.page_size(first)


@given(st.text(max_size=20))
def test_a_prefix_covers_what_begins_with_it_and_nothing_else(tail: str) -> None:
    match = search.match("mortise.billing.")

    assert match is not None
    assert match.text <= "mortise.billing." + tail < match.end
    assert not match.text <= "mortise.billingx" + tail < match.end
    assert not match.text <= "mortise.billin" < match.end


def test_a_head_is_due_when_something_else_than_heads_was_written() -> None:
    assert due(size=1, heads_after=0, last_size=0)
    assert not due(size=0, heads_after=0, last_size=0)
    assert not due(size=11, heads_after=1, last_size=10)
    assert due(size=12, heads_after=1, last_size=10)
    assert not due(size=3, heads_after=0, last_size=10)
