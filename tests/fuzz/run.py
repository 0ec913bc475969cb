"""One run: so many operations over some connections, every answer judged, memory watched."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tests.fuzz import judge, memory, wire
from tests.fuzz.memory import Sample
from tests.fuzz.operations import Operation, Target, Writer
from tests.fuzz.scene import Scene
from tests.fuzz.wire import Answer, Line

SAMPLES: Final = 200
"""How often memory is looked at during a run."""
IDLE: Final = 16
"""Connections that send a byte now and then, beside those that work."""
PATIENCE_SECONDS: Final = 30.0
"""A connection that has not asked its question after that may be closed."""
NODES_KEPT: Final = 100
REMEMBERED_BYTES_MAX: Final = 2_000
"""Of an answer that is looked through for ids."""
FINDINGS_MAX: Final = 50
_MADE: Final = re.compile(rb'"create([A-Z][a-z]+)":\{"id":"(c[0-9a-z]{24})"')


@dataclass(frozen=True)
class Finding:
    """An operation whose answer may not be given."""

    operation: Operation
    answer: Answer | None
    what: list[str]


@dataclass
class Outcome:
    """What a run came to."""

    seed: int
    operations: int = 0
    seconds: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)
    """By form and status or code."""
    kinds: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    """How often an environment answered with its own canary: without that nothing could have leaked."""
    findings: list[Finding] = field(default_factory=list)
    memory: list[Sample] = field(default_factory=list)
    """Of the gateway's workers; empty when they cannot tell."""
    slow_answered: int = 0
    busy: dict[str, float] = field(default_factory=dict)
    """Seconds that the gateway's workers and this process have worked."""


class Run:
    """A run over a scene. Memory is looked at when the stack has the environment of `memory`, with this folder."""

    def __init__(self, scene: Scene, seed: int, written: int, folder: Path | None = None) -> None:
        self.scene = scene
        self.outcome = Outcome(seed)
        self.writer = Writer(seed, scene.writing_to(written))
        self._place = urlsplit(scene.stack.url)
        self._pids = [pid for name, pid in scene.stack.pids.items() if name.startswith("gateway-")]
        self._folder = folder
        self._measuring = asyncio.Lock()
        self._next = 0
        self._slow_since = 0.0
        self._slow: list[tuple[Line, Operation, list[int]]] = []

    async def run(self, operations: int, lanes: int) -> Outcome:
        """Carry out operations number 0 to `operations`, on so many connections at once."""
        outcome = self.outcome
        outcome.operations = operations
        began, busy, own = time.perf_counter(), memory.busy_seconds(self._pids), time.process_time()
        await self._begin_slow_ones()
        async with asyncio.TaskGroup() as group:
            for connection in range(lanes):
                group.create_task(self._lane(connection))
        await self._end_slow_ones()
        outcome.operations = self._next  # fewer than wanted when too much was found
        outcome.seconds = time.perf_counter() - began
        outcome.busy = {"gateway": memory.busy_seconds(self._pids) - busy, "client": time.process_time() - own}
        return outcome

    async def _lane(self, connection: int) -> None:
        line: Line | None = None
        outcome = self.outcome
        while self._next < outcome.operations and len(outcome.findings) < FINDINGS_MAX:
            number = self._next
            self._next += 1
            if number % max(1, outcome.operations // SAMPLES) == 0:
                self._creep()
                await self._measure(number)
            operation = self.writer.operation(number, connection)
            outcome.kinds[operation.kind] += 1
            if not operation.asked:
                await self._broken(operation)
                continue
            if line is None or line.ended:
                line = await self._connected()
            line = await self._asked(line, operation)
        if line is not None:
            line.close()

    async def _measure(self, number: int) -> None:
        if self._folder is not None:
            async with self._measuring:
                self.outcome.memory.append(await memory.sample(number, self._pids, self._folder))

    async def _connected(self) -> Line:
        assert self._place.hostname is not None
        assert self._place.port is not None
        return await wire.connect(self._place.hostname, self._place.port)

    async def _asked(self, line: Line, operation: Operation) -> Line | None:
        """Send requests and judge their answers; the connection if it can be used again."""
        for piece in operation.pieces:
            line.send(piece)
        return await self._answered(line, operation)

    async def _answered(self, line: Line, operation: Operation) -> Line | None:
        for asked in operation.asked:
            try:
                answer = await line.answer(bodyless=operation.bodyless)
            except (wire.NotHttp, TimeoutError) as problem:
                self._found(operation, None, [f"{type(problem).__name__}: {problem}"])
                line.close()
                return None
            if answer is None:
                self._found(operation, None, ["closed without an answer"])
                return None
            self._judged(operation, answer, asked)
            if answer.headers.get("connection") == "close":
                line.close()
                return None
        return line

    async def _broken(self, operation: Operation) -> None:
        """Send what is no request on a connection of its own, and judge what comes until it is closed."""
        line = await self._connected()
        for piece in operation.pieces:
            line.send(piece)
        if operation.half_closed:
            line.half_close()
        try:
            while operation.half_closed and (answer := await line.answer()) is not None:
                self._judged(operation, answer, None)
        except (wire.NotHttp, TimeoutError) as problem:
            self._found(operation, None, [f"{type(problem).__name__}: {problem}"])
        finally:
            line.close()

    def _judged(self, operation: Operation, answer: Answer, asked: str | None) -> None:
        own = operation.target
        strangers = [one.canary for one in self.scene.targets if one is not own or operation.refused]
        what = judge.complaints(operation, answer, asked, strangers)
        self.outcome.answers[f"{operation.form} {answer.status}"] += 1
        if own is not None and not operation.refused and own.canary.encode() in answer.body:
            self.outcome.seen[own.name] += 1
            if own.written:
                self._remember(own, answer)
        if what:
            self._found(operation, answer, what)

    def _remember(self, target: Target, answer: Answer) -> None:
        """Ids of what was made meanwhile can be asked for, changed and deleted."""
        for kind, found in _MADE.findall(answer.body, 0, REMEMBERED_BYTES_MAX):
            nodes = target.grammar.pools.nodes.get(kind.decode())
            if nodes is not None:
                nodes[self._next % NODES_KEPT : self._next % NODES_KEPT + (len(nodes) >= NODES_KEPT)] = [found.decode()]

    def _found(self, operation: Operation, answer: Answer | None, what: list[str]) -> None:
        self.outcome.findings.append(Finding(operation, answer, what))

    # --- slow ones ---

    async def _begin_slow_ones(self) -> None:
        """Whole requests whose bytes arrive one after another during the run."""
        number = -1
        self._slow_since = asyncio.get_running_loop().time()
        while len(self._slow) < IDLE:
            operation = self.writer.operation(number)
            number -= 1
            if len(operation.asked) == 1 and operation.kind == "document":
                self._slow.append((await self._connected(), operation, [0]))

    def _creep(self) -> None:
        for line, operation, at in self._slow:
            line.send(operation.sent[at[0] : at[0] + 1])
            at[0] += 1

    async def _end_slow_ones(self) -> None:
        for line, operation, at in self._slow:
            if line.ended and asyncio.get_running_loop().time() - self._slow_since > PATIENCE_SECONDS:
                continue  # whoever takes so long to ask may be left
            line.send(operation.sent[at[0] :])
            left = await self._answered(line, operation)
            self.outcome.slow_answered += left is not None
            line.close()
