"""Connections to environments: one budget over all, fair turns, and servers that go away."""

from __future__ import annotations

import asyncio
import random

import asyncpg
import pytest

from common.errors import Refused
from contracts.names import database
from gateway.execute import connections as module
from gateway.execute.connections import Connections, share
from gateway.execute.pool import Errand
from tests.support.door import Door, Live
from tests.support.pools import HELD, PID, WHO, Told, as_owner, ask, begun, connections_of, gate, pool_of
from tests.support.waiting import until

SDL = "type Note @model { id: ID! @isUnique text: String }"
QUERY = "{ _allNotesMeta { count } }"


async def on_server(door: Door, pids: set[str]) -> int:
    """How many of these server processes there are."""
    connection = await asyncpg.connect(door.stack.postgres_dsn)
    try:
        ids = [int(pid) for pid in pids]
        return int(await connection.fetchval("select count(*) from pg_stat_activity where pid = any($1)", ids))
    finally:
        await connection.close()


async def test_a_connection_belongs_to_the_environments_own_role_and_database(
    door: Door, lives: list[Live], made: list[Connections]
) -> None:
    connections = connections_of(door, made, 2)
    name = database(lives[0].place.id)

    assert await ask(connections, lives[0], WHO) == f"{name} {name}"


async def test_a_connection_is_used_again_and_again(door: Door, lives: list[Live], made: list[Connections]) -> None:
    connections = connections_of(door, made, 2)
    pids = {await ask(connections, lives[0], PID, small=small) for small in (True, False, True, False)}

    assert (len(pids), connections.open) == (1, 1)


async def test_more_environments_than_connections_take_turns_and_the_least_used_gives_way(
    door: Door, lives: list[Live], made: list[Connections]
) -> None:
    connections = connections_of(door, made, 2)
    pids = []
    for live in (*lives, *lives):
        pids.append(await ask(connections, live, PID))
        assert connections.open <= 2

    assert connections.open == 2
    # Asked in the same order twice, so each was closed again before its environment came a second time.
    assert len(set(pids)) == len(pids)


async def test_the_budget_holds_whatever_many_callers_do(
    door: Door, lives: list[Live], made: list[Connections]
) -> None:
    connections = connections_of(door, made, 5, most=3)
    chance = random.Random(7)  # noqa: S311 - a schedule, no secret
    highest = 0

    async def caller(number: int) -> None:
        nonlocal highest
        for turn in range(15):
            live = chance.choice(lives)
            answer, errand = begun(
                connections, live, f"select '{number} ' || $1::text", str(turn), small=chance.random() < 0.5
            )
            highest = max(highest, connections.open)
            assert pool_of(connections, live).size <= 3
            try:
                async with asyncio.timeout(chance.choice([0.0, 5, 5, 5])):
                    assert await answer == f"{number} {turn}"
            except TimeoutError:
                connections.withdraw(live.place.id, errand)

    await asyncio.gather(*(caller(number) for number in range(25)))

    assert highest == 5


async def test_who_waits_gets_his_turn_and_who_waits_too_long_is_told_so(
    door: Door, lives: list[Live], made: list[Connections], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.2)
    connections = connections_of(door, made, 1)
    await ask(connections, lives[0], PID)
    async with gate(door, lives[0]):
        held, _ = begun(connections, lives[0], HELD)
        refused = await ask(connections, lives[1], PID)
        assert isinstance(refused, Refused)
        assert (refused.code, refused.reason) == ("SERVICE_UNAVAILABLE", "OVERLOADED")
        monkeypatch.setattr(module, "WAIT_SECONDS", 10)
        same, other = begun(connections, lives[0], PID)[0], begun(connections, lives[1], PID)[0]

    assert isinstance(await same, str)
    assert isinstance(await other, str)
    assert await held == ""
    assert connections.open == 1


