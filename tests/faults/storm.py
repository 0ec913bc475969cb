"""The storm: which process is killed, when and how, decided by a seed before it begins."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.stack import Stack

PROCESSES: Final = (
    "registry-0",
    "provisioner-0",
    "gateway-0",
    "gateway-1",
    "billing-0",
    "audit-0",
    "nats-server",
    "postgres",
)
TOGETHER: Final = 0.15
"""Share of kills that hit within the same moment as the one before."""
BACK_SECONDS_MAX: Final = 15.0
LOOK_AGAIN_SECONDS: Final = 0.02


@dataclass(frozen=True)
class Kill:
    """One kill of the schedule."""

    after_seconds: float
    """Since the kill before."""
    process: str
    signal: signal.Signals


def schedule(seed: int, kills: int, seconds: float, processes: Sequence[str] = PROCESSES) -> list[Kill]:
    """So many kills in so many seconds: in rounds, in each of which every process dies once, in an order of its own."""
    chance = random.Random(seed)  # noqa: S311 - the same storm for the same seed
    order: list[str] = []
    while len(order) < kills:
        order += chance.sample(processes, len(processes))
    gaps = [0.0 if chance.random() < TOGETHER else chance.uniform(0.4, 1.6) for _ in range(kills)]
    scale = seconds / (sum(gaps) or 1.0)
    return [Kill(gap * scale, name, _how(name, chance)) for gap, name in zip(gaps, order, strict=False)]


def _how(process: str, chance: random.Random) -> signal.Signals:
    """-9; PostgreSQL at times by an immediate stop of all its processes at once."""
    return signal.SIGQUIT if process == "postgres" and chance.random() < 1 / 3 else signal.SIGKILL


async def rage(stack: Stack, kills: Sequence[Kill], seconds: float) -> Counter[str]:
    """Carry the schedule out; how often each process was really killed. What is due but not back yet is waited for."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    end = due + seconds
    done: Counter[str] = Counter()
    for kill in kills:
        due += kill.after_seconds
        await asyncio.sleep(max(0.0, due - loop.time()))
        await until(lambda: kill.process in processes(stack), BACK_SECONDS_MAX)  # noqa: B023 - awaited here
        os.kill(processes(stack)[kill.process], kill.signal)
        done[kill.process] += 1
    await asyncio.sleep(max(0.0, end - loop.time()))
    return done


async def calm(stack: Stack, seconds: float) -> None:
    """Wait until everything runs and the stack has said that it is ready. Raises TimeoutError."""
    await until(lambda: {**stack.pids, "devstack": 0} == {**processes(stack), "devstack": 0}, seconds)


async def until(so: Callable[[], bool], seconds: float) -> None:
    """Look until something outside is so. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not so():  # noqa: ASYNC110 - no other process tells us
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


def processes(stack: Stack) -> dict[str, int]:
    """What the stack has started and runs now, by name: what the system says, not what the stack does (Linux)."""
    assert stack.process is not None, "the stack was started"
    mother = stack.process.pid
    found: dict[str, int] = {}
    for tasks in Path(f"/proc/{mother}/task").glob("*/children"):
        for pid in tasks.read_text().split():
            try:
                stat = Path(f"/proc/{pid}/stat").read_text()
            except OSError:
                continue
            name, state = stat.partition("(")[2].rpartition(")")[0], stat.rpartition(")")[2].split()[0]
            if state != "Z" and name in PROCESSES:
                found[name] = int(pid)
    return found
