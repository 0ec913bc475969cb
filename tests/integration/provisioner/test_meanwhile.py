"""While a plan is prepared the old version reads and writes as if nothing were; what it wrote is there afterwards."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import asyncpg
import pytest

from common.sealing import environment_password
from common.sql import Sql, ident, literal, sql
from contracts.names import database
from gateway.engine import Again
from gateway.engine.answer import explain
from provisioner.execute.migrate import finish, migrate
from tests.support.environments import Place
from tests.support.town import ROWS, SECRET, changed, columns, direct, watched
from tests.support.waiting import until

SWITCH = "lock table"
FIRST = "with batch"
WAIT_MILLISECONDS = 5000
"""Longer than any of ours waits for a lock, with room for a busy machine."""
MOVED = {"42703", "42P01", "23502", "23514", "42883", "42804"}
"""What a caller of the old version may meet after the switch, and the gateway understands."""

WRITES = 20
"""At least so many while a plan is prepared, and so many more between that and the switch."""

TRUTH = """
create table app.truth as select id, {name} as name, {size} as size, {mood} as mood, {desk} as desk from app.t1;
alter table app.truth add primary key (id);
grant select, insert, update, delete on app.truth to {role};
"""
SERVED = "exists (select from app._mortise where model_sha = $1)"
STATEMENTS = (
    (
        "with w as (insert into app.t1 (id, created_at, updated_at, {name}, {size}, {mood}) select 'w' || {n}, now(), "
        "now(), case when {n} % 10 > 0 then 'Name w' || {n} end, {n} + 1000000, 'SAD' where {served} returning *), "
        "t as (insert into app.truth select id, {name}, {size}, {mood}, {desk} from w) {told}"
    ),
    (
        "with w as (update app.t1 set {name} = 'New ' || {n}, {size} = -{n}, updated_at = now() "
        "where id = 'p' || {row} and {served} returning *), "
        "t as (update app.truth set name = w.{name}, size = w.{size} from w where truth.id = w.id) {told}"
    ),
    # The name that the one before has just let go of.
    (
        "with w as (update app.t1 set {name} = 'Name ' || {row} - 1, {mood} = 'CALM' "
        "where id = 'p' || ({row} + 500) % {rows} and {served} returning *), "
        "t as (update app.truth set name = w.{name}, mood = w.{mood} from w where truth.id = w.id) {told}"
    ),
    (
        "with c as (update app.t1 set {mentor} = null "
        "where {mentor} = 'p' || ({row} + 1000) % {rows} and {served} returning id), "
        "t as (update app.truth set size = size from c where truth.id = c.id) {told}"
    ),
    (
        "with w as (delete from app.t1 where id = 'p' || ({row} + 999) % {rows} and {served} returning id), "
        "t as (delete from app.truth using w where truth.id = w.id) {told}"
    ),
    (
        "with w as (update app.t1 set {desk} = null "
        "where id = 'p' || ({row} + 1500) % {rows} and {served} returning *), "
        "t as (update app.truth set desk = null from w where truth.id = w.id) {told}"
    ),
)
"""Insert, change, take what was free, let go of somebody, remove him, let go of something. Each remembers in the same
transaction what it wrote. A row that is no longer there is left alone: that is no reason to stop."""
TOLD = "select 1 where {served}"
READ = "select {name}, {size}::text, {mood} from app.t1 where id = 'p' || $1::int"


class OldVersion:
    """Callers that write, and callers that read, with the rights of the environment's own role."""

    def __init__(self, place: Place, dsn: str) -> None:
        assert place.model is not None
        self.place = place
        self.sha = place.planned(place.model).model_sha
        server, name = urlsplit(dsn), database(place.id)
        self.dsn = (
            f"postgresql://{name}:{environment_password(SECRET, place.id)}@{server.hostname}:{server.port}/{name}"
        )
        words = {each: ident(column) for each, column in columns(place.model).items()}
        words |= {"served": sql(SERVED), "role": ident(name), "n": sql("$2::int"), "rows": literal(ROWS)}
        words |= {"row": sql("($2::int % {rows})", rows=literal(ROWS)), "told": sql(TOLD, served=sql(SERVED))}
        self.truth = sql(TRUTH, **words).text
        self.statements = [sql(each, **words).text for each in STATEMENTS]
        self.question = sql(READ, **words).text
        self.writes = 0
        self.done = False

    async def prepared(self) -> None:
        async with self.place.cluster.connected(self.place.id) as connection:
            await connection.execute(self.truth)

    async def run(self, act: Callable[[asyncpg.Connection, int], Awaitable[bool]]) -> None:
        """Again and again until the version is no longer served. To be told of an error, or to end, before fails."""
        connection = await asyncpg.connect(self.dsn, server_settings={"lock_timeout": str(WAIT_MILLISECONDS)})
        try:
            for number in itertools.count(1):
                try:
                    if self.done:
                        return
                    if not await act(connection, number):
                        assert not await self.serves(connection), f"{act.__name__} {number} ends before its version"
                        return
                except asyncpg.PostgresError as error:
                    if error.sqlstate not in MOVED or await self.serves(connection):
                        raise
                    return
        finally:
            await connection.close()

    async def serves(self, connection: asyncpg.Connection) -> bool:
        return bool(await connection.fetchval("select model_sha from app._mortise") == self.sha)

    async def write(self, connection: asyncpg.Connection, number: int) -> bool:
        """False when another version is served."""
        done = await connection.fetchval(self.statements[number % len(self.statements)], self.sha, number)
        self.writes += done is not None
        return done is not None

    async def read(self, connection: asyncpg.Connection, number: int) -> bool:
        await connection.fetchval(self.question, number % ROWS + 1)
        return True

    async def more(self) -> None:
        """Some more are written."""
        enough = self.writes + WRITES
        await until(lambda: self.writes >= enough or self.done)


