"""The engine on a real connection, as plainly as can be: every root field in order, every write in a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson

from gateway.engine import (
    Again,
    Answered,
    Call,
    Engine,
    Failure,
    Fresh,
    Refusal,
    Request,
    Result,
    Root,
    finish,
    judge,
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
            return await self._write(call, root, fresh)
        except asyncpg.PostgresError as problem:
            constraint = getattr(problem, "constraint_name", None)
            meaning = self.engine.explain(problem.sqlstate or "", constraint, problem.detail)
            if isinstance(meaning, Failure):
                return meaning
            raise

    async def _write(self, call: Call, root: Root, fresh: Fresh) -> Result:
        transaction = self.connection.transaction()
        await transaction.start()
        try:
            for statement in root.statements:
                row = await self.connection.fetchrow(statement.sql, *statement.values(call.variables, fresh))
                outcome = judge(statement, row, call.variables)
                if isinstance(outcome, Answered):
                    await transaction.commit()
                    return outcome.text
                if outcome is not None:
                    await transaction.rollback()
                    assert not isinstance(outcome, Again), outcome
                    return outcome
        except BaseException:
            await transaction.rollback()
            raise
        raise AssertionError("the last statement of a write answers")
