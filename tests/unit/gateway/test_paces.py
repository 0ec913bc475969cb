"""Who may stand behind others on a connection follows from what statements took of late."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.paces import DEPTH_MAX, KNOWN_MAX, SLOW_SECONDS, WAIT_SECONDS, Paces

TEXT = "select 1"


def measured(*seconds: float) -> Paces:
    paces = Paces()
    for one in seconds:
        paces.took(TEXT, one)
    return paces


def test_a_statement_that_was_never_measured_has_a_connection_for_itself() -> None:
    assert Paces().depth(TEXT) == 1


def test_what_is_over_at_once_lets_others_stand_behind_it() -> None:
    assert measured(*[WAIT_SECONDS / 100] * 10).depth(TEXT) == DEPTH_MAX


def test_so_many_stand_on_a_connection_that_nobody_waits_too_long() -> None:
    assert measured(*[WAIT_SECONDS / 3.5] * 20).depth(TEXT) == 3


def test_a_delay_now_and_then_does_not_spoil_what_many_have_shown() -> None:
    quick = [WAIT_SECONDS / 20] * 20

    assert measured(*quick, SLOW_SECONDS * 0.9, *quick, SLOW_SECONDS * 0.9).depth(TEXT) == DEPTH_MAX


def test_who_was_slow_once_must_show_anew_that_it_was_an_exception() -> None:
    paces = measured(*[WAIT_SECONDS / 20] * 20, SLOW_SECONDS)
    assert paces.depth(TEXT) == 1
    for _ in range(8):
        paces.took(TEXT, WAIT_SECONDS / 20)

    assert paces.depth(TEXT) == DEPTH_MAX


@given(st.lists(st.floats(1e-7, 1e3), max_size=30))
def test_the_depth_always_lies_between_one_and_its_bound(seconds: list[float]) -> None:
    assert 1 <= measured(*seconds).depth(TEXT) <= DEPTH_MAX


def test_only_so_many_statements_are_remembered() -> None:
    paces = Paces()
    for number in range(3 * KNOWN_MAX):
        paces.took(f"select {number}", 0.001)

    assert len(paces._seconds) <= KNOWN_MAX  # noqa: SLF001 - memory is what is tested
