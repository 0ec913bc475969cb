"""Facts about invitations, billing details and notices, as rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from common import clock
from common.events import Event
from common.ids import derived
from common.log import Recorded
from contracts import billing as billed
from contracts import people as said
from contracts import provisioner as heard
from contracts import webhooks as told
from registry.store.tables import clients, members
from registry.store.tables_people import accounts, invitations, notices

INVOICED: Final = {"invoice", "number", "issuer_name", "client_name", "period", "total", "currency", "due"}
"""What a message says of an invoice."""


async def invitation_sent(connection: AsyncConnection, recorded: Recorded, event: said.InvitationSent) -> None:
    at = clock.parse(recorded.envelope.time)
    row = {
        "id": event.invitation,
        "organisation": event.organisation,
        "kind": event.kind,
        "role": event.role,
        "project": event.project,
        "client": event.client,
        "email": event.email,
        "email_hash": event.email_hash,
        "token_hash": event.token_hash,
        "number": event.number,
        "inviter": event.inviter,
        "expires_at": clock.parse(event.expires_at),
        "withdrawn": False,
        "user_id": None,
        "accepted_at": None,
        "honoured": False,
        "created_at": at,
        "sent_at": at,
    }
    await connection.execute(sa.insert(invitations).values(row))
    await _notice(
        connection, recorded, "invitation", _secret(event), organisation=event.organisation, email=event.email
    )


async def invitation_resent(connection: AsyncConnection, recorded: Recorded, event: said.InvitationResent) -> None:
    values = {
        "token_hash": event.token_hash,
        "number": event.number,
        "expires_at": clock.parse(event.expires_at),
        "sent_at": clock.parse(recorded.envelope.time),
    }
    mine = invitations.c.id == event.invitation
    changed = sa.update(invitations).where(mine).values(values).returning(invitations.c.email)
    email = await connection.scalar(changed)
    await _notice(connection, recorded, "invitation", _secret(event), organisation=event.organisation, email=email)


async def invitation_withdrawn(
    connection: AsyncConnection, _recorded: Recorded, event: said.InvitationWithdrawn
) -> None:
    mine = invitations.c.id == event.invitation
    await connection.execute(sa.update(invitations).where(mine).values(withdrawn=True))


async def invitation_accepted(connection: AsyncConnection, recorded: Recorded, event: said.InvitationAccepted) -> None:
    at = clock.parse(recorded.envelope.time)
    mine = invitations.c.id == event.invitation
    await connection.execute(sa.update(invitations).where(mine).values(user_id=event.user, accepted_at=at))


async def invitation_honoured(connection: AsyncConnection, _recorded: Recorded, event: said.InvitationHonoured) -> None:
    mine = invitations.c.id == event.invitation
    await connection.execute(sa.update(invitations).where(mine).values(honoured=True))


async def billing_details_set(connection: AsyncConnection, recorded: Recorded, event: said.BillingDetailsSet) -> None:
    row = event.model_dump() | {"updated_at": clock.parse(recorded.envelope.time)}
    new = insert(accounts).values(row)
    await connection.execute(new.on_conflict_do_update(index_elements=[accounts.c.organisation], set_=row))


async def notice_settled(
    connection: AsyncConnection, _recorded: Recorded, event: said.NoticeSent | said.NoticeGivenUp
) -> None:
    await connection.execute(sa.update(notices).where(notices.c.id == event.notice).values(settled=True))


async def owners_told(connection: AsyncConnection, recorded: Recorded, event: Event) -> None:
    """A notice to each owner of the organisation, where the fact is one that owners want to hear of at once."""
    match event:
        case heard.DeploymentFailed():
            kind, about = "deployment-failed", event.model_dump()
        case told.WebhookDisabled(reason="failing" | "gone"):
            kind, about = "webhook-disabled", event.model_dump()
        case _:
            return
    await _owners(connection, recorded, kind, about, recorded.envelope.org)


async def invoice_finalized(connection: AsyncConnection, recorded: Recorded, event: billed.InvoiceFinalized) -> None:
    """A notice to whoever pays: the client's address, or that of the organisation's billing details, or its owners."""
    if event.client is not None:
        payer = sa.select(clients.c.email).where(clients.c.id == event.client)
    else:
        payer = sa.select(accounts.c.email).where(accounts.c.organisation == event.organisation)
    about = event.model_dump(include=INVOICED)
    email = await connection.scalar(payer)
    if email is not None:
        await _notice(connection, recorded, "invoice", about, organisation=event.organisation, email=email)
    elif event.client is None:
        await _owners(connection, recorded, "invoice", about, event.organisation)


async def _owners(
    connection: AsyncConnection, recorded: Recorded, kind: str, about: dict[str, Any], organisation: str
) -> None:
    theirs = (members.c.organisation == organisation) & (members.c.role == "owner")
    for user in (await connection.execute(sa.select(members.c.user_id).where(theirs))).scalars():
        await _notice(connection, recorded, kind, about, organisation=organisation, user=user)


async def _notice(  # noqa: PLR0913 - what a message is made of
    connection: AsyncConnection,
    recorded: Recorded,
    kind: str,
    about: dict[str, Any],
    *,
    organisation: str,
    user: str | None = None,
    email: str | None = None,
) -> None:
    row = {
        "id": derived("notice", recorded.envelope.id, user or ""),
        "organisation": organisation,
        "kind": kind,
        "user_id": user,
        "email": email,
        "about": about,
        "made_at": clock.parse(recorded.envelope.time),
        "settled": False,
    }
    await connection.execute(sa.insert(notices).values(row))


def _secret(event: said.InvitationSent | said.InvitationResent) -> dict[str, Any]:
    return {"invitation": event.invitation, "number": event.number}


APPLY: Final[Mapping[type[Event], Callable[[AsyncConnection, Recorded, Any], Awaitable[None]]]] = {
    said.InvitationSent: invitation_sent,
    said.InvitationResent: invitation_resent,
    said.InvitationWithdrawn: invitation_withdrawn,
    said.InvitationAccepted: invitation_accepted,
    said.InvitationHonoured: invitation_honoured,
    said.BillingDetailsSet: billing_details_set,
    said.NoticeSent: notice_settled,
    said.NoticeGivenUp: notice_settled,
    billed.InvoiceFinalized: invoice_finalized,
}
