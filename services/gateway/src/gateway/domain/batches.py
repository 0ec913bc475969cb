"""The chain of an epoch's batches: what to send next, and what a refusal means (MA 5.2).

Every batch is appended with the stream sequence of the one before as its expectation. A copy that arrives twice, now or
in a year, is refused by the server; the sender then reads what is stored and goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CALLS_MAX: Final = 500
"""Calls of one batch."""
FLUSH_SECONDS: Final = 0.25
"""How long a recorded call may wait for its batch."""
WATERMARK_SECONDS: Final = 10.0
"""How long a silent gateway may leave billing without a watermark."""


@dataclass(frozen=True)
class Chain:
    """How far the stream is: the number of the last stored batch and its stream sequence; 0 and 0 before the first."""

    number: int = 0
    sequence: int = 0

    def holds(self, number: int) -> bool:
        """Whether a batch is stored already."""
        return number <= self.number

    def grown(self, number: int, sequence: int) -> Chain:
        """The chain after a batch was acknowledged."""
        return Chain(number, sequence)


def subject(gateway: str, epoch: int) -> str:
    """Where the batches of a gateway's epoch are stored."""
    return f"calls.{gateway}.{epoch}"
