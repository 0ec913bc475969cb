"""Gives the room of deleted rows back to the server, so that a database that was full is so no longer (C 1.4)."""

from __future__ import annotations

from typing import Final

import asyncpg
from pydantic import BaseModel

from common.errors import SERVICE_UNAVAILABLE, Refused
from common.logs import observe
from common.sql import ident, sql
from provisioner.execute.cluster import WORLD, Cluster

SUBJECT: Final = "ask.provisioner.compact"
LOCK: Final = "set lock_timeout = '500ms'"
TABLES: Final = (
    "select relname from pg_class where relkind = 'r' and relnamespace = 'app'::regnamespace order by relname"
)
SIZE: Final = "select pg_database_size(current_database())"


class AskedCompact(BaseModel):
    """The wish that an environment's files become as small as its rows are."""

    environment: str


class ToldCompact(BaseModel):
    """The size of the database now, in bytes; null when it is being worked on, or has none."""

    bytes: int | None = None


async def compact(cluster: Cluster, asked: AskedCompact) -> ToldCompact:
    """Write every table anew, one after the other. Callers of a table wait while it is written.

    A table that somebody uses for long is left as it is. Raises Refused SERVICE_UNAVAILABLE.
    """
    try:
        async with cluster.alone(asked.environment) as server:
            if server is None:
                return ToldCompact()
            async with cluster.connected(asked.environment) as inside:
                await inside.execute(LOCK)
                for row in await inside.fetch(TABLES):
                    await _written_anew(inside, str(row["relname"]))
                return ToldCompact(bytes=await inside.fetchval(SIZE))
    except asyncpg.InvalidCatalogNameError:
        return ToldCompact()
    except WORLD as error:
        raise Refused(SERVICE_UNAVAILABLE, "The database of the environment does not answer.") from error


async def _written_anew(inside: asyncpg.Connection, table: str) -> None:
    try:
        await inside.execute(sql("vacuum (full) {table}", table=ident("app", table)).text)
    except asyncpg.LockNotAvailableError:
        observe("provisioner.compacted", outcome="busy", table=table)
