"""Webhooks as they can be read, and how far each one is told.

How far is no read model: what was delivered is known to nobody else, so it is kept beside. Should it be lost, facts of
the last three days are told again, with the ids they had.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.domain.deliveries import Course
from registry.store.rows import Row, by, many, one
from registry.store.tables import Exact, Moment
from registry.store.tables_people import webhooks

DELIVERIES: Final = sa.MetaData()

courses: Final = sa.Table(
    "webhook_courses",
    DELIVERIES,
    sa.Column("webhook", Exact, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("start", sa.BigInteger, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("failing_since", Moment),
    sa.Column("next_at", Moment),
)

attempts: Final = sa.Table(
    "webhook_attempts",
    DELIVERIES,
    sa.Column("webhook", Exact, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("event", Exact, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("error", sa.Text),
    sa.Column("took_ms", sa.Integer, nullable=False),
    sa.Index("webhook_attempts_newest", "webhook", "at"),
    sa.Index("webhook_attempts_age", "at"),
)


async def of_organisation(connection: AsyncConnection, organisation: str) -> list[Row]:
    """The webhooks of an organisation and of its projects, by age."""
    mine = webhooks.c.organisation == organisation
    return await many(connection, sa.select(webhooks).where(mine).order_by(webhooks.c.created_at, webhooks.c.id))


async def by_id(connection: AsyncConnection, id: str) -> Row | None:
    return await one(connection, sa.select(webhooks).where(webhooks.c.id == id))


async def told(connection: AsyncConnection) -> list[Row]:
    """All webhooks that are told."""
    return await many(connection, sa.select(webhooks).where(webhooks.c.disabled.is_(None)).order_by(webhooks.c.id))


async def courses_of(connection: AsyncConnection, ids: Sequence[str]) -> list[Row]:
    """How far webhooks are."""
    return await by(connection, sa.select(courses), courses.c.webhook, ids)


async def attempts_of(connection: AsyncConnection, webhook: str, count: int) -> list[Row]:
    """The latest attempts, newest first."""
    newest = sa.select(attempts).where(attempts.c.webhook == webhook)
    ordered = newest.order_by(attempts.c.at.desc(), attempts.c.position.desc(), attempts.c.attempt.desc())
    return await many(connection, ordered.limit(count))


async def course(connection: AsyncConnection, webhook: str) -> Course | None:
    """How far a webhook is; None when it was never told anything."""
    row = await one(connection, sa.select(courses).where(courses.c.webhook == webhook))
    if row is None:
        return None
    return Course(row["position"], row["start"], row["attempts"], row["failing_since"], row["next_at"])


async def keep(connection: AsyncConnection, webhook: str, now: Course) -> None:
    """How far a webhook is now. It never goes back: who leads no more cannot undo what his heir did."""
    row = {
        "webhook": webhook,
        "position": now.position,
        "start": now.start,
        "attempts": now.attempts,
        "failing_since": now.failing_since,
        "next_at": now.next_at,
    }
    new = insert(courses).values(row)
    onwards = sa.tuple_(courses.c.start, courses.c.position) <= sa.tuple_(new.excluded.start, new.excluded.position)
    kept = new.on_conflict_do_update(index_elements=[courses.c.webhook], set_=row, where=onwards)
    await connection.execute(kept)


async def note(connection: AsyncConnection, attempt: dict[str, Any]) -> None:
    """One more line of the delivery log."""
    await connection.execute(sa.insert(attempts).values(attempt))


async def forget(connection: AsyncConnection, before: datetime) -> None:
    """Drop old lines of the delivery log, and what was kept of webhooks that are gone."""
    await connection.execute(sa.delete(attempts).where(attempts.c.at < before))
    known = sa.select(webhooks.c.id)
    await connection.execute(sa.delete(courses).where(courses.c.webhook.not_in(known)))
