"""PostgreSQL copied out and in: environments' databases with their roles, and the vault.

A database's name says whose it is, and its role's password follows from the secret key (DESIGN 2.6, 2.12), so that no
password is in a backup. While one is copied nobody deploys to it: the lock is held that the provisioner works under.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg

from common.backup import dumps
from common.backup.files import Target
from common.backup.manifest import Environment
from common.backup.site import in_database
from common.errors import SERVICE_UNAVAILABLE, Refused
from common.sealing import environment_password
from common.sql import ident, literal, sql

CONNECT_SECONDS: Final = 10.0
LOCK_SECONDS: Final = 600
VAULT: Final = "vault"
VAULT_FILE: Final = "vault.dump"
_LOCALE: Final = (
    "select pg_encoding_to_char(encoding) as encoding, datcollate as collate, datctype as ctype, "
    "case datlocprovider when 'b' then 'builtin' when 'i' then 'icu' else 'libc' end as provider, "
    "coalesce(datlocale, '') as locale from pg_database where datname = $1"
)
_ENVIRONMENTS: Final = (
    "select datname as name from pg_database where datname ~ '^env_[0-9a-f]{32}$' "
    "union select rolname from pg_roles where rolname ~ '^env_[0-9a-f]{32}$' order by name"
)
_VAULT_TABLES: Final = "select tablename from pg_tables where schemaname = 'vault' order by tablename"


@dataclass(frozen=True)
class Copy:
    """What was found in an environment's database when it was copied."""

    position: int
    """Of the last fact about the environment at that moment."""
    path: str | None
    """None when there is no database."""
    model_sha: str | None
    step: int
    locale: dict[str, str]


class Locks:
    """The locks under which the provisioner works, held for as long as this session lives."""

    def __init__(self, session: asyncpg.Connection) -> None:
        self._session = session

    @asynccontextmanager
    async def held(self, environments: Iterable[str]) -> AsyncIterator[None]:
        """Nobody deploys to these environments. Raises Refused when one is being deployed to for too long."""
        got: list[str] = []
        try:
            for environment in sorted(environments):
                await self._take(environment)
                got.append(environment)
            yield
        finally:
            for environment in got:
                await self._session.execute("select pg_advisory_unlock(hashtextextended($1, 0))", _key(environment))

    async def _take(self, environment: str) -> None:
        try:
            await self._session.execute("select pg_advisory_lock(hashtextextended($1, 0))", _key(environment))
        except asyncpg.LockNotAvailableError:
            message = f"Environment {environment} has been deployed to for more than {LOCK_SECONDS} s."
            raise Refused(SERVICE_UNAVAILABLE, message, "Back up when the deployment has ended.") from None


@asynccontextmanager
async def locks(provision_dsn: str) -> AsyncIterator[Locks]:
    """A session that can hold the provisioner's locks."""
    session = await asyncpg.connect(provision_dsn, timeout=CONNECT_SECONDS)
    try:
        await session.execute(f"set lock_timeout = '{LOCK_SECONDS}s'")
        yield Locks(session)
    finally:
        await session.close(timeout=CONNECT_SECONDS)


# --- environments -------------------------------------------------------------------------------------------------


def named(environment: str) -> str:
    """The database of an environment, and its role."""
    return f"env_{uuid.UUID(environment).hex}"


async def copy_out(provision_dsn: str, environment: str, position: int, target: Target) -> Copy:
    """An environment's database as it is now; the caller holds its lock."""
    database = named(environment)
    dsn = in_database(provision_dsn, database)
    try:
        connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    except asyncpg.InvalidCatalogNameError:
        return Copy(position, None, None, 0, {})
    try:
        held = await connection.fetchrow("select model_sha, step from app._mortise")
        locale = await connection.fetchrow(_LOCALE, database)
    finally:
        await connection.close(timeout=CONNECT_SECONDS)
    assert held is not None, "_mortise has one row from birth"
    assert locale is not None, "we are connected to it"
    path = f"environments/{database}.dump"
    with target.file(path) as sink:
        await dumps.dump(dsn, sink, ("--no-comments",))
    return Copy(position, path, held["model_sha"], held["step"], dict(locale))


