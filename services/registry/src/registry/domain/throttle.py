"""How often somebody may guess a password: three times, then slower with each wrong guess, never ten times a minute."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from common.errors import UNAUTHENTICATED, Refused

FREE_GUESSES: Final = 3
"""Wrong guesses before the delay begins: one second, doubled with each further one, which makes nine in a minute."""
DELAY_SECONDS_MAX: Final = 60
MEMORY: Final = timedelta(minutes=15)
"""How long a wrong guess is held against somebody."""


def wait_seconds(guesses: Sequence[datetime], now: datetime) -> int:
    """Seconds until the next guess may be made after these wrong ones (oldest first); 0 = now."""
    remembered = [at for at in guesses if now - at < MEMORY]
    beyond = len(remembered) - FREE_GUESSES
    if beyond <= 0:
        return 0
    delay = timedelta(seconds=min(2 ** (beyond - 1), DELAY_SECONDS_MAX))
    return ceil(max((remembered[-1] + delay - now).total_seconds(), 0))


def refused(seconds: int) -> Refused:
    """The refusal of a guess that comes too early."""
    return Refused(
        UNAUTHENTICATED,
        "Too many failed sign-ins.",
        f"Try again in {seconds} s.",
        reason="THROTTLED",
        details={"retryAfterSeconds": seconds},
    )
