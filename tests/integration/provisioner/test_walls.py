"""An environment's role reads and writes the rows of its own environment, and can do nothing else anywhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import asyncpg
import pytest

from common.sealing import environment_password
from contracts.names import database
from provisioner.domain import birth
from provisioner.execute.cluster import Cluster
from tests.support.environments import Place
from tests.support.stack import Stack

SECRET = b"s" * 32
TEXT = "type Note @model { id: ID! @isUnique text: String }"

Places = Callable[[], Awaitable[Place]]


@pytest.fixture
async def place(ground: dict[str, Place]) -> Place:
    return await ground["at once"].emptied()


async def as_role(servers: Stack, place: Place, into: str) -> asyncpg.Connection:
    server = urlsplit(servers.postgres_dsn)
    return await asyncpg.connect(
        host=server.hostname,
        port=server.port,
        user=database(place.id),
        password=environment_password(SECRET, place.id),
        database=into,
    )


async def test_the_role_reads_and_writes_rows_of_its_environment(servers: Stack, place: Place) -> None:
    await place.deploy(TEXT)
    role = await as_role(servers, place, database(place.id))
    try:
        await role.execute("insert into t1 (id, created_at, updated_at, c2) values ('n', now(), now(), 'Ä')")
        assert await role.fetchval("select app.fold(c2) from t1") == "a"
        assert await role.execute("update t1 set c2 = 'b'") == "UPDATE 1"
        assert await role.fetchval("select count(*) from _mortise") == 1
        assert await role.execute("delete from t1") == "DELETE 1"
    finally:
        await role.close()


async def test_the_role_can_log_in_nowhere_else(servers: Stack, places: Places, cluster: Cluster) -> None:
    place, other = await places(), await places()
    await cluster.prepare()

    for elsewhere in ("mortise", "postgres", "template1", database(other.id), birth.named()):
        with pytest.raises(asyncpg.PostgresError) as refused:
            await as_role(servers, place, elsewhere)
        assert refused.value.sqlstate in {"42501", "55000"}, elsewhere


@pytest.mark.parametrize(
    "statement",
    [
        "create table app.mine (id int)",
        "create table mine (id int)",
        "create temporary table mine (id int)",
        "create schema mine",
        "create function app.mine() returns int language sql return 1",
        "create extension citext",
        "alter table app.t1 add column mine int",
        "drop table app.t1",
        "truncate app.t1",
        "create index on app.t1 (id)",
        "update app._mortise set model_sha = 'mine'",
        "delete from app._mortise",
        "select * from trash.t1",
        "create role mine",
        "create database mine",
        "alter role current_user superuser",
        "set role mortise_provision",
        "copy app.t1 to program 'true'",
        "select pg_read_file('postgresql.conf')",
        "select rolpassword from pg_authid",
    ],
)
async def test_the_role_makes_and_changes_nothing_but_rows(servers: Stack, place: Place, statement: str) -> None:
    await place.deploy(TEXT)
    role = await as_role(servers, place, database(place.id))
    try:
        with pytest.raises(
            (asyncpg.InsufficientPrivilegeError, asyncpg.InvalidSchemaNameError, asyncpg.SyntaxOrAccessError)
        ):
            await role.execute(statement)
    finally:
        await role.close()


async def test_a_wrong_password_opens_nothing(servers: Stack, places: Places) -> None:
    place, other = await places(), await places()
    server = urlsplit(servers.postgres_dsn)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(
            host=server.hostname,
            port=server.port,
            user=database(place.id),
            password=environment_password(SECRET, other.id),
            database=database(place.id),
        )


async def test_an_environment_that_is_being_made_is_closed_to_everybody(servers: Stack, cluster: Cluster) -> None:
    place = Place(cluster)
    name = database(place.id)
    async with cluster.connected() as server:
        await cluster._role(server, place.id, name)  # noqa: SLF001 - the moment between two acts of `ensure`
        await cluster._copy(server, name)  # noqa: SLF001 - the same
        with pytest.raises(asyncpg.PostgresError):
            await as_role(servers, place, name)
        await cluster.ensure(server, place.id)
    role = await as_role(servers, place, name)
    await role.close()
    await place.gone()
