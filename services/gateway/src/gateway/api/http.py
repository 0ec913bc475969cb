"""The public port: a request is taken apart once, and each path has one door.

Only the headers named in `HEARD` are ever looked at. Nothing a client sends reaches a service as a header, so identity
headers such as X-User-Id are without effect here (P 4).
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from aiohttp import ClientPayloadError, HttpVersion, HttpVersion10, HttpVersion11, hdrs, web

from common import clock
from common.errors import INTERNAL, NOT_FOUND, RATE_LIMITED, SERVICE_UNAVAILABLE, Refused
from common.logs import log
from gateway.api import traced
from gateway.domain.bodies import BODY_BYTES_MAX, BadBody, too_large
from gateway.domain.quotas import retry_after

HEARD: Final = frozenset(
    {
        "accept",
        "authorization",
        "content-encoding",
        "content-length",
        "content-type",
        "idempotency-key",
        "last-event-id",
        "mortise-position",
        "traceparent",
        "user-agent",
        "x-request-id",
        "x-user-authorization",
    }
)
JSON_TYPE: Final = "application/json; charset=utf-8"
REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
POSITION: Final = "Mortise-Position"
CALL: Final = "Mortise-Call"
"""The id under which a data call is metered; several are separated by commas."""
STATUS: Final[Mapping[str, int]] = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "BAD_USER_INPUT": 400,
    SERVICE_UNAVAILABLE: 503,
    RATE_LIMITED: 429,
}
LINE_BYTES_MAX: Final = 16 * 1024
SPOKEN: Final = frozenset({HttpVersion10, HttpVersion11})
_UNSPOKEN: Final = web.RequestKey("unspoken", HttpVersion)
"""The version of HTTP that a request names, where it is another one."""


@dataclass(slots=True)
class Asked:
    """A request, taken apart. Not frozen, nor is `Reply`: that would double what making one costs."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    request_id: str
    request: web.BaseRequest

    @property
    def remote(self) -> str | None:
        """The address of the other end."""
        return self.request.remote

    def header(self, name: str) -> str | None:
        """A header that the gateway listens to."""
        assert name in HEARD, f"{name} is not among the headers that are heard"
        return readable(self.headers.get(name))

    async def body(self, limit: int = BODY_BYTES_MAX) -> bytes:
        """The body. Raises BadBody when it is larger than `limit` bytes, as far as possible before reading it."""
        encoding = (self.header("content-encoding") or "identity").strip().lower()
        if encoding != "identity":
            raise BadBody(415, f"The content encoding {encoding[:40]!r} is not supported.", "Send the body as it is.")
        length = self.header("content-length")
        if length is not None and length.isdecimal() and int(length) > limit:
            raise too_large(limit)
        try:
            return await self.request.read()
        except web.HTTPRequestEntityTooLarge:
            raise too_large(limit) from None
        except (web.RequestPayloadError, ClientPayloadError, ConnectionError) as problem:
            # Who breaks off in the middle gets no answer, but is no trouble of ours either.
            raise BadBody(400, f"The body broke off or is malformed: {str(problem)[:100]}.") from None


Send = Callable[[bytes], Awaitable[None]]
"""Sends a piece of an answer, at the pace of who takes it. Raises ConnectionError when he is gone."""


@dataclass(slots=True)
class Reply:
    """What goes back."""

    body: bytes
    status: int = 200
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: Callable[[Send], Awaitable[None]] | None = None
    """Sends the body piece by piece instead. When it raises, the connection breaks off: nobody takes a part for all."""
    whole: web.StreamResponse | None = None
    """An answer that has been given already: a WebSocket that is over."""


def readable(value: str | None) -> str | None:
    """A header's value as text that can be hashed, sent on and stored: bytes that are no UTF-8 become U+FFFD."""
    if value is None or value.isascii():
        return value
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


Door = Callable[[Asked], Awaitable[Reply]]
Find = Callable[[str, str], Door | None]
"""Method and path to door; None when nothing is there. A door that does not take the method says so itself."""


def refusal_body(refusal: Refused) -> bytes:
    """A refusal as a GraphQL response without data."""
    return orjson.dumps({"errors": [{"message": refusal.message, "extensions": refusal.extensions()}]})


def refused(refusal: Refused, status: int | None = None, headers: Mapping[str, str] | None = None) -> Reply:
    """A refusal in the form of a GraphQL response, with the status that its code stands for."""
    if status is None:
        status = refusal.status if isinstance(refusal, BadBody) else STATUS.get(refusal.code, 500)
    return Reply(refusal_body(refusal), status, headers={**later(refusal, status), **(headers or {})})


def later(refusal: Refused, status: int) -> dict[str, str]:
    """The header that says when the same request may go well, where that is known."""
    if status == STATUS[SERVICE_UNAVAILABLE]:
        return {"Retry-After": "1"}
    seconds = retry_after(refusal)
    return {} if seconds is None else {"Retry-After": str(seconds)}


def method_not_allowed(asked: Asked, allowed: str) -> Reply:
    """405 with what is allowed instead."""
    refusal = Refused("BAD_USER_INPUT", f"{asked.method} is not allowed here.", f"Use {allowed}.")
    return refused(refusal, 405, {"Allow": allowed})


