"""Random operations on random services, compared: `python -m tests.support.naive.run --cases 100000 --seed 7`.

Every seed is a service, its data and its operations. The first difference ends the run: it is printed with its schema,
its data and the smallest operation that shows it, and the exit code is 1. Otherwise the histogram is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.answering import Client
from tests.support.naive.models import service
from tests.support.naive.schema import Service
from tests.support.naive.tally import Tally
from tests.support.naive.telling import story
from tests.support.naive.trial import DifferenceError, Steady, Trial
from tests.support.opened import Open, opening
from tests.support.schemas import model
from tests.support.stack import Stack, a_directory

READERS: int = 2
CASES_OF_A_SERVICE: int = 1000


async def lived(opened: Open, made: Service, seed: int, cases: int, tally: Tally, writes: int = 25) -> int:
    """One service's life: the number of cases, none of which differs. Raises AssertionError with a reproduction."""
    client = await opened(model(made.sdl()))
    async with _readers(client) as clients:
        trial = Trial(made, clients, seed, tally)
        try:
            await trial.live(cases, writes=writes)
        except DifferenceError as difference:
            raise AssertionError(await story(trial, difference)) from None
        return trial.cases


@asynccontextmanager
async def _readers(client: Client) -> AsyncIterator[list[Steady]]:
    connections = [client.connection] + [await client.another() for _ in range(READERS - 1)]
    try:
        yield [Steady(client.engine, each, client.where) for each in connections]
    finally:
        for each in connections[1:]:
            await each.close()


async def _run(given: argparse.Namespace, servers: Stack) -> int:
    tally, seed, cases = Tally(), given.seed, 0
    while cases < given.cases:
        async with opening(servers) as opened:
            try:
                most = min(CASES_OF_A_SERVICE, given.cases - cases)
                cases += await lived(opened, service(seed), seed, most, tally)
            except AssertionError as difference:
                sys.stdout.write(f"{difference}\n")
                return 1
        sys.stderr.write(f"seed {seed}: {cases} cases\n")
        seed += 1
    sys.stdout.write(tally.table())
    if given.tally is not None:
        tally.write(given.tally)
    return 0


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.support.naive.run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--cases", type=int, default=10_000, help="operations to compare (10000)")
    parser.add_argument("--seed", type=int, default=1000, help="of the first service (1000)")
    parser.add_argument("--tally", type=Path, help="file that gets the histogram")
    given = parser.parse_args(words)
    with a_directory() as data, Stack(data, services=()) as servers:
        return asyncio.run(_run(given, servers))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
