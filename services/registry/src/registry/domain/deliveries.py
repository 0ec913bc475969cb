"""One fact told to one receiver: how it is signed, what an answer means, and when to try again.

Signatures are those of Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

PREFIX: Final = "whsec_"
GONE: Final = 410
RETRY_AFTER_MAX: Final = timedelta(hours=1)
OLD_SECRET_LIFE: Final = timedelta(hours=24)
"""How long the secret before the present one signs as well."""


@dataclass(frozen=True)
class Pace:
    """When to try again: `first` after the first failure, twice as long after each, `longest` at most, for `window`."""

    first: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(hours=1)
    window: timedelta = timedelta(days=3)


@dataclass(frozen=True)
class Answer:
    """What came of one attempt: a status, or why there is none."""

    status: int | None
    error: str | None = None
    retry_after_seconds: int | None = None

    @property
    def taken(self) -> bool:
        """Whether the receiver has it now."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - HTTP's own numbers


@dataclass(frozen=True)
class Course:
    """Where a webhook is: everything up to `position` was told or passed over.

    `attempts` and `failing_since` are of the fact behind it that is tried now; `next_at` is when it is tried again.
    `start` is the position of the declaration that this course began with.
    """

    position: int
    start: int
    attempts: int = 0
    failing_since: datetime | None = None
    next_at: datetime | None = None


@dataclass(frozen=True)
class GivenUp:
    """The receiver does not take it, and will not be asked any more."""

    gone: bool


def secret(key: bytes, webhook: str, number: int) -> str:
    """The signing secret of that number as it is shown: `whsec_` and the base64 of 32 bytes."""
    return PREFIX + base64.b64encode(_raw(key, webhook, number)).decode()


def headers(
    key: bytes, webhook: str, numbers: Sequence[int], *, event: str, at: datetime, body: bytes
) -> dict[str, str]:
    """The three headers, with one signature for each secret that is valid now."""
    seconds = str(int(at.timestamp()))
    signed = b".".join((event.encode(), seconds.encode(), body))
    signatures = [
        "v1," + base64.b64encode(hmac.digest(_raw(key, webhook, number), signed, hashlib.sha256)).decode()
        for number in numbers
    ]
    return {"webhook-id": event, "webhook-timestamp": seconds, "webhook-signature": " ".join(signatures)}


def numbers(number: int, old_until: datetime | None, at: datetime) -> tuple[int, ...]:
    """Numbers of the secrets that sign at a time, the newest first."""
    return (number, number - 1) if old_until is not None and at < old_until else (number,)


def passed(course: Course, position: int) -> Course:
    """A fact was told, or is not for this webhook."""
    return Course(position, course.start)


def after(course: Course, answer: Answer, *, at: datetime, jitter: float, pace: Pace) -> Course | GivenUp:
    """Where a webhook is after a refused attempt; `jitter` in 0.8..1.2 spreads those that fail together."""
    assert not answer.taken, "what was taken is passed"
    since = course.failing_since or at
    if answer.status == GONE:
        return GivenUp(gone=True)
    if at - since >= pace.window:
        return GivenUp(gone=False)
    # The bound keeps the number small; long before it the longest pause is reached.
    pause = min(pace.first * (1 << min(course.attempts, 20)), pace.longest) * jitter
    if answer.retry_after_seconds is not None:
        pause = max(pause, min(timedelta(seconds=answer.retry_after_seconds), RETRY_AFTER_MAX))
    # The last attempt lies at the very end of the window, not an hour before or after it.
    next_at = min(at + pause, since + pace.window)
    return replace(course, attempts=course.attempts + 1, failing_since=since, next_at=next_at)


def _raw(key: bytes, webhook: str, number: int) -> bytes:
    return hmac.digest(key, f"{webhook}\0{number}".encode(), hashlib.sha256)
