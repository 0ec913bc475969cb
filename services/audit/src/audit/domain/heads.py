"""Signed heads: when a checkpoint is due, and its text (MA 7.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from audit.domain.leaves import LOG
from proof import notes


@dataclass(frozen=True)
class Head:
    """A checkpoint that was signed."""

    size: int
    root: bytes
    note: str


@dataclass(frozen=True)
class Signer:
    """The log's key; `sign` is Ed25519, so the same head always gets the same bytes (B06)."""

    key: notes.Key
    sign: Callable[[bytes], bytes]

    def head(self, size: int, root: bytes) -> Head:
        """The signed head of a tree."""
        text = str(notes.Checkpoint(LOG, size, root))
        line = notes.Signature(self.key.name, self.key.id, self.sign(text.encode()))
        return Head(size, root, str(notes.Note(text, (line,))))


def due(*, size: int, heads_after: int, last_size: int) -> bool:
    """Whether to sign: something other than the `heads_after` facts about heads was written since the last head."""
    return size - last_size > heads_after
