"""A client that speaks HTTP as badly as it is told to, and reads the answers strictly."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Final, cast

ANSWER_SECONDS_MAX: Final = 30.0
HEAD_BYTES_MAX: Final = 64 * 1024
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9]) [ -~]*")
_HEADER: Final = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+: ?[\t -~\x80-\xff]*")


class NotHttp(Exception):  # noqa: N818 - a finding
    """What came back is no HTTP response."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One response."""

    status: int
    headers: dict[str, str]
    body: bytes


class Line(asyncio.Protocol):
    """One connection: bytes out as they are, responses back one by one."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._waiting: asyncio.Future[None] | None = None
        self.ended = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._wake()

    def eof_received(self) -> None:
        self.ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - how it ended makes no difference
        self.ended = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def send(self, piece: bytes) -> None:
        """Write bytes; a connection that has ended swallows them."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(piece)

    def half_close(self) -> None:
        """Say that nothing more comes."""
        if self.transport is not None and not self.transport.is_closing() and self.transport.can_write_eof():
            self.transport.write_eof()

    def close(self) -> None:
        """Let go of it."""
        if self.transport is not None:
            self.transport.abort()

    async def answer(self, *, bodyless: bool = False) -> Answer | None:
        """The next response; None when the other end closed instead. Raises NotHttp, TimeoutError."""
        while True:
            found = self._taken(bodyless=bodyless)
            if found is not None:
                if found.status >= 200:
                    return found
                continue
            if self.ended:
                if self._buffer:
                    raise NotHttp(f"cut off: {bytes(self._buffer[:200])!r}")
                return None
            await self._more()

    async def _more(self) -> None:
        self._waiting = asyncio.get_running_loop().create_future()
        timer = asyncio.get_running_loop().call_later(ANSWER_SECONDS_MAX, self._late, self._waiting)
        try:
            await self._waiting
        finally:
            timer.cancel()
            self._waiting = None

    @staticmethod
    def _late(waiting: asyncio.Future[None]) -> None:
        if not waiting.done():
            waiting.set_exception(TimeoutError(f"no answer within {ANSWER_SECONDS_MAX:.0f} s"))

    def _taken(self, *, bodyless: bool) -> Answer | None:
        """A whole response from the buffer, if there is one."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > HEAD_BYTES_MAX:
                raise NotHttp(f"a head without end: {bytes(self._buffer[:200])!r}")
            return None
        status, headers = _head(bytes(self._buffer[:end]))
        start = end + 4
        if bodyless or status < 200 or status in (204, 304):
            body = b""
        elif "content-length" in headers:
            length = int(headers["content-length"])
            if len(self._buffer) < start + length:
                return None
            body = bytes(self._buffer[start : start + length])
        else:
            raise NotHttp(f"no length: {headers}")
        del self._buffer[: start + len(body)]
        return Answer(status, headers, body)


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.split(b"\r\n")
    status = _STATUS.fullmatch(first)
    if status is None:
        raise NotHttp(f"no status line: {first[:200]!r}")
    headers: dict[str, str] = {}
    for line in lines:
        if _HEADER.fullmatch(line) is None:
            raise NotHttp(f"no header: {line[:200]!r}")
        name, _, value = line.partition(b":")
        headers[name.decode("ascii").lower()] = value.strip().decode("latin-1")
    return int(status.group(1)), headers


async def connect(host: str, port: int) -> Line:
    """A new connection. Raises OSError."""
    _, line = await asyncio.get_running_loop().create_connection(Line, host, port)
    return line
