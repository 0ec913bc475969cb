"""Many environments on one server: disk, memory, connections, first and warm calls, and the time after `kill -9`.

`python -m tests.bench.bench_environments [--environments N]` prints tables and keeps them in `results`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp
import asyncpg
import uvloop

from common.clock import new_id
from contracts import names
from tests.bench import blog
from tests.bench.bench_serving import CREATE_KEY, CREATE_PROJECT, PUBLISH
from tests.bench.figures import Report, Table, database, median, percentile, said
from tests.support.made import Person, person
from tests.support.stack import Stack, a_directory

SERVICES: Final = 10
"""The environments run the schemas of so many services, in equal parts."""
MAKING: Final = 8
"""Environments that are asked for at once."""
CALLING: Final = 16
"""Calls under way at once."""
ROWS: Final = 5
INSIST_SECONDS: Final = 120.0
ADD: Final = """mutation($project: ID!, $service: ID!) {
  addService(projectId: $project, serviceId: $service) { environments { id name } } }"""
FILL: Final = 'mutation {{ createAuthor(name: "a", email: "{number}@example.org") {{ id }} }}'
QUESTION: Final = "{ allAuthors(first: 5) { id name email } }"
MIB: Final = 2**20
_LOOK_AGAIN_SECONDS: Final = 0.02


@dataclass(frozen=True)
class Place:
    """An environment that is called."""

    environment: str
    endpoint: str
    key: str


@dataclass
class Figures:
    """What was measured, in the order of measuring."""

    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, name: str, value: str) -> None:
        """Note a figure, and say it to whoever waits."""
        said(f"{name}: {value}")
        self.rows.append((name, value))


class Asker:
    """Asks the control and the data API, many at once."""

    def __init__(self, stack: Stack, client: aiohttp.ClientSession, maker: Person | None = None) -> None:
        self.stack = stack
        self._client = client
        self._url = stack.url
        self._token, self._position = (maker.token, maker.position) if maker else ("", 0)

    async def control(self, query: str, **variables: Any) -> Any:
        """The only root field of an answer of the control API, asked again while it is busy. Raises RuntimeError."""
        headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": new_id()}
        headers["Mortise-Position"] = str(self._position)
        body = {"query": query, "variables": variables}
        async with asyncio.timeout(INSIST_SECONDS):
            while True:
                async with self._client.post(f"{self._url}/query", json=body, headers=headers) as response:
                    told = await response.json()
                    self._position = max(self._position, int(response.headers.get("Mortise-Position", "0")))
                errors = told.get("errors", ())
                if any(error["extensions"]["code"] != "SERVICE_UNAVAILABLE" for error in errors):
                    raise RuntimeError(errors)
                if not errors:
                    (value,) = told["data"].values()
                    return value
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    async def data(self, place: Place, query: str) -> bool:
        """Whether an environment answers with data."""
        headers = {"x-user-authorization": place.key}
        try:
            url = f"{self._url}/{place.endpoint}/graphql"
            async with self._client.post(url, json={"query": query}, headers=headers) as response:
                return "errors" not in await response.json(content_type=None)
        except (aiohttp.ClientError, json.JSONDecodeError, TimeoutError):
            return False

    async def insisting(self, place: Place, query: str) -> float:
        """Seconds until an environment answered. Raises TimeoutError."""
        began = time.perf_counter()
        async with asyncio.timeout(INSIST_SECONDS):
            while not await self.data(place, query):  # noqa: ASYNC110 - nobody tells us
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        return time.perf_counter() - began

    async def all(self, places: Sequence[Place], query: str) -> list[float]:
        """Seconds until each has answered, some at once."""
        return await some_at_once(CALLING, [partial(self.insisting, place, query) for place in places])


async def some_at_once(most: int, works: Sequence[Callable[[], Awaitable[Any]]]) -> list[Any]:
    """The results of all, of which never more than `most` are under way."""
    results: list[Any] = [None] * len(works)
    left = iter(enumerate(works))

    async def lane() -> None:
        for number, work in left:
            results[number] = await work()

    async with asyncio.TaskGroup() as group:
        for _ in range(most):
            group.create_task(lane())
    return results


# --- making -------------------------------------------------------------------------------------------------------


def services(maker: Person) -> list[str]:
    """Published services, each with a schema of its own."""
    made = []
    for number in range(SERVICES):
        service = maker.service(f"Blog {number}")
        maker.pushed(service, blog.SCHEMA.replace("views:", f"views{number}:"))
        maker.asked(PUBLISH, {"service": service["id"]})
        made.append(str(service["id"]))
    return made


async def make(asker: Asker, organisation: str, service: str, number: int) -> Place:
    """A project with an instance of a service, whose dev environment answers."""
    wanted = {"name": f"Project {number}", "organisation": organisation}
    project = (await asker.control(CREATE_PROJECT, input=wanted))["id"]
    key = await asker.control(CREATE_KEY, input={"name": "bench", "kind": "project", "target": project})
    instance = await asker.control(ADD, project=project, service=service)
    (dev,) = (each["id"] for each in instance["environments"] if each["name"] == "dev")
    place = Place(dev, names.endpoint(dev), key["secret"])
    for row in range(ROWS):
        await asker.insisting(place, FILL.format(number=row))
    return place


# --- looking ------------------------------------------------------------------------------------------------------


def memory(pids: Sequence[int]) -> float:
    """MiB that processes hold: what they share is counted once between them (Linux)."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:  # it has just ended
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def family(pid: int) -> list[int]:
    """A process and its children (Linux)."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [pid, *(int(child) for each in tasks for child in each.read_text().split())]


async def disk(stack: Stack, count: int, figures: Figures) -> None:
    """Of the environments' databases, and of the whole data directory."""
    connection: asyncpg.Connection[Any] = await asyncpg.connect(stack.postgres_dsn)
    try:
        size = await connection.fetchval(
            "select sum(pg_database_size(oid)) from pg_database where datname ~ '^env_[0-9a-f]{32}$'"
        )
        number = await connection.fetchval("select count(*) from pg_database where datname ~ '^env_[0-9a-f]{32}$'")
        wal = await connection.fetchval("select sum(size) from pg_ls_waldir()")
    finally:
        await connection.close()
    whole = sum(file.stat().st_size for file in stack.data.rglob("*") if file.is_file() and not file.is_symlink())
    figures.add("databases of environments, with those of the services themselves", str(number))
    figures.add("disk of one environment", f"{size / number / MIB:.1f} MiB")
    figures.add(
        f"disk of everything, for {count}", f"{whole / MIB:.0f} MiB, of which the write-ahead log {wal / MIB:.0f}"
    )


