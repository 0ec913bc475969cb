"""Rows as nodes: GraphQL names beside the columns, times as text, personal values opened."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from common import clock
from common.errors import bad_input
from common.sealing import Sealer
from registry.domain import access
from registry.domain.wording import shortened
from registry.store.rows import Row

Node = dict[str, Any]

FORGOTTEN: Final = "(forgotten)"
"""User name of somebody whose key was destroyed."""


def node(row: Row) -> Node:
    """A row under its GraphQL names as well, with times as text; resolvers of children read the columns."""
    named = {re.sub(r"_(\w)", lambda match: match[1].upper(), name): value for name, value in row.items()}
    return row | {name: clock.text(each) if isinstance(each, datetime) else each for name, each in named.items()}


async def users(sealer: Sealer, rows: Sequence[Row]) -> list[Node]:
    """Users with their names and addresses in clear text."""
    opened = await _opened(sealer, rows, ("username", "email", "display_name"))
    return [{**node(row), "username": row["username"] or FORGOTTEN} for row in opened]


async def users_in_clear(sealer: Sealer, rows: Sequence[Row]) -> list[Row]:
    """The same as rows, to be filtered and ordered."""
    return await _opened(sealer, rows, ("username", "email", "display_name"))


async def clients(sealer: Sealer, rows: Sequence[Row]) -> list[Node]:
    """Clients with their addresses in clear text."""
    return [node(row) for row in await _opened(sealer, rows, ("email",))]


def environment(row: Row) -> Node:
    """What is declared for an environment; nobody's choice of access is the default's."""
    return {
        "id": row["id"],
        "name": row["kind"],
        "version": row["version"],
        "access": row["access"] or access.default(row["kind"]),
    }


def grouped(rows: Iterable[Row], key: str) -> dict[str, list[Row]]:
    """Children by parent, in their order."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row)
    return groups


def moment(text: str | None, *, field: str) -> str | None:
    """A time that somebody wrote, in the one form we keep."""
    if text is None:
        return None
    try:
        return clock.text(clock.parse(text))
    except (ValueError, TypeError, OverflowError):
        raise bad_input(
            f"{shortened(str(text))!r} is not a time.",
            "Use RFC 3339 with a zone, such as '2027-01-31T12:00:00Z'.",
            reason="INVALID_TIME",
            field=field,
        ) from None


async def _opened(sealer: Sealer, rows: Sequence[Row], members: Sequence[str]) -> list[Row]:
    tokens = [row[member] for row in rows for member in members if row[member] is not None]
    values = dict(zip(tokens, await sealer.open_all(tokens), strict=True))
    return [{**row, **{member: values[row[member]] for member in members if row[member] is not None}} for row in rows]
