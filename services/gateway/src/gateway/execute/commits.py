"""Writes are told once their commits are on disk; one flush serves all that committed before it began (DESIGN 4.2).

Each write is a transaction of its own, on a session that commits without waiting for the disk. So writes can stand
behind each other on few connections, and the server's log is flushed once for many of them instead of once for each.
Between its commit and the flush others can see a change, and nobody was promised yet that it lasts.

A flush speaks for what committed while its own connection was open: a crash of the server in between would have ended
that connection with all others. So no connection is asked that is younger than a commit it should speak for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from common.logs import log
from gateway.execute.wire.outcomes import Done, Lost, Outcome
from gateway.execute.wire.wire import Step, Wire

LAZY: Final = {"synchronous_commit": "off"}
"""The setting of sessions whose writes are told by `Commits`."""
FLUSH: Final[Step] = (
    "select set_config('synchronous_commit', 'on', true) || pg_logical_emit_message(true, 'mortise', '')::text",
    (),
)
"""A commit that waits, for the server's standbys too where there are any. Without the message it would have nothing to
write, and would not wait."""
PATIENCE_SECONDS: Final = 0.001
"""So long a flush is put off at most, for more writes to come along."""

_Committed = tuple[Done, Outcome]


class Commits:
    """The writes of one environment between their beginning and the time they are told. `wires` are its connections."""

    def __init__(self, wires: Sequence[Wire]) -> None:
        self.under_way = 0
        """Writes that were begun and not told yet."""
        self._wires = wires
        self._loop = asyncio.get_running_loop()
        self._committed: list[_Committed] = []
        """Who waits for the next flush."""
        self._since = 0.0
        """When the first of them was known to have committed, on the loop's clock."""
        self._put_off: asyncio.TimerHandle | None = None
        self._flusher: Wire | None = None
        """The connection of the flush under way. There is one at a time: who comes meanwhile shares the next one."""
        self._served: list[_Committed] = []
        """Who waits for it."""

    def begun(self) -> None:
        """A write was sent. No flush stands behind it: how long it takes is nobody else's trouble."""
        self.under_way += 1

    def ended(self, wire: Wire, told: Done, outcome: Outcome) -> None:
        """A write that was begun on a connection has its outcome; if it committed, a flush is to follow."""
        if outcome is not None and not isinstance(outcome, str):
            self.under_way -= 1
            told(outcome)
        elif wire is self._flusher:
            # Questions are answered in order: the flush comes after this commit.
            self._served.append((told, outcome))
        else:
            if not self._committed:
                self._since = self._loop.time()
            self._committed.append((told, outcome))

    def flush(self) -> None:
        """Begin a flush for those who wait for one, unless one is under way or most are still on their way."""
        if not self._committed or self._flusher is not None:
            return
        if self.under_way > 2 * len(self._committed):
            if self._put_off is None:
                self._put_off = self._loop.call_later(PATIENCE_SECONDS, self._flush)
        else:
            self._flush()

    def _flush(self) -> None:
        if self._put_off is not None:
            self._put_off.cancel()
            self._put_off = None
        if self._flusher is not None:
            return
        committed, self._committed = self._committed, []
        wire = self._witness()
        if wire is None:
            self._tell(committed, Lost())
        else:
            self._served, self._flusher = committed, wire
            wire.run((FLUSH,), self._flushed)

    def _witness(self) -> Wire | None:
        """A connection that can speak for all who committed, if possible one on which nobody waits."""
        able = [wire for wire in self._wires if wire.opened_at <= self._since and not wire.ending]
        for wire in reversed(able):
            if wire.idle:
                return wire
        return min(able, key=lambda wire: (not wire.usable, wire.outstanding), default=None)

    def _flushed(self, outcome: Outcome) -> None:
        served, self._served, self._flusher = self._served, [], None
        # So the server has something to do while these are told.
        self.flush()
        self._tell(served, None if isinstance(outcome, str) else Lost(silent=outcome == Lost(silent=True)))

    def _tell(self, whom: Sequence[_Committed], lost: Lost | None) -> None:
        self.under_way -= len(whom)
        for told, outcome in whom:
            try:
                told(outcome if lost is None else lost)
            except Exception as problem:  # noqa: BLE001 - others waited for the same flush
                log.error("gateway.commits", outcome="broken", exc_info=problem)
