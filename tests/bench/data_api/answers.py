"""Answers are compared before anything is measured: a wrong answer is quick.

Reads: every contestant, and the statement alone, must answer the same rows with the same values in the same order.
Writes: what is answered and what then stands in the tables must be what was asked for.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
import httpx

from common.sql import Sql, ident, sql
from gateway.engine import Engine
from tests.bench.data_api import limit, rows
from tests.bench.data_api.contestants import Contestant
from tests.bench.data_api.names import Names
from tests.bench.data_api.operations import UNIQUE, Operation

COMPARED: Final = 20
"""Draws per operation."""
_WRAPPED: Final = frozenset({"nodes", "post", "link", "tag", "count"})
"""Members that only wrap the answer in some dialect."""
_numbers = itertools.count(39 * 10**16)
"""Begin unlike those of the load."""


class Comparison:
    """Puts the same questions to all, in one database."""

    def __init__(self, dsn: str, names: Names, engine: Engine, contestants: Sequence[Contestant]) -> None:
        self._dsn, self._names, self._engine, self._contestants = dsn, names, engine, contestants

    async def run(self, operations: Sequence[Operation]) -> None:
        """Raises RuntimeError with the first answer that is not as it should be."""
        connection: asyncpg.Connection[Any] = await asyncpg.connect(self._dsn)
        try:
            async with httpx.AsyncClient(timeout=30) as client:
                for operation in operations:
                    chance = random.Random(f"{rows.SEED} {operation.name}")  # noqa: S311 - the same every time
                    for _ in range(COMPARED):
                        drawn = operation.drawn(chance)
                        if operation.writes == "nothing":
                            await self._read(client, connection, operation, drawn)
                        else:
                            await self._written(client, connection, operation, drawn)
            for statement in rows.created(self._names):
                await connection.execute(statement.text)
        finally:
            await connection.close()

    async def _read(
        self,
        client: httpx.AsyncClient,
        connection: asyncpg.Connection[Any],
        operation: Operation,
        drawn: Mapping[str, int],
    ) -> None:
        ran = limit.statements(self._engine, operation, drawn, "")
        expected = plain(json.loads(await limit.answer(connection, ran) or "null"))
        for one in self._contestants:
            found = await _asked(client, one, operation.body(one.dialect, drawn))
            if found != expected or found in (None, []):
                raise RuntimeError(f"{operation.name}: {one.name} answers {found}, the statement {expected}")

    async def _written(
        self,
        client: httpx.AsyncClient,
        connection: asyncpg.Connection[Any],
        operation: Operation,
        drawn: Mapping[str, int],
    ) -> None:
        for one in (*self._contestants, None):
            number = str(next(_numbers))
            if one is None:
                ran = limit.statements(self._engine, operation, drawn, number)
                name, found = limit.NAME, plain(json.loads(await limit.answer(connection, ran) or "null"))
            else:
                body = operation.body(one.dialect, drawn).replace(UNIQUE, number)
                name, found = one.name, await _asked(client, one, body)
            asked = {**operation.variables("ours", drawn), **({"slug": number} if operation.fixed else {})}
            stands = await self._stands(connection, found.get("id"))
            if stands != _expected(stands, asked) or not _agree(found, stands):
                raise RuntimeError(f"{operation.name}: {name} was told {asked}, answers {found}, wrote {stands}")

    async def _stands(self, connection: asyncpg.Connection[Any], post: str) -> dict[str, Any]:
        """A post as it stands in the tables, in the words of the operations."""
        found: dict[str, Any] = json.loads(await connection.fetchval(self._post().text, post))
        return found

    def _post(self) -> Sql:
        names, join = self._names, self._names.join("Post", "tags")
        mine, others = ("a", "b") if join.holds_first else ("b", "a")
        return sql(
            "select json_build_object('slug', p.{slug}, 'title', p.{title}, 'text', p.{text}, 'views', p.{views}, "
            "'author', p.{author}, "
            "'comments', (select coalesce(json_agg(json_build_object('text', c.{said}, 'score', c.{score}) "
            "order by c.{score}), '[]') from app.{comments} c where c.{post} = p.id), "
            "'tags', (select coalesce(json_agg(t.id order by t.id), '[]') from app.{join} j "
            "join app.{tags} t on t.id = j.{others} where j.{mine} = p.id), "
            "'labels', (select coalesce(json_agg(t.{label} order by t.id), '[]') from app.{join} j "
            "join app.{tags} t on t.id = j.{others} where j.{mine} = p.id)) "
            "from app.{posts} p where p.id = $1",
            **{field: ident(names.column("Post", field)) for field in ("slug", "title", "text", "views", "author")},
            said=ident(names.column("Comment", "text")),
            score=ident(names.column("Comment", "score")),
            post=ident(names.column("Comment", "post")),
            label=ident(names.column("Tag", "label")),
            comments=ident(names.table("Comment")),
            posts=ident(names.table("Post")),
            tags=ident(names.table("Tag")),
            join=ident(join.table),
            mine=ident(mine),
            others=ident(others),
        )


async def _asked(client: httpx.AsyncClient, one: Contestant, body: str) -> Any:
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {one.key}"} if one.key else {})}
    answer = (await client.post(one.url + one.path, content=body, headers=headers)).json()
    if "errors" in answer:
        raise RuntimeError(f"{one.name} refuses {body}: {answer}\n{one.last_words()}")
    return plain(list(answer["data"].values())[-1])


def plain(value: Any) -> Any:
    """An answer without what differs between dialects: wrappings, and how an instant is written."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and (only := next(iter(value))) in _WRAPPED:
        return plain(value[only])
    return {name: datetime.fromisoformat(one) if name == "createdAt" else plain(one) for name, one in value.items()}


def _expected(stands: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """What must stand there after a write: what was asked for, and for the rest what stood there."""
    told = {name: value for name, value in asked.items() if name not in ("id", "one", "two")}
    if "one" in asked:
        comments = [{"text": text, "score": score} for score, text in enumerate(("First", "Second", "Third"), start=1)]
        told |= {"comments": comments, "tags": [asked["one"], asked["two"]]}
    elif "slug" in asked:
        told |= {"comments": [], "tags": []}
    return {**stands, **told}


def _agree(answer: Mapping[str, Any], stands: Mapping[str, Any]) -> bool:
    """Whether an answer says what stands there, lists in any order."""
    said = {name: value for name, value in answer.items() if name != "id"}
    if "comments" in said:
        said["comments"] = sorted(said["comments"], key=lambda one: int(one["score"]))
        said["labels"] = sorted(one["label"] for one in said.pop("tags"))
    return said == {name: sorted(stands[name]) if name == "labels" else stands[name] for name in said}
