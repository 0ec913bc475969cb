"""Calls per second of one gateway worker against the same SQL in pgbench.

`python -m tests.bench.bench_data_api [--seconds N] [--rounds N]` prints tables and keeps them in `results`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx

from gateway.engine import Call, Engine, Fresh, Request, prepare
from tests.bench import blog, load
from tests.bench.blog import Blog
from tests.bench.figures import Report, Table, count, database, median, said
from tests.bench.load import Posts, Rate, Statements
from tests.support.stack import Stack, a_directory

LIMIT: Final = "pgbench"
CONCURRENCIES: Final = (1, 16)
BODIES: Final = 1_000
COMPARED: Final = 20
START_SECONDS_MAX: Final = 30.0


@dataclass(frozen=True)
class Question:
    """One operation with one variable that is drawn anew for every call."""

    name: str
    text: str
    low: int
    high: int
    drawn_as_text: bool
    floors: tuple[float, ...]
    """Share of the limit that a worker must reach with metering `fast`, by concurrency; 0 = none is set."""

    def variables(self, drawn: int) -> dict[str, Any]:
        return {"drawn": str(drawn) if self.drawn_as_text else drawn}

    def body(self, drawn: int) -> str:
        return json.dumps({"query": self.text, "variables": self.variables(drawn)})


QUESTIONS: Final = (
    Question(
        "node by id, 3 fields",
        "query ($drawn: ID) { Post(id: $drawn) { id title views } }",
        blog.FIRST_POST,
        blog.FIRST_POST + blog.POSTS - 1,
        drawn_as_text=True,
        floors=(0.30, 0.25),
    ),
    Question(
        "list of 20, filter and order, 6 fields",
        "query ($drawn: Int) { allPosts(filter: { published: true, views_lte: $drawn }, orderBy: views_DESC, first: 20)"
        " { id title slug views published createdAt } }",
        1_000,
        100_000,
        drawn_as_text=False,
        floors=(0, 0.45),
    ),
)


@dataclass(frozen=True)
class Variant:
    """A gateway worker with its settings."""

    name: str
    environ: dict[str, str]


VARIANTS: Final = (
    Variant("metering off", {"MORTISE_METERING": "off"}),
    Variant("metering fast", {"MORTISE_METERING": "fast"}),
    Variant("metering strict", {"MORTISE_METERING": "strict"}),
    Variant("fast, no call lines", {"MORTISE_METERING": "fast", "MORTISE_CALL_LINES": "off"}),
    Variant("off, no call lines", {"MORTISE_METERING": "off", "MORTISE_CALL_LINES": "off"}),
)


@dataclass(frozen=True)
class Worker:
    """A running gateway worker."""

    url: str
    pid: int

    def cpu_us(self) -> float:
        """Processor time that it has spent, in microseconds; 0 where the system does not tell."""
        stat = Path(f"/proc/{self.pid}/stat")
        if not stat.exists():
            return 0.0
        ticks = stat.read_text().rpartition(")")[2].split()[11:13]
        return sum(map(int, ticks)) * 1e6 / os.sysconf("SC_CLK_TCK")


@contextmanager
def gateway(stack: Stack, variant: Variant, folder: Path) -> Iterator[Worker]:
    """One more gateway worker beside the stack's."""
    environ = {**stack.environment("gateway"), **variant.environ}
    node = f"bench-{'-'.join(variant.name.replace(',', '').split())}"
    environ |= {"MORTISE_HTTP_PORT": "0", "MORTISE_HEALTH_PORT": "0", "MORTISE_NODE": node}
    environ |= {"MORTISE_ENVIRONMENT_CONNECTIONS": str(max(CONCURRENCIES) + 2)}
    log = folder / f"{node}.log"
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "gateway"], env=environ, stdout=out, stderr=out)
    try:
        yield Worker(f"http://127.0.0.1:{_port(log, process)}", process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _port(log: Path, process: subprocess.Popen[bytes]) -> int:
    """Where it listens, once it is ready."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while process.poll() is None and time.monotonic() < deadline:
        told = {line["event"]: line for line in _lines(log)}
        if "service.ready" in told:
            return int(told["gateway.open"]["port"])
        time.sleep(0.05)
    raise RuntimeError(f"the gateway did not start:\n{log.read_text()[-2000:]}")


def _lines(log: Path) -> Iterator[dict[str, Any]]:
    for line in log.read_text().splitlines():
        if line.startswith("{") and line.endswith("}"):
            yield json.loads(line)


def compiled(question: Question, engine: Engine, dsn: str) -> Statements:
    """The statement that the gateway runs for a question, for others to run."""
    one, other = (_values(engine, question, drawn) for drawn in (question.low, question.high))
    moving = [number for number, pair in enumerate(zip(one[1], other[1], strict=True), start=1) if pair[0] != pair[1]]
    assert one[0] == other[0], "the shape does not depend on the value"
    assert len(moving) == 1, "one parameter is drawn"
    fixed = {number: value for number, value in enumerate(one[1], start=1) if number not in moving}
    drawn_from = (question.low, question.high)
    return Statements(dsn, one[0], fixed, moving[0], *drawn_from, text=question.drawn_as_text)


def _values(engine: Engine, question: Question, drawn: int) -> tuple[str, tuple[Any, ...]]:
    call = engine.call(Request(question.text, None, question.variables(drawn)))
    assert isinstance(call, Call), call
    ((statement,),) = (root.statements for root in call.roots)
    return statement.sql, statement.values(call.variables, Fresh(blog.START))


async def compare(url: str, here: Blog, question: Question, statements: Statements) -> None:
    """The answers of a gateway and of the statement are the same."""
    chance = random.Random(blog.SEED)  # noqa: S311 - the same questions every time
    headers = {"Authorization": f"Bearer {here.key}", "Content-Type": "application/json"}
    connection = await asyncpg.connect(statements.dsn)
    try:
        async with httpx.AsyncClient(base_url=url, headers=headers) as client:
            for _ in range(COMPARED):
                drawn = chance.randint(question.low, question.high)
                answer = (await client.post(here.path(), content=question.body(drawn))).json()
                text = await connection.fetchval(statements.sql, *statements.values(drawn))
                assert "errors" not in answer, answer
                (value,) = answer["data"].values()
                assert value, answer
                assert value == json.loads(text), (value, text)
    finally:
        await connection.close()


@dataclass(frozen=True)
class Bench:
    """Everything that is measured, ready."""

    statements: list[Statements]
    gateways: dict[str, Worker]
    here: Blog
    folder: Path
    seconds: int
    rounds: int

    def table(self, number: int, concurrency: int) -> Table:
        """Interleaved rounds of one question: the limit, then each gateway, and again."""
        question, statements = QUESTIONS[number], self.statements[number]
        chance = random.Random(blog.SEED)  # noqa: S311 - the same questions every time
        bodies = [question.body(chance.randint(question.low, question.high)) for _ in range(BODIES)]
        path, key = self.here.path(), self.here.key
        asked = {name: Posts(one.url, path, key, bodies).run for name, one in self.gateways.items()}
        found: dict[str, list[Rate]] = {LIMIT: [], **{name: [] for name in asked}}
        for run in asked.values():
            run(self.folder, 1, concurrency)
        for _ in range(self.rounds):
            found[LIMIT].append(statements.run(self.folder, self.seconds, concurrency))
            for name, run in asked.items():
                before = self.gateways[name].cpu_us()
                rate = run(self.folder, self.seconds, concurrency)
                spent = self.gateways[name].cpu_us() - before
                found[name].append(replace(rate, cpu_us=spent / (rate.per_second * self.seconds)))
        floor = question.floors[CONCURRENCIES.index(concurrency)]
        title = f"{question.name}: concurrency {concurrency}"
        if floor:
            title += f" (floor of metering fast: {floor:.2f} of the limit)"
        table = Table(title, ("", "calls/s", "p50 µs", "p99 µs", "CPU µs", f"of {LIMIT}", "of off"))
        for name, rates in found.items():
            table.rows.append(_row(name, rates, found))
        return table


def _row(name: str, rates: list[Rate], found: dict[str, list[Rate]]) -> tuple[str, ...]:
    def share(than: str) -> str:
        return (
            f"{median([one.per_second / other.per_second for one, other in zip(rates, found[than], strict=True)]):.2f}"
        )

    per_second = count(median([one.per_second for one in rates]))
    if name == LIMIT:
        mean = median([one.p50_us for one in rates])
        return (name, per_second, f"({count(mean)} mean)" if mean else "", "", "", share(LIMIT), "")
    figures = ([one.p50_us for one in rates], [one.p99_us for one in rates], [one.cpu_us for one in rates])
    return (name, per_second, *(count(median(one)) for one in figures), share(LIMIT), share("metering off"))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_data_api", description=__doc__)
    parser.add_argument("--seconds", type=int, default=1, help="of each run (1)")
    parser.add_argument("--rounds", type=int, default=5, help="medians of so many (5)")
    return parser.parse_args()


def main() -> None:
    given = _arguments()
    with ExitStack() as held:
        data, folder = held.enter_context(a_directory()), Path(held.enter_context(tempfile.TemporaryDirectory()))
        said("starting the stack, pushing a blog and filling it")
        stack = held.enter_context(Stack(data))
        here = blog.push(stack)
        asyncio.run(blog.fill(stack, here))
        engine = Engine(prepare(*asyncio.run(blog.model(stack, here.environment))))
        dsn = blog.dsn(stack, here.environment)
        statements = [compiled(question, engine, dsn) for question in QUESTIONS]
        gateways = {one.name: held.enter_context(gateway(stack, one, folder)) for one in VARIANTS}
        for question, statement in zip(QUESTIONS, statements, strict=True):
            for worker in gateways.values():
                asyncio.run(compare(worker.url, here, question, statement))
        bench = Bench(statements, gateways, here, folder, given.seconds, given.rounds)
        tables = []
        for number, question in enumerate(QUESTIONS):
            for concurrency in CONCURRENCIES:
                said(f"{question.name}, concurrency {concurrency}")
                tables.append(bench.table(number, concurrency))
        method = (
            (
                f"Data: {blog.AUTHORS} authors, {blog.POSTS} posts, the same every time; one gateway worker per line, "
                "all running, one asked at a time; everything on this machine, over loopback TCP."
            ),
            (
                f"Limit: {LIMIT} with the SQL that the gateway runs, prepared, on as many connections, as the "
                f"environment's own role; the answers of {COMPARED} drawn values were compared first."
            ),
            (
                f"Runs of {given.seconds} s from one thread, rounds interleaved, medians of {given.rounds}; shares are "
                "medians of the rounds' own shares. CPU is what the worker's process spent per "
                "call. Meanwhile billing counts what is metered, on the same cores."
            ),
        )
        Report(
            "data_api",
            "The data API against the same SQL in pgbench",
            method,
            tables,
            load.remarks(),
            (asyncio.run(database(dsn)), *load.versions()),
        ).keep()


if __name__ == "__main__":
    main()
