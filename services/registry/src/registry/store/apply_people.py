"""Facts about organisations, people, sessions and tokens, as rows."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from common import clock
from common.log import Recorded
from contracts import registry as said
from registry.store.tables import members, organisations, sessions, tokens, users


async def organisation_registered(
    connection: AsyncConnection, recorded: Recorded, event: said.OrganisationRegistered
) -> None:
    at = clock.parse(recorded.envelope.time)
    row = {"id": event.organisation, "name": event.name, "slug": event.slug, "created_at": at, "updated_at": at}
    await connection.execute(sa.insert(organisations).values(row))
    founder = {"organisation": event.organisation, "user_id": event.founder, "role": "owner", "since": at}
    await connection.execute(sa.insert(members).values(founder))


async def member_added(
    connection: AsyncConnection, recorded: Recorded, event: said.MemberAdded | said.MemberRoleChanged
) -> None:
    row = {
        "organisation": event.organisation,
        "user_id": event.user,
        "role": event.role,
        "since": clock.parse(recorded.envelope.time),
    }
    again = (
        insert(members)
        .values(row)
        .on_conflict_do_update(index_elements=[members.c.organisation, members.c.user_id], set_={"role": event.role})
    )
    await connection.execute(again)


async def member_removed(connection: AsyncConnection, _recorded: Recorded, event: said.MemberRemoved) -> None:
    theirs = (members.c.organisation == event.organisation) & (members.c.user_id == event.user)
    await connection.execute(sa.delete(members).where(theirs))


async def user_registered(connection: AsyncConnection, recorded: Recorded, event: said.UserRegistered) -> None:
    at = clock.parse(recorded.envelope.time)
    row = {
        "id": event.user,
        "username": event.username,
        "email": event.email,
        "email_hash": event.email_hash,
        "display_name": event.display_name,
        "operator": event.operator,
        "disabled": False,
        "created_at": at,
        "updated_at": at,
    }
    await connection.execute(sa.insert(users).values(row))


async def user_disabled(connection: AsyncConnection, recorded: Recorded, event: said.UserDisabled) -> None:
    at = clock.parse(recorded.envelope.time)
    await connection.execute(sa.update(users).where(users.c.id == event.user).values(disabled=True, updated_at=at))
    await connection.execute(sa.update(sessions).where(sessions.c.user_id == event.user).values(ended=True))


async def password_changed(connection: AsyncConnection, recorded: Recorded, event: said.PasswordChanged) -> None:
    at = clock.parse(recorded.envelope.time)
    await connection.execute(sa.update(users).where(users.c.id == event.user).values(updated_at=at))
    await connection.execute(sa.update(sessions).where(sessions.c.user_id == event.user).values(ended=True))


async def session_started(connection: AsyncConnection, recorded: Recorded, event: said.SessionStarted) -> None:
    row = {
        "id": event.session,
        "user_id": event.user,
        "expires_at": clock.parse(event.expires_at),
        "ended": False,
        "created_at": clock.parse(recorded.envelope.time),
    }
    await connection.execute(sa.insert(sessions).values(row))


async def session_ended(connection: AsyncConnection, _recorded: Recorded, event: said.SessionEnded) -> None:
    await connection.execute(sa.update(sessions).where(sessions.c.id == event.session).values(ended=True))


async def token_created(connection: AsyncConnection, recorded: Recorded, event: said.TokenCreated) -> None:
    at = clock.parse(recorded.envelope.time)
    row = {
        "id": event.token,
        "user_id": event.user,
        "name": event.name,
        "token_prefix": event.prefix,
        "expires_at": clock.parse(event.expires_at) if event.expires_at else None,
        "revoked": False,
        "created_at": at,
        "updated_at": at,
    }
    await connection.execute(sa.insert(tokens).values(row))


async def token_revoked(connection: AsyncConnection, recorded: Recorded, event: said.TokenRevoked) -> None:
    at = clock.parse(recorded.envelope.time)
    await connection.execute(sa.update(tokens).where(tokens.c.id == event.token).values(revoked=True, updated_at=at))


async def token_deleted(connection: AsyncConnection, _recorded: Recorded, event: said.TokenDeleted) -> None:
    await connection.execute(sa.delete(tokens).where(tokens.c.id == event.token))
