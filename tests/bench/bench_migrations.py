"""How long each kind of change of a large table takes, and how long callers wait for it.

`python -m tests.bench.bench_migrations [--rows N]` prints a table and keeps it in `results`.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from common.sql import ident, sql
from contracts.names import database
from provisioner.execute.cluster import Cluster
from tests.bench.figures import Report, Table, count, said
from tests.bench.figures import database as version
from tests.support.environments import Place
from tests.support.schemas import model
from tests.support.stack import Stack, a_directory

SECRET: Final = b"s" * 32
HOUSES: Final = 1000
SCHEMA: Final = """
type Person @model {
  id: ID! @isUnique
  name: String
  size: Int!
  at: DateTime
  mood: Mood!
  home: House @relation(name: "Home")
}
type House @model { id: ID! @isUnique people: [Person!]! @relation(name: "Home") }
enum Mood { HAPPY SAD }
"""
FILLED: Final = """
insert into app.t2 (id, created_at, updated_at) select 'h' || n, now(), now() from generate_series(1, {houses}) as n;
insert into app.t1 (id, created_at, updated_at, c4, c5, c6, c7, r8)
select 'p' || n, now(), now(), 'Name ' || n, n, now(), 'HAPPY', 'h' || n % {houses} + 1
from generate_series(1, {rows}) as n;
analyze
"""
CHANGES: Final[Sequence[tuple[str, str, str]]] = (
    ("a new optional field", "name: String", "name: String\n  more: Int"),
    (
        "a new field with a value and an index",
        "name: String",
        "name: String\n  more: Int! @index @migrationValue(value: 1)",
    ),
    ("a field gets an index", "name: String", "name: String @index"),
    ("a field becomes unique", "name: String", "name: String @isUnique"),
    ("a number becomes text", "size: Int!", "size: String!"),
    ("another type", "size: Int!", 'size: Float! @migrationValue(value: "1.5")'),
    ("a field becomes required", "name: String", "name: String!"),
    ("nulls get a value", "name: String", 'name: String! @migrationValue(value: "none")'),
    ("an enum grows", "HAPPY SAD", "HAPPY SAD CALM"),
    ("a field is removed", "  at: DateTime\n", ""),
    ("a relation becomes required", "home: House", "home: House!"),
)


@dataclass
class Callers:
    """Somebody who reads and somebody who writes, and how long each had to wait at most."""

    dsn: str
    reader_ms: float = 0.0
    writer_ms: float = 0.0
    done: bool = False

    async def read(self) -> None:
        self.reader_ms = await self._run("select id, updated_at from app.t1 where id = 'p' || $1::int")

    async def write(self) -> None:
        self.writer_ms = await self._run("update app.t1 set updated_at = now() where id = 'p' || $1::int")

    async def _run(self, statement: str) -> float:
        connection, longest = await asyncpg.connect(self.dsn), 0.0
        try:
            for number in itertools.count(1):
                if self.done:
                    return longest
                began = time.perf_counter()
                await connection.execute(statement, number % 1000 + 1)
                longest = max(longest, (time.perf_counter() - began) * 1000)
                await asyncio.sleep(0.001)
        finally:
            await connection.close()
        raise AssertionError("they run until they are told")


@asynccontextmanager
async def filled(cluster: Cluster, rows: int) -> AsyncIterator[Place]:
    """A database with that many people, which others are copied from."""
    place = await Place(cluster).made()
    assert await place.deploy(SCHEMA) is None
    async with cluster.connected(place.id) as connection:
        await connection.execute(FILLED.format(rows=rows, houses=HOUSES), timeout=600)
    yield place
    await place.gone()


async def copied(admin: asyncpg.Connection, origin: Place, owner: str) -> Place:
    """An environment with the same schema and data."""
    place = await Place(origin.cluster).made()
    name, source = database(place.id), database(origin.id)
    await admin.execute(sql("drop database {name} with (force)", name=ident(name)).text)
    made = "create database {name} template {source} strategy file_copy owner {owner}"
    await admin.execute(sql(made, name=ident(name), source=ident(source), owner=ident(owner)).text, timeout=600)
    place.model = origin.model
    return place


async def changed(place: Place, admin: str, text: str) -> tuple[float, float, float]:
    """Seconds it took, and the longest waits of a reader and of a writer in milliseconds."""
    callers = Callers(urlsplit(admin)._replace(path=f"/{database(place.id)}").geturl())
    tasks = [asyncio.create_task(callers.read()), asyncio.create_task(callers.write())]
    await asyncio.sleep(0.2)
    began = time.perf_counter()
    refusal = await place.deploy(text, forced=True)
    took = time.perf_counter() - began
    callers.done = True
    await asyncio.gather(*tasks)
    assert refusal is None, refusal
    return took, callers.reader_ms, callers.writer_ms


async def measure(stack: Stack, rows: int) -> Report:
    """Every change at once and in phases, each on a copy of the same data."""
    user, password = stack.account("provision")
    server = urlsplit(stack.postgres_dsn)
    cluster = Cluster(f"postgresql://{user}:{password}@{server.hostname}:{server.port}/mortise", SECRET)
    head = ("", "at once: s", "reader ms", "writer ms", "in phases: s", "reader ms", "writer ms")
    table = Table(f"A table of {rows} rows", head)
    admin = await asyncpg.connect(stack.postgres_dsn)
    said(f"writing {rows} rows")
    async with filled(cluster, rows) as origin:
        for name, old, new in CHANGES:
            said(name)
            text, cells = SCHEMA.replace(old, new), [name]
            model(text, origin.model)
            for in_phases in (False, True):
                place = await copied(admin, origin, user)
                place.in_phases = in_phases
                cells += [count(each) for each in await changed(place, stack.postgres_dsn, text)]
                await place.gone()
            table.rows.append(tuple(cells))
    await admin.close()
    method = (
        (
            f"Each change on a fresh copy of the same database ({rows} people, {HOUSES} houses), beside one caller who "
            "reads a row by id and one who writes one, a thousand times a second at most."
        ),
        "At once: one transaction, as for small tables. In phases: prepared, switched, finished, as for large ones.",
        (
            "Waits are the longest single statement of each caller while the change ran: the limit is what they take "
            "when nothing runs, some milliseconds on a busy machine."
        ),
    )
    return Report("migrations", "Changing large tables", method, (table,), (), (await version(stack.postgres_dsn),))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_migrations", description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000, help="in the table (500000)")
    given = parser.parse_args()
    with a_directory() as data, Stack(data, services=()) as stack:
        asyncio.run(measure(stack, given.rows)).keep()


if __name__ == "__main__":
    main()
