"""Three brokers: `python -m tests.faults.brokers` kills the one that leads, again and again under load.

Commands and calls keep a ledger as in the other runs, and reads of the data API are timed. A kill hits the leader of
EVT, of CALLS, or of the cluster itself; the killed server comes back after some seconds, and when all copies are in
step the next one dies. The exit code is 1 when anything acknowledged was lost or doubled, or a read failed.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Final

import aiohttp
import uvloop

from tests.faults import load, site, storm
from tests.faults.check import Check
from tests.faults.ledger import Finding, Ledger
from tests.faults.run import CALLS_AT_ONCE, CALM_SECONDS_MAX, COMMANDS_AT_ONCE, QUIETER
from tests.support.cluster import Cluster
from tests.support.stack import Stack, a_directory

LEADERS: Final = ("EVT", "CALLS", None)
"""Whose leader dies; None is the cluster's own, which decides where streams lie."""
AWAY_SECONDS: Final = (1.0, 8.0)
"""How long a killed server stays away: shorter and longer than an election."""
BREATH_SECONDS: Final = (1.0, 6.0)
READ: Final = "{ allNotes(first: 1) { id } }"


@dataclass(frozen=True)
class Plan:
    """What a run is asked to do."""

    seed: int
    kills: int
    commands_per_second: float = 10.0
    calls_per_second: float = 200.0
    reads_per_second: float = 50.0


