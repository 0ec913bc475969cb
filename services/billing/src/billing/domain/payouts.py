"""What a maker's organisation gets for a month: its part of every invoice issued in it (C 1.12).

Invoices are counted in the month of their issue, so a statement of a month that is over never changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from contracts import billing as said
from proof import rating


@dataclass(frozen=True)
class Part:
    """A maker's part of one invoice."""

    invoice: said.InvoiceFinalized
    earned: said.MakerShare


@dataclass(frozen=True)
class Statement:
    """One sum for all invoices in one currency: gross = share of the platform + net."""

    currency: str
    gross: str
    share: str
    net: str
    parts: tuple[Part, ...]


def statements(organisation: str, invoices: Iterable[said.InvoiceFinalized]) -> tuple[Statement, ...]:
    """A statement for each currency, in the order of their codes."""
    found: dict[str, list[Part]] = {}
    for invoice in invoices:
        for earned in invoice.makers:
            if earned.organisation == organisation:
                found.setdefault(invoice.currency, []).append(Part(invoice, earned))
    return tuple(
        Statement(
            currency,
            _total(currency, (part.earned.gross for part in parts)),
            _total(currency, (part.earned.share for part in parts)),
            _total(currency, (part.earned.net for part in parts)),
            tuple(parts),
        )
        for currency, parts in sorted(found.items())
    )


def _total(currency: str, amounts: Iterable[str]) -> str:
    return rating.amount(sum(rating.units(amount, currency) for amount in amounts), currency)
