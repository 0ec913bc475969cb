"""Connections to environments: one budget over all, fair turns, and servers that go away."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from common.errors import Refused
from contracts.names import database
from gateway.execute import connections as module
from gateway.execute.connections import Connections, share
from tests.support.door import Door, Live

SDL = "type Note @model { id: ID! @isUnique text: String }"
QUERY = "{ _allNotesMeta { count } }"


@pytest.fixture(scope="module")
async def lives(door: Door) -> list[Live]:
    return [await door.environment(SDL, "dev") for _ in range(4)]


@pytest.fixture
async def pools() -> AsyncIterator[list[Connections]]:
    """Every pool a test makes; closed behind it."""
    made: list[Connections] = []
    yield made
    for one in made:
        await one.close()


def pool(door: Door, pools: list[Connections], budget: int, most: int = 99) -> Connections:
    server = urlsplit(door.stack.postgres_dsn)
    made = Connections(f"postgresql://{server.hostname}:{server.port}", door.secret_key, budget, most)
    pools.append(made)
    return made


async def take(connections: Connections, live: Live) -> module.Connection:
    return await connections.take(live.place.id, database(live.place.id))


async def on_server(door: Door, pids: list[int]) -> int:
    """How many of these server processes there are."""
    connection = await asyncpg.connect(door.stack.postgres_dsn)
    try:
        found = await connection.fetchval("select count(*) from pg_stat_activity where pid = any($1)", pids)
        return int(found)
    finally:
        await connection.close()


async def test_a_connection_belongs_to_the_environments_own_role_and_database(
    door: Door, lives: list[Live], pools: list[Connections]
) -> None:
    connections = pool(door, pools, 2)
    async with connections.use(lives[0].place.id, database(lives[0].place.id)) as connection:
        row = await connection.fetchrow("select current_user as who, current_database() as what")

    assert row is not None
    assert row["who"] == row["what"] == database(lives[0].place.id)


async def test_a_connection_that_is_given_back_is_used_again(
    door: Door, lives: list[Live], pools: list[Connections]
) -> None:
    connections = pool(door, pools, 2)
    first = await take(connections, lives[0])
    connections.give_back(lives[0].place.id, first)

    assert await take(connections, lives[0]) is first
    connections.give_back(lives[0].place.id, first)
    assert connections.open == 1


async def test_more_environments_than_connections_take_turns_and_the_least_used_gives_way(
    door: Door, lives: list[Live], pools: list[Connections]
) -> None:
    connections = pool(door, pools, 2)
    kept = []
    for live in (*lives, *lives):
        connection = await take(connections, live)
        kept.append(connection)
        assert connections.open <= 2
        connections.give_back(live.place.id, connection)

    assert connections.open == 2
    # Asked for in the same order twice, so each was closed again before its environment came a second time.
    assert len(set(map(id, kept))) == len(kept)


async def test_the_budget_holds_whatever_many_callers_do(
    door: Door, lives: list[Live], pools: list[Connections]
) -> None:
    connections = pool(door, pools, 5, most=3)
    chance = random.Random(7)  # noqa: S311 - a schedule, no secret
    highest = 0
    held = {live.place.id: 0 for live in lives}

    async def caller() -> None:
        nonlocal highest
        for _ in range(15):
            live = chance.choice(lives)
            try:
                async with asyncio.timeout(chance.choice([0.02, 5, 5, 5])):
                    connection = await take(connections, live)
            except TimeoutError:
                continue
            held[live.place.id] += 1
            highest = max(highest, connections.open)
            assert held[live.place.id] <= 3
            await connection.fetchval("select 1")
            held[live.place.id] -= 1
            if chance.random() < 0.05:
                connection.terminate()
            connections.give_back(live.place.id, connection)

    await asyncio.gather(*(caller() for _ in range(25)))

    assert highest <= 5
    await connections.close()
    assert connections.open == 0


async def test_who_waits_gets_his_turn_and_who_waits_too_long_is_told_so(
    door: Door, lives: list[Live], pools: list[Connections], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.2)
    connections = pool(door, pools, 1)
    held = await take(connections, lives[0])

    with pytest.raises(Refused) as refused:
        await take(connections, lives[1])
    assert (refused.value.code, refused.value.reason) == ("SERVICE_UNAVAILABLE", "OVERLOADED")

    same, other = asyncio.create_task(take(connections, lives[0])), asyncio.create_task(take(connections, lives[1]))
    await asyncio.wait([same, other], timeout=0.01)
    connections.give_back(lives[0].place.id, held)
    assert await same is held
    connections.give_back(lives[0].place.id, await same)
    connections.give_back(lives[1].place.id, await other)
    assert connections.open == 1


async def test_one_environment_cannot_take_all_there_is(
    door: Door, lives: list[Live], pools: list[Connections], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.1)
    connections = pool(door, pools, 4, most=2)
    greedy = [await take(connections, lives[0]) for _ in range(2)]
    with pytest.raises(Refused):
        await take(connections, lives[0])

    modest = await take(connections, lives[1])

    for connection in greedy:
        connections.give_back(lives[0].place.id, connection)
    connections.give_back(lives[1].place.id, modest)


async def test_a_caller_who_goes_away_while_waiting_leaves_his_turn_to_the_next(
    door: Door, lives: list[Live], pools: list[Connections]
) -> None:
    connections = pool(door, pools, 1)
    held = await take(connections, lives[0])
    gone, next_ = asyncio.create_task(take(connections, lives[0])), asyncio.create_task(take(connections, lives[0]))
    await asyncio.wait([gone, next_], timeout=0.01)

    connections.give_back(lives[0].place.id, held)
    gone.cancel()

    assert await next_ is held
    connections.give_back(lives[0].place.id, held)


async def test_a_connection_with_an_open_transaction_or_a_dead_one_is_not_given_to_anybody(
    door: Door, lives: list[Live], pools: list[Connections]
) -> None:
    connections = pool(door, pools, 2)
    dirty = await take(connections, lives[0])
    await dirty.execute("begin")
    connections.give_back(lives[0].place.id, dirty)
    dead = await take(connections, lives[0])
    assert dead is not dirty
    dead.terminate()
    connections.give_back(lives[0].place.id, dead)

    fresh = await take(connections, lives[0])
    assert fresh not in (dirty, dead)
    connections.give_back(lives[0].place.id, fresh)


async def test_what_is_idle_is_closed(door: Door, lives: list[Live], pools: list[Connections]) -> None:
    connections = pool(door, pools, 2)
    connection = await take(connections, lives[0])
    pid = connection.get_server_pid()
    connections.give_back(lives[0].place.id, connection)

    connections.sweep(3600)
    assert connections.open == 1
    await connections.close()

    assert connections.open == 0
    assert await on_server(door, [pid]) == 0


async def test_a_database_that_is_not_there_is_unavailable_and_costs_no_budget(
    door: Door, pools: list[Connections]
) -> None:
    connections = pool(door, pools, 1)
    for _ in range(3):
        with pytest.raises(Refused) as refused:
            await connections.take("0197a5b2-0000-5000-8000-00000000dead", "env_0197a5b200005000800000000000dead")
        assert refused.value.code == "SERVICE_UNAVAILABLE"
    assert connections.open == 0


@pytest.mark.parametrize(("most", "workers", "each"), [(300, 1, 240), (300, 4, 60), (100, 1, 50), (20, 8, 2)])
def test_workers_share_what_the_server_has_less_a_reserve(most: int, workers: int, each: int) -> None:
    assert share(most, workers) == each


async def test_a_read_whose_connection_was_ended_by_the_server_is_asked_again(door: Door) -> None:
    live = await door.environment(SDL, "dev")
    key, _ = await door.key("project", str(live.project), organisation=live.organisation)
    assert (await door.call(live, QUERY, key=key)).status_code == 200
    server = await asyncpg.connect(door.stack.postgres_dsn)
    for _ in range(3):
        await server.execute(
            "select pg_terminate_backend(pid, 1000) from pg_stat_activity where datname = $1", database(live.place.id)
        )
        assert (await door.call(live, QUERY, key=key)).json() == {"data": {"_allNotesMeta": {"count": 0}}}
    await server.close()


async def test_while_the_databases_are_away_calls_are_refused_with_a_code_and_afterwards_answered(door: Door) -> None:
    live = await door.environment(SDL, "dev")
    key, _ = await door.key("project", str(live.project), organisation=live.organisation)
    assert (await door.call(live, QUERY, key=key)).status_code == 200

    killing = asyncio.create_task(asyncio.to_thread(door.stack.kill, "postgres"))
    seen: list[int] = []
    async with asyncio.timeout(60):
        # The new server listens before it has recovered; whoever comes after this test needs one that answers.
        while not killing.done() or seen[-1] != 200:
            answer = await door.call(live, QUERY, key=key)
            seen.append(answer.status_code)
            if answer.status_code != 200:
                assert answer.json()["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    await killing

    assert set(seen) == {200, 503}
    assert (await door.call(live, QUERY, key=key)).json() == {"data": {"_allNotesMeta": {"count": 0}}}
