"""Calls of one environment against its quota: how many a second, how many a day, and whether its database is full.

A gate is one environment's share in one worker. Time is an argument, in milliseconds since the start of 1970; a clock
that is set back never closes a gate for longer than the limit itself would.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from common.errors import FORBIDDEN, RATE_LIMITED, Refused
from contracts.quotas import Quota

DAY_MS: Final = 86_400_000
SECOND_US: Final = 1_000_000
MEGABYTE: Final = 1_000_000
ENDLESS: Final = 1 << 62
MEASURE_MS: Final = 5_000
"""A database that is written to is measured again after so long,"""
MEASURE_BYTES: Final = 4 * 1024 * 1024
"""or after so many bytes of writing calls,"""
MEASURE_FULL_MS: Final = 1_000
"""and a full one when somebody tries to write, but not more often than this."""
COMPACT_MS: Final = 60_000
"""The files of a full database are made smaller no more often than this."""
GROWING: Final = ('insert into "', 'update "app"."')
"""Statements that make a database larger. What only takes away has neither."""


@dataclass(slots=True)
class Refusals:
    """Calls of one caller that were refused alike and are recorded together."""

    times: int = 0
    bytes_in: int = 0
    bytes_out: int = 0


@dataclass(slots=True, eq=False)
class Gate:
    """What one worker knows of one environment's use, and what it may let through."""

    quota: Quota = field(default_factory=Quota)
    per_day: int = ENDLESS
    bytes_max: int = ENDLESS
    sleep_ms: int = ENDLESS
    step_us: int = 0
    """Time that one call uses up; 0: no limit by the second."""
    slack_us: int = 0
    """So much may be used up ahead: what makes a burst."""
    due_us: int = 0
    """Until when the calls let through so far have used up time."""
    midnight_ms: int = 0
    """End of the day that `calls` are of."""
    calls: int = 0
    """Of the day, by all workers as far as known."""
    told: int = 0
    """Of these, as many as the other workers can know of."""
    limited: int = 0
    """Refused and not told yet."""
    at_ms: int = 0
    """The last call that was let through here."""
    refused: dict[tuple[str | None, str | None], Refusals] = field(default_factory=dict)
    """By credential and client, until they are recorded."""
    bytes: int | None = None
    """Size of the database when last measured here."""
    measured_ms: int = 0
    written: int = 0
    """Bytes of writing calls since then."""
    measuring: bool = False
    emptied: bool = False
    """Something was taken away from a full database."""
    compacted_ms: int = 0
    """When its files were last made as small as its rows."""

    def bound(self, quota: Quota, workers: int) -> None:
        """Take on a quota, of which this worker has an equal share by the second."""
        self.quota = quota
        self.per_day = ENDLESS if quota.calls_per_day is None else quota.calls_per_day
        self.bytes_max = ENDLESS if quota.database_megabytes is None else quota.database_megabytes * MEGABYTE
        self.sleep_ms = ENDLESS if quota.sleep_minutes is None else quota.sleep_minutes * 60_000
        self.step_us = self.slack_us = 0
        if quota.calls_per_second is not None and quota.burst is not None:
            self.step_us = -(-SECOND_US * workers // quota.calls_per_second)
            self.slack_us = (max(1, quota.burst // workers) - 1) * self.step_us

    def enter(self, now_ms: int) -> int:
        """Let a call through: 0; or refuse it: the milliseconds after which one could be let through."""
        if now_ms >= self.midnight_ms:
            self._begin_day(now_ms)
        if self.calls >= self.per_day:
            return min(self.midnight_ms - now_ms, DAY_MS)
        step = self.step_us
        if step:
            now_us = now_ms * 1000
            due = self.due_us
            if due < now_us:  # noqa: PLR1730 - a call of max() costs as much as all the rest
                due = now_us
            late = due - now_us - self.slack_us
            if late > 0:
                if late <= step:
                    return (late + 999) // 1000
                # More was never used up ahead: the clock was set back.
                due = now_us
            self.due_us = due + step
        self.calls += 1
        self.at_ms = now_ms
        return 0

    def leave(self) -> None:
        """Take back the last `enter`: the same call comes again another way."""
        self.due_us -= self.step_us
        self.calls -= 1

    def refuse(self, caller: tuple[str | None, str | None], bytes_in: int, bytes_out: int) -> None:
        """Note a refused call of (credential, client)."""
        noted = self.refused.get(caller)
        if noted is None:
            noted = self.refused[caller] = Refusals()
        noted.times += 1
        noted.bytes_in += bytes_in
        noted.bytes_out += bytes_out
        self.limited += 1

    def learn(self, day: int, calls: int, at_send: int) -> None:
        """What all workers have let through on a day, told when `calls` of this gate stood at `at_send`."""
        if day == self.day:
            self.calls = calls + self.calls - at_send
            self.told = calls

    @property
    def day(self) -> int:
        """Number of the day that `calls` are of, since the start of 1970."""
        return self.midnight_ms // DAY_MS - 1

    def _begin_day(self, now_ms: int) -> None:
        self.midnight_ms = (now_ms // DAY_MS + 1) * DAY_MS
        self.calls = self.told = 0

    # --- the database -------------------------------------------------------------------------------------------------

    @property
    def full(self) -> bool:
        """Whether the database was at its limit when last measured."""
        return self.bytes is not None and self.bytes >= self.bytes_max

    def wrote(self, bytes_in: int, now_ms: int) -> bool:
        """A call wants to write so many bytes; whether the database should be measured now."""
        self.written += bytes_in
        if self.measuring or self.bytes_max == ENDLESS:
            return False
        since = now_ms - self.measured_ms
        return since >= MEASURE_MS or self.written >= MEASURE_BYTES or (self.full and since >= MEASURE_FULL_MS)

    def measured(self, bytes_: int | None, now_ms: int) -> None:
        """The database has so many bytes; None: nobody could tell."""
        self.measuring, self.measured_ms, self.written = False, now_ms, 0
        if bytes_ is not None:
            self.bytes = bytes_

    def may_shrink(self, now_ms: int) -> bool:
        """Whether it is worth to make the files of a full database as small as its rows."""
        return self.emptied and self.full and now_ms - self.compacted_ms >= COMPACT_MS

    # --- sleep --------------------------------------------------------------------------------------------------------

    def may_sleep(self, now_ms: int) -> bool:
        """Whether nobody has called for so long that the environment sleeps."""
        return now_ms - self.at_ms >= self.sleep_ms


def limits_anything(quota: Quota) -> bool:
    """Whether there is anything that a gate has to watch."""
    return any((quota.calls_per_second, quota.calls_per_day, quota.database_megabytes, quota.sleep_minutes))


def grows(statements: Iterable[str]) -> bool:
    """Whether SQL that the compiler wrote can make a database larger. Its text holds no values of callers."""
    return any(sign in statement for statement in statements for sign in GROWING)


def retry_after(refusal: Refused) -> int | None:
    """Seconds after which the same call could be let through, if the refusal is about that."""
    seconds: int | None = refusal.details.get("retryAfterSeconds")
    return seconds


def too_many(gate: Gate, kind: str, wait_ms: int) -> Refused:
    """The refusal of a call that `enter` did not let through."""
    seconds = max(1, -(-wait_ms // 1000))
    details: dict[str, Any] = {"retryAfterSeconds": seconds}
    if gate.calls >= gate.per_day:
        midnight = datetime.fromtimestamp(gate.midnight_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Refused(
            RATE_LIMITED,
            f"This {kind} environment may be called {gate.per_day} times a day, and today it was.",
            f"It goes on at {midnight}.",
            reason="QUOTA_EXCEEDED",
            details={**details, "limit": gate.per_day, "used": gate.calls, "resetsAt": midnight},
        )
    rate, burst = gate.quota.calls_per_second, gate.quota.burst
    return Refused(
        RATE_LIMITED,
        f"This {kind} environment may be called {rate} times a second, {burst} times at once.",
        f"Try again in {seconds} s.",
        reason=RATE_LIMITED,
        details={**details, "limit": rate},
    )


def database_full(gate: Gate, kind: str) -> Refused:
    """The refusal of a call that would make a full database larger."""
    assert gate.bytes is not None, "a database that is full was measured"
    most = gate.bytes_max // MEGABYTE
    return Refused(
        FORBIDDEN,
        f"The database of this {kind} environment may have {most} MB and has {gate.bytes / MEGABYTE:.1f} MB.",
        "Delete something, or ask the operator for more; reading and deleting go on.",
        reason="DATABASE_FULL",
        details={"limit": gate.bytes_max, "used": gate.bytes},
    )
