"""A billing month: local in the payer's zone, half open, and months tile time (MA 4.2, A22).

Instants are milliseconds since the epoch. Every offset in use is a multiple of 15 minutes, so a local month never cuts
a UTC minute.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from common.errors import bad_input

_LABEL: Final = re.compile(r"(2[0-9]{3})-(0[1-9]|1[0-2])")
_MONTHS: Final = 12


@dataclass(frozen=True)
class Period:
    """The month `label` (`YYYY-MM`) in a zone: [from_ms, to_ms)."""

    label: str
    zone: str
    from_ms: int
    to_ms: int

    def days(self) -> tuple[tuple[int, int], ...]:
        """Its local days as [from_ms, to_ms), which tile it; one may have 23 or 25 hours."""
        zone = known_zone(self.zone)
        first, last = (datetime.fromtimestamp(at / 1000, zone).date() for at in (self.from_ms, self.to_ms - 1))
        starts = [_start(first + timedelta(days=n), zone) for n in range((last - first).days + 1)]
        return tuple(zip(starts, [*starts[1:], self.to_ms], strict=True))


def month(label: str, zone: str) -> Period:
    """The month of that label in the zone. Refuses what is no month; raises ValueError for an unknown zone."""
    matched = _LABEL.fullmatch(label)
    if not matched:
        raise bad_input(f"{label[:40]!r} is no period.", "Write it as YYYY-MM, e.g. 2026-11.", field="period")
    first = date(int(matched[1]), int(matched[2]), 1)
    tz = known_zone(zone)
    return Period(label, zone, _start(first, tz), _start(nth(first, 1), tz))


def nth(anchor: date, months: int) -> date:
    """The start of the period that many months after the anchor's: on its day, or the last one of a shorter month.

    Always counted from the anchor itself, so that a 31st comes back after a February (MA 4.2).
    """
    years, index = divmod(anchor.month - 1 + months, _MONTHS)
    year, number = anchor.year + years, index + 1
    return date(year, number, min(anchor.day, monthrange(year, number)[1]))


def label_at(at_ms: int, zone: str) -> str:
    """The month an instant lies in."""
    return datetime.fromtimestamp(at_ms / 1000, known_zone(zone)).strftime("%Y-%m")


def known_zone(name: str) -> ZoneInfo:
    """The zone of an IANA name. Raises ValueError for an unknown one."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"unknown time zone {name!r}") from None


def text(at_ms: int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at_ms % 1000:03d}Z"


def _start(day: date, zone: ZoneInfo) -> int:
    # By way of UTC: a midnight that a clock change leaves out becomes the instant of the change.
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC).timestamp()) * 1000
