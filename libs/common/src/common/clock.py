"""Time, fresh ids and chance: the only place that reads the clock or the random generator.

A test shifts the whole product's time with `MORTISE_CLOCK_OFFSET_SECONDS`.
"""

from __future__ import annotations

import base64
import functools
import os
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Final

import uuid_utils

OFFSET: Final = "MORTISE_CLOCK_OFFSET_SECONDS"
_SHIFT_MS: Final = round(float(os.environ.get(OFFSET) or 0) * 1000)
"""Read once: the clock is looked at several times in every call."""
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SHIFT: Final = timedelta(milliseconds=_SHIFT_MS)


def now() -> datetime:
    """The present in UTC, cut to milliseconds, so that it survives its own text form."""
    at = datetime.now(UTC)
    if _SHIFT:
        at += _SHIFT
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def milliseconds() -> int:
    """The present as milliseconds since the start of 1970 in UTC: `now()` as a number, at a third of its cost."""
    return time.time_ns() // 1_000_000 + _SHIFT_MS


@functools.lru_cache(maxsize=8)
def at(milliseconds: int) -> datetime:
    """The instant in UTC so many milliseconds since the start of 1970. Under load most calls ask for the same one."""
    return _START + timedelta(milliseconds=milliseconds)


def nanoseconds() -> int:
    """The present as nanoseconds since the start of 1970 in UTC, as exact as the system knows it: for durations."""
    return time.time_ns() + _SHIFT_MS * 1_000_000


def outside(at: datetime) -> datetime:
    """The instant as the clocks of others show it, of servers that know nothing of a shifted time."""
    return at - _SHIFT


def text(at: datetime) -> str:
    """RFC 3339 in UTC with exactly three decimals and `Z`. Raises ValueError for a time without a zone."""
    if at.tzinfo is None:
        message = f"a time without a zone has no one text form: {at!r}"
        raise ValueError(message)
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def parse(text: str) -> datetime:
    """The instant of an RFC 3339 text. Raises ValueError when it has no zone or is no time."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        message = f"a time needs a zone: {text!r}"
        raise ValueError(message)
    return at.astimezone(UTC)


def new_id() -> str:
    """A fresh UUIDv7: unique for ever, later ids sort later."""
    return str(uuid_utils.uuid7())


def secret(prefix: str) -> str:
    """`prefix` and 43 base64url characters that nobody can guess."""
    return prefix + base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