async def copy_in(provision_dsn: str, environment: Environment, directory: Path, secret_key: bytes) -> None:
    """Role and database as the provisioner makes them, with the rows of the backup; then a look through the role."""
    assert environment.path is not None, "there is a database to restore"
    name, locale = environment.database, environment.locale
    server = await asyncpg.connect(provision_dsn, timeout=CONNECT_SECONDS)
    secret = environment_password(secret_key, environment.environment)
    role = "create role {role} with login noinherit nosuperuser nocreatedb nocreaterole password {secret}"
    made = "create database {name} template template0 encoding {encoding} locale_provider {provider} "
    made += "lc_collate {collate} lc_ctype {ctype} "
    made += "" if locale["provider"] == "libc" else f"{locale['provider']}_locale {{locale}}"
    parts = {key: literal(locale[key]) for key in ("encoding", "provider", "collate", "ctype", "locale")}
    try:
        await server.execute("set createrole_self_grant = 'set, inherit'")
        await server.execute(sql(role, role=ident(name), secret=literal(secret)).text)
        await server.execute(sql("alter role {role} set search_path = app", role=ident(name)).text)
        await server.execute(sql(made, name=ident(name), **parts).text)
        await server.execute(sql("revoke connect, temporary on database {name} from public", name=ident(name)).text)
        opened = sql("grant connect on database {name} to {role}", name=ident(name), role=ident(name))
        await server.execute(opened.text)
    finally:
        await server.close(timeout=CONNECT_SECONDS)
    dsn = in_database(provision_dsn, name)
    inside = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    try:
        await inside.execute("drop schema public")
    finally:
        await inside.close(timeout=CONNECT_SECONDS)
    await dumps.load(dsn, directory / environment.path, ("--no-owner",))
    await _measure(dsn)
    await _look(dsn, environment, secret)


async def _measure(dsn: str) -> None:
    """Without figures of its tables a fresh database is slow until the server visits it by itself."""
    connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    try:
        await connection.execute("analyze")
    finally:
        await connection.close(timeout=CONNECT_SECONDS)


async def _look(dsn: str, environment: Environment, secret: str) -> None:
    """As its role the environment shows what the backup says: the key is the right one."""
    name = environment.database
    connection = await asyncpg.connect(dsn, user=name, password=secret, timeout=CONNECT_SECONDS)
    try:
        held = await connection.fetchrow("select model_sha, step from app._mortise")
    finally:
        await connection.close(timeout=CONNECT_SECONDS)
    if held is None or (held["model_sha"], held["step"]) != (environment.model_sha, environment.step):
        message = f"{name} holds {held}, the backup says {environment.model_sha}, step {environment.step}."
        raise Refused(SERVICE_UNAVAILABLE, message)


async def environments(provision_dsn: str) -> list[str]:
    """Databases and roles on the server that are an environment's."""
    server = await asyncpg.connect(provision_dsn, timeout=CONNECT_SECONDS)
    try:
        return [row["name"] for row in await server.fetch(_ENVIRONMENTS)]
    finally:
        await server.close(timeout=CONNECT_SECONDS)


def _key(environment: str) -> str:
    """What the provisioner calls the lock of an environment."""
    return f"mortise environment {environment}"


# --- the vault ----------------------------------------------------------------------------------------------------


async def vault_out(platform_dsn: str, target: Target) -> str:
    """The rows of the schema `vault`, still sealed; the path of their file."""
    with target.file(VAULT_FILE) as sink:
        await dumps.dump(platform_dsn, sink, (f"--schema={VAULT}", "--data-only"))
    return VAULT_FILE


async def vault_in(platform_dsn: str, file: Path) -> None:
    """The rows into tables that bootstrap has made."""
    await dumps.load(platform_dsn, file, ("--data-only",))


async def vault_rows(platform_dsn: str) -> int:
    """How many rows the vault holds."""
    connection = await asyncpg.connect(platform_dsn, timeout=CONNECT_SECONDS)
    try:
        tables = [row["tablename"] for row in await connection.fetch(_VAULT_TABLES)]
        counts = [sql("select count(*) from {table}", table=ident(VAULT, table)) for table in tables]
        return sum([int(await connection.fetchval(count.text)) for count in counts])
    finally:
        await connection.close(timeout=CONNECT_SECONDS)


async def version(platform_dsn: str) -> str:
    """Version of the server."""
    connection = await asyncpg.connect(platform_dsn, timeout=CONNECT_SECONDS)
    try:
        return str(await connection.fetchval("show server_version"))
    finally:
        await connection.close(timeout=CONNECT_SECONDS)
