"""From quantities and prices to amounts: exact rationals, one rounding per line, nothing lost in a split (MA 4.3).

A plan's terms are one of the classes of `Terms`; `rate` has one clause for each. Amounts are integers of the
currency's minor unit. A float never occurs: what enters is text and integers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, assert_never

from proof.currencies import EXPONENTS

FRACTION_DIGITS_MAX: Final = 12
_INTEGER_DIGITS_MAX: Final = 18
_PRICE: Final = re.compile(rf"(?:0|[1-9][0-9]{{0,{_INTEGER_DIGITS_MAX - 1}}})(?:\.[0-9]{{1,{FRACTION_DIGITS_MAX}}})?")


@dataclass(frozen=True)
class NotBillable:
    """Calls are counted and cost nothing."""


@dataclass(frozen=True)
class PerUnit:
    """Every call costs the same."""

    price: Fraction


@dataclass(frozen=True)
class Monthly:
    """Every full month costs the same, however often is called; of a part of one, its days (MA 4.5)."""

    price: Fraction


Terms = NotBillable | PerUnit | Monthly


@dataclass(frozen=True)
class Days:
    """On how many local days of a period a plan was the last one live, and how many the period has."""

    live: int = 0
    of: int = 1


@dataclass(frozen=True)
class Line:
    """One line of a bill: `exact` = what the arithmetic says, `amount` = the same in minor units, rounded once.

    With `of`, `quantity` counts days and `unit_price` is that of a full period, which has so many.
    """

    code: str
    quantity: int
    unit_price: Fraction | None
    exact: Fraction
    amount: int
    of: int | None = None


def rate(terms: Terms, quantity: int, *, currency: str, days: Days = Days()) -> tuple[Line, ...]:
    """What so many calls and days cost under the terms of one plan version. Nothing used, no line (MA 4.7, G30)."""
    match terms:
        case NotBillable():
            return (_priced("not_billable", quantity, Fraction(0), currency),) if quantity else ()
        case PerUnit(price):
            return (_priced("usage", quantity, price, currency),) if quantity else ()
        case Monthly(price):
            exact = price * days.live / days.of
            fixed = Line("subscription", days.live, price, exact, minor(exact, currency), days.of)
            calls = _priced("included", quantity, Fraction(0), currency)
            return (*((fixed,) if days.live else ()), *((calls,) if quantity else ()))
        case _:
            assert_never(terms)


def price(text: str) -> Fraction:
    """An exact price from decimal text, not negative, at most 12 digits after the point. Raises ValueError."""
    if not _PRICE.fullmatch(text):
        raise ValueError(
            f"{text!r} is no price: decimal text like 0.0035, at most {FRACTION_DIGITS_MAX} fraction digits"
        )
    return Fraction(text)


def exponent(currency: str) -> int:
    """Digits of the currency's minor unit: JPY 0, EUR 2, KWD 3. Raises ValueError for an unknown code."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise ValueError(f"{currency!r} is no ISO 4217 currency code") from None


def minor(exact: Fraction, currency: str) -> int:
    """The amount in minor units, rounded half away from zero."""
    return _rounded(exact * Fraction(10) ** exponent(currency))


def units(text: str, currency: str) -> int:
    """Decimal text of an amount as minor units: the reverse of `amount`."""
    return minor(Fraction(text), currency)


def part(minor_units: int, share: Fraction) -> int:
    """A share of an amount, rounded half away from zero: tax, or somebody's percentage."""
    return _rounded(minor_units * share)


def amount(minor_units: int, currency: str) -> str:
    """Minor units as decimal text with the currency's digits: `80.83`, `350`, `-0.05`."""
    digits = exponent(currency)
    text = str(abs(minor_units)).rjust(digits + 1, "0")
    sign = "-" if minor_units < 0 else ""
    return sign + (f"{text[:-digits]}.{text[-digits:]}" if digits else text)


def plain(value: Fraction) -> str:
    """A finite decimal without superfluous zeros: `0.0035`, `49`. Raises ValueError for a value such as 1/3."""
    digits = 0
    while 10**digits % value.denominator:
        digits += 1
        if digits > value.denominator.bit_length():
            raise ValueError(f"{value} is no finite decimal")
    scaled = abs(value.numerator) * (10**digits // value.denominator)
    text = str(scaled).rjust(digits + 1, "0")
    sign = "-" if value < 0 else ""
    return sign + (f"{text[:-digits]}.{text[-digits:]}" if digits else text)


def ratio(value: Fraction) -> str:
    """An exact value as `numerator/denominator`, in lowest terms."""
    return f"{value.numerator}/{value.denominator}"


def split(whole: int, weights: Sequence[Fraction | int]) -> tuple[int, ...]:
    """Parts of `whole` in proportion to non-negative weights; their sum is `whole`, each within one unit of exact.

    Largest remainder first, ties by position (MA 4.3). Raises ValueError when no weight is positive.
    """
    total = sum((Fraction(weight) for weight in weights), Fraction(0))
    if total <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("a split needs weights that are not negative, and one that is positive")
    shares = [Fraction(weight) * abs(whole) / total for weight in weights]
    parts = [share.numerator // share.denominator for share in shares]
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - shares[i], i))
    for i in by_remainder[: abs(whole) - sum(parts)]:
        parts[i] += 1
    return tuple(parts if whole >= 0 else [-part for part in parts])


def _priced(code: str, quantity: int, unit_price: Fraction, currency: str) -> Line:
    exact = quantity * unit_price
    return Line(code, quantity, unit_price, exact, minor(exact, currency))


def _rounded(exact: Fraction) -> int:
    size = abs(exact)
    rounded: int = (2 * size.numerator + size.denominator) // (2 * size.denominator)
    return rounded if exact >= 0 else -rounded
