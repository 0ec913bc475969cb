"""The PostgreSQL server that environments live on: their databases and roles, made and removed, each act repeatable.

An environment's database is a copy of a template database that has everything of `domain.birth`. A name derives from
the environment's id, so whatever has such a name is that environment's, whoever was interrupted while making it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import inf
from typing import Final

import asyncpg

from common.sealing import environment_password
from common.sql import Sql, ident, literal, sql
from contracts.names import database, environment_of_endpoint
from provisioner.domain import birth
from provisioner.execute.passwords import verifier

CONNECT_SECONDS: Final = 10.0
COMMAND_SECONDS: Final = 60.0
OLDEST: Final = 180000
NAME: Final = re.compile(r"env_([0-9a-f]{32})")

WORLD: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.ObjectInUseError,
    asyncpg.PostgresIOError,
)
"""A server that is down, full or going away: the same act may succeed later."""


@dataclass(frozen=True, slots=True)
class Found:
    """Environments that have a database or a role on the server."""

    databases: frozenset[str]
    roles: frozenset[str]


class Cluster:
    """One server, reached as a user that may create databases and roles."""

    def __init__(self, dsn: str, secret_key: bytes) -> None:
        self._dsn = dsn
        self._secret_key = secret_key
        self._template: str | None = None
        self.slow_files: tuple[float, float] = (inf, 0.0)
        """A database of so many bytes took too long to copy, and until when on the loop's clock that counts."""

    @asynccontextmanager
    async def connected(self, environment: str | None = None) -> AsyncIterator[asyncpg.Connection]:
        """A connection to an environment's database, or to the server as such."""
        settings = {"application_name": "mortise-provisioner", "search_path": "pg_catalog", "timezone": "UTC"}
        settings["createrole_self_grant"] = "set, inherit"
        connection = await asyncpg.connect(
            self._dsn,
            database=database(environment) if environment else None,
            timeout=CONNECT_SECONDS,
            command_timeout=COMMAND_SECONDS,
            server_settings=settings,
        )
        try:
            yield connection
        finally:
            # A connection that broke has nothing to say goodbye to.
            connection.terminate() if connection.is_closed() else await connection.close(timeout=CONNECT_SECONDS)

    @asynccontextmanager
    async def alone(self, environment: str) -> AsyncIterator[asyncpg.Connection | None]:
        """A connection to the server while no other process works on the environment; None when one does."""
        async with self.connected() as connection:
            key = f"mortise environment {environment}"
            got = await connection.fetchval("select pg_try_advisory_lock(hashtextextended($1, 0))", key)
            yield connection if got else None

    async def ensure(self, server: asyncpg.Connection, environment: str) -> None:
        """Role and database stand, and nobody but the role may connect."""
        name = database(environment)
        await self._role(server, environment, name)
        state = await server.fetchrow("select datallowconn from pg_database where datname = $1", name)
        if state is not None and state["datallowconn"]:
            return
        if state is None:
            await self._copy(server, name)
        # Closed until here: a database is open to everybody from its creation, whatever its template says.
        await _run(server, sql("revoke connect, temporary on database {name} from public", name=ident(name)))
        await _run(server, sql("grant connect on database {name} to {role}", name=ident(name), role=ident(name)))
        await _run(server, sql("alter database {name} with allow_connections true", name=ident(name)))

    async def copied(self, server: asyncpg.Connection, environment: str, source: str, seconds: float) -> None:
        """Role, and a copy of the files of another environment's database; nobody but us may connect until `admitted`.

        Whoever connects to the source meanwhile waits. Raises QueryCanceledError when it takes longer than `seconds`,
        ObjectInUseError when somebody stays connected to the source.
        """
        name = database(environment)
        await self._role(server, environment, name)
        await self._files_shared(server)
        await self._written(server, name)
        await server.execute(f"set statement_timeout = {round(seconds * 1000)}")
        made = "create database {name} template {source} strategy file_copy allow_connections false"
        try:
            await _run(server, sql(made, name=ident(name), source=ident(database(source))))
        finally:
            if not server.is_closed():
                await server.execute("reset statement_timeout")
        await _run(server, sql("revoke connect, temporary on database {name} from public", name=ident(name)))
        await _run(server, sql("alter database {name} with allow_connections true", name=ident(name)))

    async def admitted(self, server: asyncpg.Connection, environment: str) -> None:
        """The environment's role may connect."""
        name = ident(database(environment))
        await _run(server, sql("grant connect on database {name} to {role}", name=name, role=name))

    async def remove(self, server: asyncpg.Connection, environment: str) -> None:
        """Database and role are gone, with whoever is connected."""
        name = database(environment)
        if await _has_role(server, name):
            # To end the role's sessions takes membership, which its creator may give itself.
            await _run(server, sql("grant {name} to current_user with inherit true", name=ident(name)))
        try:
            await _run(server, sql("drop database if exists {name} with (force)", name=ident(name)))
        except asyncpg.InsufficientPrivilegeError:
            # A process of the server's own is in it, which is nobody's to end: this asks it to leave, and waits.
            await _run(server, sql("drop database if exists {name}", name=ident(name)))
        await _run(server, sql("drop role if exists {name}", name=ident(name)))

    async def found(self) -> Found:
        """Every environment that has left something on the server."""
        async with self.connected() as server:
            databases = await server.fetch("select datname as name from pg_database")
            roles = await server.fetch("select rolname as name from pg_roles")
        return Found(_environments(databases), _environments(roles))

    async def check(self) -> str | None:
        """Why the server is not fit for environments; None when it is."""
        async with self.connected() as server:
            version = int(await server.fetchval("show server_version_num"))
            rights = await server.fetchrow(
                "select rolcreatedb or rolsuper as databases, rolcreaterole or rolsuper as roles "
                "from pg_roles where rolname = current_user"
            )
        if version < OLDEST:
            return f"PostgreSQL {version // 10000} is too old for environments: 18 or newer is needed"
        assert rights is not None, "the current user is a role"
        if not (rights["databases"] and rights["roles"]):
            return "the user of MORTISE_PROVISION_DSN needs CREATEDB and CREATEROLE"
        return None

    async def prepare(self) -> None:
        """The template stands, so that the first environment does not wait for it."""
        async with self.connected() as server:
            await self._prepared(server)

    async def _role(self, server: asyncpg.Connection, environment: str, name: str) -> None:
        if await _has_role(server, name):
            return
        secret = literal(verifier(name, environment_password(self._secret_key, environment)))
        async with server.transaction():
            made = "create role {role} with login noinherit nosuperuser nocreatedb nocreaterole password {secret}"
            await _run(server, sql(made, role=ident(name), secret=secret))
            await _run(server, sql("alter role {role} set search_path = app", role=ident(name)))

    async def _copy(self, server: asyncpg.Connection, name: str) -> None:
        copied = "create database {name} template {template} strategy wal_log allow_connections false"
        template = await self._prepared(server)
        try:
            await _run(server, sql(copied, name=ident(name), template=ident(template)))
        except asyncpg.InvalidCatalogNameError:
            self._template = None
            template = await self._prepared(server)
            await _run(server, sql(copied, name=ident(name), template=ident(template)))

    async def _files_shared(self, server: asyncpg.Connection) -> None:
        """Copies of files share their blocks, where server and file system can do that."""
        try:
            await server.execute("set file_copy_method = clone")
        except asyncpg.InvalidParameterValueError:
            await server.execute("set file_copy_method = copy")

    async def _written(self, server: asyncpg.Connection, name: str) -> None:
        """What is still in memory is written now, while nobody waits for it: a copy of files begins with that.

        The making of any database from files does it, and takes no right that we might not have.
        """
        empty = "create database {name} template template0 strategy file_copy allow_connections false"
        await _run(server, sql(empty, name=ident(name)))
        await _run(server, sql("drop database {name}", name=ident(name)))

    async def _prepared(self, server: asyncpg.Connection) -> str:
        """The name of the template, which is finished when it is marked as one."""
        if self._template is not None:
            return self._template
        name = birth.named()
        key = "mortise environment template"
        await server.execute("select pg_advisory_lock(hashtextextended($1, 0))", key)
        try:
            done = await server.fetchval("select datistemplate from pg_database where datname = $1", name)
            if not done:
                await self._make_template(server, name)
        finally:
            if not server.is_closed():
                await server.execute("select pg_advisory_unlock(hashtextextended($1, 0))", key)
        self._template = name
        return name

    async def _make_template(self, server: asyncpg.Connection, name: str) -> None:
        await _run(server, sql("drop database if exists {name} with (force)", name=ident(name)))
        await _run(
            server,
            sql(
                "create database {name} template template0 encoding 'UTF8' locale 'C' "
                "locale_provider builtin builtin_locale 'PG_UNICODE_FAST'",
                name=ident(name),
            ),
        )
        await _run(server, sql("revoke all on database {name} from public", name=ident(name)))
        inside = await asyncpg.connect(
            self._dsn, database=name, timeout=CONNECT_SECONDS, command_timeout=COMMAND_SECONDS
        )
        try:
            async with inside.transaction():
                for statement in birth.STATEMENTS:
                    await _run(inside, statement)
        finally:
            await inside.close(timeout=CONNECT_SECONDS)
        await _run(server, sql("alter database {name} with allow_connections false is_template true", name=ident(name)))


async def _run(connection: asyncpg.Connection, statement: Sql) -> None:
    await connection.execute(statement.text)


async def _has_role(server: asyncpg.Connection, name: str) -> bool:
    return bool(await server.fetchval("select exists (select from pg_roles where rolname = $1)", name))


def _environments(rows: list[asyncpg.Record]) -> frozenset[str]:
    matches = (NAME.fullmatch(row["name"]) for row in rows)
    found = (environment_of_endpoint(match[1]) for match in matches if match)
    return frozenset(each for each in found if each)
