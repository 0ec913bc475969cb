"""Milliseconds from the first call of an environment that sleeps to its answer.

`python -m tests.bench.bench_wake [--small N] [--large N]` prints a table and keeps it in `results`. Environments sleep
after a minute here, so that it takes some three minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import httpx

from tests.bench import blog
from tests.bench.figures import Report, Table, count, database, median, percentile, said, server
from tests.support.door import Door, Live, opened
from tests.support.stack import Stack, a_directory

AWAY_SECONDS_MAX: Final = 120.0
LOOK_AGAIN_SECONDS: Final = 0.5
LARGE_TYPES: Final = 80
PROMISED_MS: Final = 500
ENVIRON: Final = {"MORTISE_QUOTAS": "on", "MORTISE_QUOTA_SLEEP_MINUTES": "1", "MORTISE_QUOTA_CALLS_PER_SECOND": "off"}


def small(number: int) -> str:
    """A schema of four types, unlike every other one: nothing of it is shared."""
    return blog.SCHEMA.replace("  views: Int!", f"  own{number}: String\n  views: Int!")


def large(number: int) -> str:
    """A schema of many types of ten fields each, in a chain of relations."""
    types = []
    for each in range(LARGE_TYPES):
        fields = "\n".join(f"  f{field}: {('String', 'Int', 'Float', 'DateTime')[field % 4]}" for field in range(9))
        chain = f'  next: T{each + 1} @relation(name: "R{each}")\n' if each + 1 < LARGE_TYPES else ""
        back = f'  last: T{each - 1} @relation(name: "R{each - 1}")\n' if each else ""
        own = f"  own{number}: String\n" if not each else ""
        types.append(f"type T{each} @model {{\n  id: ID! @isUnique\n{fields}\n{own}{chain}{back}}}")
    return "\n".join(types)


async def made(door: Door, schema: Callable[[int], str], number: int, what: str) -> list[Live]:
    """Environments open to all."""
    found = []
    for each in range(number):
        live = await door.environment(schema(each), "dev")
        await door.open_to_all(live)
        found.append(live)
        if each % 10 == 9:
            said(f"{each + 1} of {number} {what}")
    return found


async def asleep(stack: Stack, number: int) -> None:
    """Wait until so many environments sleep. Raises TimeoutError."""
    url = f"http://127.0.0.1:{stack.environment('gateway')['MORTISE_HEALTH_PORT']}/metrics"
    async with asyncio.timeout(AWAY_SECONDS_MAX), httpx.AsyncClient() as client:
        while True:
            text = (await client.get(url)).text
            found = re.search(r"^mortise_environments_asleep (\S+)$", text, re.MULTILINE)
            if found and float(found[1]) == number:
                return
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def timed(door: Door, live: Live, query: str) -> float:
    """Milliseconds of one call, which must go well."""
    began = time.perf_counter()
    answer = await door.call(live, query)
    took = (time.perf_counter() - began) * 1000
    assert "errors" not in answer.json(), answer.text
    return took


async def one_by_one(door: Door, lives: Sequence[Live], query: str) -> list[float]:
    return [await timed(door, live, query) for live in lives]


async def at_once(door: Door, lives: Sequence[Live], query: str) -> list[float]:
    return list(await asyncio.gather(*(timed(door, live, query) for live in lives)))


def resident_mb(stack: Stack) -> float:
    """Memory of the gateway's process."""
    told = Path(f"/proc/{stack.pids['gateway-0']}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB$", told, re.MULTILINE)
    assert found, "Linux tells the memory of a process"
    return int(found[1]) / 1024


async def measure(stack: Stack, small_ones: int, large_ones: int) -> Report:
    table = Table("Milliseconds to the answer", ("", "median", "p99", "slowest", "limit: awake, median"))
    groups = (
        ("4 types", small_ones, small, "{ allPosts(first: 5) { id title author { name } } }"),
        (f"{LARGE_TYPES} types", large_ones, large, "{ allT0s(first: 5) { id f0 next { f1 } } }"),
    )
    async with opened(stack) as door:
        lives = {name: await made(door, schema, number, name) for name, number, schema, _ in groups}
        everyone = sum(map(len, lives.values()))
        ways: tuple[tuple[str, Callable[..., Awaitable[list[float]]]], ...] = (
            ("one by one", one_by_one),
            ("all at once", at_once),
        )
        memory = [resident_mb(stack)]
        for way, ask in ways:
            said(f"waiting until {everyone} environments sleep")
            await asleep(stack, everyone)
            memory.append(resident_mb(stack))
            for name, _, _, query in groups:
                woken = await ask(door, lives[name], query)
                awake = await one_by_one(door, lives[name], query)
                cells = (median(woken), percentile(woken, 0.99), max(woken), median(awake))
                table.rows.append((f"{len(lives[name])} of {name}, {way}", *map(count, cells)))
            memory.append(resident_mb(stack))
        versions = (server(door.client), await database(stack.postgres_dsn))
    method = (
        "Environments of one gateway worker that were called once and put to sleep: no connection, nothing compiled.",
        "Each is called over HTTP for a list with a related node; `all at once` is one call to each at the same time.",
        f"The limit is the same call again. A call that wakes one environment is to take less than {PROMISED_MS} ms.",
    )
    told = " → ".join(f"{one:.0f}" for one in memory)
    remarks = (f"Memory of the worker in MB, awake, asleep, awake, asleep, awake: {told}.",)
    return Report("wake", "Waking a sleeping environment", method, (table,), remarks, versions)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_wake", description=__doc__)
    parser.add_argument("--small", type=int, default=100, help="environments of four types (100)")
    parser.add_argument("--large", type=int, default=10, help=f"environments of {LARGE_TYPES} types (10)")
    given = parser.parse_args()
    with a_directory() as data, Stack(data, services=("gateway",), environ=ENVIRON) as stack:
        asyncio.run(measure(stack, given.small, given.large)).keep()


if __name__ == "__main__":
    main()
