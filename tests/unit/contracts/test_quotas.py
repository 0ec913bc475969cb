"""What environments may have, by kind, by the operator's settings, by grants and caps (C 1.4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.kinds import KINDS
from contracts.quotas import DECLARED, DEFAULTS, OUTSIDE_PRODUCTION, Quota, configured, in_force, of_kind

OUTSIDE = ("stage", "dev", "private", "demo")
NUMBERS = st.one_of(st.none(), st.integers(1, 1_000))


def test_production_is_unlimited_and_everything_else_alike() -> None:
    assert DEFAULTS["prod"] == Quota()
    assert {kind: DEFAULTS[kind] for kind in OUTSIDE} == dict.fromkeys(
        OUTSIDE,
        Quota(calls_per_second=10, calls_per_day=10_000, database_megabytes=256, sleep_minutes=15, log_days=7),
    )
    assert OUTSIDE_PRODUCTION.burst == 50


def test_an_operator_changes_a_number_everywhere_or_of_one_kind() -> None:
    environ = {
        "MORTISE_QUOTA_CALLS_PER_DAY": "500",
        "MORTISE_QUOTA_DEMO_CALLS_PER_DAY": "off",
        "MORTISE_QUOTA_PROD_DATABASE_MEGABYTES": "1000",
        "MORTISE_QUOTA_SLEEP_MINUTES": "",
    }

    found = configured(environ)

    assert {kind: found[kind].calls_per_day for kind in KINDS} == {
        **dict.fromkeys(KINDS, 500),
        "demo": None,
    }
    assert found["prod"].database_megabytes == 1000
    assert found["dev"].sleep_minutes == 15


def test_all_limits_can_be_lifted_at_once() -> None:
    found = configured({"MORTISE_QUOTAS": "off", "MORTISE_QUOTA_DEV_CALLS_PER_DAY": "1"})

    assert set(found.values()) == {Quota()}
    assert of_kind(configured({}), "something new") == DEFAULTS["dev"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MORTISE_QUOTA_CALLS_PER_MONTH", "1"),
        ("MORTISE_QUOTA_LIVE_CALLS_PER_DAY", "1"),
        ("MORTISE_QUOTA_CALLS_PER_DAY", "0"),
        ("MORTISE_QUOTA_CALLS_PER_DAY", "-1"),
        ("MORTISE_QUOTA_CALLS_PER_DAY", "many"),
        ("MORTISE_QUOTA_CALLS_PER_DAY", "99999999999"),
        ("MORTISE_QUOTAS", "maybe"),
    ],
)
def test_a_setting_that_means_nothing_is_named(variable: str, value: str) -> None:
    with pytest.raises(ValueError, match=variable):
        configured({variable: value})


@given(
    kind=st.builds(Quota, NUMBERS, NUMBERS, NUMBERS),
    granted=st.dictionaries(st.sampled_from(DECLARED), st.one_of(st.none(), st.integers(0, 1_000))),
    caps=st.dictionaries(st.sampled_from(DECLARED), NUMBERS),
)
def test_a_cap_never_raises_a_limit(kind: Quota, granted: dict[str, int | None], caps: dict[str, int | None]) -> None:
    without, capped = in_force(kind, granted, None), in_force(kind, granted, caps)

    for name in DECLARED:
        most, now = getattr(without, name), getattr(capped, name)
        assert now == most or (now == caps[name] and (most is None or now < most))


def test_a_grant_stands_in_the_place_of_the_kinds_number() -> None:
    found = in_force(OUTSIDE_PRODUCTION, {"calls_per_second": 100, "calls_per_day": 0}, {"calls_per_second": 40})

    assert (found.calls_per_second, found.burst, found.calls_per_day) == (40, 200, None)
    assert found.database_megabytes == 256
