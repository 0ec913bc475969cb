"""Invitations, billing details and notices, as they can be read."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.store.rows import Row, many, one
from registry.store.tables import clients, organisations, projects, services, users
from registry.store.tables_people import accounts, invitations, notices

NOTICES_AT_ONCE = 100


async def of_organisation(connection: AsyncConnection, organisation: str) -> list[Row]:
    """Invitations to become a member, newest first."""
    mine = (invitations.c.organisation == organisation) & (invitations.c.kind == "member")
    return await many(connection, _newest_first().where(mine))


async def of_project(connection: AsyncConnection, project: str) -> list[Row]:
    """Invitations of clients of the project, newest first."""
    return await many(connection, _newest_first().where(invitations.c.project == project))


async def by_id(connection: AsyncConnection, id: str) -> Row | None:
    return await one(connection, sa.select(invitations).where(invitations.c.id == id))


async def by_token(connection: AsyncConnection, token_hash: str) -> Row | None:
    return await one(connection, sa.select(invitations).where(invitations.c.token_hash == token_hash).limit(1))


async def recent(connection: AsyncConnection, organisation: str, now: datetime) -> int:
    """How many invitations of the organisation can still be accepted, or were made within a day."""
    alive = sa.and_(sa.not_(invitations.c.withdrawn), invitations.c.user_id.is_(None), invitations.c.expires_at > now)
    counted = sa.or_(alive, invitations.c.created_at > now - timedelta(days=1))
    mine = invitations.c.organisation == organisation
    return int(await connection.scalar(sa.select(sa.func.count()).select_from(invitations).where(mine, counted)) or 0)


async def left_behind(connection: AsyncConnection, before: datetime) -> list[Row]:
    """Invitations that were accepted before a time and whose promise was not yet kept."""
    waiting = sa.not_(invitations.c.honoured) & (invitations.c.accepted_at < before)
    return await many(connection, sa.select(invitations).where(waiting))


async def account(connection: AsyncConnection, organisation: str) -> Row | None:
    """Billing details, sealed."""
    return await one(connection, sa.select(accounts).where(accounts.c.organisation == organisation))


async def notices_due(connection: AsyncConnection, since: datetime) -> list[Row]:
    """Messages of facts after a time that were neither sent nor given up, the oldest first."""
    due = sa.select(notices).where(sa.not_(notices.c.settled), notices.c.made_at > since)
    return await many(connection, due.order_by(notices.c.made_at, notices.c.id).limit(NOTICES_AT_ONCE))


async def user_of(connection: AsyncConnection, id: str) -> Row | None:
    """A user who can be told something."""
    return await one(connection, sa.select(users).where(users.c.id == id, sa.not_(users.c.disabled)))


async def names(connection: AsyncConnection, ids: list[str]) -> dict[str, str]:
    """What organisations, projects, services and clients of these ids are called."""
    found: dict[str, str] = {}
    for table in (organisations, projects, services, clients):
        rows = await many(connection, sa.select(table.c.id, table.c.name).where(table.c.id.in_(ids)))
        found |= {row["id"]: row["name"] for row in rows}
    return found


def _newest_first() -> sa.Select[tuple[object, ...]]:
    return sa.select(invitations).order_by(invitations.c.created_at.desc(), invitations.c.id)
