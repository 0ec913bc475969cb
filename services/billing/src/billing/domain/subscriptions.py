"""Which rate plan an instance has, and from when: aggregate `subscription`, id = the instance's (MA 4.6).

A minute belongs to the plan in force at its start. A plan takes effect at the next minute boundary, so publishing one
never changes the price of a call that was made (A20). As long as nothing was declared for prod there is no such call,
and a plan takes effect with the minute it is assigned in. Before the first plan, version 0 is in force: not billable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Final, Literal, assert_never

from common.errors import Refused, bad_input
from contracts import billing as said
from proof import rating

PlanKind = Literal["NOT_BILLABLE", "PAY_PER_CALL", "MONTHLY"]
DEFAULT_CURRENCY: Final = "EUR"
PLATFORM_PLAN: Final = "platform"
"""In the place of an instance: the plan of what no client owes (C 1.12)."""


@dataclass(frozen=True)
class Subscribed:
    """The instance a plan is for."""

    instance: str
    organisation: str
    project: str
    service: str
    live: bool = True
    """Whether a version was ever declared for prod: from then on calls may have been made."""


@dataclass(frozen=True)
class Terms:
    """What a plan says, checked: the price is exact, the currency known."""

    kind: PlanKind
    price: Fraction
    currency: str
    client: str | None

    @property
    def rated(self) -> rating.Terms:
        """The terms as the rating knows them."""
        match self.kind:
            case "NOT_BILLABLE":
                return rating.NotBillable()
            case "PAY_PER_CALL":
                return rating.PerUnit(self.price)
            case "MONTHLY":
                return rating.Monthly(self.price)
            case _:
                assert_never(self.kind)


@dataclass(frozen=True)
class Version:
    """One version of an instance's plan. Immutable once said."""

    instance: str
    number: int
    terms: Terms
    effective_ms: int

    @property
    def id(self) -> str:
        """`<instance>@<n>`."""
        return f"{self.instance}@{self.number}"


def none_yet(instance: str) -> Version:
    """What is in force before the first plan."""
    return Version(instance, 0, Terms("NOT_BILLABLE", Fraction(0), DEFAULT_CURRENCY, None), 0)


def terms(kind: PlanKind, *, price: str, currency: str, client: str | None) -> Terms:
    """Checked terms. Refuses a price that is no exact decimal or free of charge by mistake, and unknown currencies."""
    try:
        exact = rating.price(price)
    except ValueError:
        hint = (
            f"Write a decimal like 0.0035, not negative, at most {rating.FRACTION_DIGITS_MAX} digits after the point."
        )
        raise bad_input(f"{price[:60]!r} is no price.", hint, reason="INVALID_PRICE", field="plan.price") from None
    try:
        rating.exponent(currency)
    except ValueError:
        hint = "Use an ISO 4217 code such as EUR, USD or JPY."
        message = f"{currency[:60]!r} is no known currency."
        raise bad_input(message, hint, reason="INVALID_CURRENCY", field="plan.currency") from None
    if kind == "NOT_BILLABLE" and exact:
        message = f"A plan that is not billable has no price, not {price}."
        raise bad_input(
            message, "Use PAY_PER_CALL or MONTHLY, or leave the price out.", reason="INVALID_PRICE", field="plan.price"
        )
    return Terms(kind, exact, currency, client)


def assign(
    versions: Sequence[Version], subscribed: Subscribed, wanted: Terms, *, at: datetime
) -> said.RatePlanAssigned | None:
    """The next version of the plan, from the next minute on, or from this one while nobody can have called prod.

    None when the terms are what they are already.
    """
    last = versions[-1] if versions else None
    if last is not None and last.terms == wanted:
        return None
    effective = next_minute(at) if subscribed.live else this_minute(at)
    if last is not None:  # a clock that went back must not put the new plan before the old one
        effective = max(effective, datetime.fromtimestamp(last.effective_ms / 1000, UTC))
    return said.RatePlanAssigned(
        instance=subscribed.instance,
        organisation=subscribed.organisation,
        project=subscribed.project,
        service=subscribed.service,
        plan=f"{subscribed.instance}@{len(versions) + 1}",
        kind=wanted.kind,
        price=rating.plain(wanted.price),
        currency=wanted.currency,
        client=wanted.client,
        effective_at=effective.strftime("%Y-%m-%dT%H:%M:00.000Z"),
    )


def version(event: said.RatePlanAssigned) -> Version:
    """The plan version a fact made."""
    return Version(
        instance=event.instance,
        number=int(event.plan.rpartition("@")[2]),
        terms=Terms(event.kind, rating.price(event.price), event.currency, event.client),
        effective_ms=int(datetime.fromisoformat(event.effective_at).timestamp()) * 1000,
    )


def fold(events: Iterable[said.RatePlanAssigned]) -> tuple[Version, ...]:
    """All versions of a plan, oldest first."""
    return tuple(version(event) for event in events)


def in_force(versions: Sequence[Version], instance: str, minute_ms: int) -> Version:
    """The plan that a minute belongs to: of those in effect at its start the last one said (A03)."""
    current = none_yet(instance)
    for candidate in versions:
        if candidate.effective_ms <= minute_ms:
            current = candidate
    return current


def this_minute(at: datetime) -> datetime:
    """The minute boundary at or before an instant."""
    return at.astimezone(UTC).replace(second=0, microsecond=0)


def next_minute(at: datetime) -> datetime:
    """The first minute boundary after an instant."""
    return this_minute(at) + timedelta(minutes=1)


def needs_somebody_who_pays(wanted: Terms) -> None:
    """Refuses a monthly price that nobody would owe: without calls no key says who it is."""
    if wanted.kind == "MONTHLY" and wanted.client is None:
        message = "A monthly price needs the client that pays it."
        hint = "Name a client of the project; what no client pays is on the platform's own bill."
        raise Refused("BAD_USER_INPUT", message, hint, reason="CLIENT_NEEDED", field="plan.client")


def needs_currency_of(client_currency: str, wanted: Terms) -> None:
    """Refuses a plan in another currency than the account of the client that pays for it (MA 4.2)."""
    if wanted.currency != client_currency:
        message = f"The client pays in {client_currency}, the plan is in {wanted.currency}."
        raise Refused(
            "BAD_USER_INPUT", message, f"Use {client_currency}.", reason="CURRENCY_MISMATCH", field="plan.currency"
        )
