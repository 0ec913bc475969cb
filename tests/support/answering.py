"""The engine on a real connection, as plainly as can be: every root field in order, every write in a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson

from gateway.engine import (
    OBJECTION,
    Again,
    Call,
    Engine,
    Failure,
    Fresh,
    Refusal,
    Request,
    Result,
    Root,
    finish,
    refuse,
    settled,
)

START = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)


class Client:
    """Sends operations to one database. Its clock moves a second per root field, its ids are numbered."""

    def __init__(self, engine: Engine, connection: asyncpg.Connection, where: dict[str, Any]) -> None:
        self.engine = engine
        self.connection = connection
        self.where = where
        self.roots = 0
        self.ids = 0

    async def another(self) -> asyncpg.Connection:
        """A second connection to the same database."""
        return await asyncpg.connect(**self.where)

    async def ask(self, text: str, variables: Mapping[str, Any] | None = None, operation: str | None = None) -> Any:
        """The body of the answer, as JSON."""
        return orjson.loads(await self.body(text, variables, operation))

    async def data(self, text: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The data of an answer without errors."""
        body = await self.ask(text, variables)
        assert "errors" not in body, body["errors"]
        return body["data"]

    async def failure(self, text: str, variables: Mapping[str, Any] | None = None) -> tuple[Any, str]:
        """Code and message of the first error."""
        body = await self.ask(text, variables)
        first = body["errors"][0]
        return first.get("code"), first["message"]

    async def body(self, text: str, variables: Mapping[str, Any] | None = None, operation: str | None = None) -> bytes:
        """The body of the answer, in the dialect of the Simple API."""
        call = self.engine.call(Request(text, operation, variables))
        if isinstance(call, Refusal):
            return refuse(call, "simple", "r1")
        return finish(call, [await self._root(call, root) for root in call.roots], "simple", "r1")

    async def _root(self, call: Call, root: Root) -> Result:
        if root.kind == "constant":
            return settled(root)
        self.roots += 1
        made = tuple(f"c{self.ids + n:024}" for n in range(1, root.ids + 1))
        self.ids += root.ids
        fresh = Fresh(START + timedelta(seconds=self.roots), made)
        try:
            if root.kind == "read":
                (statement,) = root.statements
                answer: Any = await self.connection.fetchval(statement.sql, *statement.values(call.variables, fresh))
                return answer if answer is None else str(answer)
            return await written(self.connection, call, root, fresh)
        except asyncpg.PostgresError as problem:
            meaning = meant(self.engine, call, root, problem)
            if isinstance(meaning, Failure):
                return meaning
            raise


async def written(connection: asyncpg.Connection, call: Call, root: Root, fresh: Fresh) -> str | None:
    """Run a write in a transaction, or in a part of the one that is open. Raises what PostgreSQL raises."""
    *first, last = root.statements
    if not first and not connection.is_in_transaction():
        return _text(await connection.fetchval(last.sql, *last.values(call.variables, fresh)))
    async with connection.transaction():
        for statement in first:
            await connection.execute(statement.sql, *statement.values(call.variables, fresh))
        return _text(await connection.fetchval(last.sql, *last.values(call.variables, fresh)))


def _text(answer: Any) -> str | None:
    return answer if answer is None else str(answer)


def meant(engine: Engine, call: Call, root: Root, problem: asyncpg.PostgresError) -> Failure | Again | None:
    """What an SQL error means."""
    if problem.sqlstate == OBJECTION:
        return engine.judge(root, problem.message, call.variables)
    return engine.explain(problem.sqlstate or "", getattr(problem, "constraint_name", None), problem.detail)
