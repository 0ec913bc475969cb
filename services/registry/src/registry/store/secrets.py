"""Password hashes in the vault: never in events, never in the read model (DESIGN 2.6)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from common import clock
from common.sealing import PASSWORDS


async def keep_first(connection: AsyncConnection, user: str, hash: str) -> None:
    """The hash of a new user; the repeat of a registration must not undo a later change."""
    row = {"person": user, "hash": hash, "changed_at": clock.now()}
    await connection.execute(insert(PASSWORDS).values(row).on_conflict_do_nothing())


async def replace(connection: AsyncConnection, user: str, hash: str) -> None:
    """Another hash."""
    changed = sa.update(PASSWORDS).where(PASSWORDS.c.person == user)
    await connection.execute(changed.values(hash=hash, changed_at=clock.now()))


async def hash_of(connection: AsyncConnection, user: str) -> str | None:
    """The hash, if the user has a password."""
    found: str | None = await connection.scalar(sa.select(PASSWORDS.c.hash).where(PASSWORDS.c.person == user))
    return found
