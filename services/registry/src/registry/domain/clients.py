"""Clients: those who pay for the calls of a project."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import ClassVar, Final, assert_never

from common.claims import Claim
from common.errors import bad_input, not_found
from contracts import registry as said
from registry.domain import wording

CURRENCIES: Final = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY
    COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS
    INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP
    MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR
    SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND
    VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
    """.split()  # noqa: SIM905 - a table reads better than 160 literals
)
"""ISO 4217, the ones that people pay with."""

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
