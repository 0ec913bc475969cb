"""The small inside door of a service: alive, ready (and if not, why not), figures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import orjson
from aiohttp import web

from common import metrics

Check = Callable[[], Awaitable[str | None] | str | None]
"""None when all is well, else one sentence that says what is not."""


class Health:
    """The checks that make a process ready. Checks may be added while it runs."""

    def __init__(self) -> None:
        self.checks: dict[str, Check] = {}

    async def troubles(self) -> dict[str, str]:
        """What keeps the process from being ready, by check."""
        found: dict[str, str] = {}
        for name, check in list(self.checks.items()):
            verdict = check()
            if isinstance(verdict, Awaitable):
                verdict = await verdict
            if verdict is not None:
                found[name] = verdict
        return found


class Door:
    """`/healthz`, `/readyz` and `/metrics` on a port of their own."""

    def __init__(self, health: Health, host: str, port: int) -> None:
        self._health = health
        self._host = host
        self._wanted = port
        self._runner: web.AppRunner | None = None
        self.port = port

    async def open(self) -> None:
        """Listen. Afterwards `port` is the real one."""
        app = web.Application()
        app.router.add_get("/healthz", _alive)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/metrics", _figures)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._wanted)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    async def close(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _ready(self, _: web.Request) -> web.Response:
        troubles = await self._health.troubles()
        return _json({"ready": not troubles, "troubles": troubles}, 503 if troubles else 200)


async def _alive(_: web.Request) -> web.Response:
    return _json({"alive": True}, 200)


async def _figures(_: web.Request) -> web.Response:
    return web.Response(body=metrics.exposition(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


def _json(content: dict[str, object], status: int) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")
