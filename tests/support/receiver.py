"""A receiver of webhooks on a real socket: it keeps what came, and answers as a test tells it to."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from tests.support.waiting import until

SECONDS_MAX = 20.0


@dataclass(frozen=True)
class Told:
    """One request."""

    headers: Mapping[str, str]
    body: bytes
    path: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def fact(self) -> dict[str, Any]:
        fact: dict[str, Any] = orjson.loads(self.body)
        return fact

    def signed_with(self, secret: str) -> bool:
        """Whether one of its signatures was made with a secret; written from the standard, not from our code."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        text = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        wanted = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
        return wanted in self.headers["webhook-signature"].split(" ")


@dataclass
class Receiver:
    """What came, in order of arrival; `answer` says with which status each request is answered."""

    url: str = ""
    told: list[Told] = field(default_factory=list)
    answer: Callable[[Told], int] = lambda _: 204
    headers: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False
    """Requests are read and never answered."""
    taken: list[str] = field(default_factory=list)
    """Ids of what was answered with 2xx, in order."""

    async def count(self, number: int) -> None:
        """Wait until so many were taken."""
        await until(lambda: len(self.taken) >= number, SECONDS_MAX)

    async def asked(self, number: int) -> None:
        """Wait until so many requests came."""
        await until(lambda: len(self.told) >= number, SECONDS_MAX)

    async def handle(self, request: web.Request) -> web.Response:
        told = Told(dict(request.headers.items()), await request.read(), request.path)
        told = Told({name.lower(): value for name, value in told.headers.items()}, told.body, told.path)
        self.told.append(told)
        if self.silent:
            await asyncio.Event().wait()
        status = self.answer(told)
        if 200 <= status < 300:
            self.taken.append(told.id)
        return web.Response(status=status, headers=dict(self.headers))


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver on a free port of the loopback, by name: an address written out is refused where it is declared."""
    here = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", here.handle)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    here.url = f"http://localhost:{runner.addresses[0][1]}/hook"
    try:
        yield here
    finally:
        await runner.cleanup()
