"""What a small read costs between the gateway and its database, step by step: processor time on both sides.

`python -m tests.bench.bench_driver [--seconds S] [--rounds N]` prints tables and keeps them in `results`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import asyncpg
import uvloop

from common.sealing import environment_password
from common.sql import ident, sql
from contracts.model import digest, encode
from contracts.names import database
from gateway.engine import Call, Engine, Request, Statement, prepare
from gateway.execute.connections import SESSION, Connections
from gateway.execute.pool import Errand
from provisioner.execute.cluster import Cluster
from tests.bench import figures
from tests.bench.figures import Report, Table, count, median
from tests.support.environments import Place
from tests.support.stack import Stack, a_directory

SCHEMA: Final = "type Post @model { id: ID! @isUnique title: String! views: Int! }"
QUESTION: Final = "query ($drawn: ID) { Post(id: $drawn) { id title views } }"
POSTS: Final = 50_000
FIRST_POST: Final = 10**17
CONCURRENCIES: Final = (1, 16, 64)
SILENT_SECONDS: Final = 11.0
METHOD: Final = (
    "Question: a node by its id, three fields; one prepared statement, another id every time, 50 000 rows.",
    (
        "Each of so many callers asks again as soon as it is answered, in one process on uvloop, over the server's "
        "socket unless TCP is said."
    ),
    "CPU is what the asking process and the server's processes for it spent per read, in microseconds.",
)


@dataclass(frozen=True)
class Here:
    """The database and what is asked of it."""

    place: Place
    tcp: str
    socket: str
    secret_key: bytes
    statement: Statement


@dataclass(frozen=True)
class Rate:
    """What one run came to."""

    per_second: float
    cpu_us: float
    server_us: float


Ask = Callable[[str, Callable[[object], None]], None]
"""Ask for a post and be told its text."""


@contextlib.asynccontextmanager
async def driver(here: Here, dsn: str, concurrency: int) -> AsyncIterator[Ask]:
    """asyncpg, a connection for each caller, with the time limit that the gateway would set."""
    name = database(here.place.id)
    held: list[asyncpg.Connection[Any]] = []
    for _ in range(concurrency):
        password = environment_password(here.secret_key, here.place.id)
        held.append(
            await asyncpg.connect(
                dsn,
                user=name,
                database=name,
                password=password,
                command_timeout=SILENT_SECONDS,
                statement_cache_size=200,
                max_cached_statement_lifetime=0,
                server_settings=SESSION,
            )
        )
    free, tasks = list(held), set[asyncio.Task[None]]()

    async def read(post: str, told: Callable[[object], None]) -> None:
        connection = free.pop()
        row = await connection.fetchrow(here.statement.sql, post)
        free.append(connection)
        told(row and row[0])

    def ask(post: str, told: Callable[[object], None]) -> None:
        task = asyncio.get_running_loop().create_task(read(post, told))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    yield ask
    for connection in held:
        await connection.close()


@contextlib.asynccontextmanager
async def wires(here: Here, dsn: str, how: str) -> AsyncIterator[Ask]:
    """The gateway's own connections: `alone`, `shared` or `batched`."""
    connections = Connections(dsn, here.secret_key, 64, 64)
    batch = here.statement.batch if how == "batched" else ""
    environment, name = here.place.id, database(here.place.id)

    def ask(post: str, told: Callable[[object], None]) -> None:
        errand = Errand(((here.statement.sql, (post,)),), told, small=how != "alone", batch=batch)
        connections.submit(environment, name, errand)

    yield ask
    await connections.close()


async def run(ask: Ask, concurrency: int, seconds: float) -> tuple[float, float, int]:
    """Seconds that passed, processor seconds of this process, and reads."""
    reads, going = 0, concurrency
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    until = time.perf_counter() + seconds

    def next_(number: int) -> None:
        def told(text: object) -> None:
            nonlocal reads, going
            assert isinstance(text, str), text
            reads += 1
            if time.perf_counter() < until:
                next_(number * 7919 % POSTS + 13)
                return
            going -= 1
            if not going:
                ended.set_result(None)

        ask(str(FIRST_POST + number % POSTS), told)

    wall, cpu = time.perf_counter(), time.process_time()
    for number in range(concurrency):
        next_(number)
    await ended
    return time.perf_counter() - wall, time.process_time() - cpu, reads


async def server_seconds(here: Here) -> dict[int, float]:
    """Processor time of each of the server's processes for this database, in seconds, where the system tells it."""
    async with here.place.cluster.connected(here.place.id) as connection:
        rows = await connection.fetch("select pid from pg_stat_activity where datname = current_database()")
    return {row[0]: _spent(Path(f"/proc/{row[0]}/schedstat")) for row in rows}


def _spent(schedule: Path) -> float:
    # Processes of the variant before may just be ending.
    with contextlib.suppress(OSError):
        return int(schedule.read_text().split()[0]) / 1e9
    return 0.0


