"""A clone has what its source had at one moment, but for what is masked: that is nowhere in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from common.clock import new_id
from common.sealing import environment_password
from contracts.masks import Mask
from contracts.model import digest, encode
from contracts.names import database, environment_id
from provisioner.domain import cloning
from provisioner.execute.clone import Cloning, clone
from provisioner.execute.cluster import Cluster
from provisioner.execute.migrate import INCONSISTENT, Refusal
from tests.support.environments import Place
from tests.support.stack import Stack

SECRET = b"s" * 32
"""Of the fixture `cluster`."""
SCHEMA = """
type Guest @model {
  id: ID! @isUnique
  email: String! @isUnique
  name: String
  phone: String @index
  born: DateTime
  mood: Mood
  tags: [String!]
  notes: Json
  entries: [Entry!]! @relation(name: "Entries")
  friends: [Guest!]! @relation(name: "Friends")
}
type Entry @model {
  id: ID! @isUnique
  text: String!
  copy: String
  guest: Guest @relation(name: "Entries")
}
enum Mood { HAPPY GRUMPY }
"""
MASKS = (
    Mask(type="Guest", field="email", rule="email"),
    Mask(type="Guest", field="name", rule="name"),
    Mask(type="Guest", field="phone", rule="null"),
    Mask(type="Guest", field="tags", rule="constant", value='["x"]'),
    Mask(type="Guest", field="notes", rule="constant", value="{}"),
    Mask(type="Guest", field="mood", rule="constant", value="GRUMPY"),
    Mask(type="Entry", field="text", rule="hash"),
    Mask(type="Entry", field="copy", rule="hash"),
)
SECRETS = ("secret", "Secret", "555-0199", "HAPPY")
GUESTS = (
    {
        "email": "anna@secret.example",
        "name": "Anna Secret",
        "phone": "555-0199",
        "fax": "secret fax",
        "mood": "HAPPY",
        "tags": ["secret tag"],
        "notes": '{"a": "secret note"}',
    },
    {"email": "bert@secret.example", "mood": "GRUMPY"},
)

RIGHTS = """
select classid::regclass, objid from pg_shdepend
where refobjid = (select oid from pg_roles where rolname = $1)
and dbid = (select oid from pg_database where datname = $2)
"""

Rest = Callable[[str], Awaitable[None]]


async def still(_environment: str) -> None:
    """There is no gateway."""


@pytest.fixture(scope="module")
async def source(cluster: Cluster) -> AsyncIterator[Place]:
    """Guests with everything that is nobody's business, some of it in the trash."""
    place = await Place(cluster).made()
    assert await place.deploy(SCHEMA.replace("phone: String", "fax: String phone: String")) is None
    anna, bert = await place.insert("Guest", GUESTS)
    await place.insert("Entry", [{"text": "secret text", "copy": "secret text", "guest": anna}, {"text": "b"}])
    await place.connect("Friends", [(anna, bert), (bert, anna)])
    assert await place.deploy(SCHEMA, forced=True) is None
    async with place.cluster.connected(place.id) as connection:
        await connection.execute("analyze")
    assert "secret fax" in repr(await place.trash())
    yield place
    await place.gone()


@asynccontextmanager
async def cloned(source: Place, masks: Sequence[Mask] = (), rest: Rest = still) -> AsyncIterator[tuple[Place, object]]:
    """A clone, and what making it came to."""
    made = Place(source.cluster)
    made.id, made.model = environment_id(new_id(), "preview"), source.model
    try:
        async with source.cluster.connected() as server:
            yield made, await clone(source.cluster, server, job(source, made.id, masks), rest)
    finally:
        await made.gone()


def job(source: Place, environment: str, masks: Sequence[Mask]) -> Cloning:
    assert source.model is not None
    sha = digest(encode(source.model))
    plan = cloning.clone_plan(source.model, masks, environment=environment, deployment="d", model_sha=sha)
    return Cloning(source.id, source.model, tuple(masks), plan, b"k" * 32)


async def texts(place: Place, table: str) -> list[str]:
    return [row[0] for row in await place.fetch(f"select t::text from {table} t order by 1")]  # noqa: S608 - names of the catalogue


async def everything(place: Place) -> str:
    """All that can be read in a database: every table of every schema, and what the planner remembers of values."""
    tables = await place.fetch(
        "select format('%I.%I', schemaname, tablename) from pg_tables "
        "where schemaname not in ('information_schema', 'pg_catalog')"
    )
    each = [row[0] for row in tables]
    return "\n".join([line for table in [*each, "pg_stats"] for line in await texts(place, table)])


async def tables(place: Place) -> list[str]:
    found = await place.fetch("select tablename from pg_tables where schemaname = 'app' order by 1")
    return [row[0] for row in found]


@pytest.mark.parametrize("way", ["files", "rows"])
async def test_a_clone_has_the_tables_rows_and_rights_of_its_source(source: Place, servers: Stack, way: str) -> None:
    somebody = source.cluster.connected(source.id) if way == "rows" else nullcontext()
    async with somebody, cloned(source) as (made, how):
        assert how == way
        names = await tables(made)
        assert names == await tables(source)
        assert [await texts(made, f"app.{name}") for name in names if name != "_mortise"] == [
            await texts(source, f"app.{name}") for name in names if name != "_mortise"
        ]
        assert await made.catalogue() == await source.catalogue()
        assert await made.trash() == {}

        server = urlsplit(servers.postgres_dsn)
        where: dict[str, Any] = {"host": server.hostname, "port": server.port, "database": database(made.id)}
        password = environment_password(SECRET, made.id)
        own = await asyncpg.connect(**where, user=database(made.id), password=password)
        assert await own.fetchval("select count(*) from t1") == len(GUESTS)
        await own.execute("delete from t2")
        await own.close()
        password = environment_password(SECRET, source.id)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(**where, user=database(source.id), password=password)
        # Else the source's role could not be dropped before the clone.
        assert await made.fetch(RIGHTS, database(source.id), database(made.id)) == []


