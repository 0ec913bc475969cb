"""What audit says: checkpoints of the log (aggregate `log`, id `evt`)."""

from __future__ import annotations

from typing import ClassVar

from common.events import Event


class CheckpointSigned(Event):
    """The tree over the first `size` events has this root, signed (MA 7.4)."""

    TYPE: ClassVar[str] = "mortise.audit.log.checkpoint_signed.v1"
    log: str
    size: int
    root: str
    """Hex."""
    note: str
    """The signed note."""


class TamperFound(Event):
    """The stored history and the stream disagree."""

    TYPE: ClassVar[str] = "mortise.audit.log.tamper_found.v1"
    log: str
    index: int
    expected: str
    found: str
