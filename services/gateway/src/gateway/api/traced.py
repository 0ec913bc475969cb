"""Requests and data calls as spans while somebody collects them; while nobody does, nothing of this is in their way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from common import tracing
from gateway.api.figures import Figures
from gateway.domain.directory import Route
from gateway.execute.meter import Call

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
FIXED: Final = frozenset({"/query", "/events", "/asyncapi.json", "/healthz", "/readyz"})
ENDS: Final = frozenset({"graphql", "export", "import", "drop"})
_BROKEN: Final = 500


def requests(handle: Handle) -> Handle:
    """The same, told as a span for each request that comes this way, below the `traceparent` that it brings."""
    if not tracing.on():
        return handle

    async def traced(request: web.BaseRequest) -> web.StreamResponse:
        method = request.method if request.method in METHODS else "HTTP"
        told = {"http.request.method": method, "http.route": route(request.path)}
        name, parent = f"{method} {told['http.route']}", request.headers.get("traceparent")
        with tracing.span(name, told, kind=tracing.SERVER, parent=parent, root=True) as span:
            response = await handle(request)
            span.tell({"http.response.status_code": response.status})
            if response.status >= _BROKEN:
                span.fail(str(response.status))
        return response

    return traced


def route(path: str) -> str:
    """The path without what differs from environment to environment."""
    if path in FIXED:
        return path
    parts = path.split("/")
    if len(parts) == 3:  # noqa: PLR2004 - /{endpoint}/graphql and the like
        return f"/{{endpoint}}/{parts[2]}" if parts[2] in ENDS else "/{endpoint}/*"
    return "/simple/v1/{endpoint}" if path.startswith("/simple/v1/") else "/*"


class TracedFigures(Figures):
    """Tells every call as a span, too. A call in the lean lane begins a trace, for nothing was under way before."""

    def call(self, call: Call, route: Route, request_id: str, status: int) -> None:
        """As `Figures.call`."""
        super().call(call, route, request_id, status)
        told: tracing.Attributes = {
            "environment": route.environment,
            "environment.kind": route.kind,
            "class": call.outcome,
            "graphql.operation.name": call.operation,
            "graphql.document.hash": call.digest,
            "request.id": request_id,
            "http.response.status_code": status,
        }
        tracing.ended("call", call.duration_us, told)
