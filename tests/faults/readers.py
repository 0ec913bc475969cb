"""Readers of events under kills: `python -m tests.faults.readers` lets 200 read while gateway and NATS are killed.

Each reads from a cursor of its own, half of them through server-sent events and half through WebSockets, some with
filters, and each drops its connection now and then. The exit code is 1 when one of them misses an event, gets one twice
or out of order, or sees one that is not for it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import orjson
import uvloop

from common.clock import new_id
from common.stream import Stream
from contracts import registry as said
from contracts.patterns import matches
from tests.faults.load import LOST
from tests.support.door import Door, opened
from tests.support.listening import Listener, sent
from tests.support.stack import Stack, a_directory
from tests.support.waiting import until

READERS: Final = 200
HOUSES: Final = 4
"""Organisations; each has an owner, and readers with his token."""
AGAIN_SECONDS: Final = 0.05
STEP_SECONDS_MAX: Final = 60.0
CREATED: Final = said.ProjectCreated.TYPE
FILTERS: Final[tuple[tuple[str, str] | None, ...]] = (
    None,
    ("type", CREATED),
    ("type", "*.role_granted.*"),
    ("subject", "registry.project.*"),
)


@dataclass
class House:
    """An organisation, its owner's token, and where its readers may start."""

    id: str
    owner: str
    token: str
    starts: list[int] = field(default_factory=list)


@dataclass
class Reader:
    """One subscriber: everything it got, over all its connections."""

    number: int
    house: House
    socket: bool
    filter: tuple[str, str] | None
    start: int
    chance: random.Random
    cursor: int = 0
    got: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    connections: int = 0

    async def read(self, session: aiohttp.ClientSession, url: str) -> None:
        """Read for ever, from where it was."""
        self.cursor = self.start
        while True:
            with contextlib.suppress(*LOST, ConnectionError):
                await (self._by_socket(session, url) if self.socket else self._by_events(session, url))
            await asyncio.sleep(AGAIN_SECONDS * (0.5 + self.chance.random()))

    def _query(self) -> list[tuple[str, str]]:
        return [("after", str(self.cursor)), *([self.filter] if self.filter else [])]

    def _took(self, cursor: int, event: dict[str, Any] | None) -> bool:
        """Note what came; whether to stay."""
        if event is not None:
            self.got.append(cursor)
            if event["org"] != self.house.id:
                self.wrong.append(f"{cursor} is of {event['org']}")
        if cursor < self.cursor:
            self.wrong.append(f"{cursor} after {self.cursor}")
        self.cursor = cursor
        return event is None or self.chance.random() > 0.01

    async def _by_events(self, session: aiohttp.ClientSession, url: str) -> None:
        async with session.get(f"{url}/events", params=self._query(), headers=sent(self.house.token)) as response:
            if response.status != 200:
                self._refused(response.status, await response.text())
                return
            self.connections += 1
            async for frame in Listener(response).frames():
                if frame.get("event") == "end":
                    self._ended(orjson.loads(frame["data"]))
                    return
                if not self._took(int(frame["id"]), orjson.loads(frame["data"]) if "data" in frame else None):
                    return

    async def _by_socket(self, session: aiohttp.ClientSession, url: str) -> None:
        asked = session.ws_connect(f"{url}/events", params=self._query(), headers=sent(self.house.token))
        try:
            async with asked as socket:
                self.connections += 1
                async for message in socket:
                    told = orjson.loads(message.data)
                    if "end" in told:
                        self._ended(told["end"])
                    elif not self._took(told["cursor"], told.get("event")):
                        return
        except aiohttp.WSServerHandshakeError as problem:
            self._refused(problem.status, str(problem))

    def _refused(self, status: int, text: str) -> None:
        if status < 500:
            self.wrong.append(f"refused with {status}: {text[:200]}")

    def _ended(self, end: dict[str, Any]) -> None:
        if end.get("reason") != "RESTARTING":
            self.wrong.append(f"ended: {end}")


@dataclass
class Outcome:
    """What came of a run."""

    readers: list[Reader]
    kills: list[str] = field(default_factory=list)
    events: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def told(self) -> Counter[str]:
        """How much was done."""
        return Counter(
            readers=len(self.readers),
            events=self.events,
            deliveries=sum(len(each.got) for each in self.readers),
            connections=sum(each.connections for each in self.readers),
        )


