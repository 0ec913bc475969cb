"""Node ids: 25 characters, `c` first, sortable by the moment they were made (G 3).

`c` + 8 digits of milliseconds + 4 of a counter within the millisecond + 12 of chance, all base 36. Time and chance are
arguments; the only state is the last moment given out, so that ids of one process never go back.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

CHANCE_BYTES: Final = 12
"""Random bytes that one id takes: one for each of its last digits."""

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_DRAWN: Final = bytes([ord(_DIGITS[byte % len(_DIGITS)]) for byte in range(256)])
"""Byte to digit. Four digits are drawn a little more often: of 62 bits of chance a thousandth is lost."""
_PAIRS: Final = tuple(first + second for first in _DIGITS for second in _DIGITS)
"""Two digits at once."""
_COUNTER_END: Final = 36**4
_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_LENGTH_MAX: Final = 25


def well_formed(node: str) -> bool:
    """Whether a node can have this id; imported ones need not look like ours (G 2.6)."""
    return 0 < len(node) <= _LENGTH_MAX and _LETTERS.issuperset(node)


def node_id(*, milliseconds: int, counter: int, chance: bytes) -> str:
    """The id of the `counter`-th node of a millisecond since 1970."""
    return f"c{_moment(milliseconds)}{_base36(counter, 4)}{chance[:CHANCE_BYTES].translate(_DRAWN).decode()}"


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


@functools.lru_cache(maxsize=8)
def _moment(milliseconds: int) -> str:
    """Under load many ids are made within one."""
    return _base36(milliseconds, 8)


def _base36(number: int, width: int) -> str:
    """The last `width` digits of a number; an even count."""
    digits = ""
    for _ in range(width // 2):
        number, pair = divmod(number, len(_PAIRS))
        digits = _PAIRS[pair] + digits
    return digits