async def test_one_environment_cannot_take_all_there_is(door: Door, lives: list[Live], made: list[Connections]) -> None:
    connections = connections_of(door, made, 4, most=2)
    async with gate(door, lives[0]):
        greedy = [begun(connections, lives[0], HELD)[0] for _ in range(4)]
        await until(lambda: len(pool_of(connections, lives[0]).wires) == 2)

        assert isinstance(await ask(connections, lives[1], PID), str)
        assert not any(one.done() for one in greedy)
    assert await asyncio.gather(*greedy) == [""] * 4
    assert pool_of(connections, lives[0]).size == 2


async def test_an_environment_that_is_busy_all_the_time_makes_room_for_a_neighbour(
    door: Door, lives: list[Live], made: list[Connections]
) -> None:
    connections = connections_of(door, made, 1)
    stop = False

    async def keep_asking() -> None:
        while not stop:
            assert await ask(connections, lives[0], PID, small=True)

    busy = [asyncio.create_task(keep_asking()) for _ in range(3)]
    await until(lambda: connections.open == 1)
    answer = await ask(connections, lives[1], WHO, small=True)
    stop = True
    await asyncio.gather(*busy)

    assert answer == " ".join([database(lives[1].place.id)] * 2)
    assert connections.open == 1


async def test_what_nobody_wants_any_more_is_not_begun(door: Door, lives: list[Live], made: list[Connections]) -> None:
    connections = connections_of(door, made, 1)
    await as_owner(lives[0], "create table app.marks (mark text)")
    await ask(connections, lives[0], PID)
    async with gate(door, lives[0]):
        held, _ = begun(connections, lives[0], HELD)
        gone, errand = begun(connections, lives[0], "insert into app.marks values ('gone')")
        next_, _ = begun(connections, lives[0], "insert into app.marks values ('next')")
        connections.withdraw(lives[0].place.id, errand)
    await asyncio.gather(held, next_)

    assert await ask(connections, lives[0], "select string_agg(mark, ' ') from app.marks") == "next"
    assert not gone.done()


async def test_a_connection_with_an_open_transaction_is_not_given_to_anybody(
    door: Door, lives: list[Live], made: list[Connections]
) -> None:
    connections = connections_of(door, made, 2)
    pid = await ask(connections, lives[0], PID)
    assert await ask(connections, lives[0], "begin") is None

    assert await ask(connections, lives[0], PID) != pid


async def test_what_is_idle_is_closed(door: Door, lives: list[Live], made: list[Connections]) -> None:
    connections = connections_of(door, made, 2)
    pid = str(await ask(connections, lives[0], PID))

    connections.sweep(3600)
    assert connections.open == 1
    await connections.close()

    assert connections.open == 0
    await until(lambda: _none(door, {pid}))


async def _none(door: Door, pids: set[str]) -> bool:
    return not await on_server(door, pids)


async def test_a_database_that_is_not_there_is_unavailable_and_costs_no_budget(
    door: Door, made: list[Connections]
) -> None:
    connections = connections_of(door, made, 1)
    for small in (True, False, True):
        answer: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        nowhere = "env_0197a5b200005000800000000000dead"
        connections.submit(
            "0197a5b2-0000-5000-8000-00000000dead", nowhere, Errand(((PID, ()),), answer.set_result, small=small)
        )
        refused = await answer
        assert isinstance(refused, Refused)
        assert (refused.code, refused.reason) == ("SERVICE_UNAVAILABLE", None)
    assert connections.open == 0


# --- through the door ---------------------------------------------------------------------------------------------


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


async def test_on_one_machine_the_gateway_reaches_databases_through_the_socket(door: Door) -> None:
    live = await door.environment(SDL, "dev")
    key, _ = await door.key("project", str(live.project), organisation=live.organisation)
    assert (await door.call(live, QUERY, key=key)).status_code == 200
    server = await asyncpg.connect(door.stack.postgres_dsn)
    found = await server.fetch(
        "select client_addr from pg_stat_activity where datname = $1 and application_name = 'mortise-gateway'",
        database(live.place.id),
    )
    await server.close()

    assert [row["client_addr"] for row in found] == [None]
