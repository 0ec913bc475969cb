"""Operations run on an environment's database: what is asked again, what is not, and what the caller is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, cast
from urllib.parse import urlsplit

import asyncpg
import pytest

from common.errors import Refused
from contracts.model import digest, encode
from contracts.names import database
from gateway.domain.directory import Route
from gateway.engine import Call, Engine, Failure, Request, Statement, prepare
from gateway.engine.failure import no_item
from gateway.execute import connections as module
from gateway.execute.calls import UNSETTLED, Calls, Ran
from gateway.execute.connections import Connections
from gateway.execute.environments import Environments, Served, place_of
from tests.support.door import Door, Live
from tests.support.waiting import until

SDL = """
type Note @model { id: ID! @isUnique name: String @isUnique text: String rank: Int @index }
"""
NOTE = "query ($id: ID) { Note(id: $id) { id text } }"
NAMED = "query ($name: String) { Note(name: $name) { id } }"
ALL = "query ($text: String) { allNotes(filter: { text: $text }, orderBy: rank_DESC) { text } }"
CREATE = "mutation ($text: String) { createNote(text: $text) { id text } }"


class Runs:
    """One environment and everything that runs its operations, without a door in front of it."""

    def __init__(self, door: Door, live: Live) -> None:
        self.door, self.live = door, live
        server = urlsplit(door.stack.postgres_dsn)
        where = f"postgresql://{server.hostname}:{server.port}"
        self.connections = Connections(where, door.secret_key, 4)
        # Neither is asked as long as the model is the newest.
        self.calls = Calls(self.connections, Environments(door.blobs), cast("Any", None))
        assert live.place.model is not None
        sha = digest(encode(live.place.model))
        self.engine = Engine(prepare(live.place.model, sha))
        name = database(live.place.id)
        route = Route(live.place.id, live.kind, live.service, None, None, live.organisation, "0.0.1", sha, name)
        self.served = Served(route, self.engine, self.engine, live.endpoint, place_of(route))

    def compiled(self, text: str, /, **variables: Any) -> tuple[Request, Call]:
        request = Request(text, None, variables)
        call = self.engine.call(request)
        assert isinstance(call, Call), call
        return request, call

    def statement(self, text: str) -> Statement:
        (statement,) = self.compiled(text, id="x", name="x")[1].roots[0].statements
        return statement

    async def run(self, text: str, /, **variables: Any) -> list[Any]:
        request, call = self.compiled(text, **variables)
        ran = await self.calls.run(self.served, request, call, "r1")
        assert isinstance(ran, Ran)
        return ran.results

    async def begun(self, text: str, /, **variables: Any) -> Any:
        """What a call that is begun without a task comes to."""
        _, call = self.compiled(text, **variables)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        assert self.calls.start(self.served, call, answer.set_result)
        return await answer

    async def table(self, entity: str) -> str:
        assert self.live.place.model is not None
        return f"app.{self.live.place.model.entity_by_name[entity].table}"

    async def owner(self, *statements: str) -> None:
        async with self.live.place.cluster.connected(self.live.place.id) as connection:
            for statement in statements:
                await connection.execute(statement)

    async def kill(self, *, active: bool) -> None:
        """End the server's processes of the gateway, once there is one that is active or idle."""
        server = await asyncpg.connect(self.door.stack.postgres_dsn)
        found = "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity"
        found += " where datname = $1 and application_name = 'mortise-gateway' and (state = 'active') = $2"

        async def killed() -> bool:
            return bool(await server.fetchval(found, database(self.live.place.id), active))

        try:
            await until(killed)
        finally:
            await server.close()


@pytest.fixture(scope="module")
async def live(door: Door) -> Live:
    return await door.environment(SDL, "dev")


@pytest.fixture
async def runs(door: Door, live: Live) -> AsyncIterator[Runs]:
    made = Runs(door, live)
    yield made
    await made.connections.close()


async def test_a_read_that_is_begun_without_a_task_is_told_its_text_or_null(runs: Runs) -> None:
    (note,) = await runs.live.place.insert("Note", [{"text": "héllo"}])

    assert await runs.begun(NOTE, id=note) == f'{{"id":"{note}","text":"héllo"}}'
    assert await runs.begun(NOTE, id="nobody") is None
    assert await runs.begun(ALL, text="héllo") == '[{"text":"héllo"}]'