async def measured(here: Here, variant: str, concurrency: int, seconds: float) -> Rate:
    """One variant, after it has warmed up."""
    step, _, way = variant.partition(", ")
    dsn = here.tcp if way == "TCP" else here.socket
    opened = driver(here, dsn, concurrency) if step == "asyncpg" else wires(here, dsn, step)
    async with opened as ask:
        await run(ask, concurrency, seconds / 4)
        before = await server_seconds(here)
        wall, cpu, reads = await run(ask, concurrency, seconds)
        spent = sum([now - before[pid] for pid, now in (await server_seconds(here)).items() if pid in before and now])
        return Rate(reads / wall, cpu / reads * 1e6, spent / reads * 1e6)


VARIANTS: Final = ("asyncpg, TCP", "asyncpg", "alone", "shared, TCP", "shared", "batched")
EXPLAINED: Final = (
    "alone: our client, a connection for each read, as for everything that is not small. shared: small reads on up to "
    "three connections, each a statement of its own. batched: who asks the same in one turn of the loop is answered by "
    "one statement."
)


@contextlib.asynccontextmanager
async def a_database() -> AsyncIterator[Here]:
    """A server of its own with one filled environment."""
    with a_directory() as data, Stack(data, services=()) as stack:
        user, password = stack.account("provision")
        server = urlsplit(stack.postgres_dsn)
        where = f"{server.hostname}:{server.port}"
        key = bytes.fromhex((data / "secret.key").read_text().strip())
        place = await Place(Cluster(f"postgresql://{user}:{password}@{where}/mortise", key)).made()
        assert await place.deploy(SCHEMA) is None
        assert place.model is not None
        entity = place.model.entity_by_name["Post"]
        filling = sql(
            "insert into {table} (id, created_at, updated_at, {title}, {views}) "
            "select ({first} + n)::text, now(), now(), 'Post number ' || n, n from generate_series(0, {last}) n",
            table=ident("app", entity.table),
            title=ident(entity.field_by_name["title"].column),
            views=ident(entity.field_by_name["views"].column),
            first=sql(str(FIRST_POST)),
            last=sql(str(POSTS - 1)),
        )
        connection = await asyncpg.connect(server._replace(path=f"/{database(place.id)}").geturl())
        await connection.execute(filling.text)
        await connection.execute("vacuum analyze")
        folder = await connection.fetchval("show unix_socket_directories")
        await connection.close()
        call = Engine(prepare(place.model, digest(encode(place.model)))).call(Request(QUESTION, None, {"drawn": "x"}))
        assert isinstance(call, Call), call
        ((statement,),) = (root.statements for root in call.roots)
        socket = f"postgresql://?{urlencode({'host': folder, 'port': server.port})}"
        yield Here(place, f"postgresql://{where}", socket, key, statement)


async def tables(seconds: float, rounds: int) -> tuple[list[Table], str]:
    """Interleaved rounds of all variants."""
    made = []
    async with a_database() as here:
        version = await figures.database(f"{here.tcp.replace('//', f'//{_login(here)}@')}/{database(here.place.id)}")
        for concurrency in CONCURRENCIES:
            found: dict[str, list[Rate]] = {variant: [] for variant in VARIANTS}
            for _ in range(rounds):
                for variant in VARIANTS:
                    found[variant].append(await measured(here, variant, concurrency, seconds))
            head = ("", "reads/s", "CPU µs", "server's CPU µs", "both", "of asyncpg over TCP")
            table = Table(f"{concurrency} at once" if concurrency > 1 else "One after the other", head)
            limit = _both(found[VARIANTS[0]])
            for variant, rates in found.items():
                per_second, cpu = median([one.per_second for one in rates]), median([one.cpu_us for one in rates])
                server, both = median([one.server_us for one in rates]), _both(rates)
                table.rows.append((variant, *map(count, (per_second, cpu, server, both)), f"{both / limit:.2f}"))
            made.append(table)
    return made, version


def _both(rates: list[Rate]) -> float:
    return median([one.cpu_us + one.server_us for one in rates])


def _login(here: Here) -> str:
    return f"{database(here.place.id)}:{environment_password(here.secret_key, here.place.id)}"


def main() -> None:
    """Print tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_driver", description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.3, help="of each run (0.3)")
    parser.add_argument("--rounds", type=int, default=3, help="medians of so many (3)")
    given = parser.parse_args()
    made, version = uvloop.run(tables(given.seconds, given.rounds))
    method = (*METHOD, f"Runs of {given.seconds} s, rounds interleaved, medians of {given.rounds}.")
    Report(
        "driver", "A small read, step by step", method, made, (EXPLAINED,), (version,), packages=("asyncpg", "uvloop")
    ).keep()


if __name__ == "__main__":
    main()
