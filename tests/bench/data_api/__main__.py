"""The data API against PostGraphile, Strawberry and the same SQL in pgbench: `python -m tests.bench.data_api`.

A whole run writes `docs/benchmarks.md`; a shorter look (`--operations`, `--only`, fewer rounds) is only printed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from contracts.names import database as database_of
from gateway.engine import Engine, prepare
from tests.bench import blog
from tests.bench.blog import Blog
from tests.bench.data_api import contestants, install, limit, report, rows
from tests.bench.data_api.answers import COMPARED, Comparison
from tests.bench.data_api.contestants import METERINGS, POOL, Contestant
from tests.bench.data_api.names import Names
from tests.bench.data_api.operations import LIST, NODE, READS, Operation
from tests.bench.data_api.rounds import MAIN, SHORTER, Course, Task, alone, mixed
from tests.bench.data_api.where import Where
from tests.bench.data_api.writes import CREATE, WRITES
from tests.bench.figures import database, said
from tests.support.stack import Stack, a_directory

CONCURRENCIES: Final = (1, MAIN, 64)
ROUNDS: Final = 5
METERED: Final = (NODE, LIST, CREATE)
METERED_SHARE: Final = 0.5
"""How long these runs are, by the length of the others."""
RIVAL: Final = "bench_rival"
RIVAL_PASSWORD: Final = "rival"
ALL: Final = ("ours", "postgraphile", "strawberry", limit.NAME)


def tasks() -> list[Task]:
    """Everything there is to measure."""
    return [*(alone(one) for one in (*READS, *WRITES)), mixed(READS, WRITES)]


def starters(
    only: frozenset[str], stack: Stack, here: Blog, names: Names, folder: Path
) -> list[AbstractContextManager[Contestant]]:
    """What starts the servers that are asked for."""
    rival = Where.of(blog.dsn(stack, here.environment)).of_role(RIVAL, RIVAL_PASSWORD)
    known: dict[str, Callable[[], AbstractContextManager[Contestant]]] = {
        "ours": lambda: contestants.gateway(stack, here, "fast", folder),
        "postgraphile": lambda: contestants.postgraphile(rival, names, folder),
        "strawberry": lambda: contestants.strawberry(rival, names, folder),
    }
    return [start() for name, start in known.items() if name in only]


def measure(given: argparse.Namespace, chosen: Sequence[Task]) -> report.Outcome:
    """Start everything, compare the answers, measure."""
    with ExitStack() as held:
        data, folder = held.enter_context(a_directory()), Path(held.enter_context(tempfile.TemporaryDirectory()))
        said("starting the stack, pushing a blog and filling it")
        stack = held.enter_context(Stack(data))
        here = blog.push(stack)
        model, sha = asyncio.run(blog.model(stack, here.environment))
        names, engine = Names(model), Engine(prepare(model, sha))
        owner = urlsplit(stack.postgres_dsn)._replace(path=f"/{database_of(here.environment)}").geturl()
        asyncio.run(rows.fill(owner, names))
        asyncio.run(rows.open_to(RIVAL, RIVAL_PASSWORD, owner, names))
        servers = [held.enter_context(one) for one in starters(given.only, stack, here, names, folder)]
        operations: list[Operation] = list({part.name: part for task in chosen for part, _ in task.parts}.values())
        said(f"comparing {COMPARED} answers to each of {len(operations)} operations")
        asyncio.run(Comparison(owner, names, engine, servers).run(operations))
        where = Where.of(blog.dsn(stack, here.environment))
        course = Course(
            servers,
            names,
            engine,
            owner,
            where if limit.NAME in given.only else None,
            stack.pids["postgres"],
            folder,
            given.seconds,
            given.rounds,
        )
        found = list(course.run(chosen, given.concurrency))
        meterings = []
        if given.metering:
            workers = [held.enter_context(contestants.gateway(stack, here, one, folder)) for one in METERINGS]
            metered = replace(course, contestants=workers, where=None, seconds=given.seconds * METERED_SHARE)
            meterings = list(metered.run([alone(one) for one in METERED], (MAIN,)))
        versions = [asyncio.run(database(owner)), *install.versions()]
        return report.Outcome(found, meterings, method(given, where), versions)


def method(given: argparse.Namespace, where: Where) -> list[str]:
    """How it was measured, for the page."""
    return [
        (
            f"Data: {rows.AUTHORS} authors, {rows.POSTS} posts, {rows.COMMENTS} comments, {rows.TAGS} tags, the same "
            "every time, in one database for everybody. Its indexes are those that Mortise made, and two more for "
            "the rivals, whose orders put nulls at the other end and whose prefixes are not folded. What a run creates "
            "is removed after it."
        ),
        (
            f"Everybody is one process with at most {POOL} connections over {where.link}, answers without compression "
            f"and keeps connections open. The limit is {limit.NAME} with the SQL that the gateway runs, prepared, on "
            "as many connections as the load has."
        ),
        (
            "PostGraphile has its recommended preset (amber) with the filter plugin; it has no nested create, so that "
            "it is asked for six root fields in one request, which are six transactions. Strawberry has dataloaders, "
            "SQLAlchemy's asynchronous sessions, and caches for parsing and validation."
        ),
        (
            f"Answers to {COMPARED} draws of every operation were compared first, rows, order and values; for writes "
            "also what then stood in the tables."
        ),
        (
            "Load: wrk on one thread, 1 000 bodies with drawn variables in turn; after a warm-up, runs of "
            f"{given.seconds:g} s at concurrency {MAIN} and of {given.seconds * SHORTER:g} s at others, {given.rounds} "
            "interleaved rounds; who needs longer for a few answers on every connection has fewer, longer runs, or "
            "none (-). Figures are medians, ratios are medians of the rounds' own ratios. Load, PostgreSQL and servers "
            "share the cores."
        ),
        (
            "The mix has nine reads to a write, every read operation as often as every other, and every write "
            "operation too."
        ),
    ]


def arguments() -> argparse.Namespace:
    names = [one.name for one in tasks()]
    parser = argparse.ArgumentParser(prog="python -m tests.bench.data_api", description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help=f"of each run at concurrency {MAIN} (1)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"medians of so many ({ROUNDS})")
    parser.add_argument("--operations", type=_some(names), default=names, help=f"some of {','.join(names)}")
    parser.add_argument("--only", type=_some(ALL), default=frozenset(ALL), help=f"some of {','.join(ALL)}")
    parser.add_argument("--concurrency", type=_numbers, default=CONCURRENCIES, help="some of 1,16,64")
    parser.add_argument("--metering", action=argparse.BooleanOptionalAction, default=None, help="off, fast and strict")
    given = parser.parse_args()
    whole = len(given.operations) == len(names) and len(given.only) == len(ALL) and given.concurrency == CONCURRENCIES
    given.metering = whole if given.metering is None else given.metering
    given.kept = whole and given.metering and given.rounds >= ROUNDS
    return given


def _some(known: Sequence[str]) -> Callable[[str], frozenset[str]]:
    def chosen(text: str) -> frozenset[str]:
        asked = frozenset(text.split(","))
        if strange := asked - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(sorted(strange))} is none of {', '.join(known)}")
        return asked

    return chosen


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(one) for one in text.split(","))


def main() -> None:
    given = arguments()
    try:
        install.look(frozenset(given.only))
        outcome = measure(given, [one for one in tasks() if one.name in given.operations])
    except install.MissingError as error:
        sys.exit(str(error))
    text = report.text(outcome)
    print(text, flush=True)
    if given.kept:
        report.TARGET.write_text(text)
        said(f"written to {report.TARGET}")


if __name__ == "__main__":
    main()