def handler(find: Find) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    """The one function that aiohttp calls."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        asked = _asked(request)
        door = find(asked.method, asked.path)
        try:
            _require_spoken(request)
            reply = await door(asked) if door is not None else _nothing(asked)
        except Refused as refusal:
            reply = refused(refusal)
        except Exception as problem:  # noqa: BLE001 - the last line: what nobody foresaw becomes an answer and a log line
            log.error("gateway.broken", request=asked.request_id, path=asked.path, exc_info=problem)
            details = {"requestId": asked.request_id}
            reply = refused(Refused(INTERNAL, "Internal server error", details=details))
        if reply.whole is not None:
            return reply.whole
        headers = {hdrs.CONTENT_TYPE: reply.content_type, "X-Request-Id": asked.request_id, **reply.headers}
        if reply.stream is not None:
            return await _streamed(asked, reply.stream, web.StreamResponse(status=reply.status, headers=headers))
        return web.Response(body=reply.body, status=reply.status, headers=headers)

    return handle


async def _streamed(
    asked: Asked, stream: Callable[[Send], Awaitable[None]], response: web.StreamResponse
) -> web.StreamResponse:
    """Send an answer in pieces."""

    async def send(piece: bytes) -> None:
        if not response.prepared:
            await response.prepare(asked.request)
        await response.write(piece)

    try:
        await stream(send)
        await send(b"")
        await response.write_eof()
    except Exception as problem:  # noqa: BLE001 - the head has left: only the broken connection can tell that it failed
        if not isinstance(problem, OSError | Refused):
            log.error("gateway.broken", request=asked.request_id, path=asked.path, exc_info=problem)
        if not response.prepared:
            await response.prepare(asked.request)
        if asked.request.transport is not None:
            asked.request.transport.abort()
    return response


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: asyncio.Task[None]) -> web.BaseRequest:
    """A request as aiohttp makes it. It would answer one of version 0.9 or 2.0 with the head of such a version."""
    spoken = message if message.version in SPOKEN else message._replace(version=HttpVersion10)
    request = web.BaseRequest(spoken, payload, protocol, writer, task, asyncio.get_running_loop())
    if spoken is not message:
        request[_UNSPOKEN] = message.version
    return request


def _require_spoken(request: web.BaseRequest) -> None:
    if _UNSPOKEN in request:
        major, minor = request[_UNSPOKEN]
        raise BadBody(400, f"HTTP/{major}.{minor} is not spoken here.", "Use HTTP/1.1.")


def _asked(request: web.BaseRequest) -> Asked:
    raw = request.raw_path
    if not raw.startswith("/"):  # an absolute URL, which proxies may send
        raw = request.path_qs
    raw, _, query = raw.partition("?")
    headers = request.headers
    given = headers.get("x-request-id", "")
    return Asked(
        method=request.method,
        path=raw,
        query=request.query if query else {},
        headers=headers,
        request_id=given if REQUEST_ID.fullmatch(given) else clock.new_id(),
        request=request,
    )


def _nothing(asked: Asked) -> Reply:
    return refused(Refused(NOT_FOUND, f"Nothing is at {asked.path[:200]!r}.", "The control API is at POST /query."))


def position_of(asked: Asked) -> int:
    """The log position that the caller wants to be seen; 0 without one. Raises BadBody (400)."""
    text = asked.header("mortise-position") or "0"
    if not (text.isascii() and text.isdecimal() and len(text) < 19):  # noqa: PLR2004 - what fits into 63 bits
        raise BadBody(400, f"Mortise-Position is not a position: {text[:40]!r}.")
    return int(text)


def counted(reply: Reply, *ids: str | None) -> Reply:
    """The answer to data calls with the ids under which they are metered, if they are."""
    known = ", ".join([call for call in ids if call])
    if not known:
        return reply
    return Reply(reply.body, reply.status, reply.content_type, {**reply.headers, CALL: known})


def as_json(value: Any, status: int = 200) -> Reply:
    """A small JSON document."""
    return Reply(orjson.dumps(value), status)


class Server:
    """The listening socket; several workers share the port."""

    def __init__(self, find: Find, accept: Callable[..., web.Server] = web.Server) -> None:
        self._server = accept(
            traced.requests(handler(find)),
            access_log=None,
            request_factory=_request,
            keepalive_timeout=75,
            max_line_size=LINE_BYTES_MAX,
            lingering_time=2.0,
            # A small body could unfold into a huge one; compressed ones are refused instead.
            auto_decompress=False,
        )
        self._runner = web.ServerRunner(self._server)
        self.port = 0

    async def open(self, host: str, port: int) -> None:
        """Listen; `port` 0 takes a free one."""
        await self._runner.setup()
        listening = socket.create_server((host, port), reuse_port=True, backlog=1024)
        listening.setblocking(False)  # noqa: FBT003 - the signature is the standard library's
        await web.SockSite(self._runner, listening).start()
        self.port = listening.getsockname()[1]

    async def close(self) -> None:
        """Stop listening, let running calls end, then close what is left."""
        await self._runner.cleanup()