async def test_many_who_read_the_same_at_once_each_get_their_own_answer_from_few_statements(runs: Runs) -> None:
    names = [f'n"{n}\\,{{}} é' for n in range(300)]
    notes = await runs.live.place.insert("Note", [{"name": name, "text": name[::-1]} for name in names])
    await runs.begun(NOTE, id="x")
    by_id = [runs.begun(NOTE, id=note) for note in notes]
    by_name = [runs.begun(NAMED, name=name) for name in [*names, "nobody's"]]
    told = await asyncio.gather(*by_id, *by_name)

    assert [one and json.loads(one) for one in told] == [
        *({"id": note, "text": name[::-1]} for note, name in zip(notes, names, strict=True)),
        *({"id": note} for note in notes),
        None,
    ]
    pool = runs.connections._pools[runs.live.place.id]  # noqa: SLF001 - what was sent cannot be seen from outside
    known = {sql for wire in pool.wires for sql in wire._known.statements}  # noqa: SLF001 - the same
    assert all(runs.statement(text).batch in known for text in (NOTE, NAMED))


@pytest.mark.parametrize("text", ["NOTE", "NAMED"])
async def test_reads_of_many_at_once_use_the_index_like_a_single_one(runs: Runs, text: str) -> None:
    async with runs.live.place.cluster.connected(runs.live.place.id) as connection:
        await connection.execute("set enable_seqscan = off")
        plan = await connection.fetch(f"explain {runs.statement(globals()[text]).batch}", ["a", "b"])

    assert any("Index Scan" in row[0] or "Bitmap Index Scan" in row[0] for row in plan), plan
    assert not any("Seq Scan" in row[0] for row in plan), plan


@pytest.mark.parametrize(
    "text",
    [
        '{ a: Note(id: "x") { id } b: Note(id: "x") { id } }',
        "{ __typename }",
    ],
)
async def test_only_a_single_field_is_begun_without_a_task(runs: Runs, text: str) -> None:
    _, call = runs.compiled(text)

    assert not runs.calls.start(runs.served, call, lambda _: None)


async def test_a_read_that_takes_too_long_fails_by_its_code(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.SESSION, "statement_timeout", "50")
    async with runs.live.place.cluster.connected(runs.live.place.id) as connection, connection.transaction():
        await connection.execute(f"lock table {await runs.table('Note')}")
        told = await asyncio.gather(runs.begun(NOTE, id="x"), runs.begun(ALL, text="x"), runs.run(NOTE, id="x"))

    codes = [one.number for one in (*told[:2], *told[2]) if isinstance(one, Failure)]
    assert codes == [1000, 1000, 1000]


async def test_a_read_whose_connection_breaks_is_looked_at_again(runs: Runs) -> None:
    await runs.begun(NOTE, id="x")
    async with runs.live.place.cluster.connected(runs.live.place.id) as connection, connection.transaction():
        await connection.execute(f"lock table {await runs.table('Note')}")
        begun, running = asyncio.create_task(runs.begun(NOTE, id="x")), asyncio.create_task(runs.run(ALL, text="none"))
        await runs.kill(active=True)
        assert await begun is UNSETTLED

    assert await running == ["[]"]


