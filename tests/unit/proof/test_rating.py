"""Golden lines, exact arithmetic, one rounding."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proof import rating

ROWS = {row["id"]: row for row in map(json.loads, (Path(__file__).parent / "golden.jsonl").read_text().splitlines())}
PER_CALL = ["G01", "G02a", "G02c", "G19a", "G30"]
PRICES = st.decimals(min_value=0, max_value=10**6, places=6, allow_nan=False).map(lambda value: f"{value:f}")


@pytest.mark.parametrize("name", PER_CALL)
def test_a_per_call_plan_gives_the_golden_lines(name: str) -> None:
    row: dict[str, Any] = ROWS[name]
    currency = row["currency"]
    lines = rating.rate(rating.PerUnit(rating.price(row["input"]["price"])), row["input"]["calls"], currency=currency)
    found = [
        {
            "code": line.code,
            "quantity": str(line.quantity),
            "unit_price": rating.plain(line.unit_price or Fraction(0)),
            "amount": rating.amount(line.amount, currency),
        }
        for line in lines
    ]

    assert found == row["lines"]
    assert rating.amount(sum(line.amount for line in lines), currency) == row["subtotal"]


@pytest.mark.parametrize("name", ["G03", "G07", "G27"])
def test_a_monthly_price_is_owed_for_its_days(name: str) -> None:
    row: dict[str, Any] = ROWS[name]
    price, days = row["input"]["price"], rating.Days(row["input"]["d"], row["input"]["D"])

    lines = rating.rate(rating.Monthly(rating.price(price)), 0, currency=row["currency"], days=days)

    assert [
        (line.code, str(line.quantity), rating.plain(line.unit_price or Fraction(0)), rating.amount(line.amount, "EUR"))
        for line in lines
    ] == [(line["code"], line["quantity"], line["unit_price"], line["amount"]) for line in row["lines"]]
    assert [line.of for line in lines] == [row["input"]["D"]]


def test_calls_under_a_monthly_price_are_listed_and_cost_nothing() -> None:
    lines = rating.rate(rating.Monthly(rating.price("49")), 7, currency="EUR", days=rating.Days(31, 31))

    assert [(line.code, line.quantity, line.amount) for line in lines] == [
        ("subscription", 31, 4900),
        ("included", 7, 0),
    ]
    assert rating.rate(rating.Monthly(rating.price("49")), 0, currency="EUR") == ()


@given(st.integers(0, 10**9), st.fractions(0, 1))
def test_a_part_and_the_rest_are_the_whole_and_no_more_than_half_a_unit_off(amount: int, share: Fraction) -> None:
    part = rating.part(amount, share)

    assert abs(part - amount * share) <= Fraction(1, 2)
    assert 0 <= part <= amount


@given(st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_an_amount_reads_back_as_it_was_written(units: int, currency: str) -> None:
    assert rating.units(rating.amount(units, currency), currency) == units


def test_tax_is_allocated_to_lines_by_largest_remainder() -> None:
    row = ROWS["G18"]
    weights = [Fraction(line["amount"]) for line in row["lines"]]

    parts = rating.split(rating.minor(Fraction(row["tax"]), "EUR"), weights)

    assert [rating.amount(part, "EUR") for part in parts] == row["tax_by_line"]


def test_the_makers_share_is_allocated_to_lines_by_largest_remainder() -> None:
    row = ROWS["G28"]
    weights = [Fraction(line["amount"]) for line in row["lines"]]

    parts = rating.split(rating.minor(Fraction(row["maker_share"]), "EUR"), weights)

    assert [rating.amount(part, "EUR") for part in parts] == row["maker_by_line"]


def test_calls_that_are_not_billable_are_listed_and_cost_nothing() -> None:
    lines = rating.rate(rating.NotBillable(), 1000, currency="EUR")

    assert [(line.code, line.quantity, line.amount) for line in lines] == [("not_billable", 1000, 0)]
    assert rating.rate(rating.NotBillable(), 0, currency="EUR") == ()


@given(PRICES, st.integers(0, 10**9), st.integers(0, 10**6), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_more_calls_never_cost_less(price: str, calls: int, more: int, currency: str) -> None:
    terms = rating.PerUnit(rating.price(price))
    few, many = (sum(line.amount for line in rating.rate(terms, n, currency=currency)) for n in (calls, calls + more))

    assert few <= many


@given(st.fractions(-(10**9), 10**9, max_denominator=10**6), st.sampled_from(["JPY", "EUR", "KWD", "CLF"]))
def test_rounding_is_within_half_a_unit_and_symmetric(exact: Fraction, currency: str) -> None:
    unit = Fraction(1, 10 ** rating.exponent(currency))
    rounded = rating.minor(exact, currency)

    assert abs(rounded * unit - exact) <= unit / 2
    assert rating.minor(-exact, currency) == -rounded


@given(st.decimals(-(10**9), 10**9, places=7, allow_nan=False))
def test_rounding_is_what_decimal_calls_half_up(value: Decimal) -> None:
    assert rating.amount(rating.minor(Fraction(value), "EUR"), "EUR") == str(
        value.quantize(Decimal("0.01"), ROUND_HALF_UP)
    ).replace("-0.00", "0.00")


@given(st.integers(-(10**9), 10**9), st.lists(st.fractions(0, 1000), min_size=1, max_size=8).filter(any))
def test_the_parts_of_a_split_are_the_whole_and_each_within_one_unit(whole: int, weights: list[Fraction]) -> None:
    parts = rating.split(whole, weights)

    assert sum(parts) == whole
    total = sum(weights, Fraction(0))
    assert all(abs(part - whole * weight / total) < 1 for part, weight in zip(parts, weights, strict=True))


@pytest.mark.parametrize("weights", [[], [0], [Fraction(-1), Fraction(2)]])
def test_a_split_without_a_positive_weight_is_refused(weights: list[Fraction | int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        rating.split(10, weights)


@given(PRICES)
def test_a_price_is_written_back_without_superfluous_zeros(text: str) -> None:
    written = rating.plain(rating.price(text))

    assert rating.price(written) == rating.price(text)
    assert "." not in written or not written.endswith(("0", "."))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "+1",
        "1e3",
        "1.",
        ".5",
        "01",
        "0.1234567890123",
        "NaN",
        "1/3",
        " 1",
        "1\n",
        "٣",
        "1" * 19,
        "0,5",
        "Infinity",
    ],
)
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no price"):
        rating.price(text)


def test_binary_floats_play_no_part() -> None:
    terms = rating.PerUnit(rating.price("0.1") + rating.price("0.2"))

    assert rating.ratio(rating.rate(terms, 1, currency="EUR")[0].exact) == "3/10"
    assert rating.plain(Fraction(3, 10)) == "0.3"
    with pytest.raises(ValueError, match="finite"):
        rating.plain(Fraction(1, 3))


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (350, "JPY", "350"),
        (5, "EUR", "0.05"),
        (-5, "EUR", "-0.05"),
        (1, "KWD", "0.001"),
        (0, "EUR", "0.00"),
        (-12345, "KWD", "-12.345"),
    ],
)
def test_amounts_have_the_currencys_digits(minor: int, currency: str, text: str) -> None:
    assert rating.amount(minor, currency) == text


@pytest.mark.parametrize("code", ["", "eur", "XXX", "EURO", "BTC"])
def test_an_unknown_currency_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        rating.exponent(code)
