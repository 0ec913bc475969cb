"""Makes a preview's database: from the files of its source where nothing is masked, else row by row.

A copy of files takes a moment whatever it holds, above all where the file system shares blocks, but PostgreSQL makes it
only of a database that nobody is connected to. While it is made, whoever connects waits for it; gateways are asked to
let go of the connections they have, which they do when what runs on them has ended. So callers wait and meet no error.
It is given up after `PAUSE_SECONDS`, and then rows are copied, which nobody notices.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from common.sql import Sql
from contracts.masks import Mask
from contracts.model import Model
from contracts.names import database
from provisioner.domain import birth, cloning, masking
from provisioner.domain.cloning import Load
from provisioner.domain.layout import SCHEMA
from provisioner.domain.plan import Plan, PlannedStep
from provisioner.execute import leftovers
from provisioner.execute.cluster import WORLD, Cluster
from provisioner.execute.migrate import INCONSISTENT, MIGRATION_FAILED, PREPARE_SECONDS, Refusal

PAUSE_SECONDS: Final = 3.0
"""How long callers of the source may have to wait; they are refused after five."""
SLOW_SECONDS: Final = 3600.0
"""For so long nobody is made to wait again for a database that took too long, or for a larger one."""
REST_SECONDS: Final = 0.1
PIECES: Final = 8
"""Pieces of rows that were read and not yet written."""
SETTLE: Final = "update app._mortise set model_sha = $1, step = $2"
STRANGERS: Final = (
    "select exists (select from pg_stat_activity where datname = $1 and usesysid is not null "
    "and application_name is distinct from 'mortise-gateway')"
)
"""Of sessions of others we see little, but that they are somebody's; those of the server itself are nobody's."""
MEMORY: Final = "set maintenance_work_mem = '256MB'"

Rest = Callable[[str], Awaitable[None]]
"""Asks all gateways to let go of the connections to an environment."""


@dataclass(frozen=True, slots=True)
class Cloning:
    """One clone to be made; the caller keeps deployments of the source away."""

    source: str
    """Environment that is cloned."""
    model: Model
    masks: tuple[Mask, ...]
    plan: Plan
    key: bytes
    """What hashes of masked values are made with."""

    @property
    def environment(self) -> str:
        """The clone's."""
        return self.plan.environment


async def clone(cluster: Cluster, server: asyncpg.Connection, job: Cloning, rest: Rest) -> str | Refusal:
    """Make it, from nothing, and say how: `files` or `rows`. Raises errors of `cluster.WORLD`."""
    # Nobody has called it yet: what an earlier attempt has left tells nothing.
    await cluster.remove(server, job.environment)
    try:
        if not job.masks and await _files(cluster, server, job, rest):
            return await _hand_over(cluster, server, job) or "files"
        return await _rows(cluster, server, job) or "rows"
    except asyncpg.PostgresError as error:
        if isinstance(error, WORLD):
            raise
        # The message of the server names tables and indexes; its detail holds data and is left out.
        return Refusal(MIGRATION_FAILED, f"{error.args[0]}.")


# --- files --------------------------------------------------------------------------------------------------------


async def _files(cluster: Cluster, server: asyncpg.Connection, job: Cloning, rest: Rest) -> bool:
    """Whether there is a copy of the source's files now."""
    loop = asyncio.get_running_loop()
    size = float(await server.fetchval("select pg_database_size($1::name)", database(job.source)))
    too_large, until = cluster.slow_files
    if (size >= too_large and loop.time() < until) or await server.fetchval(STRANGERS, database(job.source)):
        return False
    copying = asyncio.create_task(cluster.copied(server, job.environment, job.source, PAUSE_SECONDS))
    try:
        while not copying.done():
            await rest(job.source)
            await asyncio.wait([copying], timeout=REST_SECONDS)
        await copying
    except asyncpg.ObjectInUseError:
        return False
    except asyncpg.QueryCanceledError:
        cluster.slow_files = (size, loop.time() + SLOW_SECONDS)
        return False
    finally:
        copying.cancel()
    return True


async def _hand_over(cluster: Cluster, server: asyncpg.Connection, job: Cloning) -> Refusal | None:
    """What was the source's becomes the clone's own; what is no data of the Model goes."""
    async with cluster.connected(job.environment) as connection:
        found = await leftovers.state(connection)
        if found.model_sha != job.plan.model_sha:
            return _inconsistent(job, found.model_sha)
        while (statement := await leftovers.next_leftover(connection)) is not None:
            await connection.execute(statement)
        for row in await connection.fetch(cloning.leftover_statements(job.model).text):
            await connection.execute(row["statement"])
        for statement in found.unfinished:
            await connection.execute(statement, timeout=PREPARE_SECONDS)
        await _run(connection, cloning.handed_over(job.model, source=job.source, environment=job.environment))
        await connection.execute(SETTLE, job.plan.model_sha, job.plan.end)
    await cluster.admitted(server, job.environment)
    return None


# --- rows ---------------------------------------------------------------------------------------------------------


async def _rows(cluster: Cluster, server: asyncpg.Connection, job: Cloning) -> Refusal | None:
    """All rows as they are at one moment, masked on their way, in one transaction of the clone."""
    await cluster.ensure(server, job.environment)
    before, after = cloning.stages(job.plan)
    async with cluster.connected(job.source) as source, cluster.connected(job.environment) as connection:
        for name, value in masking.keys(job.key).items():
            await source.fetchval("select set_config($1, $2, false)", name, value)
        async with source.transaction(isolation="repeatable_read", readonly=True), connection.transaction():
            held = await source.fetchval("select model_sha from app._mortise")
            if held != job.plan.model_sha:
                return _inconsistent(job, held)
            await connection.execute(MEMORY)
            await _run(connection, birth.opened(database(job.environment)))
            await _steps(connection, before)
            for load in cloning.loads(job.model, job.masks):
                await _load(source, connection, load)
            await _steps(connection, after)
            await connection.execute(SETTLE, job.plan.model_sha, job.plan.end)
        await connection.execute("analyze", timeout=PREPARE_SECONDS)
    return None


async def _load(source: asyncpg.Connection, clone: asyncpg.Connection, load: Load) -> None:
    """The rows of one table, as they come; what cannot be read ends the writing as well."""
    pipe: asyncio.Queue[bytes | Exception | None] = asyncio.Queue(PIECES)

    async def read() -> None:
        try:
            await source.copy_from_query(load.query, output=pipe.put, format="binary", timeout=PREPARE_SECONDS)
        except (asyncpg.PostgresError, *WORLD) as error:
            await pipe.put(error)
        else:
            await pipe.put(None)

    async def pieces() -> AsyncIterator[bytes]:
        while (piece := await pipe.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    reading = asyncio.create_task(read())
    try:
        await clone.copy_to_table(
            load.table,
            schema_name=SCHEMA,
            columns=load.columns,
            source=pieces(),
            format="binary",
            timeout=PREPARE_SECONDS,
        )
        await reading
    finally:
        reading.cancel()


async def _steps(connection: asyncpg.Connection, steps: Sequence[PlannedStep]) -> None:
    for step in steps:
        for statement in step.sql:
            await connection.execute(statement, timeout=PREPARE_SECONDS)


async def _run(connection: asyncpg.Connection, statements: Sequence[Sql]) -> None:
    for statement in statements:
        await connection.execute(statement.text)


def _inconsistent(job: Cloning, held: str | None) -> Refusal:
    reason = f"{database(job.source)} holds {held}, the log says {job.plan.model_sha}."
    return Refusal(INCONSISTENT, reason)
