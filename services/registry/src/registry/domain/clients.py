"""Clients: those who pay for the calls of a project."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import ClassVar, Final, assert_never

from common.claims import Claim
from common.errors import bad_input, not_found
from contracts import registry as said
from proof.currencies import EXPONENTS
from registry.domain import wording

CURRENCIES: Final = frozenset(EXPONENTS) - {"CLF", "UYI", "UYW"}
"""Currencies that bills can be rounded in, without the units of account that nobody pays with."""

ClientEvent = said.ClientAdded | said.ClientRemoved


@dataclass(frozen=True)
class Client:
    """Somebody who pays."""

    AUDITED: ClassVar = ("name", "currency", "time_zone", "removed")
    id: str
    organisation: str
    project: str
    name: str
    currency: str
    time_zone: str
    removed: bool = False


def fold(history: Iterable[ClientEvent]) -> Client | None:
    """The client that its facts make."""
    return reduce(evolve, history, None)


def evolve(client: Client | None, event: ClientEvent) -> Client:
    """The client after one more fact."""
    match event:
        case said.ClientAdded():
            return Client(event.client, event.organisation, event.project, event.name, event.currency, event.time_zone)
        case said.ClientRemoved():
            assert client is not None, "a client is added before it is removed"
            return replace(client, removed=True)
        case _:
            assert_never(event)


def name_claim(name: str, *, project: str, client: str) -> Claim:
    """A client's name is unique in its project, whatever its case."""
    return Claim(f"client.name:{project}", name, f"client.{client}")


def add(  # noqa: PLR0913 - what a client is made of
    client: Client | None,
    *,
    id: str,
    organisation: str,
    project: str,
    name: str,
    email: str | None,
    currency: str,
    time_zone: str,
) -> said.ClientAdded:
    """A new client. `email` is a sealed token; `time_zone` was looked up by the caller."""
    assert client is None, "ids of new clients are fresh"
    if currency not in CURRENCIES:
        raise bad_input(
            f"{wording.shortened(currency)!r} is not a currency.",
            "Use an ISO 4217 code such as 'EUR'.",
            reason="UNKNOWN_CURRENCY",
            field="currency",
        )
    return said.ClientAdded(
        client=id,
        organisation=organisation,
        project=project,
        name=wording.line(name, field="name", chars=wording.TITLE_CHARS),
        email=email,
        currency=currency,
        time_zone=time_zone,
    )


def remove(client: Client | None) -> said.ClientRemoved:
    """The client's keys open nothing any more."""
    known = existing(client)
    return said.ClientRemoved(client=known.id, organisation=known.organisation, project=known.project)


def existing(client: Client | None) -> Client:
    """The client, which must be there."""
    if client is None or client.removed:
        raise not_found("Client", client.id if client else "")
    return client
