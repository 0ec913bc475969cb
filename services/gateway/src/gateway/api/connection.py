"""A connection of the public port: aiohttp's own, with a lean way past it for plain data calls (PERFORMANCE 2).

The lean way is open as long as all that went the common way were whole requests, so that its parser stands between two
of them. The first request that does not come in one piece closes it for the rest of the connection.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from aiohttp import hdrs, web

from common.errors import INTERNAL, Refused
from common.logs import log
from gateway.api.heads import HEAD_END, Heads, whole
from gateway.api.http import JSON_TYPE, refusal_body
from gateway.api.lane import Lane
from gateway.domain.bodies import BadBody

HELD_BYTES_MAX: Final = 128 * 1024
"""More is not read ahead while a call is under way."""


class Connection(web.RequestHandler):
    """One connection. What is not HTTP is refused in the same form as everything else, and without a traceback."""

    __slots__ = ("_advancing", "_busy", "_heads", "_held", "_lane", "_open", "_stopped")

    def __init__(self, manager: Any, *, lane: Lane, heads: Heads, **settings: Any) -> None:
        super().__init__(manager, **settings)
        self._lane = lane
        self._heads = heads
        self._open = True
        self._busy = False
        self._advancing = False
        self._held = b""
        self._stopped = False

    def data_received(self, data: bytes) -> None:
        """Take what came: whole requests one after the other, as long as the lean way is open."""
        if not self._open or self._force_close or self._close:
            super().data_received(data)
            return
        self._held = self._held + data if self._held else data
        if not self._busy:
            self._advance()
        elif len(self._held) > HELD_BYTES_MAX and not self._stopped and self.transport is not None:
            self._stopped = True
            self.transport.pause_reading()

    def _advance(self) -> None:
        while self._held and not self._busy:
            data = self._held
            end = data.find(HEAD_END)
            found = None if end < 0 else self._heads.get(data[:end])
            if found is None:
                self._held = b""
                self._open = whole(data, end) if end >= 0 else False
                super().data_received(data)
                return
            head, body_bytes = found
            size = end + len(HEAD_END) + body_bytes
            if len(data) < size:
                return
            self._held = data[size:]
            idle = self._waiter is not None and not self._waiter.done() and not self._messages and not self._paused
            if not idle:
                super().data_received(data[:size])
                continue
            self._busy = self._request_in_progress = True
            self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
            # What is answered at once comes back to this loop, not through `answer`: thousands may wait in one piece.
            self._advancing = True
            try:
                taken = self._lane.take(self, head, data[end + len(HEAD_END) : size])
            finally:
                self._advancing = False
            if not taken:
                self._busy = self._request_in_progress = False
                super().data_received(data[:size])

    def answer(self, data: bytes) -> None:
        """Send an answer of the lean way and go on with the next request."""
        self._busy = self._request_in_progress = False
        if self._handler_waiter is not None:  # somebody waits to shut down
            self._handler_waiter.set_result(None)
        if self.transport is None:
            return
        self.transport.write(data)
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        if self._stopped:
            self._stopped = False
            self.transport.resume_reading()
        if self._held and not self._advancing:
            self._advance()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to a request that could not be read, or that broke where nothing of ours catches it."""
        if request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        if status >= 500:  # noqa: PLR2004 - HTTP's own number
            log.error("gateway.broken", problem=message, exc_info=exc)
            refusal = Refused(INTERNAL, "Internal server error")
        else:
            told = (message or "").partition(":")[0].strip()[:100]
            refusal = BadBody(status, f"This is not an HTTP request: {told}.", "Check its headers and their length.")
        response = web.Response(body=refusal_body(refusal), status=status, headers={hdrs.CONTENT_TYPE: JSON_TYPE})
        response.force_close()
        return response


class Connections(web.Server):
    """Makes a `Connection` of each."""

    def __init__(self, lane: Lane, heads: Heads, handler: Any, **settings: Any) -> None:
        super().__init__(handler, **settings)
        self._lane = lane
        self._heads = heads

    def __call__(self) -> web.RequestHandler:
        return Connection(self, lane=self._lane, heads=self._heads, loop=asyncio.get_running_loop(), **self._kwargs)