async def test_masked_values_are_nowhere_in_the_clone(source: Place) -> None:
    before = await everything(source)
    assert [secret for secret in SECRETS if secret in before] == list(SECRETS)

    async with cloned(source, MASKS) as (made, how):
        assert how == "rows"
        found = await everything(made)
        assert [secret for secret in SECRETS if secret in found] == []
        assert await made.catalogue() == await source.catalogue()
        assert await made.trash() == {}


async def test_masks_keep_what_they_promise(source: Place) -> None:
    async with cloned(source, MASKS) as (made, _):
        anna, bert = await made.values("Guest", "email")
        assert anna != bert
        assert all(each.endswith("@masked.example") for each in (anna, bert))
        first, last = (await made.values("Guest", "name"))[0].split()
        assert (first[0].isupper(), last[0].isupper()) == (True, True)
        assert (await made.values("Guest", "name"))[1] is None
        assert await made.values("Guest", "phone") == [None, None]
        assert await made.values("Guest", "tags") == [["x"], None]
        assert await made.values("Guest", "notes") == ["{}", None]
        assert await made.values("Guest", "mood") == ["GRUMPY", "GRUMPY"]
        text, copy = await made.values("Entry", "text"), await made.values("Entry", "copy")
        assert (text[0], text[0] != text[1], len(text[0])) == (copy[0], True, 32)
        assert await made.values("Entry", "guest") == await source.values("Entry", "guest")


async def test_the_same_text_has_another_hash_under_another_key(source: Place) -> None:
    hashes = []
    for key in (b"k" * 32, b"l" * 32):
        made = Place(source.cluster)
        made.id, made.model = environment_id(new_id(), "preview"), source.model
        wanted = job(source, made.id, MASKS)
        async with source.cluster.connected() as server:
            other = Cloning(wanted.source, wanted.model, wanted.masks, wanted.plan, key)
            assert await clone(source.cluster, server, other, still) == "rows"
        hashes.append(await made.values("Entry", "text"))
        await made.gone()
    assert hashes[0] != hashes[1]


async def test_whoever_is_connected_to_the_source_is_asked_to_let_go(source: Place) -> None:
    calling = await asyncpg.connect(**address(source), server_settings={"application_name": "mortise-gateway"})
    asked: list[str] = []
    assert source.model is not None
    edges = f"app.{next(each.table for each in source.model.relations if each.name == 'Friends')}"
    friends = f"select a, b from {edges} order by 1, 2"  # noqa: S608 - a physical name
    twice = f"insert into {edges} select b, b from {edges}"  # noqa: S608 - the same

    async def rest(environment: str) -> None:
        asked.append(environment)
        if len(asked) == 2:
            # What was written last on a connection that is let go of is in the clone.
            await calling.execute(twice)
            await calling.close()

    async with cloned(source, rest=rest) as (made, how):
        assert (how, set(asked)) == ("files", {source.id})
        assert await made.fetch(friends) == await source.fetch(friends)
        assert len(await made.fetch(friends)) == 4


async def test_callers_of_the_source_wait_while_its_files_are_copied(source: Place) -> None:
    """They connect while a copy stands before a session that does not go, and none of them meets an error."""
    calling = await asyncpg.connect(**address(source), server_settings={"application_name": "mortise-gateway"})
    waiting: list[asyncio.Task[int]] = []

    async def count() -> int:
        connection = await asyncpg.connect(**address(source), timeout=20)
        try:
            return int(await connection.fetchval("select count(*) from app.t1"))
        finally:
            await connection.close()

    async def rest(_environment: str) -> None:
        if not waiting:
            waiting.extend(asyncio.create_task(count()) for _ in range(3))
        elif not calling.is_closed():
            await calling.close()

    async with cloned(source, rest=rest) as (_, how):
        assert how == "files"
        assert await asyncio.gather(*waiting) == [2, 2, 2]


async def test_a_source_that_is_not_what_the_log_says_is_not_cloned(source: Place) -> None:
    async with source.cluster.connected(source.id) as connection:
        sha = await connection.fetchval("update app._mortise set model_sha = model_sha || 'x' returning model_sha")
    for masks in ((), MASKS):
        async with cloned(source, masks) as (_, how):
            assert isinstance(how, Refusal)
            assert (how.code, sha in how.reason) == (INCONSISTENT, True)
    async with source.cluster.connected(source.id) as connection:
        await connection.execute("update app._mortise set model_sha = left(model_sha, -1)")


def address(place: Place) -> dict[str, Any]:
    dsn = urlsplit(place.cluster._dsn)  # noqa: SLF001 - as the provisioner reaches it
    return {
        "host": dsn.hostname,
        "port": dsn.port,
        "user": dsn.username,
        "password": dsn.password,
        "database": database(place.id),
    }
