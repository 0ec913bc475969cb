"""The connections of one environment: which of them takes what, and who waits for one."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from common.errors import Refused
from gateway.domain.paces import Paces
from gateway.execute.commits import Commits
from gateway.execute.wire.outcomes import Outcome
from gateway.execute.wire.wire import Step, Wire

SHARED: Final = max(3, os.cpu_count() or 1)
"""Connections that those of one environment share who need not have one for themselves; more than there are processors
only wake more of the server's processes."""
BUSY: Final = 8
"""Outstanding statements from which another connection is worth its costs."""
DEEP: Final = 64
"""Small reads that stand on one connection at most; the rest waits its turn."""
FRESH_SECONDS: Final = 0.002
"""Nobody is put behind an errand that has taken longer than this, however soon such ones are over as a rule."""

Told = Callable[[Outcome | Refused], None]
"""Told what became of an errand, once, from the event loop; a Refused means that nothing was sent. Must not raise."""


@dataclass(slots=True, eq=False)
class Errand:
    """Statements to be run in one transaction, and who is told what the last one answers."""

    steps: Sequence[Step]
    told: Told
    small: bool = False
    """One read that is known to be small: it may share a connection, and be asked elsewhere when held up."""
    batch: str = ""
    """The same read for many at once, see `Statement.batch`."""
    writes: bool = False
    """It is told when its commit is on disk, and is never asked again elsewhere."""
    shares: bool = False
    """It may stand behind others where such are soon over of late."""
    depth: int = 1
    """How many such errands may stand on one connection; with 1 it has one for itself. Small ones do not look at it."""
    since: float = 0.0
    """Since when it waits, on the loop's clock."""


@dataclass(slots=True, eq=False)
class Pool:
    """One environment's connections, the most used first."""

    environment: str
    database: str
    wires: list[Wire] = field(default_factory=list)
    opening: int = 0
    waiting: deque[Errand] = field(default_factory=deque)
    large: int = 0
    """How many of those who wait want a connection for themselves."""
    paces: Paces = field(default_factory=Paces)
    commits: Commits = field(init=False)
    no_more_until: float = 0.0
    """The last attempt to open one failed: until then only need makes us try again."""

    def __post_init__(self) -> None:
        """Nothing is under way."""
        self.commits = Commits(self.wires)

    @property
    def size(self) -> int:
        """Connections open or being opened."""
        return len(self.wires) + self.opening

    def shared(self) -> Wire | None:
        """The first that is not busy of the connections that small reads share, else the least busy.

        None when all are full. Together on few connections they cost less than each on one of its own.
        """
        best: Wire | None = None
        least, seen = DEEP, 0
        for wire in self.wires:
            if wire.usable:
                count = wire.outstanding
                if count < BUSY:
                    return wire
                if count < least:
                    best, least = wire, count
                seen += 1
                if seen == SHARED:
                    break
        return best

    def free_for(self, errand: Errand, now: float) -> Wire | None:
        """A connection that an errand can have at once. What others share is left alone if it can be."""
        if errand.small:
            return self.shared()
        if errand.depth > 1:
            for wire in islice(self.wires, SHARED):
                count = wire.outstanding
                if wire.usable and (not count or (count < errand.depth and now - wire.since < FRESH_SECONDS)):
                    return wire
        for wire in reversed(self.wires):
            if not wire.waiting and wire.idle:
                return wire
        return None

    def idle_longest(self) -> Wire | None:
        """The connection that can best be spared."""
        return min([wire for wire in self.wires if wire.idle], key=lambda wire: wire.used_at, default=None)

    def takes(self, wire: Wire) -> bool:
        """Whether a connection takes the first errand that waits."""
        first = self.waiting[0]
        return wire.usable and wire.outstanding < (DEEP if first.small or first.depth == 1 else first.depth)

    def may_grow(self, now: float) -> bool:
        """Whether small reads may get one more connection to share."""
        return not self.opening and len(self.wires) < SHARED and now >= self.no_more_until

    def needs_another(self) -> bool:
        """Whether those who wait need more connections than are being opened: small reads share some."""
        if self.large > self.opening:
            return True
        return bool(self.waiting) and not self.opening and sum([wire.usable for wire in self.wires]) < SHARED

    # --- who waits ------------------------------------------------------------------------------------------------

    def put(self, errand: Errand) -> None:
        """The errand waits, behind all others."""
        self.waiting.append(errand)
        self.large += not errand.small

    def take(self) -> Errand:
        """The errand that waited longest."""
        errand = self.waiting.popleft()
        self.large -= not errand.small
        return errand

    def remove(self, errand: Errand) -> None:
        """The errand waits no longer."""
        self.waiting.remove(errand)
        self.large -= not errand.small
