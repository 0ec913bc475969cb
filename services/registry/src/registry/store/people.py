"""Organisations, members, users, sessions and tokens, as they can be read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import Principal
from registry.domain.lists import Columns, Wanted
from registry.store import listing, visible
from registry.store.rows import Row, by, many, one
from registry.store.tables import grants, members, organisations, removals, sessions, tokens, users
from registry.store.uses import token_uses

ORGANISATIONS: Final = Columns(
    {"id": "exact", "name": "text", "slug": "exact", "created_at": "time", "updated_at": "time"}, "name"
)
USERS: Final = Columns(
    {
        "id": "exact",
        "username": "text",
        "email": "text",
        "display_name": "text",
        "disabled": "boolean",
        "created_at": "time",
        "updated_at": "time",
    },
    "username",
)
TOKENS: Final = Columns(
    {
        "id": "exact",
        "name": "text",
        "token_prefix": "exact",
        "expires_at": "time",
        "last_used_at": "time",
        "revoked": "boolean",
        "created_at": "time",
        "updated_at": "time",
    },
    "created_at",
    "DESC",
)

LAST_USED: Final = sa.case(
    # Uses are told by the minute, and nothing is used before it is there.
    (token_uses.c.last_used_at < tokens.c.created_at, tokens.c.created_at),
    else_=token_uses.c.last_used_at,
)
WITH_USE: Final = sa.select(tokens, LAST_USED.label("last_used_at")).select_from(
    tokens.outerjoin(token_uses, token_uses.c.token == tokens.c.id)
)
"""Tokens and when they were last accepted; null = never."""


async def organisation_page(connection: AsyncConnection, principal: Principal, want: Wanted) -> list[Row]:
    """Organisations the caller belongs to."""
    statement = sa.select(organisations).where(visible.organisation(principal))
    return await many(connection, listing.page(statement, dict(organisations.c.items()), want))


async def organisation(connection: AsyncConnection, principal: Principal, ref: str) -> Row | None:
    """An organisation the caller belongs to, by id or slug."""
    match = sa.or_(organisations.c.id == ref, organisations.c.slug == ref)
    return await one(connection, sa.select(organisations).where(match, visible.organisation(principal)).limit(1))


async def organisations_by_id(connection: AsyncConnection, ids: Sequence[str]) -> list[Row]:
    return await by(connection, sa.select(organisations), organisations.c.id, ids)


async def slugs_taken(connection: AsyncConnection, slugs: Sequence[str]) -> set[str]:
    """Which of these slugs organisations have."""
    return {row["slug"] for row in await by(connection, sa.select(organisations.c.slug), organisations.c.slug, slugs)}


async def members_of(connection: AsyncConnection, ids: Sequence[str]) -> list[Row]:
    """Members of organisations, longest first."""
    statement = sa.select(members).order_by(members.c.since, members.c.user_id)
    return await by(connection, statement, members.c.organisation, ids)


async def member(connection: AsyncConnection, organisation: str, user: str) -> Row | None:
    match = (members.c.organisation == organisation) & (members.c.user_id == user)
    return await one(connection, sa.select(members).where(match))


async def roles(connection: AsyncConnection, user: str) -> tuple[dict[str, str], dict[str, str]]:
    """A user's roles by organisation, and by project."""
    held = await many(connection, sa.select(members).where(members.c.user_id == user))
    granted = await many(connection, sa.select(grants).where(grants.c.user_id == user))
    by_project = {row["project"]: row["role"] for row in granted}
    return {row["organisation"]: row["role"] for row in held}, by_project


async def removed_by(connection: AsyncConnection, command: str) -> bool:
    """Whether this command took something away before."""
    found = sa.select(sa.exists().where(removals.c.command == command))
    return bool(await connection.scalar(found))


async def visible_users(connection: AsyncConnection, principal: Principal) -> list[Row]:
    """Every user the caller may see, sealed: what is sealed can be filtered and ordered only once it is opened."""
    return await many(connection, sa.select(users).where(visible.user(principal)))


async def users_by_id(connection: AsyncConnection, ids: Sequence[str]) -> list[Row]:
    return await by(connection, sa.select(users), users.c.id, ids)


async def user_by_email(connection: AsyncConnection, email_hash: str) -> Row | None:
    return await one(connection, sa.select(users).where(users.c.email_hash == email_hash).limit(1))


async def session(connection: AsyncConnection, id: str) -> Row | None:
    return await one(connection, sa.select(sessions).where(sessions.c.id == id))


async def token_page(connection: AsyncConnection, user: str, want: Wanted) -> list[Row]:
    """The tokens of a user."""
    columns = {**tokens.c, "last_used_at": LAST_USED}
    return await many(connection, listing.page(WITH_USE.where(tokens.c.user_id == user), columns, want))


async def token(connection: AsyncConnection, id: str) -> Row | None:
    return await one(connection, WITH_USE.where(tokens.c.id == id))


async def live_tokens(connection: AsyncConnection, user: str, now: datetime) -> int:
    """How many tokens of a user can still be used."""
    alive = sa.or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now)
    statement = sa.select(sa.func.count()).where(tokens.c.user_id == user, sa.not_(tokens.c.revoked), alive)
    return int(await connection.scalar(statement) or 0)


async def token_stretch(
    connection: AsyncConnection,
    user: str | None,
    *,
    count: int,
    backwards: bool,
    beyond: tuple[datetime, str] | None,
) -> tuple[list[Row], bool, int]:
    """Tokens newest first: `count` of them next to the cursor `beyond`, whether there are more, and how many in all.

    `user` None = everybody's. `backwards` walks towards newer ones; the rows come newest first all the same.
    """
    mine = sa.true() if user is None else tokens.c.user_id == user
    key = sa.tuple_(tokens.c.created_at, tokens.c.id)
    statement = WITH_USE.where(mine)
    if beyond is not None:
        at = sa.tuple_(sa.literal(beyond[0], tokens.c.created_at.type), sa.literal(beyond[1], tokens.c.id.type))
        statement = statement.where(key > at if backwards else key < at)
    ordered = (tokens.c.created_at, tokens.c.id) if backwards else (tokens.c.created_at.desc(), tokens.c.id.desc())
    rows = await many(connection, statement.order_by(*ordered).limit(count + 1))
    total = int(await connection.scalar(sa.select(sa.func.count()).select_from(tokens).where(mine)) or 0)
    more, rows = len(rows) > count, rows[:count]
    return (rows[::-1] if backwards else rows), more, total
