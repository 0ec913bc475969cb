"""One run: a fresh stack, a load, a storm, and what is found when it is over."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import aiohttp

from tests.faults import load, site, storm
from tests.faults.check import Check
from tests.faults.ledger import Finding, Ledger, overcounted
from tests.faults.relay import Relay, nats_server
from tests.support.stack import Stack, a_directory

CALM_SECONDS_MAX: Final = 60.0
COMMANDS_AT_ONCE: Final = 3000
CALLS_AT_ONCE: Final = 1000
"""So many may be unanswered."""
CHURNING: Final = 3
"""So many at once add and remove instances."""
GUARD_OFF: Final = {"MORTISE_BATCH_GUARD": "off"}
QUIETER: Final = {"MORTISE_LOG_LEVEL": "warning"}


@dataclass(frozen=True)
class Plan:
    """What a run is asked to do."""

    seed: int
    kills: int
    seconds: float
    commands_per_second: float = 50.0
    calls_per_second: float = 500.0
    guarded: bool = True


@dataclass
class Outcome:
    """What came of a run."""

    plan: Plan
    killed: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    """During which load was offered."""
    stages: dict[str, float] = field(default_factory=dict)
    """What came when, in seconds since the load began."""
    cuts: int = 0
    """Acknowledgements that were lost, and their connections with them."""

    @property
    def good(self) -> bool:
        """With guards: everything as it has to be. Without: more was invoiced than was called."""
        if self.plan.guarded:
            return all(finding.good for finding in self.findings)
        return overcounted(self.findings)


async def run(plan: Plan, keep: Path | None = None) -> Outcome:
    """Carry a plan out. With `keep` the data directory is made there and stays."""
    outcome = Outcome(plan)
    async with a_stack(plan, outcome, keep) as (stack, relay), load.http() as client:
        place = await site.build(stack, client, f"s{plan.seed}")
        ledger = Ledger(tally=outcome.tally)
        began = time.monotonic()
        outcome.killed = await _storm(outcome, stack, relay, client, place, ledger)
        outcome.stages["all answered"] = time.monotonic() - began
        await storm.calm(stack, CALM_SECONDS_MAX)
        outcome.stages["all ready"] = time.monotonic() - began
        outcome.findings = await Check(stack, client, place, ledger).findings()
        outcome.stages["all compared"] = time.monotonic() - began
        outcome.tally["commands repeated"] = ledger.repeated
        outcome.tally["commands given up"] = len(ledger.commands_open)
        kinds = Counter(made.kind for made in ledger.commands.values())
        outcome.tally.update({f"acknowledged: {kind}": number for kind, number in kinds.items()})
    return outcome


async def _storm(
    outcome: Outcome, stack: Stack, relay: Relay, client: aiohttp.ClientSession, place: load.Site, ledger: Ledger
) -> Counter[str]:
    commands, calls, stop = load.Commands(place, ledger), load.Calls(place, ledger), asyncio.Event()
    tally = ledger.tally
    plan = outcome.plan
    began = time.monotonic()
    relay.cutting = True
    async with asyncio.TaskGroup() as group:
        for lane in range(CHURNING):
            group.create_task(commands.churn(client, lane, stop))
        for one, work in (
            (commands.one, load.Work("commands", plan.commands_per_second, COMMANDS_AT_ONCE)),
            (calls.one, load.Work("calls", plan.calls_per_second, CALLS_AT_ONCE)),
        ):
            group.create_task(load.steadily(partial(one, client), tally, work, stop))
        killed = await storm.rage(stack, storm.schedule(plan.seed, plan.kills, plan.seconds), plan.seconds)
        relay.cutting = False
        stop.set()
        outcome.seconds = time.monotonic() - began
    return killed


@asynccontextmanager
async def a_stack(plan: Plan, outcome: Outcome, keep: Path | None) -> AsyncIterator[tuple[Stack, Relay]]:
    """The whole product with two gateways, and the relay in front of its nats-server."""
    with a_directory() as own:
        data = keep or own
        relay = Relay(data, nats_server(), plan.seed)
        environ: Mapping[str, str] = {**relay.environ(), **QUIETER, **({} if plan.guarded else GUARD_OFF)}
        stack = Stack(data, workers=2, environ=environ)
        relaying = asyncio.create_task(relay.run())
        try:
            await asyncio.to_thread(stack.start)
            yield stack, relay
        finally:
            outcome.cuts = relay.cuts
            await asyncio.to_thread(stack.stop)
            relaying.cancel()
            await asyncio.wait([relaying])