async def checkpoint(stack: Stack) -> None:
    """As it is minutes after the last environment was made: what they are made of has been written."""
    connection: asyncpg.Connection[Any] = await asyncpg.connect(stack.postgres_dsn)
    try:
        await connection.execute("checkpoint")
    finally:
        await connection.close()


async def connections(stack: Stack) -> int:
    """Idle connections of environments' roles."""
    connection: asyncpg.Connection[Any] = await asyncpg.connect(stack.postgres_dsn)
    try:
        found = await connection.fetchval(
            "select count(*) from pg_stat_activity where usename ~ '^env_' and state = 'idle'"
        )
        return int(found)
    finally:
        await connection.close()


def spread(seconds: Sequence[float]) -> str:
    """Median and 99th percentile in milliseconds."""
    return f"{median(seconds) * 1e3:.1f} / {percentile(seconds, 0.99) * 1e3:.1f} ms"


async def called(asker: Asker, places: Sequence[Place], figures: Figures) -> None:
    """Memory before and after all were called once, and how long first and later calls take."""
    stack = asker.stack
    gateway = [stack.pids["gateway-0"]]
    figures.add("gateway before the calls", f"{memory(gateway):.0f} MiB")
    figures.add("PostgreSQL before the calls", f"{memory(family(stack.pids['postgres'])):.0f} MiB")
    first = await asker.all(places, QUESTION)
    figures.add("first call of each (p50 / p99)", spread(first))
    figures.add("gateway after the first calls", f"{memory(gateway):.0f} MiB")
    idle = await connections(stack)
    figures.add("idle connections then", str(idle))
    figures.add("PostgreSQL then", f"{memory(family(stack.pids['postgres'])):.0f} MiB")
    figures.add("second call of each (p50 / p99)", spread(await asker.all(places, QUESTION)))
    one = places[-1:]
    warm = [duration for _ in range(200) for duration in await asker.all(one, QUESTION)]
    figures.add("warm call of one, alone (p50 / p99)", spread(warm))


# --- killing ------------------------------------------------------------------------------------------------------


async def gateway_killed(asker: Asker, places: Sequence[Place], figures: Figures) -> None:
    """From `kill -9` of the gateway to the first answer, and to an answer of every environment."""
    pid = asker.stack.pids["gateway-0"]
    began = time.perf_counter()
    os.kill(pid, signal.SIGKILL)
    await asker.insisting(places[0], QUESTION)
    figures.add("gateway killed: the first environment answers after", f"{time.perf_counter() - began:.2f} s")
    taken = await asker.all(places, QUESTION)
    figures.add("gateway killed: every environment has answered after", f"{time.perf_counter() - began:.2f} s")
    figures.add("gateway killed: first call of each then (p50 / p99)", spread(taken))
    await asyncio.to_thread(asker.stack.until, lambda: asker.stack.pids["gateway-0"] != pid, 60.0, "the gateway")


