"""Finds lines: from a place onwards, or the newest before a place; never more work than one question may make.

Lines come in the order in which they were stored. Who asks gets what was found so far and where to go on.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from audit.domain import looking
from audit.domain.looking import LATE_MS, Line, Named, Spot, Wanted
from audit.store.sheets import Found, Sheets

LINES_MAX: Final = 20_000
"""Lines that one question may look at before it answers with what it has (one message more, at most)."""
MESSAGES_MAX: Final = 1_000
Naming = Callable[[Sequence[Line]], Awaitable[Named]]
"""Finds what the ids of lines are called."""


@dataclass
class Page:
    """Lines that fit, oldest first, and where the looking began and ended."""

    lines: list[Line] = field(default_factory=list)
    start: Spot | None = None
    end: Spot | None = None
    more: bool = False
    """There may be more in the direction of the question."""


@dataclass
class Effort:
    """What a question has cost so far."""

    lines: int = 0
    messages: int = 0

    @property
    def spent(self) -> bool:
        """Whether it was enough."""
        return self.lines >= LINES_MAX or self.messages >= MESSAGES_MAX


class Looker:
    """Looks through the lines that a subject means, with its wildcards."""

    def __init__(self, sheets: Sheets, subject: str, wanted: Wanted, naming: Naming) -> None:
        self._sheets = sheets
        self._subject = subject
        self._wanted = wanted
        self._naming = naming
        self._effort = Effort()

    async def onwards(self, after: Spot | None, first: int) -> Page:
        """The first lines behind a place, or from the beginning of what is asked for."""
        page = Page(start=after, end=after or Spot())
        found = await self._first(after)
        while found:
            for each in found:
                for line, fits in await self._judged(each):
                    if after is not None and line.spot <= after:
                        continue
                    if fits and len(page.lines) == first:
                        page.more = True
                        return page
                    if fits:
                        page.lines.append(line)
                    page.end = line.spot
                if self._effort.spent:
                    page.more = True
                    return page
            found = await self._sheets.behind(self._subject, found[-1].position)
        return page

    async def backwards(self, before: Spot | None, last: int) -> Page:
        """The last lines before a place, or the newest of all. They are found newest first and told oldest first."""
        heads = await self._sheets.newest(self._subject, None if before is None else before.position)
        page = Page(start=before, end=before or _end(heads))
        queue = [(-each.position, each) for each in heads]
        heapq.heapify(queue)
        while queue:
            _, each = heapq.heappop(queue)
            if self._too_old(each):
                continue
            for line, fits in reversed(await self._judged(each)):
                if before is not None and line.spot >= before:
                    continue
                if fits and len(page.lines) == last:
                    page.more = True
                    break
                if fits:
                    page.lines.append(line)
                page.start = line.spot
            page.more = page.more or self._effort.spent
            if page.more:
                break
            older = await self._sheets.before(each)
            if older is not None:
                heapq.heappush(queue, (-older.position, older))
        page.lines.reverse()
        return page

    async def _first(self, after: Spot | None) -> list[Found]:
        if after is not None:
            return await self._sheets.behind(self._subject, max(0, after.position - 1))
        if self._wanted.from_ms is not None:
            return await self._sheets.since(self._subject, self._wanted.from_ms - LATE_MS)
        return await self._sheets.behind(self._subject, 0)

    def _too_old(self, found: Found) -> bool:
        """Whether neither this message nor one before it can hold what is asked for."""
        from_ms = self._wanted.from_ms
        return from_ms is not None and found.sheet.stored_ms < from_ms - LATE_MS

    async def _judged(self, found: Found) -> list[tuple[Line, bool]]:
        """The lines of a message, and which of them fit."""
        self._effort.messages += 1
        self._effort.lines += len(found.sheet.lines)
        # Others want to be answered, too.
        await asyncio.sleep(0)
        lines = looking.lines(found.position, found.sort, found.sheet)
        if found.sort not in self._wanted.sorts or not self._wanted.takes(found.sheet.place):
            return [(line, False) for line in lines]
        named = await self._naming(lines)
        return [(line, self._wanted.fits(line, named)) for line in lines]


def _end(heads: Sequence[Found]) -> Spot:
    """The place behind which nothing was when the newest messages of all subjects were these."""
    return Spot(heads[-1].position, max(0, len(heads[-1].sheet.lines) - 1)) if heads else Spot()