async def wrong(place: Place, rule: str, table: Sql) -> int:
    """Rows that are not what the rule says."""
    counted = sql(
        "select count(*) from app.truth as truth full join {table} as node on node.id = truth.id "
        "where ({rule}) is not true",
        table=table,
        rule=Sql((rule,)),
    )
    return int((await place.fetch(counted.text))[0][0])


async def trashed(place: Place, column: str) -> Sql:
    rows = await place.fetch("select tablename from pg_tables where schemaname = 'trash' order by 1")
    return ident("trash", next(str(row[0]) for row in rows if row[0].startswith(f"t1_{column}_")))


def test_the_gateway_knows_what_callers_may_meet_after_the_switch() -> None:
    assert [explain({}, state, None, None) for state in MOVED] == [Again.MOVED] * len(MOVED)


CASES = {
    "a field becomes unique": ["node.{name} is not distinct from truth.name and node.{size} = truth.size"],
    "a field becomes text": ["node.{size} = truth.size::text"],
    "nulls are filled": ["node.{name} = coalesce(truth.name, 'none')"],
    "all values are replaced": ["node.{size} = 7", "{size}: node.value = truth.size"],
    "an enum shrinks": [
        "node.{mood} = case truth.mood when 'CALM' then 'HAPPY' else truth.mood end",
        "{mood}: case truth.mood when 'CALM' then node.value = 'CALM' else node.id is null end",
    ],
    "another type": ["node.{size} = 1.5", "{old_size}: node.value = truth.size"],
    "a field is removed": ["{old_name}: truth.name is null or node.value = truth.name"],
    "new fields": ["node.{b} = 'x'"],
}


@pytest.mark.parametrize("change", CASES)
async def test_callers_notice_nothing_and_lose_nothing_when(town: Place, provision_dsn: str, change: str) -> None:
    assert town.model is not None
    before = columns(town.model)
    old = OldVersion(town, provision_dsn)
    await old.prepared()
    made, after = await direct(town, changed(change), forced=True)

    async def callers_first(_: asyncpg.Connection, statement: str) -> None:
        if statement.startswith((SWITCH, FIRST)):
            await old.more()

    # Who stops early, or is told of an error, ends the migration at once: it must not wait for somebody who is gone.
    async with asyncio.TaskGroup() as callers:
        for act in (old.write, old.read, old.read):
            callers.create_task(old.run(act))
        try:
            assert await migrate(watched(town, callers_first), made) is None
            await finish(town.cluster, made)
        finally:
            old.done = True

    named = columns(after) | {f"old_{name}": column for name, column in before.items()}
    for rule in CASES[change]:
        where, _, rest = rule.format(**named).rpartition(": ")
        assert await wrong(town, rest, await trashed(town, where) if where else ident("app", "t1")) == 0
