"""Which plan is in force when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain import subscriptions
from billing.domain.subscriptions import Subscribed, Terms, Version, in_force, next_minute
from common.errors import Refused
from contracts.billing import RatePlanAssigned

SHOP = Subscribed(instance="i1", organisation="o1", project="p1", service="s1")
AT = datetime(2026, 11, 20, 10, 0, 30, 500_000, tzinfo=UTC)
SECOND_2026 = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
TIMES = st.integers(SECOND_2026, SECOND_2026 + 365 * 86_400).map(lambda second: datetime.fromtimestamp(second, UTC))


def per_call(price: str, currency: str = "EUR", client: str | None = None) -> Terms:
    return subscriptions.terms("PAY_PER_CALL", price=price, currency=currency, client=client)


def said(*facts: RatePlanAssigned | None) -> tuple[Version, ...]:
    return subscriptions.fold(fact for fact in facts if fact is not None)


def test_the_first_plan_is_version_one_from_the_next_minute_on() -> None:
    fact = subscriptions.assign((), SHOP, per_call("0.0100"), at=AT)

    assert fact == RatePlanAssigned(
        instance="i1",
        organisation="o1",
        project="p1",
        service="s1",
        plan="i1@1",
        kind="PAY_PER_CALL",
        price="0.01",
        currency="EUR",
        client=None,
        effective_at="2026-11-20T10:01:00.000Z",
    )


def test_a_plan_takes_effect_with_its_own_minute_while_nobody_can_have_called_prod() -> None:
    fact = subscriptions.assign((), replace(SHOP, live=False), per_call("0.01"), at=AT)

    assert fact is not None
    assert fact.effective_at == "2026-11-20T10:00:00.000Z"


def test_the_same_terms_again_say_nothing() -> None:
    first = said(subscriptions.assign((), SHOP, per_call("0.01"), at=AT))

    assert subscriptions.assign(first, SHOP, per_call("0.010"), at=AT + timedelta(hours=1)) is None


def test_another_price_currency_client_or_kind_is_the_next_version() -> None:
    versions = said(subscriptions.assign((), SHOP, per_call("0.01"), at=AT))
    for wanted in (
        per_call("0.02"),
        per_call("0.02", "JPY"),
        per_call("0.02", "JPY", "c1"),
        Terms("NOT_BILLABLE", per_call("0").price, "EUR", None),
    ):
        fact = subscriptions.assign(versions, SHOP, wanted, at=AT)
        assert fact is not None
        assert fact.plan == f"i1@{len(versions) + 1}"
        versions = (*versions, subscriptions.version(fact))


@given(st.lists(TIMES, min_size=1, max_size=6), TIMES)
def test_every_minute_has_exactly_one_plan_and_no_past_one_changes(changes: list[datetime], probe: datetime) -> None:
    versions: tuple[Version, ...] = ()
    minute = int(probe.timestamp()) // 60 * 60_000
    for number, at in enumerate(changes):
        before = in_force(versions, "i1", minute)
        fact = subscriptions.assign(versions, SHOP, per_call(f"0.{number + 1}"), at=at)
        assert fact is not None
        versions = (*versions, subscriptions.version(fact))
        if minute < int(next_minute(at).timestamp()) * 1000:
            assert in_force(versions, "i1", minute) == before

    starts = [version.effective_ms for version in versions]
    assert starts == sorted(starts)
    assert all(start % 60_000 == 0 for start in starts)


def test_before_the_first_plan_nothing_is_billable() -> None:
    versions = said(subscriptions.assign((), SHOP, per_call("0.01"), at=AT))
    effective = versions[0].effective_ms

    assert in_force(versions, "i1", effective).id == "i1@1"
    assert in_force(versions, "i1", effective - 60_000).id == "i1@0"
    assert in_force((), "i1", effective).terms.kind == "NOT_BILLABLE"


def test_a_change_exactly_on_a_minute_takes_effect_with_the_next() -> None:
    assert next_minute(datetime(2026, 11, 20, 10, 0, tzinfo=UTC)) == datetime(2026, 11, 20, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "price", "currency", "reason"),
    [
        ("PAY_PER_CALL", "-0.01", "EUR", "INVALID_PRICE"),
        ("PAY_PER_CALL", "0.0000000000001", "EUR", "INVALID_PRICE"),
        ("PAY_PER_CALL", "1e-3", "EUR", "INVALID_PRICE"),
        ("PAY_PER_CALL", "free", "EUR", "INVALID_PRICE"),
        ("PAY_PER_CALL", "NaN", "EUR", "INVALID_PRICE"),
        ("PAY_PER_CALL", "", "EUR", "INVALID_PRICE"),
        ("NOT_BILLABLE", "0.01", "EUR", "INVALID_PRICE"),
        ("PAY_PER_CALL", "0.01", "eur", "INVALID_CURRENCY"),
        ("PAY_PER_CALL", "0.01", "XXX", "INVALID_CURRENCY"),
    ],
)
def test_terms_that_cannot_be_billed_are_refused(
    kind: subscriptions.PlanKind, price: str, currency: str, reason: str
) -> None:
    with pytest.raises(Refused) as refused:
        subscriptions.terms(kind, price=price, currency=currency, client=None)

    assert (refused.value.code, refused.value.reason) == ("BAD_USER_INPUT", reason)


def test_a_plan_is_in_the_currency_of_the_client_that_pays() -> None:
    with pytest.raises(Refused, match="pays in JPY"):
        subscriptions.needs_currency_of("JPY", per_call("0.01", client="c1"))
    subscriptions.needs_currency_of("EUR", per_call("0.01", client="c1"))
