"""A migration that is cut off at any statement has changed nothing that is served, and the next attempt ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from common.sql import ident, sql
from contracts.names import database
from provisioner.execute.cluster import WORLD, Cluster
from provisioner.execute.migrate import BUSY, INCONSISTENT, MIGRATION_FAILED, finish, migrate
from tests.support.environments import Place
from tests.support.schemas import history
from tests.support.stack import Stack
from tests.support.town import watched
from tests.support.waiting import until

BEFORE, AFTER = history(
    """
    type Person @model { id: ID! @isUnique name: String age: Int pets: [Pet!]! @relation(name: "Pets") }
    type Pet @model { id: ID! @isUnique owner: Person @relation(name: "Pets") }
    """,
    """
    type Person @model {
      id: ID! @isUnique
      name: String! @isUnique @migrationValue(value: "x")
      home: House @relation(name: "Home")
    }
    type House @model { id: ID! @isUnique people: [Person!]! @relation(name: "Home") }
    """,
)
HOLD = 4711

WATCHER = """
create sequence public_watch;
create function hold_at() returns event_trigger language plpgsql security definer as $$
begin
  if nextval('app.public_watch') = current_setting('watch.at')::int then
    perform pg_advisory_lock(4711);
  end if;
end $$;
create event trigger watch on ddl_command_start execute function hold_at();
"""


@pytest.fixture
async def superuser(servers: Stack, place: Place) -> AsyncIterator[asyncpg.Connection]:
    server = urlsplit(servers.postgres_dsn)
    connection = await asyncpg.connect(server._replace(path=f"/{database(place.id)}").geturl())
    await connection.execute("set search_path = app")
    yield connection
    await connection.close()


async def blocked(connection: asyncpg.Connection) -> int:
    """The process that waits for us."""
    async with asyncio.timeout(10):
        while True:
            found = await connection.fetchval(
                "select pid from pg_locks where locktype = 'advisory' and not granted and objid = $1", HOLD
            )
            if found is not None:
                return int(found)


@pytest.mark.parametrize("place", ["at once"], indirect=True)
async def test_a_migration_cut_off_at_any_statement_has_done_nothing(
    place: Place, superuser: asyncpg.Connection
) -> None:
    assert await place.deploy(BEFORE) is None
    await place.insert("Person", [{"id": "1", "name": "Ann", "age": 3}])
    before = await place.catalogue()
    plan = place.planned(AFTER, forced=True)
    statements = sum(1 for step in plan.steps for text in step.sql if not text.startswith("update"))
    await superuser.execute(WATCHER)
    await superuser.execute("select pg_advisory_lock($1)", HOLD)

    for number in range(1, statements + 1):
        await superuser.execute("select setval('public_watch', 1, false)")
        await superuser.execute(f"alter database {database(place.id)} set watch.at = {number}")
        attempt = asyncio.create_task(migrate(place.cluster, plan))
        await superuser.execute("select pg_terminate_backend($1)", await blocked(superuser))
        with pytest.raises(WORLD):
            await attempt
        await superuser.execute("drop event trigger watch")
        served = (await place.fetch("select model_sha, step from app._mortise"))[0]
        assert served["model_sha"] == plan.from_model_sha
        assert [line for line in await place.catalogue() if "public_watch" not in line] == before
        await superuser.execute("create event trigger watch on ddl_command_start execute function hold_at()")

    await superuser.execute("drop event trigger watch; drop function hold_at; drop sequence public_watch")
    assert await migrate(place.cluster, plan) is None
    place.model = AFTER
    assert await place.values("Person", "name") == ["Ann"]
    served = (await place.fetch("select model_sha, step from app._mortise"))[0]
    assert (served["model_sha"], served["step"]) == (plan.model_sha, len(plan.steps))
    # Said again, nothing happens: the answer may have been lost after the commit.
    assert await migrate(place.cluster, plan) is None


def cut_off(place: Place, when: str) -> Cluster:
    """The server, which ends every session at the first statement that no session has come to yet."""
    known: set[str] = set()

    async def end(connection: asyncpg.Connection, statement: str) -> None:
        if statement in known:
            return
        known.add(statement)
        if when == "after" and "$1" not in statement:
            await connection.execute(statement)
        await connection.execute("select pg_terminate_backend(pg_backend_pid())")

    return watched(place, end)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("place", ["in phases"], indirect=True)
async def test_a_plan_that_is_cut_off_again_and_again_is_resumed_to_its_end(place: Place, when: str) -> None:
    assert await place.deploy(BEFORE) is None
    people = await place.insert("Person", [{"id": f"p{n}", "name": f"N{n}", "age": n} for n in range(5)])
    await place.insert("Pet", [{"id": "x", "owner": people[0]}])
    plan = place.planned(AFTER, forced=True)
    cluster, attempts = cut_off(place, when), 0

    while True:
        attempts += 1
        try:
            assert await migrate(cluster, plan) is None
        except WORLD:
            served = await place.fetch("select model_sha from app._mortise")
            if served[0][0] == plan.model_sha:
                break
            # The old version reads and writes.
            assert len(await place.values("Person", "age")) == 5
            await place.fetch("update app.t1 set c3 = c3, c4 = c4")
        else:
            break

    await finish(place.cluster, plan)
    place.model = AFTER
    assert attempts > sum(len(step.sql) for step in plan.steps if step.phase == "prepare")
    assert await place.values("Person", "name") == [f"N{n}" for n in range(5)]
    trash = await place.trash()
    assert trash["t1_c4"] == [(f"p{n}", n) for n in range(5)]
    other = await Place(place.cluster).made()
    assert await other.deploy(AFTER) is None
    assert await place.catalogue() == await other.catalogue()
    await other.gone()


@pytest.mark.parametrize("place", ["in phases"], indirect=True)
async def test_half_an_index_is_built_anew_and_who_still_builds_it_is_ended(place: Place) -> None:
    assert await place.deploy(BEFORE) is None
    await place.insert("Person", [{"id": "1", "name": "Ann"}])
    plan = place.planned(AFTER, forced=True)
    half = "select count(*) from pg_index where not indisvalid"

    async with place.cluster.connected(place.id) as reader:
        transaction = reader.transaction(isolation="repeatable_read")
        await transaction.start()
        await reader.fetch("select")
        # To build an index beside those who write takes waiting for everybody who began before.
        first = asyncio.create_task(migrate(place.cluster, plan))
        await until(lambda: seen(place, half, 1))
        second = asyncio.create_task(migrate(place.cluster, plan))
        with pytest.raises(WORLD):
            await first
        await transaction.rollback()
        assert await second is None

    assert (await place.fetch(half))[0][0] == 0


async def seen(place: Place, query: str, count: int) -> bool:
    return bool((await place.fetch(query))[0][0] == count)


@pytest.mark.parametrize("place", ["in phases"], indirect=True)
async def test_what_another_plan_has_prepared_goes_first(place: Place) -> None:
    assert await place.deploy(BEFORE) is None
    await place.insert("Person", [{"id": "1", "name": "Ann", "age": 3}])

    async def end(connection: asyncpg.Connection, statement: str) -> None:
        if statement.startswith("lock table"):
            await connection.execute("select pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(WORLD):
        await migrate(watched(place, end), place.planned(AFTER, forced=True))
    assert any("~" in line for line in await place.catalogue())

    more = "type Person @model { id: ID! @isUnique name: String age: Int more: Int }"
    assert await place.deploy(more, forced=True) is None
    assert not any("~" in line for line in await place.catalogue())


@pytest.mark.parametrize("place", ["in phases"], indirect=True)
async def test_what_was_not_finished_the_next_plan_finishes(place: Place) -> None:
    assert await place.deploy(BEFORE) is None
    assert await migrate(place.cluster, place.planned(AFTER, forced=True)) is None
    assert any(line.startswith("not valid") for line in await place.catalogue())

    place.model, place.deployments = AFTER, place.deployments + 1
    assert await place.deploy(AFTER.model_copy(update={"counter": AFTER.counter + 1})) is None
    assert not any(line.startswith("not valid") for line in await place.catalogue())


async def test_a_version_that_came_and_went_has_been_there_even_if_the_model_is_the_same_again(place: Place) -> None:
    first, second, third = history(
        *(f"type Note @model {{ id: ID! @isUnique n: Int {value} }}" for value in ("", "@migrationValue(value: 7)", ""))
    )
    assert first == third
    await place.deploy(first)
    await place.insert("Note", [{"n": 1}, {}])
    plan = place.planned(second, third)

    for _ in range(2):
        assert await migrate(place.cluster, plan) is None
        assert await place.values("Note", "n") == [7, 7]
    assert len(await place.trashed()) == 1


@pytest.mark.parametrize("place", ["at once"], indirect=True)
async def test_two_that_carry_out_the_same_plan_do_it_once(place: Place) -> None:
    await place.deploy(BEFORE)
    plan = place.planned(AFTER, forced=True)

    assert await asyncio.gather(*(migrate(place.cluster, plan) for _ in range(3))) == [None, None, None]


async def test_readers_are_not_held_up_longer_than_a_moment(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioner.execute.migrate.LOCK_MILLISECONDS", 20)
    monkeypatch.setattr("provisioner.execute.migrate.STEP_BACK_SECONDS", 0.001)
    await place.deploy(BEFORE)
    plan = place.planned(AFTER, forced=True)
    async with place.cluster.connected(place.id) as reader, reader.transaction():
        await reader.fetch("select from app.t1")
        refusal = await migrate(place.cluster, plan)
        assert refusal is not None
        assert refusal.code == BUSY
        await reader.fetch("select from app.t1")

    assert await migrate(place.cluster, plan) is None


async def test_a_database_that_is_not_what_the_plan_starts_from_is_left_alone(place: Place) -> None:
    await place.deploy(BEFORE)
    plan = place.planned(AFTER, forced=True)
    async with place.cluster.connected(place.id) as connection:
        await connection.execute("update app._mortise set model_sha = 'restored from elsewhere'")
    before = await place.catalogue()

    refusal = await migrate(place.cluster, plan)

    assert refusal is not None
    assert refusal.code == INCONSISTENT
    assert await place.catalogue() == before


async def test_a_statement_the_server_refuses_fails_the_deployment_and_changes_nothing(place: Place) -> None:
    await place.deploy(BEFORE)
    async with place.cluster.connected(place.id) as connection:
        # Somebody made it by hand: the plan cannot know.
        made = sql("create table {name} (id text)", name=ident("app", AFTER.entity_by_name["House"].table))
        await connection.execute(made.text)
    before = await place.catalogue()
    plan = place.planned(AFTER, forced=True)

    refusal = await migrate(place.cluster, plan)

    assert refusal is not None
    assert refusal.code == MIGRATION_FAILED
    assert "create table House" in refusal.reason
    assert await place.catalogue() == before


async def test_a_long_list_of_problems_is_cut(place: Place) -> None:
    few, many = history(
        "type A @model { id: ID! @isUnique }",
        "type A @model { id: ID! @isUnique " + " ".join(f"f{n}: Int!" for n in range(30)) + " }",
    )
    await place.deploy(few)
    await place.insert("A", [{}])

    refusal = await place.deploy(many)

    assert refusal is not None
    assert refusal.reason.count("is required") == 20
    assert refusal.reason.endswith("and 10 more")
