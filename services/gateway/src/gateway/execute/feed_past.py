"""Events of the past, page by page from the log, for readers that are further behind than memory goes.

A page is read when its reader has sent the one before, and only a few at a time: many that catch up take turns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from nats.aio.client import Client

from common.errors import not_found
from common.log import STREAM
from common.stream import Message, Stream
from gateway.domain.subscribing import Fact, bounded
from gateway.execute.feed import fact

TURNS: Final = 4
PAGE: Final = 64
"""Messages of a page, all filters together."""
PAGE_LEAST: Final = 16


class Past:
    """Reads the log behind what the feed keeps."""

    def __init__(self, client: Client) -> None:
        self._stream = Stream(client, STREAM)
        self._turns = asyncio.Semaphore(TURNS)

    async def read(self, filters: Sequence[str], after: int, until: int) -> tuple[Sequence[Fact], int]:
        """Facts of some subjects behind `after` in order, and the position up to which these are all, at most `until`.

        Raises Refused SERVICE_UNAVAILABLE when the log does not answer.
        """
        most = max(PAGE // len(filters), PAGE_LEAST)
        async with self._turns:
            pages = await asyncio.gather(*(self._page(each, after, until, most) for each in filters))
        reached = min(position for _, position in pages)
        found = {message.position: message for messages, _ in pages for message in messages}
        whole = [fact(found[position]) for position in sorted(found) if position <= reached]
        facts = bounded(whole)
        return facts, facts[-1].position if len(facts) < len(whole) else reached

    async def home(self, project: str) -> str | None:
        """The organisation of a project; None when there never was such a project."""
        found = await self._stream.after(f"evt.*.registry.project.{project}", 0)
        return found.subject.split(".")[1] if found else None

    async def need_organisation(self, organisation: str) -> None:
        """Refuse NOT_FOUND for an organisation of which the log does not know."""
        if await self._stream.after(f"evt.{organisation}.>", 0) is None:
            raise not_found("Organisation", organisation)

    async def _page(self, filter_: str, after: int, until: int, most: int) -> tuple[list[Message], int]:
        messages = await self._stream.page(filter_, after, most)
        if len(messages) >= most:
            return messages, min(messages[-1].position, until)
        # A follower may have answered that does not have the newest yet: only the leader can say that this was all.
        behind = messages[-1].position if messages else after
        more = await self._stream.after(filter_, behind)
        return messages, until if more is None or more.position > until else more.position - 1
