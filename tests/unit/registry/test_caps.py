"""Owners lower what an environment may have, operators grant more (C 1.4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import Refused
from contracts import quotas
from contracts import registry as said
from contracts.quotas import DECLARED, OUTSIDE_PRODUCTION, Quota
from registry.domain import caps
from registry.domain.caps import Caps, Place

DEV = Place("e1", "dev", "o1")
PROD = Place("e2", "prod", "o1")
CHANGES = st.dictionaries(st.sampled_from(DECLARED), st.one_of(st.none(), st.integers(0, 20_000)))


def known(*events: said.CapsChanged | None) -> Caps | None:
    return caps.fold([event for event in events if event is not None])


def test_a_cap_lowers_what_there_is_and_leaves_the_rest() -> None:
    first = caps.cap(None, DEV, {"calls_per_second": 5}, OUTSIDE_PRODUCTION)
    second = caps.cap(known(first), DEV, {"calls_per_day": 100}, OUTSIDE_PRODUCTION)
    third = caps.cap(known(first, second), DEV, {"calls_per_second": None}, OUTSIDE_PRODUCTION)

    assert second is not None
    assert second.caps == said.Caps(calls_per_second=5, calls_per_day=100)
    assert third is not None
    assert third.caps == said.Caps(calls_per_day=100)
    assert (third.environment, third.organisation, third.granted) == ("e1", "o1", said.Caps())


def test_a_cap_above_the_limit_is_refused_with_the_number() -> None:
    with pytest.raises(Refused, match="may have 10 calls a second; 11 is more") as refused:
        caps.cap(None, DEV, {"calls_per_second": 11}, OUTSIDE_PRODUCTION)

    assert (refused.value.reason, refused.value.field) == ("ABOVE_LIMIT", "callsPerSecond")


def test_what_an_operator_granted_is_the_limit_of_caps() -> None:
    granted = caps.grant(None, DEV, {"calls_per_second": 100, "calls_per_day": 0})
    lowered = caps.cap(known(granted), DEV, {"calls_per_second": 60, "calls_per_day": 10**6}, OUTSIDE_PRODUCTION)

    assert lowered is not None
    assert lowered.granted == said.Caps(calls_per_second=100, calls_per_day=0)
    assert lowered.caps == said.Caps(calls_per_second=60, calls_per_day=10**6)


def test_production_can_be_capped_at_any_number() -> None:
    capped = caps.cap(None, PROD, {"calls_per_second": 1_000, "calls_per_day": 10**7}, Quota())

    assert capped is not None
    assert capped.caps == said.Caps(calls_per_second=1_000, calls_per_day=10**7)


def test_saying_the_same_again_says_nothing() -> None:
    event = caps.cap(None, DEV, {"calls_per_day": 5}, OUTSIDE_PRODUCTION)

    assert caps.cap(known(event), DEV, {"calls_per_day": 5}, OUTSIDE_PRODUCTION) is None
    assert caps.cap(None, DEV, {"calls_per_day": None}, OUTSIDE_PRODUCTION) is None
    assert caps.grant(None, DEV, {}) is None


@pytest.mark.parametrize("number", [0, -1, 2**31])
def test_a_cap_is_a_number_that_lets_something_through(number: int) -> None:
    with pytest.raises(Refused) as refused:
        caps.cap(None, PROD, {"calls_per_day": number}, Quota())

    assert (refused.value.reason, refused.value.field) == ("OUT_OF_RANGE", "callsPerDay")


def test_a_grant_is_no_negative_number() -> None:
    with pytest.raises(Refused) as refused:
        caps.grant(None, DEV, {"database_megabytes": -1})

    assert refused.value.field == "databaseMegabytes"


@given(st.lists(st.tuples(st.booleans(), CHANGES), max_size=8))
def test_owners_alone_never_get_more_than_was_granted(steps: list[tuple[bool, dict[str, int | None]]]) -> None:
    state: Caps | None = None
    for operator, changed in steps:
        try:
            event = caps.grant(state, DEV, changed) if operator else caps.cap(state, DEV, changed, OUTSIDE_PRODUCTION)
        except Refused:
            continue
        state = state if event is None else caps.evolve(state, event)
        granted, own = (state.granted, state.caps) if state else (None, None)
        most = quotas.in_force(OUTSIDE_PRODUCTION, granted, None)
        now = quotas.in_force(OUTSIDE_PRODUCTION, granted, own)
        for name in DECLARED:
            limit, left = getattr(most, name), getattr(now, name)
            assert limit is None or (left is not None and left <= limit)
