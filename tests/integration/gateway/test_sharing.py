"""One connection for many: answers and errors are the asker's own, and nobody waits for what is slow."""

from __future__ import annotations

import asyncio
import functools

import asyncpg
import pytest

from contracts.names import database
from gateway.domain.paces import DEPTH_MAX
from gateway.execute import connections as module
from gateway.execute.connections import Connections
from gateway.execute.pool import BUSY, DEEP, SHARED, Errand
from gateway.execute.wire.outcomes import Lost
from tests.support.door import Door, Live
from tests.support.pools import (
    HELD,
    PID,
    SLOW,
    WHO,
    Told,
    as_owner,
    ask,
    begun,
    connections_of,
    gate,
    known_to_be_quick,
    pool_of,
    several,
)
from tests.support.waiting import until


async def test_two_thousand_small_reads_share_few_connections_and_each_gets_its_own_answer(
    door: Door, lives: list[Live], made: list[Connections]
) -> None:
    connections = connections_of(door, made, 24)
    reads = [begun(connections, lives[0], "select $1::text", f"read {n}", small=True)[0] for n in range(2000)]

    assert await asyncio.gather(*reads) == [f"read {n}" for n in range(2000)]
    assert connections.open <= SHARED


async def test_small_reads_leave_other_connections_alone_and_only_so_many_stand_on_one(
    door: Door, lives: list[Live], made: list[Connections]
) -> None:
    connections = connections_of(door, made, 24)
    async with gate(door, lives[0]):
        held = [begun(connections, lives[0], HELD)[0] for _ in range(SHARED + 2)]
        await until(lambda: sum(wire.held for wire in pool_of(connections, lives[0]).wires) == SHARED + 2)
    await asyncio.gather(*held)
    reads = [begun(connections, lives[0], "select $1::text", str(n), small=True)[0] for n in range(DEEP * (SHARED + 4))]
    standing = [wire.outstanding for wire in pool_of(connections, lives[0]).wires]

    assert standing == [*[DEEP] * SHARED, 0, 0]
    assert await asyncio.gather(*reads) == [str(n) for n in range(len(reads))]


async def test_few_small_reads_at_once_need_one_connection(
    door: Door, lives: list[Live], made: list[Connections]
) -> None:
    connections = connections_of(door, made, 24)
    for _ in range(5):
        reads = [begun(connections, lives[0], PID, small=True)[0] for _ in range(BUSY)]
        assert len(set(await asyncio.gather(*reads))) == 1
    assert connections.open == 1


async def test_errors_in_a_shared_connection_are_the_askers_own(
    door: Door, lives: list[Live], made: list[Connections]
) -> None:
    connections = connections_of(door, made, 1)
    texts = ["1", "x", "2", "", "3", "99999999999"]
    reads = [begun(connections, lives[0], "select ($1::text::int + 1)::text", text, small=True)[0] for text in texts]
    unknown = begun(connections, lives[0], "select nothing from nowhere", small=True)[0]
    told = [one if isinstance(one, str) else getattr(one, "sqlstate", one) for one in await asyncio.gather(*reads)]

    assert told == ["2", "22P02", "3", "22P02", "4", "22003"]
    assert getattr(await unknown, "sqlstate", None) == "42P01"


async def test_a_slow_query_holds_nobody_up(door: Door, lives: list[Live], made: list[Connections]) -> None:
    connections = connections_of(door, made, 4)
    async with gate(door, lives[0]):
        slow = [begun(connections, lives[0], HELD)[0] for _ in range(2)]
        await until(lambda: sum(wire.held for wire in pool_of(connections, lives[0]).wires) == 2)
        reads = [ask(connections, lives[0], "select $1::text", str(n), small=True) for n in range(50)]

        assert await asyncio.gather(*reads) == [str(n) for n in range(50)]
        assert not any(one.done() for one in slow)
    assert await asyncio.gather(*slow) == ["", ""]


