"""What a list query means, told in the plainest way: rows in memory, filtered, sorted and cut (G 5.3 - 5.5)."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from functools import cmp_to_key
from typing import Any

Row = Mapping[str, Any]

TEXTUAL = ("contains", "starts_with", "ends_with")
TESTS = ("not_in", "in", "not_contains", "not_starts_with", "not_ends_with", *TEXTUAL, "not", "lte", "lt", "gte", "gt")


def fold(text: str) -> str:
    """Texts are compared without case and accents."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return bare.casefold()


def listed(rows: Sequence[Row], arguments: Mapping[str, Any]) -> list[Row]:
    """The rows that a list with these arguments returns."""
    field, _, direction = (arguments.get("orderBy") or "id_ASC").rpartition("_")

    def compared(a: Row, b: Row) -> int:
        return _compared(a, b, field, descending=direction == "DESC")

    place = cmp_to_key(compared)
    found = sorted((row for row in rows if holds(arguments.get("filter") or {}, row)), key=place)
    by_id = {row["id"]: row for row in rows}
    for name in ("after", "before"):
        cursor = arguments.get(name)
        if cursor is not None:
            mark = by_id.get(cursor)
            if mark is None:
                return []
            found = [
                row for row in found if (place(row) > place(mark) if name == "after" else place(row) < place(mark))
            ]
    skip, first, last = arguments.get("skip") or 0, arguments.get("first"), arguments.get("last")
    if last is not None:
        end = max(0, len(found) - skip)
        return found[max(0, end - last) : end]
    return found[skip : skip + (1000 if first is None else first)]


def holds(given: Mapping[str, Any], row: Row) -> bool:
    """Whether a filter is true for a row."""
    return _truth(given, row) is True


def _truth(given: Mapping[str, Any], row: Row) -> bool | None:
    parts: list[bool | None] = []
    for name, value in given.items():
        if name in ("AND", "OR"):
            inner = [_truth(one, row) for one in value if not _hollow(one)]
            if inner:
                parts.append(_all(inner) if name == "AND" else _any(inner))
        else:
            parts.append(_test(name, value, row))
    return _all(parts)


def _hollow(given: Mapping[str, Any]) -> bool:
    return all(name in ("AND", "OR") and all(_hollow(one) for one in value) for name, value in given.items())


def _test(name: str, value: Any, row: Row) -> bool | None:
    test = next((one for one in TESTS if name.endswith(f"_{one}")), "")
    stored = row[name.removesuffix(f"_{test}") if test else name]
    if value is None:
        return {"": stored is None, "not": stored is not None}.get(test)
    if test == "in" and not value:
        return False
    if test == "not_in" and not value:
        return True
    if stored is None:
        return None
    exact = name.startswith("id")
    stored, value = _comparable(stored, exact=exact), _comparable(value, exact=exact)
    if test.startswith("not_"):
        return not _positive(test.removeprefix("not_"), stored, value)
    return _positive(test, stored, value)


def _positive(test: str, stored: Any, value: Any) -> bool:  # noqa: PLR0911 - one case per test
    match test:
        case "":
            return bool(stored == value)
        case "not":
            return bool(stored != value)
        case "in":
            return stored in value
        case "lt":
            return bool(stored < value)
        case "lte":
            return bool(stored <= value)
        case "gt":
            return bool(stored > value)
        case "gte":
            return bool(stored >= value)
        case "contains":
            return value in stored
        case "starts_with":
            return bool(stored.startswith(value))
        case _:
            return bool(stored.endswith(value))


def _comparable(value: Any, *, exact: bool) -> Any:
    if isinstance(value, list):
        return [_comparable(one, exact=exact) for one in value]
    return fold(value) if isinstance(value, str) and not exact else value


def _compared(a: Row, b: Row, field: str, *, descending: bool) -> int:
    """Null before every value; ties go oldest first, whatever the direction."""
    x, y = _key(a, field), _key(b, field)
    if x != y:
        below = y is not None and (x is None or x < y)
        return -1 if below != descending else 1
    return (a["id"] > b["id"]) - (a["id"] < b["id"]) if field != "id" else 0


def _key(row: Row, field: str) -> Any:
    value = row[field]
    return fold(value)[:191] if isinstance(value, str) and field != "id" else value


def _all(parts: Sequence[bool | None]) -> bool | None:
    return False if False in parts else None if None in parts else True


def _any(parts: Sequence[bool | None]) -> bool | None:
    return True if True in parts else None if None in parts else False
