"""Reads the log's messages: forwards by position or time, and backwards from the newest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from common.stream import Message, Stream
from contracts import loglines
from contracts.loglines import Sheet, Sort

PAGE: Final = 16
"""Messages of up to half a megabyte that are read at once."""


class Found(NamedTuple):
    """A message of the log."""

    position: int
    subject: str
    sheet: Sheet

    @property
    def sort(self) -> Sort:
        """Of its lines."""
        return "deployments" if self.subject.endswith(".deployments") else "calls"


class Sheets:
    """The messages of the stream LOGS."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    async def behind(self, subject: str, position: int) -> list[Found]:
        """The next messages behind a position; `subject` may hold wildcards."""
        return _read(await self._stream.page(subject, position, PAGE))

    async def since(self, subject: str, at_ms: int) -> list[Found]:
        """The first messages that were stored at an instant or later."""
        return _read(await self._stream.since(subject, datetime.fromtimestamp(at_ms / 1000, UTC), PAGE))

    async def newest(self, subject: str, until: int | None) -> list[Found]:
        """Of every subject the newest message, up to a position."""
        return _read(await self._stream.lasts(subject, until))

    async def before(self, found: Found) -> Found | None:
        """The message of the same subject before this one."""
        if not found.sheet.before:
            return None
        message = await self._stream.at(found.sheet.before)
        if message is not None and message.subject == found.subject:
            return _read([message])[0]
        # It has ended, and maybe others before it: those of an environment that is kept shorter now go sooner.
        older = await self.newest(found.subject, found.sheet.before)
        return older[-1] if older else None


def _read(messages: Sequence[Message]) -> list[Found]:
    return [Found(each.position, each.subject, loglines.read(each.body)) for each in messages]