@dataclass
class Reads:
    """Reads of the data API: when each was sent, and how long it took."""

    url: str
    key: str
    took: list[tuple[float, float]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    async def one(self, client: aiohttp.ClientSession) -> None:
        """Send one and write down what came of it."""
        began = time.monotonic()
        headers = {"x-user-authorization": self.key}
        try:
            async with client.post(self.url, json={"query": READ}, headers=headers) as response:
                answer = await response.json(content_type=None)
        except load.LOST as problem:
            self.failed.append(type(problem).__name__)
            return
        if answer.get("data") is None or answer.get("errors"):
            self.failed.append(f"{response.status}: {answer}"[:200])
            return
        self.took.append((began, time.monotonic() - began))

    def milliseconds(self, share: float, windows: list[tuple[float, float]], *, inside: bool) -> float:
        """The duration that this share of the reads does not exceed, of those sent inside the windows or outside."""
        kept = sorted(took for at, took in self.took if inside == any(low <= at < high for low, high in windows))
        return kept[min(len(kept) - 1, int(len(kept) * share))] * 1000 if kept else 0.0


@dataclass
class Outcome:
    """What came of a run."""

    plan: Plan
    killed: Counter[str] = field(default_factory=Counter)
    pauses: list[float] = field(default_factory=list)
    """Seconds from each kill until all copies were in step again."""
    windows: list[tuple[float, float]] = field(default_factory=list)
    """From each kill until the next command was acknowledged that was sent after it."""
    findings: list[Finding] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    reads: Reads = field(default_factory=lambda: Reads("", ""))
    write_pause_seconds: float = 0.0
    """The longest time without any acknowledged command."""
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Everything as it has to be."""
        return all(finding.good for finding in self.findings) and not self.reads.failed


class _Commands(load.Commands):
    """Notes when commands are acknowledged."""

    def __init__(self, place: load.Site, ledger: Ledger) -> None:
        super().__init__(place, ledger)
        self.acknowledged: list[float] = []

    async def one(self, client: aiohttp.ClientSession) -> None:
        before = self.ledger.tally["commands answered"]
        await super().one(client)
        if self.ledger.tally["commands answered"] > before:
            self.acknowledged.append(time.monotonic())


async def run(plan: Plan, keep: Path | None = None) -> Outcome:
    """Carry a plan out. With `keep` the data directory is made there and stays."""
    outcome = Outcome(plan)
    with a_directory() as own:
        data = keep or own
        (data / "brokers").mkdir()
        cluster = Cluster(data / "brokers")
        cluster.introduce(data)
        cluster.start()
        stack = Stack(data, workers=2, environ={**cluster.environ(), **QUIETER})
        try:
            await asyncio.to_thread(stack.start)
            async with load.http() as client:
                await _loaded(outcome, cluster, stack, client)
        finally:
            await asyncio.to_thread(stack.stop)
            cluster.stop()
    return outcome


async def _loaded(outcome: Outcome, cluster: Cluster, stack: Stack, client: aiohttp.ClientSession) -> None:
    plan = outcome.plan
    place = await site.build(stack, client, f"b{plan.seed}")
    ledger = Ledger(tally=outcome.tally)
    commands, calls, stop = _Commands(place, ledger), load.Calls(place, ledger), asyncio.Event()
    outcome.reads = Reads(calls.url, place.key)
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for one, work in (
            (commands.one, load.Work("commands", plan.commands_per_second, COMMANDS_AT_ONCE)),
            (calls.one, load.Work("calls", plan.calls_per_second, CALLS_AT_ONCE)),
            (outcome.reads.one, load.Work("reads", plan.reads_per_second, CALLS_AT_ONCE)),
        ):
            group.create_task(load.steadily(partial(one, client), ledger.tally, work, stop))
        await _rage(outcome, cluster, random.Random(plan.seed))  # noqa: S311 - the same kills for the same seed
        stop.set()
        outcome.seconds = time.monotonic() - began
    at = sorted([began, *commands.acknowledged])
    outcome.write_pause_seconds = max(later - earlier for earlier, later in pairwise(at))
    outcome.windows = [(low, next((each for each in at if each > low), low)) for low, _ in outcome.windows]
    # Reads are calls as well, which the ledger of calls does not know.
    ledger.calls_open += len(outcome.reads.took) + len(outcome.reads.failed)
    await storm.calm(stack, CALM_SECONDS_MAX)
    outcome.tally["commands given up"] = len(ledger.commands_open)
    outcome.findings = await Check(stack, client, place, ledger).findings()


async def _rage(outcome: Outcome, cluster: Cluster, chance: random.Random) -> None:
    order: list[str | None] = []
    while len(order) < outcome.plan.kills:
        order += chance.sample(LEADERS, len(LEADERS))
    await cluster.until_whole()
    for stream in order[: outcome.plan.kills]:
        await asyncio.sleep(chance.uniform(*BREATH_SECONDS))
        leader = await cluster.until_led(stream)
        killed_at = time.monotonic()
        cluster.kill(leader)
        outcome.killed[f"leader of {stream or 'the cluster'}"] += 1
        outcome.windows.append((killed_at, killed_at))
        await asyncio.sleep(chance.uniform(*AWAY_SECONDS))
        cluster.start(leader)
        await cluster.until_whole()
        outcome.pauses.append(time.monotonic() - killed_at)
    await asyncio.sleep(chance.uniform(*BREATH_SECONDS))


def report(outcome: Outcome) -> str:
    """What a run says of itself."""
    plan, reads, tally = outcome.plan, outcome.reads, outcome.tally
    kills = ", ".join(f"{name} {times}" for name, times in sorted(outcome.killed.items()))
    width = max(len(finding.what) for finding in outcome.findings)
    p50, p99 = (
        [reads.milliseconds(share, outcome.windows, inside=inside) for inside in (False, True)] for share in (0.5, 0.99)
    )
    lines = [
        f"== three brokers, seed {plan.seed}: {outcome.killed.total()} kills in {outcome.seconds:.0f} s ({kills})",
        f"   longest time without an acknowledged command: {outcome.write_pause_seconds:.1f} s",
        f"   until all copies were in step again: {max(outcome.pauses):.1f} s at most",
        f"   reads: {len(reads.took)}, failed {len(reads.failed)}",
        f"   reads, p50 and p99: {p50[0]:.1f}, {p99[0]:.1f} ms",
        f"   those sent while no command was acknowledged: {p50[1]:.1f}, {p99[1]:.1f} ms",
        "   " + "; ".join(f"{name} {number}" for name, number in sorted(tally.items())),
        *(f"   read failed: {why}" for why in reads.failed[:5]),
    ]
    lines += [
        f"   {'good' if finding.good else 'BAD '} {finding.what:<{width}}  expected {finding.expected}, "
        f"found {finding.found}"
        for finding in outcome.findings
    ]
    return "\n".join(lines)


def main(words: list[str]) -> int:
    """Run once; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.brokers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20, help="of servers that lead (20)")
    parser.add_argument("--seed", type=int, default=1, help="of who dies when (1)")
    parser.add_argument("--commands", type=float, default=10.0, help="offered per second (10)")
    parser.add_argument("--calls", type=float, default=200.0, help="offered per second (200)")
    parser.add_argument("--keep", type=Path, help="a new directory for the data, which stays")
    given = parser.parse_args(words)
    if given.keep:
        given.keep.mkdir(parents=True, mode=0o711)
    plan = Plan(given.seed, given.kills, given.commands, given.calls)
    outcome = uvloop.run(run(plan, given.keep))
    print(report(outcome), flush=True)
    return 0 if outcome.good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