async def provisioner_killed(asker: Asker, service: str, organisation: str, figures: Figures) -> None:
    """From `kill -9` of the provisioner to ready, and to a new environment that serves."""
    began = time.perf_counter()
    await asyncio.to_thread(asker.stack.kill, "provisioner-0")
    figures.add("provisioner killed: ready again after", f"{time.perf_counter() - began:.2f} s")
    began = time.perf_counter()
    await make(asker, organisation, service, -1)
    figures.add("provisioner killed: a new environment serves after another", f"{time.perf_counter() - began:.2f} s")


def kill_all(stack: Stack) -> None:
    """End every process of the stack at once, its supervisor first."""
    assert stack.process is not None, "the stack was started"
    pids = [stack.process.pid, *family(stack.pids["postgres"]), *stack.pids.values()]
    for pid in dict.fromkeys(pids):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    stack.process.wait()


async def after_everything(asker: Asker, places: Sequence[Place], began: float, figures: Figures) -> None:
    """From the start after `kill -9` of everything to an answer of every environment."""
    figures.add("everything killed: ready after", f"{time.perf_counter() - began:.2f} s")
    await asker.insisting(places[0], QUESTION)
    figures.add("everything killed: the first environment answers after", f"{time.perf_counter() - began:.2f} s")
    taken = await asker.all(places, QUESTION)
    figures.add("everything killed: every environment has answered after", f"{time.perf_counter() - began:.2f} s")
    figures.add("everything killed: first call of each then (p50 / p99)", spread(taken))


# --- all ----------------------------------------------------------------------------------------------------------


async def first_life(maker: Person, published: list[str], count: int, figures: Figures) -> list[Place]:
    """Make environments and measure them."""
    stack = maker.stack
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as client:
        asker, organisation = Asker(stack, client, maker), maker.organisation
        began = time.perf_counter()
        works = [partial(make, asker, organisation, published[number % SERVICES], number) for number in range(count)]
        places: list[Place] = await some_at_once(MAKING, works)
        took = time.perf_counter() - began
        figures.add(f"making {count}, {MAKING} at once", f"{took:.0f} s, {took / count:.3f} s for one")
        await disk(stack, count, figures)
        await gateway_killed(asker, places, Figures())  # so that what follows begins with a gateway that knows nothing
        await asyncio.to_thread(stack.kill, "gateway-0")
        await called(asker, places, figures)
        await gateway_killed(asker, places, figures)
        await provisioner_killed(asker, published[0], organisation, figures)
        await checkpoint(stack)
    return places


async def second_life(stack: Stack, places: list[Place], began: float, figures: Figures) -> tuple[str, ...]:
    """The same data directory after everything was killed."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as client:
        await after_everything(Asker(stack, client), places, began, figures)
    return (await database(stack.postgres_dsn),)


def measure(data: Path, count: int) -> Report:
    figures = Figures()
    environ = {"MORTISE_LOG_LEVEL": "warning"}
    stack = Stack(data, environ=environ).start()
    try:
        maker = person(stack)
        places = uvloop.run(first_life(maker, services(maker), count, figures))
        kill_all(stack)
    except BaseException:
        stack.stop()
        raise
    began = time.perf_counter()
    with Stack(data, environ=environ) as again:
        versions = uvloop.run(second_life(again, places, began, figures))
    table = Table(f"{count} environments", ("", "found"), figures.rows)
    method = (
        (
            f"{count} projects with an instance each of one of {SERVICES} services, made through the control API, "
            f"{MAKING} at once; {ROWS} rows are written to each. All on this machine, one gateway worker."
        ),
        (
            f"A call is a list of five rows over HTTP; of the environments {CALLING} are called at once. First: the "
            "gateway has neither its model nor a connection. Durations include the client's own work."
        ),
        "Before everything is killed PostgreSQL has written a checkpoint, as it does every five minutes.",
        "Memory is the proportional set size: what processes share is counted once between them.",
    )
    return Report("environments", "Many environments on one server", method, (table,), (), versions)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_environments", description=__doc__)
    parser.add_argument("--environments", type=int, default=100, help="how many (100)")
    parser.add_argument("--data", type=Path, help="an empty directory that other users may pass, for much data")
    given = parser.parse_args()
    free = shutil.disk_usage(given.data or Path("/tmp")).free  # noqa: S108 - where fresh directories are made
    said(f"{free / 2**30:.0f} GiB are free")
    with a_directory() as data:
        measure(given.data or data, given.environments).keep()


if __name__ == "__main__":
    main()
