"""The measurement: rounds in which all contestants have a turn, one after the other, and their medians."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import asyncpg

from gateway.engine import Engine
from tests.bench.data_api import limit, processes, rows
from tests.bench.data_api.contestants import Contestant
from tests.bench.data_api.limit import Limit
from tests.bench.data_api.names import Names
from tests.bench.data_api.operations import Bars, Operation
from tests.bench.data_api.where import Where
from tests.bench.data_api.wrk import Load, Rate
from tests.bench.figures import median, said

BODIES: Final = 1_000
WARM_SECONDS: Final = 0.3
WARM_SECONDS_MAX: Final = 0.9
WARM_REQUESTS: Final = 2_000
"""So many answers to a task that is new warm a server up, unless it takes too long."""
START_SECONDS: Final = 3.0
"""Before everything: a server that compiles while it runs needs so long to be nearly as fast as it will be."""
SHORTER: Final = 0.3
"""Runs at other concurrencies than the one that the bars are for, by the length of those."""
ANSWERED_LEAST: Final = 2.5
"""So many answers on every connection make a run long enough."""
TURN_SECONDS_MAX: Final = 5.0
"""All runs of one contestant on one task together, where they have to be longer than asked for; who needs longer than
that for one is left out above the main concurrency."""
RUN_SECONDS_MAX: Final = 30.0
RESTED_BELOW: Final = 20
"""Answers per connection in a run: with fewer, what is still being worked on at its end disturbs the next."""
MAIN: Final = 16
"""The concurrency that the bars are for."""
READS_OF_TEN: Final = 9
"""In the mix; the rest are writes. All reads are equally frequent, and so are all writes."""
MIX_BARS: Final = Bars((4, 5))
REMOVED_SECONDS_MAX: Final = 10.0


@dataclass(frozen=True)
class Task:
    """What is asked in a run: one operation, or several mixed."""

    name: str
    title: str
    parts: tuple[tuple[Operation, int], ...]
    """Operations with their weights."""
    bars: Bars

    @property
    def creates(self) -> bool:
        return any(one.writes == "creates" for one, _ in self.parts)

    @property
    def writes(self) -> bool:
        return any(one.writes != "nothing" for one, _ in self.parts)

    def bodies(self, one: Contestant) -> list[str]:
        """The same questions in the same order for everybody, in the words of each."""
        chance = random.Random(rows.SEED)  # noqa: S311 - the same questions every time
        operations, weights = zip(*self.parts, strict=True)
        chosen: list[Operation] = chance.choices(operations, weights, k=BODIES)
        return [operation.body(one.dialect, operation.drawn(chance)) for operation in chosen]


def alone(operation: Operation) -> Task:
    """Nothing but one operation."""
    return Task(operation.name, operation.title, ((operation, 1),), operation.bars)


def mixed(reads: Sequence[Operation], writes: Sequence[Operation]) -> Task:
    """Nine reads to one write."""
    parts = [(one, READS_OF_TEN * len(writes)) for one in reads] + [(one, len(reads)) for one in writes]
    return Task("mix", "90/10 mix of all reads and all writes", tuple(parts), MIX_BARS)


@dataclass
class Found:
    """Rates of every round, by contestant."""

    task: Task
    concurrency: int
    rates: dict[str, list[Rate]] = field(default_factory=dict)

    def middle(self, name: str, figure: str) -> float:
        """The median of a figure over all rounds; 0 for a contestant that did not take part."""
        return median([getattr(rate, figure) for rate in self.rates[name]]) if name in self.rates else 0.0

    def share(self, name: str, than: str) -> float:
        """The median of the rounds' own ratios; 0 when one of both did not take part."""
        if name not in self.rates or than not in self.rates:
            return 0.0
        pairs = zip(self.rates[name], self.rates[than], strict=False)
        return median([one.per_second / other.per_second for one, other in pairs])


@dataclass(frozen=True)
class Turn:
    """Who has a turn in each round, and how long."""

    name: str
    load: Load | Limit
    seconds: float
    rounds: int
    """How many it takes part in: those who need long runs have fewer."""
    asked: Contestant | None = None


