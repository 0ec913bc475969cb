"""A server whose connections tell before each statement what they are about to run, so that a test can come between."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

import asyncpg

from provisioner.execute.cluster import Cluster

Before = Callable[[asyncpg.Connection, str], Awaitable[None]]


class Watched(Cluster):
    """Environments reached like any other; `before` is told of every statement in one of them."""

    def __init__(self, dsn: str, secret_key: bytes, before: Before) -> None:
        super().__init__(dsn, secret_key)
        self._before = before

    @asynccontextmanager
    async def connected(self, environment: str | None = None) -> AsyncIterator[asyncpg.Connection]:
        async with super().connected(environment) as connection:
            yield cast("asyncpg.Connection", _Told(connection, self._before)) if environment else connection


class _Told:
    """A connection that says first what it does."""

    def __init__(self, connection: asyncpg.Connection, before: Before) -> None:
        self._connection = connection
        self._before = before

    def transaction(self, **options: Any) -> AbstractAsyncContextManager[Any]:
        return self._connection.transaction(**options)

    async def execute(self, statement: str, *values: Any, **options: Any) -> Any:
        await self._before(self._connection, statement)
        return await self._connection.execute(statement, *values, **options)

    async def fetch(self, statement: str, *values: Any, **options: Any) -> Any:
        await self._before(self._connection, statement)
        return await self._connection.fetch(statement, *values, **options)

    async def fetchrow(self, statement: str, *values: Any, **options: Any) -> Any:
        await self._before(self._connection, statement)
        return await self._connection.fetchrow(statement, *values, **options)

    async def fetchval(self, statement: str, *values: Any, **options: Any) -> Any:
        await self._before(self._connection, statement)
        return await self._connection.fetchval(statement, *values, **options)
