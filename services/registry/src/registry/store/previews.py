"""Previews as they can be read, and which leases have ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common import clock
from common.log import Recorded
from contracts import previews as said
from registry.store.rows import Row, by, many, one
from registry.store.tables import environments, previews

DUE_MAX: Final = 100


async def created(connection: AsyncConnection, recorded: Recorded, event: said.PreviewCreated) -> None:
    """A row for the preview, and one for its environment, which belongs to it."""
    row = {
        "id": event.preview,
        "organisation": event.organisation,
        "project": event.project,
        "instance": event.instance,
        "environment": event.environment,
        "name": event.name,
        "source": event.source,
        "masks": [mask.model_dump() for mask in event.masks],
        "slot": event.slot,
        "creator": recorded.envelope.actor.id,
        "expires_at": clock.parse(event.expires_at),
        "created_at": clock.parse(recorded.envelope.time),
    }
    await connection.execute(sa.insert(previews).values(row))
    environment = {
        "id": event.environment,
        "owner": event.preview,
        "kind": "preview",
        "organisation": event.organisation,
        "version": event.version,
        "declaration": recorded.envelope.id,
    }
    await connection.execute(sa.insert(environments).values(environment))


async def extended(connection: AsyncConnection, _recorded: Recorded, event: said.PreviewExtended) -> None:
    """Its lease ends at another time."""
    changed = {"expires_at": clock.parse(event.expires_at)}
    await connection.execute(sa.update(previews).where(previews.c.id == event.preview).values(changed))


async def deleted(connection: AsyncConnection, _recorded: Recorded, event: said.PreviewDeleted) -> None:
    """It is gone for those who ask."""
    await connection.execute(sa.delete(environments).where(environments.c.owner == event.preview))
    await connection.execute(sa.delete(previews).where(previews.c.id == event.preview))


async def removed_with(connection: AsyncConnection, instance: str) -> None:
    """All previews of an instance that is removed."""
    mine = sa.select(previews.c.id).where(previews.c.instance == instance)
    await connection.execute(sa.delete(environments).where(environments.c.owner.in_(mine)))
    await connection.execute(sa.delete(previews).where(previews.c.instance == instance))


APPLY: Final[dict[type[Any], Any]] = {
    said.PreviewCreated: created,
    said.PreviewExtended: extended,
    said.PreviewDeleted: deleted,
}


async def preview(connection: AsyncConnection, id: str) -> Row | None:
    """One preview."""
    return await one(connection, sa.select(previews).where(previews.c.id == id))


async def of_instances(connection: AsyncConnection, ids: Sequence[str]) -> list[Row]:
    """Previews of instances, oldest first."""
    statement = sa.select(previews).order_by(previews.c.created_at, previews.c.id)
    return await by(connection, statement, previews.c.instance, ids)


async def slots(connection: AsyncConnection, project: str) -> list[int]:
    """The places for previews that are taken in a project."""
    statement = sa.select(previews.c.slot).where(previews.c.project == project).order_by(previews.c.slot)
    return [row["slot"] for row in await many(connection, statement)]


async def due(connection: AsyncConnection, now: datetime) -> list[Row]:
    """Previews whose lease has ended, those that ended first before the others."""
    statement = sa.select(previews).where(previews.c.expires_at <= now)
    return await many(connection, statement.order_by(previews.c.expires_at, previews.c.id).limit(DUE_MAX))
