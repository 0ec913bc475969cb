"""Texts of operations: told to the stream DOCUMENTS when they are first compiled, looked up when a schema changes.

Nothing of it lies on the way of a call: what was compiled anew waits in memory for the next tick (DESIGN 8).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from nats.aio.client import Client

from common import clock
from common.logs import log
from common.stream import REPLY_SECONDS, TRANSIENT, ApiError, Stream, Unavailable, checked
from contracts.documents import DIGEST_DIGITS, STREAM, subject
from gateway.domain.directory import Route
from gateway.domain.documents import Heard, Telling
from gateway.engine import introspects

DAY_MS: Final = 24 * 3600 * 1000
AT_ONCE: Final = 32
"""Texts that are looked up at the same time."""


class Documents:
    """The texts of this worker's services."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._stream = Stream(client, STREAM)
        self._telling = Telling()

    def heard(self, route: Route, text: str, digest: str) -> None:
        """An operation was compiled; any thread may say so."""
        if not introspects(text):
            self._telling.heard(Heard(route.service, route.environment, digest[:DIGEST_DIGITS], text))

    def look_again(self, compiled: Iterable[tuple[Route, str, str]]) -> None:
        """What is in use may have been too much on an earlier day, or be too old soon where it is kept."""
        day = clock.milliseconds() // DAY_MS
        for route, text, digest in compiled:
            if self._telling.is_news(route.service, digest[:DIGEST_DIGITS], day):
                self.heard(route, text, digest)

    async def tell(self) -> None:
        """Tell what nobody was told of in a while. What the broker does not take is told later."""
        day = clock.milliseconds() // DAY_MS
        while (news := self._telling.next(day)) is not None:
            try:
                body = news.text.encode()
                reply = await self._client.request(subject(news.service, news.digest), body, timeout=REPLY_SECONDS)
                checked(reply.data)
            except (*TRANSIENT, Unavailable, ApiError) as problem:
                self._telling.again(news)
                log.warning("gateway.documents", outcome="later", problem=str(problem))
                return
            self._telling.told(news, day)

    async def texts(self, service: str, digests: Sequence[str]) -> Mapping[str, str]:
        """The texts that are kept, by digest. Raises Refused when nobody can say."""
        found: dict[str, str] = {}
        for start in range(0, len(digests), AT_ONCE):
            some = digests[start : start + AT_ONCE]
            held = await asyncio.gather(*[self._stream.last(subject(service, digest)) for digest in some])
            found |= {digest: one.body.decode() for digest, one in zip(some, held, strict=True) if one is not None}
        return found
