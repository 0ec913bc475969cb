"""A write is told when its commit is on disk, and many share the way there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from contracts.names import database
from gateway.domain.paces import DEPTH_MAX
from gateway.execute.connections import Connections
from gateway.execute.pool import Pool
from gateway.execute.wire.messages import Problem
from gateway.execute.wire.outcomes import Lost
from tests.support.door import Door, Live
from tests.support.pools import (
    HELD,
    Told,
    as_owner,
    begun,
    connections_of,
    gate,
    known_to_be_quick,
    pool_of,
    several,
)
from tests.support.waiting import until

WRITE = "insert into app.marks values ($1::text) returning mark"
MARKS = "select array_agg(mark order by mark) from app.marks"


@pytest.fixture(scope="module")
async def live(door: Door) -> Live:
    """An environment with a table to write to."""
    made = await door.environment("type Note @model { id: ID! @isUnique text: String }", "dev")
    await as_owner(made, "create table app.marks (mark text primary key)")
    return made


@pytest.fixture
async def server(door: Door, live: Live) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A connection of the server's owner to the environment's database, whose table is empty again afterwards."""
    connection = await asyncpg.connect(door.stack.postgres_dsn, database=database(live.place.id))
    yield connection
    await connection.execute("truncate app.marks")
    await connection.close()


@asynccontextmanager
async def nothing_reaches_the_disks(server: asyncpg.Connection[Any]) -> AsyncIterator[None]:
    """As long as it lasts, every commit that waits for the disk waits for a standby's too, and there is none."""

    async def in_force() -> bool:
        try:
            await server.execute("select pg_logical_emit_message(true, 'test', '')", timeout=0.05)
        except TimeoutError:
            return True
        return False

    await server.execute("alter system set synchronous_standby_names = 'nobody'")
    await server.execute("select pg_reload_conf()")
    try:
        await until(in_force)
        await server.execute("set synchronous_commit = off")
        yield
    finally:
        await server.execute("alter system reset synchronous_standby_names")
        await server.execute("select pg_reload_conf()")


def write(connections: Connections, live: Live, mark: str) -> asyncio.Future[Told]:
    return begun(connections, live, WRITE, mark, writes=True, shares=True)[0]


def known_pool(connections: Connections, live: Live) -> Pool:
    known_to_be_quick(connections, live, WRITE)
    return pool_of(connections, live)


async def test_a_write_is_told_when_its_commit_is_on_disk_and_not_before(
    door: Door, live: Live, made: list[Connections], server: asyncpg.Connection[Any]
) -> None:
    connections = connections_of(door, made, 8)
    await several(door, connections, live)
    commits = known_pool(connections, live).commits
    async with nothing_reaches_the_disks(server):
        answers = [write(connections, live, f"mark {n}") for n in range(6)]
        await until(lambda: commits.under_way == len(answers))

        async def all_written() -> bool:
            return len(await server.fetchval(MARKS) or ()) == len(answers)

        await until(all_written)
        assert not any(answer.done() for answer in answers)

    assert await asyncio.gather(*answers) == [f"mark {n}" for n in range(6)]
    assert commits.under_way == 0


async def test_writes_that_come_together_stand_behind_each_other(
    door: Door, live: Live, made: list[Connections], server: asyncpg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.execute.pool.FRESH_SECONDS", 60)
    connections = connections_of(door, made, 4)
    await several(door, connections, live)
    pool = known_pool(connections, live)
    answers = [write(connections, live, f"mark {n}") for n in range(1 + DEPTH_MAX)]
    standing = sorted(wire.outstanding for wire in pool.wires)

    assert standing == [0, 0, 1, DEPTH_MAX], "the first one alone, the others in a row"
    assert await asyncio.gather(*answers) == [f"mark {n}" for n in range(1 + DEPTH_MAX)]
    assert await server.fetchval(MARKS) == sorted(f"mark {n}" for n in range(1 + DEPTH_MAX))


async def test_a_write_that_was_refused_is_told_at_once_and_harms_no_other(
    door: Door, live: Live, made: list[Connections], server: asyncpg.Connection[Any]
) -> None:
    connections = connections_of(door, made, 4)
    await several(door, connections, live)
    known_to_be_quick(connections, live, WRITE)
    assert await write(connections, live, "taken") == "taken"
    async with nothing_reaches_the_disks(server):
        first = write(connections, live, "first")
        again = [write(connections, live, "taken") for _ in range(3)]

        problems = await asyncio.gather(*again)
        assert [isinstance(one, Problem) and one.sqlstate for one in problems] == ["23505"] * 3
        assert not first.done()
    assert await first == "first"


@pytest.mark.usefixtures("server")
async def test_a_write_that_takes_long_keeps_no_other_waiting(door: Door, live: Live, made: list[Connections]) -> None:
    connections = connections_of(door, made, 4)
    await several(door, connections, live)
    known_to_be_quick(connections, live, WRITE)
    async with gate(door, live):
        slow = begun(connections, live, HELD, writes=True, shares=True)[0]
        answers = [write(connections, live, f"mark {n}") for n in range(6)]

        assert await asyncio.gather(*answers) == [f"mark {n}" for n in range(6)]
        assert not slow.done()
    assert await slow == ""


async def test_whoever_waits_for_a_flush_that_is_lost_is_told_that_nobody_knows(
    door: Door, live: Live, made: list[Connections], server: asyncpg.Connection[Any]
) -> None:
    connections = connections_of(door, made, 4)
    await several(door, connections, live)
    pool = known_pool(connections, live)
    async with nothing_reaches_the_disks(server):
        answers = [write(connections, live, f"mark {n}") for n in range(6)]

        async def all_written() -> bool:
            return len(await server.fetchval(MARKS) or ()) == len(answers)

        await until(all_written)
        await until(lambda: sum(wire.idle for wire in pool.wires) == len(pool.wires) - 1)
        for row in await server.fetch(
            "select pid from pg_stat_activity where application_name = 'mortise-gateway' and datname = $1",
            database(live.place.id),
        ):
            await server.execute("select pg_terminate_backend($1, 5000)", row["pid"])

        assert await asyncio.gather(*answers) == [Lost()] * 6
    assert await write(connections, live, "afterwards") == "afterwards"
    assert pool.commits.under_way == 0
