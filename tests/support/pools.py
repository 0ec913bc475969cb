"""Connections of the tests' own to environments' databases, and what is asked over them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from common.errors import Refused
from contracts.names import database
from gateway.execute.connections import Connections
from gateway.execute.pool import Errand, Pool
from gateway.execute.wire.outcomes import Outcome
from tests.support.door import Door, Live
from tests.support.waiting import until

SLOW = "select pg_sleep($1::float8)::text"
HELD = "select pg_advisory_xact_lock(7)::text"
"""Takes as long as the gate is closed."""
WHO = "select current_database() || ' ' || current_user"
PID = "select pg_backend_pid()::text"

Told = Outcome | Refused


@asynccontextmanager
async def gate(door: Door, live: Live) -> AsyncIterator[None]:
    """As long as it lasts, HELD waits in the environment's database."""
    connection = await asyncpg.connect(door.stack.postgres_dsn, database=database(live.place.id))
    try:
        await connection.execute("select pg_advisory_lock(7)")
        yield
    finally:
        await connection.close()


def connections_of(door: Door, made: list[Connections], budget: int, most: int = 99) -> Connections:
    server = urlsplit(door.stack.postgres_dsn)
    connections = Connections(f"postgresql://{server.hostname}:{server.port}", door.secret_key, budget, most)
    made.append(connections)
    return connections


def begun(
    connections: Connections, live: Live, sql: str, *values: Any, **kind: Any
) -> tuple[asyncio.Future[Told], Errand]:
    """A statement that was handed over; `kind` is what an Errand is told about it: small, writes, shares."""
    answer: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
    errand = Errand(((sql, values),), lambda told: None if answer.done() else answer.set_result(told), **kind)
    connections.submit(live.place.id, database(live.place.id), errand)
    return answer, errand


async def ask(connections: Connections, live: Live, sql: str, *values: Any, small: bool = False) -> Told:
    return await begun(connections, live, sql, *values, small=small)[0]


async def several(door: Door, connections: Connections, live: Live) -> None:
    """The environment has four connections with nothing to do."""
    async with gate(door, live):
        held = [begun(connections, live, HELD)[0] for _ in range(4)]
        await until(lambda: len(pool_of(connections, live).wires) == len(held))
    await asyncio.gather(*held)


def known_to_be_quick(connections: Connections, live: Live, sql: str) -> None:
    for _ in range(20):
        pool_of(connections, live).paces.took(sql, 1e-5)


def pool_of(connections: Connections, live: Live) -> Pool:
    return connections._pools[live.place.id]  # noqa: SLF001 - figures of the inside


async def as_owner(live: Live, *statements: str) -> None:
    """Change a database as its owner does; the environment's role may use what was made."""
    async with live.place.cluster.connected(live.place.id) as connection:
        for statement in statements:
            await connection.execute(statement)
        await connection.execute(f"grant all on all tables in schema app to {database(live.place.id)}")
