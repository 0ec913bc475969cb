"""The trash of an environment in its database: what is there, brought back, emptied; what an undo would put there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from common.sql import Sql, ident, literal, sql
from provisioner.domain.judging import MISFIT, Subject
from provisioner.domain.preparing import TRASH
from provisioner.domain.trash import Kept
from provisioner.domain.undo import Undo, key
from provisioner.execute.cluster import Cluster

JUDGING_SECONDS: Final = 5.0
"""How long somebody who asks is kept waiting."""
PRESENT: Final = (
    "select relname as name, pg_total_relation_size(oid) as bytes from pg_class "
    "where relnamespace = 'trash'::regnamespace and relkind = 'r'"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that does not fit: a row, a value of it, or an edge to `other`."""

    id: str
    other: str | None
    value: str | None
    """As text, shortened; of a row, what it lacks."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """What does not fit at one place."""

    subject: Subject
    count: int
    digest: str
    entries: tuple[Entry, ...]
    """The first ones, by id."""

    @property
    def key(self) -> str:
        """What it is called in what somebody has seen of the list."""
        return key(self.subject)


async def present(cluster: Cluster, environment: str) -> dict[str, int]:
    """Bytes of each table in the trash; none where there is no database. Raises errors of `cluster.WORLD`."""
    try:
        async with cluster.connected(environment) as connection:
            return {row["name"]: row["bytes"] for row in await connection.fetch(PRESENT)}
    except asyncpg.InvalidCatalogNameError:
        return {}


async def held_rows(cluster: Cluster, environment: str, names: Sequence[str]) -> dict[str, int]:
    """How much each table in the trash holds. Raises errors of `cluster.WORLD`."""
    async with cluster.connected(environment) as connection:
        return {
            name: await connection.fetchval(sql("select count(*) from {t}", t=ident(TRASH, name)).text)
            for name in names
        }


async def restore(cluster: Cluster, environment: str, item: Kept, merging: Sql) -> tuple[int, int]:
    """Bring back what fits; how much came back, and how much is left. Raises errors of `cluster.WORLD`."""
    table = ident(TRASH, item.name)
    async with cluster.connected(environment) as connection, connection.transaction():
        await connection.execute(sql("lock table {t} in access exclusive mode", t=table).text)
        restored = int(await connection.fetchval(merging.text))
        left = int(await connection.fetchval(sql("select count(*) from {t}", t=table).text))
        if left == 0:
            await connection.execute(sql("drop table {t}", t=table).text)
    return restored, left


async def empty(cluster: Cluster, environment: str, names: Sequence[str]) -> None:
    """Drop these tables of the trash, as far as they are there. Raises errors of `cluster.WORLD`."""
    async with cluster.connected(environment) as connection, connection.transaction():
        for name in names:
            await connection.execute(sql("drop table if exists {t}", t=ident(TRASH, name)).text)


async def judge(cluster: Cluster, environment: str, undo: Undo, *, limit: int) -> tuple[Misfit, ...]:
    """What would not fit if it was undone now, `limit` of each place. Raises errors of `cluster.WORLD`.

    Takes no lock that anybody waits for: it works on copies of its own.
    """
    async with cluster.connected(environment) as connection:
        transaction = connection.transaction(isolation="repeatable_read")
        await transaction.start()
        try:
            await connection.execute(f"set local statement_timeout = {int(JUDGING_SECONDS * 1000)}")
            for statement in undo.judging.statements:
                await connection.execute(statement.text)
            return tuple([await _misfit(connection, each, limit) for each in undo.judging.subjects])
        finally:
            await transaction.rollback()


async def _misfit(connection: asyncpg.Connection, subject: Subject, limit: int) -> Misfit:
    mine = {"misfit": MISFIT, "n": literal(subject.number)}
    count = await connection.fetchval(sql("select count(*) from {misfit} where n = {n}", **mine).text)
    digest = await connection.fetchval(subject.digest.text)
    query = sql(
        "select id, other, value from {misfit} where n = {n} order by id, other limit {limit}",
        limit=literal(limit),
        **mine,
    )
    found = await connection.fetch(query.text) if limit else []
    return Misfit(subject, count, digest, tuple(Entry(row["id"], row["other"], row["value"]) for row in found))
