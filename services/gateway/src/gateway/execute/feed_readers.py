"""Readers of events: who they are, what they may still see, and how far each is."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from common import clock
from common.errors import SERVICE_UNAVAILABLE, UNAUTHENTICATED, Refused
from common.stream import heed_cancelling
from contracts.access import Principal
from gateway.domain import subscribing
from gateway.domain.subscribing import Fact, Scope, Wanted
from gateway.execute.feed import Feed
from gateway.execute.feed_past import Past
from gateway.execute.lookup import Lookup

READERS_MAX: Final = 1000
"""Of this worker."""
READERS_OF_ONE_MAX: Final = 100
"""Of one person."""
BATCH: Final = 64
STALE_SECONDS: Final = 0.05
AGAIN_SECONDS: Final = 0.5


class Permit:
    """What a reader sees as of now. It ends with the credential that it was given for."""

    def __init__(self, lookup: Lookup, feed: Feed, hashed: str, asked: Wanted) -> None:
        self._lookup = lookup
        self._feed = feed
        self._hashed = hashed
        self._asked = asked
        self._scope: Scope | None = None
        self._seen = -1
        self._until: datetime | None = None
        self.home: str | None = None
        """The organisation of the project that is asked for."""

    def principal(self) -> Principal | None:
        """Whose credential it is; None when it opens nothing (any more)."""
        held = self._lookup.directory.holder(self._hashed, clock.now())
        return held if isinstance(held, Principal) else None

    def scope(self) -> Scope:
        """What the reader may see. Raises Refused when he may see nothing any more."""
        if self._scope is not None and self._seen == self._feed.rights and not self._over():
            return self._scope
        self._seen, self._scope = self._feed.rights, None
        principal = self.principal()
        if principal is None:
            raise Refused(
                UNAUTHENTICATED,
                "The credential is not valid any more.",
                "It has expired or was revoked: send another one.",
                reason="CREDENTIAL_ENDED",
            )
        ends = principal.credential_expires_at
        self._until = None if ends is None else datetime.fromisoformat(ends)
        self._scope = subscribing.scope(principal, self._asked, self.home)
        return self._scope

    def seconds_left(self) -> float:
        """Until the credential ends by itself."""
        return float("inf") if self._until is None else max(0.0, (self._until - clock.now()).total_seconds())

    def _over(self) -> bool:
        return self._until is not None and clock.now() >= self._until


class EventReader:
    """One reader. Everything for him up to `cursor` was given out by `batch`."""

    def __init__(self, feed: Feed, past: Past, permit: Permit, *, person: str, cursor: int, until: int | None) -> None:
        self.person = person
        self._feed = feed
        self._past = past
        self._permit = permit
        self._until = until
        self.cursor = cursor

    async def batch(self, seconds: float) -> Sequence[Fact] | None:
        """The next facts, in order; none after so many seconds without; None when there is nothing more to come.

        Raises Refused when the reader may not go on, SERVICE_UNAVAILABLE when the worker stops.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + min(seconds, self._permit.seconds_left())
        while True:
            heed_cancelling()
            if self._feed.closing:
                raise Refused(SERVICE_UNAVAILABLE, "This worker stops.", "Connect again.", reason="RESTARTING")
            scope = self._permit.scope()
            if self._until is not None and self.cursor >= self._until:
                return None
            bell, before = self._feed.bell, self.cursor
            facts, idle = await self._next(scope)
            if facts:
                return facts
            left = deadline - loop.time()
            if left <= 0:
                return ()
            if self.cursor > before:
                await asyncio.sleep(0)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, idle)):
                    await bell.wait()

    async def _next(self, scope: Scope) -> tuple[Sequence[Fact], float]:
        """The next facts, from memory or from the log; and how long to wait for the bell if there were none."""
        idle = float("inf")
        if self.cursor >= self._feed.floor:
            found = subscribing.bounded(self._feed.after(self.cursor, BATCH))
            reached = found[-1].position if found else self.cursor
        else:
            idle = STALE_SECONDS
            try:
                found, reached = await self._past.read(scope.filters(), self.cursor, self._feed.floor)
            except Refused as refusal:
                if refusal.code != SERVICE_UNAVAILABLE:
                    raise
                return (), AGAIN_SECONDS
            if self._permit.scope() != scope:
                return (), 0.0  # rights have changed while the log was read: once more, with these
        self.cursor = reached
        last = self._until
        return [each for each in found if scope.takes(each) and (last is None or each.position <= last)], idle


class Readers:
    """All readers of this worker."""

    def __init__(self, lookup: Lookup, feed: Feed, past: Past) -> None:
        self._lookup = lookup
        self._feed = feed
        self._past = past
        self._of: Counter[str] = Counter()
        self._idle = asyncio.Event()

    @property
    def count(self) -> int:
        """Readers there are now."""
        return self._feed.readers

    async def admit(self, hashed: str, asked: Wanted, last: int) -> EventReader:
        """A reader, until he leaves; `last` is where the log ends when he comes.

        Raises Refused: UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, BAD_USER_INPUT for a cursor the log has not reached,
        SERVICE_UNAVAILABLE (TOO_MANY_READERS) when he or all have as many as may be.
        """
        self._feed.begin()
        permit = Permit(self._lookup, self._feed, hashed, asked)
        principal = subscribing.signed_in(permit.principal())
        if asked.project is not None:
            permit.home = await self._past.home(asked.project)
        permit.scope()
        if principal.operator and asked.organisation is not None:
            await self._past.need_organisation(asked.organisation)
        cursor = last if asked.after is None else subscribing.within(asked.after, last)
        self._room(principal.id)
        self._of[principal.id] += 1
        self._feed.readers += 1
        until = None if asked.follow else last
        return EventReader(self._feed, self._past, permit, person=principal.id, cursor=cursor, until=until)

    def leave(self, reader: EventReader) -> None:
        """A reader goes."""
        self._of[reader.person] -= 1
        self._feed.readers -= 1
        if not self._of[reader.person]:
            del self._of[reader.person]
        if not self._of:
            self._idle.set()

    def _room(self, person: str) -> None:
        if self._feed.closing:
            raise Refused(SERVICE_UNAVAILABLE, "This worker stops.", "Connect again.", reason="RESTARTING")
        for held, most, whose in (
            (self._of[person], READERS_OF_ONE_MAX, "You read"),
            (self.count, READERS_MAX, "Others read"),
        ):
            if held >= most:
                raise Refused(
                    SERVICE_UNAVAILABLE,
                    f"{whose} events through {held} connections already.",
                    f"{most} may be open at a time; close one, or come back later.",
                    reason="TOO_MANY_READERS",
                )

    async def close(self, seconds: float) -> None:
        """Let all go, and wait for it, but not longer than so many seconds."""
        self._feed.close()
        self._idle.clear()
        if self.count:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._idle.wait()
