"""Who called which operation, day by day: counted beside the meters, kept for a month, and what it was rated at.

Documents are chosen by callers, so of one caller, environment and day only so many are told apart; the others are
counted together. Which ones depends on the order of the calls alone, not on how they are grouped into transactions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final, NamedTuple

from billing.domain.invoices import Book
from billing.domain.meters import DAY_MS, Seen, Use
from contracts.documents import DAYS, Stake
from proof import rating

KEPT_DAYS: Final = DAYS + 1
"""The days a check asks for, and today."""
TOLD_APART: Final = 200
"""Operations of one caller in one environment on one day."""
OTHERS: Final = ""
"""Stands for the operations that are not told apart."""


class Caller(NamedTuple):
    """Whose operations of a day are told apart from each other."""

    environment: str
    day: int
    client: str
    credential: str


def caller(use: Use) -> Caller:
    """Who used it, where and when."""
    return Caller(use.environment, use.day, use.client, use.credential)


def merged(parts: Iterable[Mapping[Use, Seen]]) -> dict[Use, Seen]:
    """The uses of several batches, in the order of their first appearance."""
    whole: dict[Use, Seen] = {}
    for part in parts:
        for use, seen in part.items():
            _add(whole, use, seen)
    return whole


def fitting(new: Mapping[Use, Seen], held: Mapping[Caller, int]) -> dict[Use, Seen]:
    """New uses, those counted together that are too many beside what is `held` already."""
    room: dict[Caller, int] = {}
    found: dict[Use, Seen] = {}
    for use, seen in new.items():
        who = caller(use)
        left = room.setdefault(who, TOLD_APART - held.get(who, 0))
        if left > 0:
            room[who] = left - 1
            found[use] = seen
        else:
            _add(found, use._replace(hash=OTHERS), seen)
    return found


def _add(whole: dict[Use, Seen], use: Use, seen: Seen) -> None:
    before = whole.get(use)
    whole[use] = seen if before is None else [before[0] + seen[0], max(before[1], seen[1])]


def stakes(book: Book, instance: str, client: str | None, days: Iterable[tuple[int, int]], last_ms: int) -> list[Stake]:
    """What calls on prod (day, number) were rated at, one for each kind of plan and currency.

    A day belongs to the plan in force at its end, or at the last call: billing by the minute is for bills.
    """
    owed: dict[tuple[str, str], Fraction] = {}
    for day, calls in days:
        _, version = book.in_force(instance, client, min((day + 1) * DAY_MS - 1, last_ms))
        terms = version.terms
        key = (terms.kind, terms.currency)
        if terms.kind == "MONTHLY":
            owed[key] = terms.price
            continue
        lines = rating.rate(terms.rated, calls, currency=terms.currency)
        owed[key] = owed.get(key, Fraction(0)) + sum([line.exact for line in lines], Fraction(0))
    return [
        Stake.model_validate({"plan": kind, "amount": rating.plain(exact), "currency": currency})
        for (kind, currency), exact in sorted(owed.items())
    ]
