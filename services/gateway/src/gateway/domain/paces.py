"""How long statements take, from experience: those that are soon over may stand behind each other. Pure.

A connection of one's own costs two more switches between processes than standing behind somebody on one that is busy.
That pays while the wait stays far below a millisecond, so it depends on the statement, its data and the machine.
"""

from __future__ import annotations

from typing import Final

WAIT_SECONDS: Final = 0.0012
"""So long may those before one take together."""
DEPTH_MAX: Final = 8
"""More on one connection bring nothing."""
SLOW_SECONDS: Final = 0.005
"""Who takes longer just once must show anew that it was an exception."""
FASTER: Final = 1 / 2
SLOWER: Final = 1 / 64
"""Weights of a time below and above what is known: what a statement takes when nothing is in its way is wanted."""
KNOWN_MAX: Final = 2000


class Paces:
    """What each statement takes. One that was never measured has nobody beside it."""

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}
        """By the hash of a text: texts are long, and two that share one do no harm."""

    def depth(self, text: str) -> int:
        """How many such statements may stand on one connection; 1 = it should have one for itself."""
        seconds = self._seconds.get(hash(text), SLOW_SECONDS)
        return max(1, min(DEPTH_MAX, int(WAIT_SECONDS / seconds)))

    def took(self, text: str, seconds: float) -> None:
        """The statement was over after so long; more than 0."""
        key = hash(text)
        before = self._seconds.get(key, SLOW_SECONDS)
        if len(self._seconds) >= KNOWN_MAX:
            self._seconds.clear()
        if seconds >= SLOW_SECONDS:
            self._seconds[key] = SLOW_SECONDS
        else:
            self._seconds[key] = before + (seconds - before) * (FASTER if seconds < before else SLOWER)
