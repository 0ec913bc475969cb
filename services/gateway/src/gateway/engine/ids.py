"""Node ids: 25 characters, `c` first, sortable by the moment they were made (G 3).

`c` + 8 digits of milliseconds + 4 of a counter within the millisecond + 12 of chance, all base 36. Time and chance are
arguments; the only state is the last moment given out, so that ids of one process never go back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CHANCE_BYTES: Final = 8
"""Random bytes that one id takes."""

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_PAIRS: Final = tuple(first + second for first in _DIGITS for second in _DIGITS)
"""Two digits at once: an id takes 24 of them."""
_COUNTER_END: Final = 36**4
_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_LENGTH_MAX: Final = 25


def well_formed(node: str) -> bool:
    """Whether a node can have this id; imported ones need not look like ours (G 2.6)."""
    return 0 < len(node) <= _LENGTH_MAX and _LETTERS.issuperset(node)


def node_id(*, milliseconds: int, counter: int, chance: bytes) -> str:
    """The id of the `counter`-th node of a millisecond since 1970."""
    drawn = int.from_bytes(chance[:CHANCE_BYTES], "big") % 36**12
    return f"c{_base36(milliseconds, 8)}{_base36(counter, 4)}{_base36(drawn, 12)}"


@dataclass(slots=True)
class Sequence:
    """The moments given out by one process: each id is greater than the one before, whatever the clock does."""

    milliseconds: int = 0
    counter: int = -1

    def take(self, count: int, *, milliseconds: int, chance: bytes) -> tuple[str, ...]:
        """`count` new ids; `chance` holds `CHANCE_BYTES` random bytes for each."""
        return tuple(
            [self._next(milliseconds, chance[n * CHANCE_BYTES : (n + 1) * CHANCE_BYTES]) for n in range(count)]
        )

    def _next(self, milliseconds: int, chance: bytes) -> str:
        if milliseconds > self.milliseconds:
            self.milliseconds, self.counter = milliseconds, 0
        elif self.counter + 1 < _COUNTER_END:
            self.counter += 1
        else:
            self.milliseconds, self.counter = self.milliseconds + 1, 0
        return node_id(milliseconds=self.milliseconds, counter=self.counter, chance=chance)


def _base36(number: int, width: int) -> str:
    """The last `width` digits of a number; an even count."""
    digits = ""
    for _ in range(width // 2):
        number, pair = divmod(number, len(_PAIRS))
        digits = _PAIRS[pair] + digits
    return digits
