"""A least-recently-used cache bounded by bytes: its keys are chosen by clients, so counting entries is not enough."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class Lru(Generic[K, V]):
    """Values with the bytes they stand for; the longest unused go when `bytes_max` is passed."""

    bytes_max: int
    bytes_now: int = 0
    _entries: OrderedDict[K, tuple[V, int]] = field(default_factory=OrderedDict)

    def get(self, key: K) -> V | None:
        """The value, now the most recently used; None if it is not there."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: K, value: V, size_bytes: int) -> None:
        """Keep a value; one that is larger than the whole cache is not kept."""
        self.drop(key)
        if size_bytes > self.bytes_max:
            return
        self._entries[key] = (value, size_bytes)
        self.bytes_now += size_bytes
        while self.bytes_now > self.bytes_max:
            _, (_, freed) = self._entries.popitem(last=False)
            self.bytes_now -= freed

    def drop(self, key: K) -> None:
        """Forget a value, if it is there."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.bytes_now -= entry[1]

    def items(self) -> list[tuple[K, V]]:
        """What is kept, the longest unused first."""
        return [(key, value) for key, (value, _) in list(self._entries.items())]

    def __len__(self) -> int:
        """How many values are kept."""
        return len(self._entries)
