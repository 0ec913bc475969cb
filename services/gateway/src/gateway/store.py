"""The directory as rows: written by one process, loaded by every worker at its start (DESIGN 4.7)."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db import Database
from common.events import Event
from common.log import Recorded
from common.projection import Projection
from common.readmodel import place
from gateway.domain import directory as domain
from gateway.domain.directory import Directory, Drop, DropAll, Put

NAME: Final = "gateway"
TABLES: Final = sa.MetaData()
DIRECTORY: Final = sa.Table(
    "directory",
    TABLES,
    sa.Column("kind", sa.Text(collation="C"), primary_key=True),
    sa.Column("id", sa.Text(collation="C"), primary_key=True),
    sa.Column("row", JSONB, nullable=False),
)


async def apply(connection: AsyncConnection, recorded: Recorded, event: Event) -> None:
    """Write what a fact changes."""
    for change in domain.changes(recorded.position, recorded.envelope.org, event):
        match change:
            case Put(kind, id, row):
                new = insert(DIRECTORY).values(kind=kind, id=id, row=dict(row))
                merged = {"row": DIRECTORY.c.row.op("||")(new.excluded.row)}
                await connection.execute(new.on_conflict_do_update(index_elements=["kind", "id"], set_=merged))
            case Drop(kind, id):
                await connection.execute(sa.delete(DIRECTORY).where(DIRECTORY.c.kind == kind, DIRECTORY.c.id == id))
            case DropAll(kind, member, value):
                same = DIRECTORY.c.row[member].astext == value
                await connection.execute(sa.delete(DIRECTORY).where(DIRECTORY.c.kind == kind, same))


PROJECTION: Final = Projection(
    name=NAME,
    metadata=TABLES,
    events=domain.EVENTS,
    contexts=domain.CONTEXTS,
    apply=apply,
    ignored=domain.IGNORED,
)


async def snapshot(database: Database) -> Directory:
    """The directory as it was at one position of the log."""
    found = Directory()
    async with database.reading() as connection:
        here = await place(connection, NAME)
        for row in await connection.execute(sa.select(DIRECTORY)):
            found.apply(Put(row.kind, row.id, row.row))
    found.position = here.position if here is not None else 0
    return found