async def test_a_read_whose_server_says_nothing_is_refused_and_not_asked_again(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SILENT_SECONDS", 0.1)
    monkeypatch.setattr("gateway.execute.wire.wire.TICK_SECONDS", 0.02)
    async with runs.live.place.cluster.connected(runs.live.place.id) as connection, connection.transaction():
        await connection.execute(f"lock table {await runs.table('Note')}")
        told = await asyncio.gather(runs.begun(NOTE, id="x"), runs.begun(ALL, text="x"))

    assert [(type(one), one.code) for one in told] == [(Refused, "SERVICE_UNAVAILABLE")] * 2


async def test_whether_a_change_happened_is_unknown_when_its_connection_breaks(runs: Runs) -> None:
    async with runs.live.place.cluster.connected(runs.live.place.id) as connection, connection.transaction():
        await connection.execute(f"lock table {await runs.table('Note')}")
        running = asyncio.create_task(runs.run(CREATE, text="lost"))
        await runs.kill(active=True)
        with pytest.raises(Refused) as refused:
            await running

    assert refused.value.reason == "OUTCOME_UNKNOWN"
    assert await runs.run(ALL, text="lost") == ["[]"]


async def test_a_change_begun_without_a_task_whose_connection_breaks_may_have_happened(runs: Runs) -> None:
    async with runs.live.place.cluster.connected(runs.live.place.id) as connection, connection.transaction():
        await connection.execute(f"lock table {await runs.table('Note')}")
        begun = asyncio.create_task(runs.begun(CREATE, text="lost"))
        await runs.kill(active=True)
        refused = await begun

    assert isinstance(refused, Refused)
    assert refused.reason == "OUTCOME_UNKNOWN"
    assert await runs.run(ALL, text="lost") == ["[]"]


async def test_a_change_begun_without_a_task_is_made_once_or_refused_by_its_code(runs: Runs) -> None:
    create = 'mutation ($name: String) { createNote(name: $name, text: "begun") { name } }'

    assert await runs.begun(create, name="only") == '{"name":"only"}'
    again = await runs.begun(create, name="ONLY")

    assert isinstance(again, Failure)
    assert again.number == 3010
    assert await runs.begun('mutation { updateNote(id: "cjnothere000000000000000x") { id } }') == no_item(
        "Note", "cjnothere000000000000000x"
    )
    assert await runs.run(ALL, text="begun") == ['[{"text":"begun"}]']


async def test_connections_that_broke_while_nobody_used_them_are_noticed_by_nobody(runs: Runs) -> None:
    await runs.begun(NOTE, id="x")
    await runs.kill(active=False)
    await until(lambda: not runs.connections.open)

    assert await runs.run(CREATE, text="after") != []
    assert await runs.run(ALL, text="after") == ['[{"text":"after"}]']


@pytest.mark.parametrize(("losses", "made"), [(3, True), (4, False)])
async def test_a_change_that_loses_against_another_is_tried_again_three_times(
    runs: Runs, losses: int, *, made: bool
) -> None:
    table = await runs.table("Note")
    await runs.owner(
        "create sequence app.losses",
        f"grant usage on app.losses to {database(runs.live.place.id)}",
        "create function app.lose() returns trigger language plpgsql as $$ begin "
        f"if nextval('app.losses') <= {losses} then raise serialization_failure; end if; return new; end $$",
        f"create trigger lose before insert on {table} for each row execute function app.lose()",
    )
    try:
        if made:
            assert len(await runs.run(CREATE, text="won")) == 1
        else:
            with pytest.raises(Refused, match="Too many concurrent changes"):
                await runs.run(CREATE, text="won")
    finally:
        await runs.owner(f"drop trigger lose on {table}", "drop function app.lose", "drop sequence app.losses")


async def test_what_the_database_objects_to_is_a_failure_and_the_next_field_runs(runs: Runs) -> None:
    text = 'mutation { a: deleteNote(id: "nobody") { id } b: createNote(text: "next") { text } }'
    first, second = await runs.run(text)

    assert isinstance(first, Failure)
    assert first.number == 3002
    assert second == '{"text":"next"}'


async def test_many_fields_of_a_query_are_answered_in_their_order(runs: Runs) -> None:
    notes = await runs.live.place.insert("Note", [{"text": str(n), "rank": n} for n in range(20)])
    fields = [f'n{number}: Note(id: "{note}") {{ text }}' for number, note in enumerate(notes)]
    fields[3:3] = ["__typename", '_allNotesMeta(filter: { text: "7" }) { count }']
    fields[9:9] = ["allNotes(filter: { rank_gt: 17 }, orderBy: rank_ASC) { text }"]
    results = await runs.run("{" + " ".join(fields) + "}")
    expected = [f'{{"text":"{n}"}}' for n in range(20)]
    expected[3:3] = ['"Query"', '{"count":1}']
    expected[9:9] = ['[{"text":"18"},{"text":"19"}]']

    assert results == expected


async def test_callers_who_leave_do_not_disturb_who_stays(runs: Runs) -> None:
    notes = await runs.live.place.insert("Note", [{"text": f"stays {n}"} for n in range(40)])
    text = "query ($id: ID, $text: String) { Note(id: $id) { text } allNotes(filter: { text: $text }) { text } }"
    tasks = [asyncio.create_task(runs.run(text, id=note, text=f"stays {n}")) for n, note in enumerate(notes)]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    leaving = [task for number, task in enumerate(tasks) if number % 2 and task.cancel()]
    await asyncio.gather(*leaving, return_exceptions=True)

    for number, task in enumerate(tasks):
        if number % 2 == 0:
            assert await task == [f'{{"text":"stays {number}"}}', f'[{{"text":"stays {number}"}}]']


async def test_a_change_that_waits_for_a_connection_is_not_made_for_a_caller_who_left(runs: Runs) -> None:
    runs.connections.most = 1
    async with runs.live.place.cluster.connected(runs.live.place.id) as connection, connection.transaction():
        await connection.execute(f"lock table {await runs.table('Note')}")
        held, leaving = (asyncio.create_task(runs.run(CREATE, text=text)) for text in ("held", "left"))
        await asyncio.wait([held, leaving], timeout=0.05)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
    await held

    assert await runs.run(ALL, text="left") == ["[]"]


async def test_a_value_that_cannot_be_sent_is_an_error_of_ours_and_of_that_field_alone(runs: Runs) -> None:
    request, call = runs.compiled(CREATE, text="x")
    broken = Call(call.kind, call.name, call.roots * 2, {"text": object()}, call.cost)
    ran = await runs.calls.run(runs.served, request, broken, "r7")

    assert isinstance(ran, Ran)
    assert [getattr(one, "name", one) for one in ran.results] == ["INTERNAL_SERVER_ERROR"] * 2
    assert await runs.run(NOTE, id="nobody") == [None]
