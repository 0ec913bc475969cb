"""PostgreSQL for read models: SQLAlchemy Core over asyncpg, each service in its own schema under its own role."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

POOL_SIZE: Final = 8
POOL_OVERFLOW: Final = 8
POOL_WAIT_SECONDS: Final = 10.0
STATEMENT_SECONDS: Final = 30


class Database:
    """The read models of one service. `engine` is for plumbing; services use the two context managers."""

    def __init__(self, dsn: str, schema: str) -> None:
        self.schema = schema
        self._dsn = dsn
        self.engine: AsyncEngine = create_async_engine(
            make_url(dsn).set(drivername="postgresql+asyncpg"),
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_timeout=POOL_WAIT_SECONDS,
            pool_pre_ping=True,
            connect_args={
                "timeout": 10,
                "server_settings": {
                    "search_path": schema,
                    "application_name": f"mortise-{schema}",
                    "statement_timeout": str(STATEMENT_SECONDS * 1000),
                    "timezone": "UTC",
                    "jit": "off",
                },
            },
        )
        self._snapshot = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end, rolled back on any exception."""
        async with self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A read-only snapshot: all statements see the same prefix of the log (C06)."""
        async with self._snapshot.connect() as connection:
            yield connection

    def beside(self, schema: str) -> Database:
        """The same database with another schema: nothing of this one is made, found or changed by accident."""
        return Database(self._dsn, schema)

    async def close(self) -> None:
        """Give all connections back to the server."""
        await self.engine.dispose()
