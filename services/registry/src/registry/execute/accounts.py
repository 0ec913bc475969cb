"""Commands about billing details."""

from __future__ import annotations

from typing import Final

from common.log import Cause, Recorded
from contracts import people as said
from registry.domain import accounts
from registry.domain.accounts import Details
from registry.execute.deciding import Aggregate, World, decide
from registry.execute.projects import zone

ACCOUNT: Final[Aggregate[accounts.Account]] = Aggregate(
    "account", {said.BillingDetailsSet.TYPE: said.BillingDetailsSet}, accounts.fold
)


async def set_details(world: World, organisation: str, given: Details, *, cause: Cause) -> Recorded | None:
    """Other billing details, sealed under the organisation's own key."""
    details = accounts.checked(given)
    seal = world.sealer.seal
    fact = said.BillingDetailsSet(
        organisation=organisation,
        legal_name=await seal(organisation, details.legal_name),
        street=await seal(organisation, details.street),
        postal_code=await seal(organisation, details.postal_code) if details.postal_code else None,
        city=await seal(organisation, details.city),
        tax_id=await seal(organisation, details.tax_id) if details.tax_id else None,
        email=await seal(organisation, details.email),
        country=details.country,
        currency=details.currency,
        time_zone=zone(details.time_zone),
    )
    return await decide(world, ACCOUNT, organisation, organisation, cause=cause, verb=lambda _: fact)
