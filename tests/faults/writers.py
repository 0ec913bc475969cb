"""Writers under kills: `python -m tests.faults.writers` lets 64 write to one house while PostgreSQL is killed.

Backends and the postmaster are killed with -9 in turn. The exit code is 1 when something acknowledged is not there, or
when what must hold of relations does not.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import uvloop

from contracts import registry as said
from tests.faults import edges
from tests.faults.load import LOST, http
from tests.support.door import Door, Live, opened
from tests.support.stack import Stack, a_directory
from tests.support.waiting import until

WRITERS = 64
STEP_SECONDS_MAX = 60.0
"""How long it may take until as many changes as wanted are acknowledged after a kill."""


@dataclass
class Outcome:
    """What came of a run."""

    ledger: edges.Ledger
    kills: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Client:
    """Asks the environment, and tells what is known of the answer."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def ask(self, text: str) -> dict[str, Any] | None:
        """As `edges.Ask`: a refusal with a code is an answer, a server in trouble is none."""
        try:
            async with self._session.post(self._url, json={"query": text}) as response:
                body = await response.json(content_type=None)
        except LOST:
            return None
        if "errors" not in body:
            data: dict[str, Any] = body["data"]
            return data
        codes = {error["extensions"]["code"] for error in body["errors"]}
        if codes & {"SERVICE_UNAVAILABLE", 1000}:
            return None
        assert all(isinstance(code, int) for code in codes), body
        return {}


async def run(door: Door, *, kills: Sequence[str], between: int, seed: int, writers: int = WRITERS) -> Outcome:
    """Let writers write; after so many acknowledged changes in between comes the next kill; then look at everything.

    A kill is `backend` or `postmaster`.
    """
    live = await _environment(door)
    ledger = edges.Ledger()
    outcome = Outcome(ledger)
    async with http() as session:
        client = Client(session, f"{door.stack.url}{live.path}")
        on = await edges.ground(client.ask)
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for number in range(writers):
                group.create_task(edges.Writer(number, seed, client.ask, on, ledger).write(stop))
            try:
                await _kill(door.stack, kills, between, outcome, random.Random(seed))  # noqa: S311 - as above
            finally:
                stop.set()
        outcome.wrong = edges.wrong(await edges.everything(client.ask), ledger)
    return outcome


async def _environment(door: Door) -> Live:
    live = await door.environment(edges.SCHEMA, "dev")
    public = said.AccessChanged(environment=live.place.id, organisation=live.organisation, mode="public")
    await door.say(live.organisation, public)
    return live


async def _kill(stack: Stack, kills: Sequence[str], between: int, outcome: Outcome, chance: random.Random) -> None:
    for kill in (*kills, ""):
        wanted = outcome.ledger.tally["done"] + between
        await until(lambda: outcome.ledger.tally["done"] >= wanted, STEP_SECONDS_MAX)  # noqa: B023 - awaited here
        if kill == "postmaster":
            await asyncio.to_thread(stack.kill, "postgres")
        elif kill == "backend":
            await until(lambda: bool(backends(stack)), STEP_SECONDS_MAX)
            os.kill(chance.choice(backends(stack)), signal.SIGKILL)
        if kill:
            outcome.kills.append(kill)


def backends(stack: Stack) -> list[int]:
    """Processes of PostgreSQL that work for environments: what the system says (Linux)."""
    found = []
    for tasks in Path(f"/proc/{stack.pids['postgres']}/task").glob("*/children"):
        for pid in tasks.read_text().split():
            try:
                title = Path(f"/proc/{pid}/cmdline").read_bytes()
            except OSError:
                continue
            if b": env_" in title:
                found.append(int(pid))
    return found


async def _main(kills: int, between: int, seed: int) -> int:
    with a_directory() as data, Stack(data, services=("gateway",)) as stack:
        async with opened(stack) as door:
            turns = ["backend", "postmaster"] * ((kills + 1) // 2)
            outcome = await run(door, kills=turns[:kills], between=between, seed=seed)
    tally = outcome.ledger.tally
    print(f"== seed {seed}: {WRITERS} writers, {len(outcome.kills)} kills")
    print("   " + "; ".join(f"{name} {count}" for name, count in sorted(tally.items())))
    print(f"   {len(outcome.ledger.there)} names and {len(outcome.ledger.edges)} edges must be there")
    for what in outcome.wrong[:30]:
        print(f"   BAD {what}")
    print(f"   {len(outcome.wrong)} things are wrong", flush=True)
    return 1 if outcome.wrong else 0


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.writers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20, help="backends and postmaster in turn (20)")
    parser.add_argument("--between", type=int, default=1_000, help="acknowledged changes between two kills (1000)")
    parser.add_argument("--seed", type=int, default=1, help="of what writers choose (1)")
    given = parser.parse_args(words)
    return uvloop.run(_main(given.kills, given.between, given.seed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