@dataclass(frozen=True)
class Course:
    """Everything that is measured, ready."""

    contestants: Sequence[Contestant]
    names: Names
    engine: Engine
    owner: str
    """The database's address as superuser."""
    where: Where | None
    """The same as the environment's own role, for the limit; None leaves the limit out."""
    postgres: int
    """The process whose children are PostgreSQL's."""
    folder: Path
    seconds: float
    rounds: int
    paces: dict[tuple[str, str], float] = field(default_factory=dict)
    """Requests per second of a contestant on a task, once it is warm."""

    def run(self, tasks: Sequence[Task], concurrencies: Sequence[int]) -> Iterator[Found]:
        """All tasks at all concurrencies; what reads comes first, so that rows are where they were laid."""
        ordered = sorted(tasks, key=lambda one: one.writes)
        for one in self.contestants:
            load = Load(one.url, one.path, one.key, ordered[0].bodies(one))
            rate = load.run(self.folder, START_SECONDS, MAIN, checked=True)
            self._cleaned(ordered[0], one.name, rate.requests)
            one.rest()
        for task in ordered:
            for concurrency in concurrencies:
                said(f"{task.title}, concurrency {concurrency}")
                yield self._measured(task, concurrency)

    def _measured(self, task: Task, concurrency: int) -> Found:
        turns = [self._entered(task, one, concurrency) for one in self.contestants]
        if self.where is not None:
            scripts = [(limit.script(self.engine, one), weight) for one, weight in task.parts]
            turns.append(Turn(limit.NAME, Limit(self.where, scripts), self._seconds(concurrency), self.rounds))
        found = Found(task, concurrency)
        for number in range(self.rounds):
            for turn in turns[number % len(turns) :] + turns[: number % len(turns)]:
                if number < turn.rounds:
                    found.rates.setdefault(turn.name, []).append(self._run(task, turn, concurrency))
        return found

    def _seconds(self, concurrency: int) -> float:
        return self.seconds * (1 if concurrency == MAIN else SHORTER)

    def _entered(self, task: Task, one: Contestant, concurrency: int) -> Turn:
        """Warm it up, look at its answers, and see how long its runs must be to tell anything."""
        load = Load(one.url, one.path, one.key, task.bodies(one))
        asked, pace = self._seconds(concurrency), self.paces.get((task.name, one.name))
        if pace is None or ANSWERED_LEAST * concurrency / pace < asked:
            wanted = concurrency if pace else WARM_REQUESTS
            pace = max(1.0, self._warmed(task, one, load, concurrency, wanted))
            self.paces[task.name, one.name] = pace
        needed = ANSWERED_LEAST * concurrency / pace
        if needed <= asked:
            return Turn(one.name, load, asked, self.rounds, one)
        least = 1 if concurrency <= MAIN else 0
        return Turn(one.name, load, needed, max(least, min(self.rounds, int(TURN_SECONDS_MAX / needed))), one)

    def _warmed(self, task: Task, one: Contestant, load: Load, concurrency: int, wanted: int) -> float:
        """Ask until there were so many answers, or for long enough; requests per second at the end."""
        seconds, spent, requests = WARM_SECONDS, 0.0, 0
        while True:
            rate = load.run(self.folder, seconds, concurrency, checked=True)
            self._cleaned(task, one.name, rate.requests)
            one.rest()
            requests, spent, seconds = requests + rate.requests, spent + seconds, seconds * 2
            if requests >= wanted or spent >= WARM_SECONDS_MAX:
                return rate.per_second

    def _run(self, task: Task, turn: Turn, concurrency: int) -> Rate:
        """One run; a longer one when nothing at all was answered."""
        rate, seconds = Rate(0, 0), turn.seconds
        while not rate.requests and seconds < RUN_SECONDS_MAX:
            rate = self._once(turn, seconds, concurrency)
            self._cleaned(task, turn.name, rate.requests)
            seconds *= 2
        if not rate.requests:
            raise RuntimeError(f"{task.name}: {turn.name} answers nothing at concurrency {concurrency}")
        return rate

    def _once(self, turn: Turn, seconds: float, concurrency: int) -> Rate:
        if turn.asked is None:
            return turn.load.run(self.folder, seconds, concurrency)
        before, database = turn.asked.cpu_us(), processes.children_us(self.postgres)
        rate = turn.load.run(self.folder, seconds, concurrency)
        spent, database = turn.asked.cpu_us() - before, processes.children_us(self.postgres) - database
        if rate.requests < RESTED_BELOW * concurrency:
            turn.asked.rest()
        requests = max(rate.requests, 1)
        return replace(rate, cpu_us=spent / requests, database_us=database / requests)

    def _cleaned(self, task: Task, name: str, requests: int) -> None:
        """What a run created is removed; RuntimeError when it is less than was answered."""
        if not task.writes:
            return
        removed = asyncio.run(self._removed())
        if len(task.parts) == 1 and task.creates and removed < requests:
            raise RuntimeError(f"{task.name}: {name} answered {requests} times and created {removed} posts")

    async def _removed(self) -> int:
        """How many posts were removed. Who hung up may still be served, and a comment come after the others left."""
        connection: asyncpg.Connection[Any] = await asyncpg.connect(self.owner)
        deadline = time.monotonic() + REMOVED_SECONDS_MAX
        try:
            while True:
                try:
                    _, posts, *_ = [await connection.execute(one.text) for one in rows.created(self.names)]
                    return int(posts.split()[1])
                except asyncpg.RestrictViolationError:
                    if time.monotonic() > deadline:
                        raise
        finally:
            await connection.close()
