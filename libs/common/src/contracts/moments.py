"""Moments as people write them (G 3): every ISO-8601 form, the same in a schema text and in a call."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_ISO: Final = re.compile(
    r"""(?P<year>\d{4})
    (?:-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?
    (?:[T ](?P<hour>\d\d)(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?)?
       (?P<zone>Z|z|[+-]\d\d(?::?\d\d)?)?)?""",
    re.VERBOSE | re.ASCII,
)


def moment(text: str) -> datetime:
    """Any ISO-8601 form as UTC with milliseconds; without a zone it is UTC. Raises ValueError."""
    found = _ISO.fullmatch(text.strip())
    if found is None:
        message = f"not an ISO-8601 date: {text!r}"
        raise ValueError(message)
    part = found.groupdict()
    millisecond = int((part["fraction"] or "0").ljust(3, "0")[:3])
    local = datetime(
        int(part["year"]),
        int(part["month"] or 1),
        int(part["day"] or 1),
        int(part["hour"] or 0),
        int(part["minute"] or 0),
        int(part["second"] or 0),
        millisecond * 1000,
        tzinfo=_zone(part["zone"]),
    )
    try:
        return local.astimezone(UTC)
    except OverflowError as error:
        message = f"outside the years 1 to 9999: {text!r}"
        raise ValueError(message) from error


def iso(at: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SS.mmmZ`."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)
