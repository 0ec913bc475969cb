"""Scalar values: how they are stored, compared and found equal (G 2.3, 3)."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, Final

from tests.support.naive.schema import Scalar

UNIQUE_CHARACTERS: Final = 191
LENGTH_MAX: Final = 262_144

_MOMENT: Final = re.compile(
    r"(?P<y>\d{4})(?:-(?P<m>\d\d)(?:-(?P<d>\d\d)(?:T(?P<H>\d\d):(?P<M>\d\d)(?::(?P<S>\d\d)(?:\.(?P<f>\d{1,3}))?)?)?)?)?"
    r"(?P<zone>Z|[+-]\d\d:\d\d)?"
)


@lru_cache(maxsize=100_000)
def fold(text: str) -> str:
    """Texts are compared without case and accents."""
    bare = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return bare.casefold()


@lru_cache(maxsize=10_000)
def moment(text: str) -> str:
    """An ISO-8601 moment as it is returned: UTC with milliseconds."""
    found = _MOMENT.fullmatch(text)
    assert found is not None, text
    year, month, day, hour, minute, second = (
        int(found[one] or low) for one, low in zip("ymdHMS", (1, 1, 1, 0, 0, 0), strict=True)
    )
    milliseconds = int((found["f"] or "").ljust(3, "0"))
    zone = found["zone"] or "Z"
    shift = timedelta(0) if zone == "Z" else timedelta(hours=int(zone[1:3]), minutes=int(zone[4:]))
    offset = timezone(-shift if zone[0] == "-" else shift)
    at = datetime(year, month, day, hour, minute, second, milliseconds * 1000, offset).astimezone(UTC)
    return written(at)


def written(at: datetime) -> str:
    """A moment as it is returned."""
    return f"{at:%Y}".rjust(4, "0") + f"{at:-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def stored(field: Scalar, value: Any) -> Any:
    """A value that was given, as it is kept and returned."""
    if value is None:
        return None
    if field.many:
        return [_one(field.type, item) for item in value]
    return _one(field.type, value)


def _one(kind: str, value: Any) -> Any:
    return moment(value) if kind == "DateTime" else value


def too_long(field: Scalar, value: Any) -> bool:
    """Whether a value exceeds what can be kept."""
    if value is None:
        return False
    if field.many:
        return len(json.dumps(value, ensure_ascii=False, separators=(",", ":"))) > LENGTH_MAX
    if field.type == "String":
        return len(value) > LENGTH_MAX
    return field.type == "Json" and len(json.dumps(value, ensure_ascii=False, separators=(",", ":"))) > LENGTH_MAX


def comparable(kind: str, value: Any) -> Any:
    """What stands for a value in comparisons; ids compare exactly."""
    if kind == "String":
        return fold(value)
    return moment(value) if kind == "DateTime" else value


def ordered(kind: str, value: Any) -> Any:
    """What stands for a value in an order: only the first characters of a text count."""
    return fold(value)[:UNIQUE_CHARACTERS] if kind == "String" else value


def identity(kind: str, value: Any) -> Any:
    """What no two nodes may share in a unique field."""
    return ordered(kind, value)
