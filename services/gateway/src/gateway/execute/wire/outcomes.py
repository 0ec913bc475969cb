"""What becomes of a question that was sent to a database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.execute.wire.messages import Problem


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is gone, and with it the knowledge of what became of the question."""

    silent: bool = False
    """The server was given up because it said nothing for too long."""
    set_aside: bool = False
    """The connection lives, but another question holds it up: this one should be asked elsewhere."""


Outcome = str | None | Problem | Lost
"""The text of the answer (None: no row, or null), the error that the server reported, or that nobody knows."""
Done = Callable[[Outcome], None]
"""Told the outcome, once, from the event loop. It must not raise."""
