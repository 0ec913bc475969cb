"""When an invoice may be issued, what it says, and who gets which part of it (A09, A10, A17, A25)."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain import finalising, payouts, periods
from common.errors import Refused
from proof import canonical, rating

JULY = periods.month("2026-07", "Europe/Paris")
AT = datetime(2026, 8, 3, 9, 30, tzinfo=UTC)


def draft(*amounts: str, issuer: str = "o1", currency: str = "EUR", makers: str = "m") -> dict[str, Any]:
    subtotal = sum(rating.units(amount, currency) for amount in amounts)
    return {
        "id": "i1",
        "status": "draft",
        "issuer": {"org": issuer, "name": "Makers"},
        "client": {"id": "c1", "name": "Acme"},
        "project": {"id": "p1", "name": "Shop"},
        "currency": currency,
        "time_zone": JULY.zone,
        "period": {"label": JULY.label, "from": periods.text(JULY.from_ms), "to": periods.text(JULY.to_ms)},
        "lines": [{"n": n, "amount": amount, "maker": makers[n % len(makers)]} for n, amount in enumerate(amounts)],
        "calls": "7",
        "subtotal": rating.amount(subtotal, currency),
        "tax": {"rate": "0", "amount": rating.amount(0, currency)},
        "total": rating.amount(subtotal, currency),
        "cutoff": {"calls": "42", "events": "43", "until": periods.text(JULY.to_ms)},
    }


def test_a_period_that_is_not_over_has_no_invoice() -> None:
    with pytest.raises(Refused, match="2026-07 is not over") as refused:
        finalising.needs_an_end(JULY, (), JULY.to_ms - 1)

    assert refused.value.reason == "PERIOD_OPEN"
    assert finalising.needs_an_end(JULY, (), JULY.to_ms) == ()


def test_gateways_that_may_still_know_calls_are_waited_for_seven_days_and_then_named() -> None:
    waiting = ("g1/3", "g2/1")

    with pytest.raises(Refused, match="2 gateways may still know calls") as refused:
        finalising.needs_an_end(JULY, waiting, JULY.to_ms + finalising.HOLD_MS - 1)

    assert refused.value.details == {"sources": ["g1/3", "g2/1"]}
    assert finalising.needs_an_end(JULY, waiting, JULY.to_ms + finalising.HOLD_MS) == waiting


@pytest.mark.parametrize("amounts", [(), ("0.00",), ("0.00", "0.00")])
def test_nothing_owed_is_no_invoice_and_burns_no_number(amounts: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match="Acme owes nothing in EUR for 2026-07"):
        finalising.needs_an_amount(draft(*amounts))


def test_an_invoice_is_its_draft_with_a_number_and_two_days() -> None:
    before = draft("80.83")

    document = finalising.finalised(before, 42, AT, ())

    added = {"status": "final", "number": "INV-2026-000042", "issued": "2026-08-03", "due": "2026-09-02"}
    assert document == {**before, **added, "incomplete": []}
    assert canonical.encode(document) == canonical.encode(finalising.finalised(draft("80.83"), 42, AT, ()))


@pytest.mark.parametrize("percent", ["", "-1", "100.01", "1e1", "NaN", "20%", "٢٠", "1,5"])
def test_what_is_no_rate_of_tax_is_refused(percent: str) -> None:
    with pytest.raises(Refused, match="is no rate of tax"):
        finalising.tax_rate(percent)


@given(
    st.lists(st.integers(0, 10**7), min_size=1, max_size=12).filter(any),
    st.sampled_from(["EUR", "JPY", "KWD"]),
    st.sampled_from(["m", "mn", "mno"]),
)
def test_the_parts_of_platform_and_makers_are_the_whole(units: list[int], currency: str, makers: str) -> None:
    document = draft(*(rating.amount(each, currency) for each in units), currency=currency, makers=makers)

    platform, shares = finalising.shares(document)

    nets = [rating.units(share.net, currency) for share in shares]
    assert rating.units(platform, currency) + sum(nets) == sum(units)
    assert sum(rating.units(share.gross, currency) for share in shares) == sum(units)
    assert all(net >= 0 for net in nets)
    assert abs(rating.units(platform, currency) - Fraction(sum(units), 10)) <= Fraction(1, 2)


def test_the_platform_shares_its_own_bill_with_nobody() -> None:
    assert finalising.shares(draft("5.00", issuer="_")) == ("0.00", ())


def test_a_statement_adds_up_what_one_maker_earned_by_currency() -> None:
    documents = [draft("10.00", "5.00", makers="mn"), draft("1000", currency="JPY"), draft("0.55")]
    facts = [
        finalising.fact(finalising.finalised(document, n, AT, ()), organisation="o1", sha="x", size=1)
        for n, document in enumerate(documents, start=1)
    ]

    found = payouts.statements("m", facts)

    assert [(one.currency, one.gross, one.share, one.net, len(one.parts)) for one in found] == [
        ("EUR", "10.55", "1.06", "9.49", 2),
        ("JPY", "1000", "100", "900", 1),
    ]
    assert [one.net for one in payouts.statements("n", facts)] == ["4.50"]
    assert payouts.statements("nobody", facts) == ()
