"""A client of `/events`, as anybody would write one: server-sent events taken apart, with what they carry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

SECONDS_MAX = 20.0
Query = Sequence[tuple[str, str]]


@dataclass
class Heard:
    """One event as it came."""

    cursor: int
    event: dict[str, Any]
    raw: str

    @property
    def subject(self) -> str:
        return str(self.event["subject"])


@dataclass
class Listener:
    """What one connection tells."""

    response: aiohttp.ClientResponse
    cursor: int = -1
    heard: list[Heard] = field(default_factory=list)
    end: dict[str, Any] | None = None
    beats: int = 0

    async def frames(self) -> AsyncIterator[dict[str, str]]:
        """Frames, until the server closes."""
        frame: dict[str, str] = {}
        async for line in self.response.content:
            text = line.decode().rstrip("\n")
            if text:
                name, _, value = text.partition(": ")
                frame[name] = value
            else:
                yield frame
                frame = {}

    async def listen(self) -> None:
        """Take everything in until the server closes."""
        async for frame in self.frames():
            if frame.get("event") == "end":
                self.end = orjson.loads(frame["data"])
                continue
            self.cursor = int(frame["id"])
            if "data" in frame:
                self.heard.append(Heard(self.cursor, orjson.loads(frame["data"]), frame["data"]))
            else:
                self.beats += 1

    async def until(self, count: int) -> list[Heard]:
        """The events so far once there are as many."""
        listening = asyncio.create_task(self.listen())
        try:
            async with asyncio.timeout(SECONDS_MAX):
                while len(self.heard) < count and not listening.done():
                    await asyncio.wait([listening], timeout=0.01)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        return self.heard


def sent(token: str | None, **headers: str) -> dict[str, str]:
    """Headers with a token."""
    return {**({"authorization": f"Bearer {token}"} if token else {}), **headers}


@asynccontextmanager
async def listening(
    session: aiohttp.ClientSession, url: str, token: str | None, query: Query = (), **headers: str
) -> AsyncIterator[Listener]:
    """A connection that is accepted."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with session.get(f"{url}/events", params=list(query), headers=sent(token, **named)) as response:
        assert response.status == 200, await response.text()
        yield Listener(response)


async def everything(
    session: aiohttp.ClientSession, url: str, token: str | None, query: Query = (), **headers: str
) -> list[Heard]:
    """All there is up to now."""
    async with listening(session, url, token, [*query, ("follow", "false")], **headers) as one:
        async with asyncio.timeout(SECONDS_MAX):
            await one.listen()
        assert one.end is not None
        assert one.end["reason"] == "DONE", one.end
        return one.heard


async def refused(
    session: aiohttp.ClientSession,
    url: str,
    token: str | None,
    query: Query = (),
    headers: Mapping[str, str] | None = None,
) -> tuple[int, dict[str, Any]]:
    """Status and error of a request that is not accepted."""
    async with session.get(f"{url}/events", params=list(query), headers=sent(token, **(headers or {}))) as response:
        body = await response.json()
        error: dict[str, Any] = body["errors"][0]
        return response.status, {"message": error["message"], **error["extensions"]}
