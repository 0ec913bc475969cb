"""How often somebody may guess a password: ten times a minute, and slower with each wrong guess."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from common.errors import UNAUTHENTICATED, Refused

WINDOW: Final = timedelta(minutes=1)
GUESSES_MAX: Final = 10
FREE_GUESSES: Final = 3
"""Wrong guesses before the delay begins: one second, doubled with each further one."""
MEMORY: Final = timedelta(minutes=15)
"""How long a wrong guess is held against somebody."""


def wait_seconds(guesses: Sequence[datetime], now: datetime) -> int:
    """Seconds until the next guess may be made after these wrong ones (oldest first); 0 = now."""
    remembered = [at for at in guesses if now - at < MEMORY]
    if not remembered:
        return 0
    within = [at for at in remembered if now - at < WINDOW]
    free_at = now
    if len(within) >= GUESSES_MAX:
        free_at = within[-GUESSES_MAX] + WINDOW
    if (beyond := len(remembered) - FREE_GUESSES) > 0:
        delay = timedelta(seconds=min(2 ** (beyond - 1), int(WINDOW.total_seconds())))
        free_at = max(free_at, remembered[-1] + delay)
    return ceil(max((free_at - now).total_seconds(), 0))


def refused(seconds: int) -> Refused:
    """The refusal of a guess that comes too early."""
    return Refused(
        UNAUTHENTICATED,
        "Too many failed sign-ins.",
        f"Try again in {seconds} s.",
        reason="THROTTLED",
        details={"retryAfterSeconds": seconds},
    )
