"""Events per second that read models are rebuilt with from the event log.

`python -m tests.bench.bench_replay [--events N] [--rounds N]` prints a table and keeps it in `results`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from typing import Final
from urllib.parse import urlsplit

import nats
import sqlalchemy as sa
from nats.aio.client import Client

import audit.store.history
import gateway.store
from billing.store import learning
from common.clock import new_id
from common.db import Database
from common.events import Event
from common.log import STREAM, History, Log, Subject
from common.projection import Projection, Runner, lay_out
from common.reader import Reader
from contracts.registry import ProjectCreated, ProjectRenamed
from registry.store.projection import REGISTRY
from tests.bench.figures import Report, Table, count, database, median, ratio, said, server
from tests.support.lab import cause, entry
from tests.support.stack import Stack, a_directory

WRITERS: Final = 50
RENAMES: Final = 3
REPLAY_SECONDS_MAX: Final = 300.0
READ_MODELS: Final[Sequence[tuple[str, Projection]]] = (
    ("registry: projects", REGISTRY),
    ("billing: directory", learning.DIRECTORY_PROJECTION),
    ("gateway: routes", gateway.store.PROJECTION),
    ("audit: history", audit.store.history.HISTORY_PROJECTION),
)


async def write(client: Client, events: int) -> int:
    """Projects created and renamed, as many facts as wanted; the position of the last."""
    log = Log(client, "registry")
    organisation, creator = new_id(), new_id()
    wanted = iter(range(events // (1 + RENAMES)))

    async def writer() -> None:
        for number in wanted:
            project, history = new_id(), History()
            subject = Subject(organisation, "registry", "project", project)
            state = {"project": project, "organisation": organisation, "slug": f"project-{number}"}
            facts: list[Event] = [ProjectCreated(**state, name=f"Project {number}", creator=creator)]
            facts += [ProjectRenamed(**state, name=f"Project {number}, name {one}") for one in range(RENAMES)]
            for fact in facts:
                history = History((await log.append(entry(subject, fact, history), cause()),))

    await asyncio.gather(*(writer() for _ in range(WRITERS)))
    return await log.last_position()


async def read(client: Client, last: int) -> float:
    """Seconds to read the whole stream and do nothing with it."""
    reader = Reader(client, STREAM, 0)
    await reader.open()
    began, position = time.perf_counter(), 0
    while position < last:
        for message in await reader.batch():
            position = message.position
    took = time.perf_counter() - began
    await reader.close()
    return took


async def replay(dsn: str, client: Client, projection: Projection, last: int) -> float:
    """Seconds to rebuild a read model from nothing."""
    async with schema(dsn) as rows:
        await lay_out(rows, [projection])
        runner = Runner(projection, rows, client)
        began = time.perf_counter()
        task = asyncio.create_task(runner.run())
        try:
            if not await runner.wait_for(last, REPLAY_SECONDS_MAX):
                raise RuntimeError(f"{projection.name} stands at {runner.position} of {last}: {runner.trouble}")
            took = time.perf_counter() - began
            assert not await runner.parked(), "every fact was understood"
            return took
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@contextlib.asynccontextmanager
async def schema(dsn: str) -> AsyncIterator[Database]:
    """A schema of its own, for as long as it is used."""
    rows = Database(dsn, f"bench_{new_id().replace('-', '')}")
    async with rows.transaction() as connection:
        await connection.execute(sa.schema.CreateSchema(rows.schema))
    try:
        yield rows
    finally:
        async with rows.transaction() as connection:
            await connection.execute(sa.schema.DropSchema(rows.schema, cascade=True))
        await rows.close()


async def measure(stack: Stack, events: int, rounds: int) -> Report:
    """Each read model in turn, and again."""
    dsn = urlsplit(stack.postgres_dsn)._replace(path="/mortise").geturl()
    client = await nats.connect(stack.nats_url)
    try:
        said(f"writing {events} events")
        last = await write(client, events)
        reads: list[float] = []
        found: dict[str, list[float]] = {name: [] for name, _ in READ_MODELS}
        for number in range(rounds):
            said(f"round {number + 1}")
            reads.append(last / await read(client, last))
            for name, projection in READ_MODELS:
                found[name].append(last / await replay(dsn, client, projection, last))
        versions = (server(client), await database(dsn))
    finally:
        await client.close()
    limit = median(reads)
    table = Table("Events per second", ("", "events/s", "of reading"), [("reading alone", count(limit), "1.00")])
    for name, rates in found.items():
        table.rows.append((name, count(median(rates)), ratio(median(rates), limit)))
    method = (
        (
            f"{last} facts of projects (created, then renamed {RENAMES} times), replayed by the product's own "
            "runner into an empty schema, from opening the stream to the last commit; one Python process beside the "
            "two servers."
        ),
        "Limit: reading the same stream in order and doing nothing with it.",
        f"Rounds interleaved, medians of {rounds}.",
    )
    packages = ("asyncpg", "nats-py", "SQLAlchemy")
    return Report("replay", "Rebuilding read models", method, (table,), (), versions, packages)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_replay", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000, help="in the log (10000)")
    parser.add_argument("--rounds", type=int, default=3, help="medians of so many (3)")
    given = parser.parse_args()
    with a_directory() as data, Stack(data, services=()) as stack:
        asyncio.run(measure(stack, given.events, given.rounds)).keep()


if __name__ == "__main__":
    main()