async def run(door: Door, *, readers: int, kills: Sequence[str], between: int, seed: int) -> Outcome:
    """Let readers read while events happen; after so many in between comes the next kill; then look at everything."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    houses = [await _house(door) for _ in range(min(HOUSES, readers))]
    began = time.monotonic()
    outcome = Outcome([_reader(number, houses[number % len(houses)], chance) for number in range(readers)])
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        tasks = [asyncio.create_task(each.read(session, door.stack.url)) for each in outcome.readers]
        try:
            await until(lambda: all(each.connections for each in outcome.readers), STEP_SECONDS_MAX)
            for kill in (*kills, ""):
                await _happen(door, houses, between, chance, outcome)
                if kill:
                    killed = asyncio.create_task(asyncio.to_thread(door.stack.kill, kill))
                    await _happen(door, houses, between, chance, outcome)
                    await killed
                    outcome.kills.append(kill)
            wanted = await _wanted(door, outcome.readers)
            with contextlib.suppress(TimeoutError):
                await until(
                    lambda: all(len(r.got) >= len(w) for r, w in zip(outcome.readers, wanted, strict=True)),
                    STEP_SECONDS_MAX,
                )
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    outcome.seconds = time.monotonic() - began
    outcome.wrong = [text for pair in zip(outcome.readers, wanted, strict=True) for text in compared(*pair)]
    return outcome


async def _house(door: Door) -> House:
    """An organisation with some history."""
    id_ = new_id()
    owner = await door.user(organisation=id_, role="owner")
    house = House(id_, owner, await door.token(owner))
    for _ in range(5):
        house.starts.append(await door.say(id_, _created(id_)))
    return house


def _created(organisation: str) -> said.ProjectCreated:
    return said.ProjectCreated(
        project=new_id(), organisation=organisation, slug="p", name="P", description="", creator="somebody"
    )


def _reader(number: int, house: House, chance: random.Random) -> Reader:
    own = random.Random(chance.random())  # noqa: S311 - as above
    filter_ = FILTERS[number // len(FILTERS) % len(FILTERS)]
    return Reader(number, house, number % 8 >= 4, filter_, chance.choice([0, *house.starts]), own)


async def _happen(door: Door, houses: Sequence[House], count: int, chance: random.Random, outcome: Outcome) -> None:
    """So many events in houses of choice; every fifth is a grant."""
    for number in range(count):
        house = chance.choice(houses)
        event: Any = _created(house.id)
        if number % 5 == 4:
            event = said.ProjectRoleGranted(project=new_id(), grant=new_id(), user="somebody", role="viewer")
        await door.say(house.id, event)
    outcome.events += count


async def _wanted(door: Door, readers: Sequence[Reader]) -> list[list[int]]:
    """What each must have got: the stream's own word."""
    stream = Stream(door.client, "EVT")
    of = {each.house.id: each.house for each in readers}
    facts = {
        id_: [(message.position, orjson.loads(message.body)) for message in await stream.history(f"evt.{id_}.>")]
        for id_ in of
    }
    return [
        [
            position
            for position, event in facts[each.house.id]
            if position > each.start and (each.filter is None or matches([each.filter[1]], event[each.filter[0]]))
        ]
        for each in readers
    ]


def compared(reader: Reader, wanted: list[int]) -> list[str]:
    """What is wrong with what a reader got."""
    found = [*reader.wrong]
    missing = sorted(set(wanted) - set(reader.got))
    twice = sorted(position for position, count in Counter(reader.got).items() if count > 1)
    strange = sorted(set(reader.got) - set(wanted))
    for name, positions in (("misses", missing), ("got twice", twice), ("should not see", strange)):
        if positions:
            found.append(f"{name} {positions[:10]}")
    if not found and reader.got != wanted:
        found.append("got them in another order")
    return [f"reader {reader.number}: {text}" for text in found]


async def _main(readers: int, kills: int, between: int, seed: int) -> int:
    with a_directory() as data, Stack(data, services=("gateway",)) as stack:
        async with opened(stack) as door:
            turns = ["gateway-0", "nats-server"] * ((kills + 1) // 2)
            outcome = await run(door, readers=readers, kills=turns[:kills], between=between, seed=seed)
    print(f"== seed {seed}: {len(outcome.kills)} kills in {outcome.seconds:.0f} s")
    print("   " + "; ".join(f"{name} {count}" for name, count in outcome.told.items()))
    for what in outcome.wrong[:30]:
        print(f"   BAD {what}")
    print(f"   {len(outcome.wrong)} things are wrong", flush=True)
    return 1 if outcome.wrong else 0


def main(words: list[str]) -> int:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.readers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--readers", type=int, default=READERS, help=f"of {HOUSES} organisations ({READERS})")
    parser.add_argument("--kills", type=int, default=10, help="gateway and NATS in turn (10)")
    parser.add_argument("--between", type=int, default=100, help="events between two kills, and during each (100)")
    parser.add_argument("--seed", type=int, default=1, help="of what readers and events choose (1)")
    given = parser.parse_args(words)
    return uvloop.run(_main(given.readers, given.kills, given.between, given.seed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
