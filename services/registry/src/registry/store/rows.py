"""Rows of a query as dictionaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

Row = dict[str, Any]


async def many(connection: AsyncConnection, statement: sa.Executable) -> list[Row]:
    """All rows."""
    return [dict(row) for row in (await connection.execute(statement)).mappings()]


async def one(connection: AsyncConnection, statement: sa.Executable) -> Row | None:
    """The only row, or None."""
    row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else dict(row)


async def by(
    connection: AsyncConnection, statement: sa.Select[Any], key: sa.Column[Any], ids: Sequence[str]
) -> list[Row]:
    """The rows whose `key` is among the ids: one query for all children of a list."""
    return await many(connection, statement.where(key.in_(list(ids)))) if ids else []
