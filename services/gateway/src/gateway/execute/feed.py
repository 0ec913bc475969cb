"""The newest events in this worker's memory: one reader of the log for everybody who reads along.

Readers keep a cursor and take from here what lies behind it, so one that is slow holds nothing but its cursor; whoever
falls behind what is kept here reads the log itself for a while (`feed_past`).
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import orjson
from nats.aio.client import Client

from common.errors import Refused
from common.log import STREAM
from common.logs import log
from common.reader import Lost, Reader
from common.stream import TRANSIENT, ApiError, Message, Unavailable, heed_cancelling
from gateway.domain import directory
from gateway.domain.subscribing import Fact
from gateway.execute.lookup import Lookup

KEPT_BYTES_MAX: Final = 8 * 1024 * 1024
KEPT_MAX: Final = 8192
PACE_SECONDS: Final = 0.0002
"""Between two rings, for each reader: waking all of them takes the worker about a tenth of that."""
_PAUSE_SECONDS: Final = 0.2


class Feed:
    """All events behind `floor` up to `last`; `bell` rings when there are more."""

    def __init__(self, client: Client, lookup: Lookup, *, kept_max: int = KEPT_MAX) -> None:
        self._client = client
        self._lookup = lookup
        self._kept_max = kept_max
        self._needed = asyncio.Event()
        self._facts: list[Fact] = []
        self._positions: list[int] = []
        self._bytes = 0
        self.floor = 0
        self.last = 0
        self.bell = asyncio.Event()
        self.closing = False
        self.readers = 0
        """How many read along."""
        self.rights = 0
        """Counts facts that may have changed who may see what."""

    def begin(self) -> None:
        """Start to read, unless somebody has let it start before."""
        if not self._needed.is_set():
            self.floor = self.last = self._lookup.directory.position
            self._needed.set()

    def after(self, position: int, most: int) -> Sequence[Fact]:
        """The next facts behind a position, which is not below `floor`."""
        start = bisect_right(self._positions, position)
        return self._facts[start : start + most]

    async def run(self) -> None:
        """Read along for ever, from when the first reader comes."""
        await self._needed.wait()
        while True:
            heed_cancelling()
            reader = Reader(self._client, STREAM, self.last)
            try:
                await reader.open()
                while True:
                    if messages := await reader.batch():
                        await self._take(messages)
                        await asyncio.sleep(self.readers * PACE_SECONDS)
            except (Lost, *TRANSIENT, Unavailable, ApiError, Refused) as problem:
                log.warning("gateway.feed", outcome="again", position=self.last, problem=str(problem))
                await asyncio.sleep(_PAUSE_SECONDS)
            finally:
                await reader.close()

    def close(self) -> None:
        """Let everybody go."""
        self.closing = True
        self._ring()

    async def _take(self, messages: Sequence[Message]) -> None:
        # What took a right away comes before whatever it hides: nothing is told that the directory is not past.
        while not await self._lookup.wait_for(messages[-1].position):
            heed_cancelling()
        for message in messages:
            known = fact(message)
            self._facts.append(known)
            self._positions.append(known.position)
            self._bytes += len(known.body)
            self.rights += known.type in directory.BY_TYPE
        self.last = messages[-1].position
        while len(self._facts) > self._kept_max or self._bytes > KEPT_BYTES_MAX:
            self._drop(len(self._facts) // 4 + 1)
        self._ring()

    def _drop(self, count: int) -> None:
        self.floor = self._positions[count - 1]
        self._bytes -= sum([len(each.body) for each in self._facts[:count]])
        del self._facts[:count], self._positions[:count]

    def _ring(self) -> None:
        self.bell.set()
        self.bell = asyncio.Event()


def fact(message: Message) -> Fact:
    """A stored message as readers are told of it. One that is no event belongs to nobody but operators."""
    home = message.subject.split(".", 2)[1]
    try:
        envelope = orjson.loads(message.body)
        type_, subject, data = envelope["type"], envelope["subject"], envelope["data"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return Fact(message.position, home, "", "", None, b"null")
    project = data.get("project") if isinstance(data, dict) else None
    return Fact(message.position, home, type_, subject, project, message.body)
