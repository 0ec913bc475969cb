"""Heads of requests, taken apart once: clients send the same bytes again and again (PERFORMANCE 2).

All but one number: how long the body is stands in the head, too, and is looked at each time.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from aiohttp import HttpVersion11
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpRequestParser, RawRequestMessage
from aiohttp.http_exceptions import HttpProcessingError

from common.errors import Refused
from gateway.api import modern
from gateway.api.data import credential
from gateway.api.http import REQUEST_ID
from gateway.domain import bodies
from gateway.domain.admission import Admitted
from gateway.domain.directory import Holder, Route
from gateway.domain.quotas import Gate

HEAD_END: Final = b"\r\n\r\n"
HEAD_BYTES_MAX: Final = 4096
"""Longer heads are not remembered."""
BODY_BYTES_MAX: Final = 64 * 1024
"""Longer bodies take the common way, where they are read piece by piece."""
KEPT_MAX: Final = 2048
_LENGTH_ENDS: Final = b"ength: "
"""By this the header is found without regard to its two usual spellings."""
_LENGTH_BEGINS: Final = b"\r\ncontent-length: "
_DIGITS_MAX: Final = 6
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*(?:\r\n|\Z)")
_PATH: Final = re.compile(r"/([0-9a-f]{32})/graphql")
_UNUSUAL: Final = frozenset({"expect", "upgrade", "transfer-encoding", "content-encoding", "mortise-position"})
"""Headers that take a request to the common way."""


@dataclass(slots=True)
class Head:
    """The head of a plain POST of a data call. What admits its sender is kept as long as the log says nothing new."""

    endpoint: str
    hashed: str | None
    """Keyed hash of the credential that was presented."""
    request_id: str | None
    content_type: str
    """Of the answer."""
    reply: bytes
    """The answer's head up to the value of Content-Length."""
    position: int = -1
    """Position of the log at which the following was found."""
    until_ms: int = 0
    """When the credential expires; milliseconds since 1970."""
    route: Route | None = None
    holder: Holder | None = None
    gate: Gate | None = None
    """What the environment may still have, where that is limited."""
    admitted: Admitted = field(default_factory=Admitted)


class Heads:
    """The heads that came more than once. A head that is unlike every other costs one look and no memory of it."""

    def __init__(self, hashed: Callable[[str], str]) -> None:
        self._hashed = hashed
        self._known: dict[bytes, Head | None] = {}
        self._seen: set[int] = set()

    def get(self, head: bytes) -> tuple[Head, int] | None:
        """What a head says, and the bytes of the body, if the lean way serves it and its like was seen before.

        `head` ends before the empty line.
        """
        begin = head.find(_LENGTH_ENDS) + len(_LENGTH_ENDS)
        end = head.find(b"\r\n", begin)
        if end < 0:
            end = len(head)
        digits = head[begin:end]
        if not digits.isdigit() or len(digits) > _DIGITS_MAX or len(head) > HEAD_BYTES_MAX:
            return None
        size = int(digits)
        if not 0 < size <= BODY_BYTES_MAX:
            return None
        known = self._like(head[:begin] + head[end:], head, begin)
        return None if known is None else (known, size)

    def _like(self, key: bytes, head: bytes, begin: int) -> Head | None:
        """What all heads say that differ only in the number which begins there."""
        known = self._known.get(key)
        if known is not None or key in self._known:
            return known
        mark = hash(key)
        if mark not in self._seen:
            if len(self._seen) >= KEPT_MAX:
                self._seen.clear()
            self._seen.add(mark)
            return None
        if len(self._known) >= KEPT_MAX:
            del self._known[next(iter(self._known))]
        # The number that was found must be the one which the parser takes for the length.
        plain = head[:begin].lower().endswith(_LENGTH_BEGINS)
        known = self._known[key] = _read(head, self._hashed) if plain else None
        return known


def whole(data: bytes, end: int) -> bool:
    """Whether `data`, whose head ends at `end`, is exactly one request, whatever it asks for."""
    head = data[:end].lower()
    lengths = _LENGTH.findall(head)
    if b"transfer-encoding" in head or b"upgrade" in head or head.count(b"content-length") != len(lengths):
        return False
    if len(lengths) > 1:
        return False
    return len(data) == end + len(HEAD_END) + (int(lengths[0]) if lengths else 0)


def _read(head: bytes, hashed: Callable[[str], str]) -> Head | None:
    message = _parsed(head)
    if message is None or message.method != "POST" or message.version != HttpVersion11 or message.should_close:
        return None
    found = _PATH.fullmatch(message.path)
    headers: Mapping[str, str] = message.headers
    given = headers.get("x-request-id", "")
    if found is None or _UNUSUAL & {name.lower() for name in headers}:
        return None
    try:
        bodies.require_json(headers.get("content-type") or "")
        content_type = modern.accepted(headers.get("accept"))
    except Refused:
        return None
    secret = credential(headers)
    return Head(
        endpoint=found[1],
        hashed=None if secret is None else hashed(secret),
        request_id=given if REQUEST_ID.fullmatch(given) else None,
        content_type=content_type,
        reply=b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: " % content_type.encode(),
    )


def _parsed(head: bytes) -> RawRequestMessage | None:
    """The head as the common way's own parser reads it; None when it refuses it."""
    loop = asyncio.get_running_loop()
    parser = HttpRequestParser(BaseProtocol(loop), loop, BODY_BYTES_MAX)
    try:
        messages, _, _ = parser.feed_data(head + HEAD_END)
    except HttpProcessingError:
        return None
    if len(messages) != 1:
        return None
    message: RawRequestMessage = messages[0][0]
    return message
