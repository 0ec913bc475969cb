"""Who collects spans: a real OTLP/HTTP receiver on the loopback that keeps what it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

HOST = "127.0.0.2"
"""Not the address that everybody calls his own."""


@dataclass(frozen=True)
class Told:
    """One span as it was sent."""

    service: str
    trace: str
    id: str
    parent: str | None
    name: str
    kind: int
    took_us: int
    attributes: dict[str, Any]
    failed: str | None


@dataclass
class Collector:
    """Spans in the order in which they came, and the headers they came with."""

    url: str = ""
    spans: list[Told] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    status: int = 200

    def trace(self, trace: str) -> list[Told]:
        """All spans of one trace."""
        return [each for each in self.spans if each.trace == trace]

    async def take(self, request: web.Request) -> web.Response:
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        for resource in (await request.json())["resourceSpans"]:
            service = _named(resource["resource"]["attributes"])["service.name"]
            self.spans += [_told(service, each) for scope in resource["scopeSpans"] for each in scope["spans"]]
        return web.json_response({}, status=self.status)


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    collector.url = f"http://{HOST}:{runner.addresses[0][1]}"
    try:
        yield collector
    finally:
        await runner.cleanup()


def _told(service: str, span: dict[str, Any]) -> Told:
    began, ended = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
    return Told(
        service,
        span["traceId"],
        span["spanId"],
        span.get("parentSpanId"),
        span["name"],
        span["kind"],
        (ended - began) // 1000,
        _named(span["attributes"]),
        span.get("status", {}).get("message"),
    )


def _named(attributes: list[dict[str, Any]]) -> dict[str, Any]:
    kinds = {"stringValue": str, "intValue": int, "doubleValue": float, "boolValue": bool}
    return {each["key"]: kinds[kind](value) for each in attributes for kind, value in each["value"].items()}
