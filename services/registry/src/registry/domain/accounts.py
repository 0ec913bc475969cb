"""Billing details: whom invoices to an organisation name (MA 3.3). What is personal is sealed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar, Final

from common.errors import bad_input
from contracts import people as said
from registry.domain import wording
from registry.domain.clients import CURRENCIES

COUNTRY: Final = re.compile(r"[A-Z]{2}")
TAX_ID: Final = re.compile(r"[A-Z0-9](?:[A-Z0-9 ./-]{0,28}[A-Z0-9])")
LINE_CHARS: Final = (1, 200)
POSTAL_CHARS: Final = (1, 20)


@dataclass(frozen=True)
class Details:
    """Billing details in clear text."""

    legal_name: str
    street: str
    postal_code: str | None
    city: str
    country: str
    tax_id: str | None
    email: str
    currency: str
    time_zone: str


@dataclass(frozen=True)
class Account:
    """The details in force; personal ones are sealed tokens."""

    AUDITED: ClassVar = ("country", "currency", "time_zone", "times")
    organisation: str
    country: str
    currency: str
    time_zone: str
    times: int
    """How often they were set."""


def fold(history: Iterable[said.BillingDetailsSet]) -> Account | None:
    """The account that its facts make."""
    return reduce(evolve, history, None)


def evolve(account: Account | None, event: said.BillingDetailsSet) -> Account:
    """The account after one more fact: each replaces all before it."""
    times = 1 if account is None else account.times + 1
    return Account(event.organisation, event.country, event.currency, event.time_zone, times)


def checked(given: Details) -> Details:
    """The details as they are kept. Refuses what cannot stand on an invoice, each by its field."""
    country = given.country.strip().upper()
    if not COUNTRY.fullmatch(country):
        raise bad_input(
            f"{wording.shortened(given.country)!r} is not a country.",
            "Use two letters of ISO 3166 such as 'NL'.",
            reason="UNKNOWN_COUNTRY",
            field="country",
        )
    if given.currency not in CURRENCIES:
        raise bad_input(
            f"{wording.shortened(given.currency)!r} is not a currency.",
            "Use an ISO 4217 code such as 'EUR'.",
            reason="UNKNOWN_CURRENCY",
            field="currency",
        )
    postal = given.postal_code
    return Details(
        legal_name=wording.line(given.legal_name, field="legalName", chars=LINE_CHARS),
        street=wording.line(given.street, field="street", chars=LINE_CHARS),
        postal_code=wording.line(postal, field="postalCode", chars=POSTAL_CHARS) if postal else None,
        city=wording.line(given.city, field="city", chars=LINE_CHARS),
        country=country,
        tax_id=_tax_id(given.tax_id) if given.tax_id else None,
        email=wording.email(given.email),
        currency=given.currency,
        time_zone=given.time_zone,
    )


def _tax_id(text: str) -> str:
    trimmed = wording.line(text, field="taxId", chars=(2, 30)).upper()
    if not TAX_ID.fullmatch(trimmed):
        raise bad_input(
            f"{wording.shortened(text)!r} is not a tax number.",
            "Use letters and digits, such as 'NL001234567B01'.",
            reason="INVALID_TAX_ID",
            field="taxId",
        )
    return trimmed
