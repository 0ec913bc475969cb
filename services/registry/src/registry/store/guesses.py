"""Failed sign-ins, shared by all replicas; no read model: losing them gives a guesser a few free guesses."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.domain import throttle

GUESSES: Final = sa.MetaData()

guesses: Final = sa.Table(
    "guesses",
    GUESSES,
    sa.Column("email_hash", sa.Text(collation="C"), nullable=False, index=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
)


async def guess(connection: AsyncConnection, email_hash: str, now: datetime) -> int:
    """Count a guess as wrong until `right` says otherwise, unless it comes too early: seconds to wait, 0 = counted.

    Guesses at one address wait for each other here, so that many at once are not more than one after another.
    """
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(email_hash, 0))))
    await connection.execute(sa.delete(guesses).where(guesses.c.at < now - throttle.MEMORY))
    made = sa.select(guesses.c.at).where(guesses.c.email_hash == email_hash).order_by(guesses.c.at)
    seconds = throttle.wait_seconds([row.at for row in await connection.execute(made)], now)
    if seconds == 0:
        await connection.execute(sa.insert(guesses).values(email_hash=email_hash, at=now))
    return seconds


async def right(connection: AsyncConnection, email_hash: str) -> None:
    """The last guess was right: forget them all."""
    await connection.execute(sa.delete(guesses).where(guesses.c.email_hash == email_hash))
