"""Rows and position are always of the same prefix of the log (C06-C09, C11, C13, C16-C18)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncConnection

from common.clock import new_id
from common.db import Database
from common.errors import Refused
from common.events import Event
from common.log import History, Log, Recorded, Subject
from common.projection import Projection, Runner, lay_out
from common.readmodel import Fenced, place, take
from common.rebuild import digests, rebuild
from common.stream import Message, Stream
from tests.integration.common.conftest import NewDatabase
from tests.support.brokers import Broker
from tests.support.lab import DropFell, JarBroken, JarOpened, cause, entry, jar, projection, tables
from tests.support.stack import Stack, a_directory
from tests.support.waiting import until


@contextlib.asynccontextmanager
async def running(wanted: Projection, database: Database, client: Client) -> AsyncIterator[Runner]:
    await lay_out(database, [wanted])
    runner = Runner(wanted, database, client)
    task = asyncio.create_task(runner.run())
    try:
        yield runner
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def drip(log: Log, subject: Subject, *drops: int) -> Recorded:
    history = await log.load(subject)
    for number in drops:
        history = History((await log.append(entry(subject, DropFell(drops=number), history), cause()),))
    return history.events[-1]


async def jars(database: Database) -> dict[str, tuple[int, str]]:
    async with database.reading() as connection:
        rows = await connection.execute(sa.select(tables()[1]))
        return {row.id.split(".")[2]: (row.drops, row.order) for row in rows}


async def filled(log: Log, org: str, number: int = 30) -> Recorded:
    subjects = [jar(org) for _ in range(number)]
    last = [await drip(log, subject, *range(1, 2 + position % 7)) for position, subject in enumerate(subjects, start=1)]
    return max(last, key=lambda recorded: recorded.position)


async def digest(database: Database, wanted: Projection) -> dict[str, tuple[int, str]]:
    async with database.reading() as connection:
        return await digests(connection, wanted, database.schema)


async def test_a_reader_that_carries_the_position_of_a_command_sees_its_effect(
    log: Log, client: Client, database: Database
) -> None:
    org, subject = new_id(), jar(new_id())
    subject = jar(org)
    async with running(projection(org), database, client) as runner:
        for drops in range(1, 20):
            fell = await drip(log, subject, drops)
            assert await runner.wait_for(fell.position)
            assert (await jars(database))[subject.id][0] == sum(range(1, drops + 1))
        assert runner.check() is None
        assert not await runner.wait_for(fell.position + 1_000_000, seconds=0.05)


async def test_a_follower_sees_what_the_leader_applied_and_takes_over_from_it(
    log: Log, client: Client, database: Database
) -> None:
    org = new_id()
    subject = jar(org)
    async with running(projection(org), database, client) as first:
        assert await first.wait_for((await drip(log, subject, 1)).position, 10)
        async with running(projection(org), database, client) as second:
            fell = await drip(log, subject, 2)
            assert await second.wait_for(fell.position)
            assert (first.leading, second.leading) == (True, False)
    async with running(projection(org), database, client) as third:
        assert await third.wait_for((await drip(log, subject, 3)).position, 10)
        assert third.leading
    assert (await jars(database))[subject.id] == (6, "1,2,3")


@pytest.mark.parametrize("size", [1, 3, 17])
async def test_restarting_at_any_batch_leaves_the_read_model_as_if_applied_once(
    log: Log, client: Client, new_database: NewDatabase, size: int
) -> None:
    """The live way is cut after every batch, before and after its commit, and compared with one straight replay."""
    org = new_id()
    last = await filled(log, org, 12)
    straight, cut = await new_database(), await new_database()
    wanted = projection(org)
    messages = [
        message
        for position in range(max(1, last.position - 200), last.position + 1)
        if (message := await Stream(client, "EVT").at(position)) is not None
    ]
    for database in (straight, cut):
        await lay_out(database, [wanted])
    async with straight.transaction() as connection:
        here = await place(connection, wanted.name)
        assert here is not None
        await take(connection, wanted, here, messages)
    batches = [messages[start : start + size] for start in range(0, len(messages), size)]
    for batch in batches:
        async with cut.engine.connect() as connection:
            transaction = await connection.begin()
            here = await place(connection, wanted.name)
            assert here is not None
            await take(connection, wanted, here, batch)
            await transaction.rollback()
        async with cut.transaction() as connection:
            await take(connection, wanted, here, batch)
        with pytest.raises(Fenced):  # a process that believes it has not yet committed
            async with cut.transaction() as connection:
                await take(connection, wanted, here, batch)
    assert await digest(cut, wanted) == await digest(straight, wanted)
    assert len(await jars(cut)) == 12


async def test_runners_killed_again_and_again_leave_the_same_rows(
    log: Log, client: Client, new_database: NewDatabase
) -> None:
    org = new_id()
    wanted = projection(org)
    database, other = await new_database(), await new_database()
    writing = asyncio.create_task(filled(log, org, 60))
    while not writing.done():
        async with running(wanted, database, client) as runner:
            await runner.wait_for(runner.position + 20, 0.3)
    last = await writing
    for each in (database, other):
        async with running(wanted, each, client) as runner:
            assert await runner.wait_for(last.position, 20)
    assert await digest(database, wanted) == await digest(other, wanted)


async def test_a_rebuild_gives_the_same_rows_and_repairs_what_was_spoilt(
    log: Log, client: Client, database: Database
) -> None:
    org = new_id()
    wanted = projection(org)
    async with running(wanted, database, client) as runner:
        last = await filled(log, org)
        assert await runner.wait_for(last.position, 20)
        before = await digest(database, wanted)
        report = await rebuild(wanted, database, client)
        assert report.equal
        assert await digest(database, wanted) == before
        async with database.transaction() as connection:
            await connection.execute(sa.text("update jars set drops = drops + 1 where id = (select min(id) from jars)"))
        report = await rebuild(wanted, database, client)
        assert [table.equal for table in report.tables] == [False]
        assert await digest(database, wanted) == before
        assert await runner.wait_for((await drip(log, jar(org), 5)).position, 5)
        assert len(await jars(database)) == 31


async def test_what_the_stream_no_longer_holds_is_not_forgotten_by_a_rebuild(
    broker: Broker, database: Database
) -> None:
    metadata = sa.MetaData()
    seen = sa.Table("seen", metadata, sa.Column("position", sa.BigInteger, primary_key=True))

    async def keep(connection: AsyncConnection, messages: Sequence[Message]) -> None:
        await connection.execute(sa.insert(seen), [{"position": message.position} for message in messages])

    client = await broker.client()
    wanted = Projection("seen", metadata, raw=keep, stream="RUNS")
    async with running(wanted, database, client) as runner:
        for number in range(1, 4):
            await client.jetstream().publish(f"runs.o.{number}", b"{}")
        assert await runner.wait_for(3, 10)
        await client.jetstream().purge_stream("RUNS", seq=3)

        with pytest.raises(Refused, match="RUNS begins at 3"):
            await rebuild(wanted, database, client)

    async with database.reading() as connection:
        assert (await connection.execute(sa.select(sa.func.count()).select_from(seen))).scalar_one() == 3


async def test_during_a_rebuild_readers_see_the_old_version_or_the_new_one(
    log: Log, client: Client, database: Database
) -> None:
    org = new_id()
    wanted = projection(org)
    async with running(wanted, database, client) as runner:
        assert await runner.wait_for((await filled(log, org)).position, 20)
        seen: set[int] = set()
        rebuilding = asyncio.create_task(rebuild(wanted, database, client))
        while not rebuilding.done():
            async with database.reading() as connection:
                for _ in range(2):
                    seen.add(len((await connection.execute(sa.select(tables()[1]))).all()))
        assert (await rebuilding).equal
        assert seen == {30}


async def test_a_changed_layout_is_replayed_from_the_log(log: Log, client: Client, database: Database) -> None:
    org = new_id()
    async with running(projection(org), database, client) as runner:
        assert await runner.wait_for((await filled(log, org, 5)).position, 20)
    before = await digest(database, projection(org))
    async with database.transaction() as connection:
        await connection.execute(sa.text("update jars set drops = 0"))
    async with running(projection(org, generation=2), database, client) as runner:
        assert await runner.wait_for(await log.last_position(), 20)
    assert await digest(database, projection(org)) == before


# --- poison -------------------------------------------------------------------------------------------------------


async def test_poison_parks_its_own_aggregate_and_no_other_and_keeps_its_order_after_repair(
    log: Log, client: Client, database: Database
) -> None:
    org = new_id()
    wanted, sick, well = projection(org), jar(org), jar(org)
    async with running(wanted, database, client) as runner:
        await drip(log, sick, 1, 2)
        poison = await drip(log, sick, -1)
        assert await runner.wait_for(poison.position, 20)  # what follows is of another batch
        await drip(log, well, 4)
        await drip(log, sick, 3)
        assert await runner.wait_for((await drip(log, well, 5)).position, 10)
        assert await jars(database) == {sick.id: (3, "1,2"), well.id: (9, "4,5")}
        (parked,) = await runner.parked()
        assert (parked["aggregate"], parked["from_position"]) == (sick.text, poison.position)
        assert "no drop falls upwards" in str(parked["error"])
        still = await runner.retry(sick.text)
        assert still is not None
        assert "no drop falls upwards" in still
        assert [row["attempts"] for row in await runner.parked()] == [2]

    async def mended(connection: AsyncConnection, recorded: Recorded, event: Event) -> None:
        assert wanted.apply is not None
        fixed = DropFell(drops=0) if isinstance(event, DropFell) and event.drops < 0 else event
        await wanted.apply(connection, recorded, fixed)

    # New code starts and takes in what the old could not, before anything new.
    async with running(replace(wanted, apply=mended), database, client) as runner:
        assert await runner.wait_for((await drip(log, sick, 7)).position, 10)
        assert await jars(database) == {sick.id: (13, "1,2,0,3,7"), well.id: (9, "4,5")}
        assert await runner.parked() == []


async def test_a_type_that_the_code_does_not_know_parks_and_a_declared_one_passes(
    log: Log, client: Client, new_database: NewDatabase
) -> None:
    org = new_id()
    subject = jar(org)
    history = History((await log.append(entry(subject, JarOpened(name="x")), cause()),))
    broken = await log.append(entry(subject, JarBroken(), history), cause())
    for ignored, parked in ((frozenset[str](), [subject.text]), (frozenset({JarBroken.TYPE}), [])):
        database = await new_database()
        async with running(projection(org, ignored=ignored), database, client) as runner:
            assert await runner.wait_for(broken.position, 20)
            aggregates = [row["aggregate"] for row in await runner.parked()]
            assert [aggregate for aggregate in aggregates if org in str(aggregate)] == parked


async def test_a_projection_that_stops_the_line_stops_before_its_poison(
    log: Log, client: Client, database: Database
) -> None:
    org = new_id()
    seen: list[Message] = []
    metadata = sa.MetaData()

    async def raw(_: AsyncConnection, messages: Sequence[Message]) -> None:
        if any(b'"drops":-1' in message.body and org in message.subject for message in messages):
            raise ValueError("no drop falls upwards")
        seen.extend(messages)

    wanted = Projection("raw", metadata, raw=raw, stop_the_line=True)
    async with running(wanted, database, client) as runner:
        poison = await drip(log, jar(org), 1, -1)
        await drip(log, jar(org), 1)
        assert await runner.wait_for(poison.position - 1, 20)
        assert not await runner.wait_for(poison.position, 0.5)
        assert "no drop falls upwards" in str(runner.check())
        assert runner.position == poison.position - 1


async def test_what_comes_while_a_projection_rests_shares_one_transaction(
    log: Log, client: Client, database: Database
) -> None:
    org = new_id()
    taken: list[int] = []

    async def raw(_: AsyncConnection, messages: Sequence[Message]) -> None:
        if mine := [message for message in messages if org in message.subject]:
            taken.append(len(mine))

    async with running(Projection("resting", sa.MetaData(), raw=raw, linger=0.5), database, client) as runner:
        assert await runner.wait_for((await drip(log, jar(org), 1)).position, 20)
        assert await runner.wait_for((await drip(log, jar(org), 1, 2, 3, 4, 5)).position, 20)

    assert taken == [1, 5]


async def test_a_database_that_goes_away_parks_nothing(log: Log, client: Client, database: Database) -> None:
    org = new_id()
    wanted = projection(org)
    async with running(wanted, database, client) as runner:
        assert await runner.wait_for((await drip(log, jar(org), 1)).position, 20)
        async with database.engine.connect() as connection:
            await connection.execute(
                sa.text(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where application_name = current_setting('application_name') and pid <> pg_backend_pid()"
                )
            )
        assert await runner.wait_for((await drip(log, jar(org), 2)).position, 20)
        assert await runner.parked() == []
        assert len(await jars(database)) == 2


async def test_a_projection_goes_on_by_itself_after_postgres_was_killed(log: Log, client: Client) -> None:
    org = new_id()
    subject = jar(org)
    with a_directory() as data, Stack(data, services=()) as own:
        address = urlsplit(own.postgres_dsn)._replace(path="/mortise").geturl()
        database = Database(address, "registry")
        async with running(projection(org), database, client) as runner:
            for drops in (1, 2):
                assert await runner.wait_for((await drip(log, subject, drops)).position, 30)
                await asyncio.to_thread(own.kill, "postgres")
            assert await runner.wait_for((await drip(log, subject, 3)).position, 30)
            assert await runner.parked() == []
        assert (await jars(database))[subject.id] == (6, "1,2,3")
        await database.close()


async def test_what_the_world_does_to_a_message_is_tried_again_and_parks_nothing(
    log: Log, client: Client, database: Database
) -> None:
    org = new_id()
    wanted, tries = projection(org), 0

    async def apply(connection: AsyncConnection, recorded: Recorded, event: Event) -> None:
        nonlocal tries
        assert wanted.apply is not None
        if recorded.envelope.org == org:
            tries += 1
            if tries <= 3:
                await connection.exec_driver_sql("do 'begin raise exception using errcode = ''40001''; end'")
        await wanted.apply(connection, recorded, event)

    async with running(replace(wanted, apply=apply), database, client) as runner:
        assert await runner.wait_for((await drip(log, jar(org), 2)).position, 30)
        assert await runner.parked() == []
    assert tries == 4
    assert [drops for drops, _ in (await jars(database)).values()] == [2]


# --- a stream that is not the one it was --------------------------------------------------------------------------


async def recreate(broker: Broker, wanted: int) -> None:
    """Another EVT of the same name with `wanted` other messages."""
    admin = await broker.client()
    await admin.jetstream().delete_stream("EVT")
    broker.kill()
    await broker.start()
    for number in range(wanted):
        await Log(admin, "lab").append(entry(jar("other"), DropFell(drops=number)), cause())


@pytest.mark.parametrize("messages", [0, 2, 9])
async def test_a_shorter_or_recreated_stream_stops_the_projection_with_an_alarm(
    broker: Broker, database: Database, messages: int
) -> None:
    wanted = projection("o")
    client = await broker.client()
    async with running(wanted, database, client) as runner:
        last = await drip(Log(client, "lab"), jar("o"), 1, 2, 3, 4)
        assert await runner.wait_for(last.position, 10)
    rows = await jars(database)
    await recreate(broker, messages)
    async with running(wanted, database, client) as runner:
        await until(lambda: runner.trouble is not None)
        assert "is not the one read before" in str(runner.check())
        assert runner.position == last.position
    assert await jars(database) == rows


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("last_sha256 = 'x'", "another message lies at position 4"),
        ("last_id = 'x'", "another message lies at position 4"),
        ("position = 5", "it ends at 4, position 5 was read"),
        ("stream_created = stream_created - interval '1 s'", "created"),
    ],
)
async def test_every_sign_of_another_stream_is_noticed(
    broker: Broker, database: Database, change: str, words: str
) -> None:
    wanted = projection("o")
    client = await broker.client()
    async with running(wanted, database, client) as runner:
        assert await runner.wait_for((await drip(Log(client, "lab"), jar("o"), 1, 2, 3, 4)).position, 10)
    async with database.transaction() as connection:
        await connection.execute(sa.text(f"update positions set {change}"))  # noqa: S608 - our own words
    async with running(wanted, database, client) as runner:
        await until(lambda: runner.trouble is not None)
        assert words in str(runner.trouble)


async def test_a_projection_goes_on_by_itself_after_its_broker_was_killed(broker: Broker, database: Database) -> None:
    client = await broker.client()
    log, subject = Log(client, "lab"), jar("o")
    async with running(projection("o"), database, client) as runner:
        for drops in (1, 2, 3):
            assert await runner.wait_for((await drip(log, subject, drops)).position, 20)
            broker.kill()
            await broker.start()
        assert await runner.wait_for((await drip(log, subject, 4)).position, 20)
    assert (await jars(database))[subject.id] == (10, "1,2,3,4")