async def test_small_reads_behind_one_that_is_held_up_are_told_to_ask_elsewhere(
    door: Door, lives: list[Live], made: list[Connections], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.execute.wire.wire.TICK_SECONDS", 0.02)
    monkeypatch.setattr("gateway.execute.wire.wire.HELD_UP_SECONDS", 0.04)
    connections = connections_of(door, made, 2)
    await ask(connections, lives[0], PID, small=True)
    async with gate(door, lives[0]):
        locked = begun(connections, lives[0], HELD, small=True)[0]
        behind = [begun(connections, lives[0], PID, small=True)[0] for _ in range(3)]

        assert await asyncio.gather(*behind) == [Lost(set_aside=True)] * 3
        assert isinstance(await ask(connections, lives[0], PID), str)
        assert not locked.done()
    assert await locked == ""


async def test_reads_that_were_soon_over_of_late_stand_behind_each_other_and_others_do_not(
    door: Door, lives: list[Live], made: list[Connections], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.execute.pool.FRESH_SECONDS", 60)
    connections = connections_of(door, made, 4)
    await several(door, connections, lives[0])
    known_to_be_quick(connections, lives[0], "select $1::text")
    reads = [begun(connections, lives[0], "select $1::text", str(n), shares=True)[0] for n in range(DEPTH_MAX)]
    standing = [wire.outstanding for wire in pool_of(connections, lives[0]).wires]
    assert await asyncio.gather(*reads) == [str(n) for n in range(DEPTH_MAX)]
    others = [begun(connections, lives[0], "select $1::text", str(n))[0] for n in range(4)]
    apart = [wire.outstanding for wire in pool_of(connections, lives[0]).wires]
    assert await asyncio.gather(*others) == [str(n) for n in range(4)]

    assert (standing, apart) == ([DEPTH_MAX, 0, 0, 0], [1, 1, 1, 1])


async def test_a_read_that_is_not_over_soon_this_time_holds_nobody_up(
    door: Door, lives: list[Live], made: list[Connections], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.execute.pool.FRESH_SECONDS", 60)
    monkeypatch.setattr("gateway.execute.wire.wire.TICK_SECONDS", 0.02)
    monkeypatch.setattr("gateway.execute.wire.wire.HELD_UP_SECONDS", 0.04)
    connections = connections_of(door, made, 4)
    await several(door, connections, lives[0])
    for sql in (HELD, PID):
        known_to_be_quick(connections, lives[0], sql)
    async with gate(door, lives[0]):
        locked = begun(connections, lives[0], HELD, shares=True)[0]
        behind = [begun(connections, lives[0], PID, shares=True)[0] for _ in range(3)]

        assert await asyncio.gather(*behind) == [Lost(set_aside=True)] * 3
        monkeypatch.setattr("gateway.execute.pool.FRESH_SECONDS", 0.0)
        assert isinstance(await begun(connections, lives[0], PID, shares=True)[0], str), "nobody is put behind it"
        assert not locked.done()
    assert await locked == ""


async def test_when_a_server_process_is_killed_those_who_wait_on_it_know_and_others_go_on(
    door: Door, lives: list[Live], made: list[Connections]
) -> None:
    connections = connections_of(door, made, 3)
    pid = str(await ask(connections, lives[0], PID, small=True))
    broken = begun(connections, lives[0], SLOW, 5.0, small=True)[0]
    behind = begun(connections, lives[0], PID, small=True)[0]
    fine = begun(connections, lives[1], SLOW, 0.2)[0]
    server = await asyncpg.connect(door.stack.postgres_dsn)
    await server.execute("select pg_terminate_backend($1, 5000)", int(pid))
    await server.close()

    assert (await broken, await behind) == (Lost(), Lost())
    assert await ask(connections, lives[0], PID, small=True) != pid
    assert await fine == ""


async def test_a_silent_server_is_given_up(
    door: Door, lives: list[Live], made: list[Connections], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SILENT_SECONDS", 0.1)
    monkeypatch.setattr("gateway.execute.wire.wire.TICK_SECONDS", 0.02)
    connections = connections_of(door, made, 2)

    assert await ask(connections, lives[0], SLOW, 5.0) == Lost(silent=True)
    assert connections.open == 0


async def test_a_statement_that_takes_too_long_is_ended_by_the_server(
    door: Door, lives: list[Live], made: list[Connections], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(module.SESSION, "statement_timeout", "50")
    connections = connections_of(door, made, 1)
    told = await ask(connections, lives[0], SLOW, 5.0)

    assert getattr(told, "sqlstate", None) == "57014"
    assert await ask(connections, lives[0], WHO)


async def test_an_answer_of_ten_megabytes_comes_whole_between_others(
    door: Door, lives: list[Live], made: list[Connections]
) -> None:
    connections = connections_of(door, made, 1)
    size = 10_000_000
    first = begun(connections, lives[0], PID, small=True)[0]
    huge = begun(connections, lives[0], "select repeat('\u00e4b', $1::int)", size // 2, small=True)[0]
    last = begun(connections, lives[0], PID, small=True)[0]

    answer = await huge
    assert isinstance(answer, str)
    assert (len(answer), answer[:4], answer[-2:]) == (size, "äbäb", "äb")
    assert await first == await last


async def test_a_transaction_is_committed_as_a_whole_or_not_at_all(
    door: Door, lives: list[Live], made: list[Connections]
) -> None:
    connections = connections_of(door, made, 1)
    loop = asyncio.get_running_loop()

    async def run(*sqls: str) -> Told:
        answer: asyncio.Future[Told] = loop.create_future()
        errand = Errand([(sql, ()) for sql in sqls], answer.set_result)
        connections.submit(lives[0].place.id, database(lives[0].place.id), errand)
        return await answer

    await as_owner(
        lives[0],
        "create table app.parents (id int primary key)",
        "create table app.children (parent int references app.parents deferrable initially deferred)",
    )
    assert await run("insert into app.children values (1)", "insert into app.parents values (1)", "select '1'") == "1"
    objected = await run(
        "insert into app.parents values (2)", "select 1/0", "insert into app.parents values (3)", "select '2'"
    )
    assert getattr(objected, "sqlstate", None) == "22012"
    late = await run("insert into app.parents values (4)", "insert into app.children values (9)", "select '3'")
    assert getattr(late, "sqlstate", None) == "23503", "said at the commit, after the answer"

    assert await run("select string_agg(id::text, ' ') from app.parents") == "1"


async def test_a_prepared_statement_that_was_evicted_is_prepared_again(
    door: Door, lives: list[Live], made: list[Connections], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.execute.wire.prepared.STATEMENTS_MAX", 3)
    connections = connections_of(door, made, 1)
    count = "select count(*)::text from pg_prepared_statements"
    for _ in range(2):
        asked = [begun(connections, lives[0], f"select '{n} ' || $1::text", "x", small=True)[0] for n in range(10)]
        assert await asyncio.gather(*asked) == [f"{n} x" for n in range(10)]

    assert await ask(connections, lives[0], count) in ("3", "4")


async def test_a_plan_whose_table_changed_is_made_anew(door: Door, lives: list[Live], made: list[Connections]) -> None:
    connections = connections_of(door, made, 1)
    tell = functools.partial(ask, connections, lives[0])
    await as_owner(lives[0], "create table app.changing (note text)", "insert into app.changing values ('one')")
    query = "select note from app.changing where note = $1::text"
    assert await tell(query, "one", small=True) == "one"
    for change, state in (
        ("alter table app.changing alter note type varchar(10)", "0A000"),
        ("alter table app.changing rename note to other", "42703"),
        ("alter table app.changing rename to other", "42P01"),
    ):
        await as_owner(lives[0], change)
        assert getattr(await tell(query, "one", small=True), "sqlstate", None) == state
        if state == "0A000":
            assert await tell(query, "one", small=True) == "one"
    await as_owner(
        lives[0], "alter table app.other rename to changing", "alter table app.changing rename other to note"
    )
    assert await tell(query, "one", small=True) == "one"
    await tell("deallocate all")
    assert getattr(await tell(query, "one", small=True), "sqlstate", None) == "26000"
    assert await tell(query, "one", small=True) == "one"
