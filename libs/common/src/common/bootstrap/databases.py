"""Database, roles, schemas and vault on PostgreSQL 18; safe to run again, by a superuser or a CREATEDB CREATEROLE user.

Every service owns its schema and can see no other; `vault` is shared as `accounts.VAULT` says. Nobody may connect to a
database because he exists: CONNECT is granted by name (DESIGN 5, 8).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from common.bootstrap.accounts import DATABASE, PROVISION, SERVICES, VAULT, account
from common.bootstrap.streams import BootstrapError

OLDEST: Final = 180000

_VAULT_TABLES: Final = """
create table if not exists vault.person_keys (
  person text collate "C" primary key,
  id text collate "C" not null unique,
  wrapped bytea,
  created_at timestamptz(3) not null,
  destroyed_at timestamptz(3)
);
create table if not exists vault.passwords (
  person text collate "C" primary key,
  hash text not null,
  changed_at timestamptz(3) not null
);
"""


def in_database(dsn: str, database: str) -> str:
    """The same server and user, another database."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))


def quoted(text: str) -> str:
    """A string literal; roles and passwords cannot be parameters of DDL."""
    return "'" + text.replace("'", "''") + "'"


async def ensure(dsn: str, passwords: Mapping[str, str]) -> None:
    """All of it stands. Raises BootstrapError when the server is too old or a right is missing."""
    try:
        server = await asyncpg.connect(dsn)
        try:
            await _server(server, passwords)
        finally:
            await server.close()
        database = await asyncpg.connect(in_database(dsn, DATABASE))
        try:
            async with database.transaction():
                await _inside(database)
        finally:
            await database.close()
    except asyncpg.InsufficientPrivilegeError as error:
        raise BootstrapError(
            f"PostgreSQL refused: {error}. The user of MORTISE_POSTGRES_DSN needs CREATEDB and CREATEROLE, and must be "
            f"the one that created the database {DATABASE!r} and the roles mortise_*.",
        ) from error


async def _server(server: asyncpg.Connection, passwords: Mapping[str, str]) -> None:
    version = int(await server.fetchval("show server_version_num"))
    if version < OLDEST:
        raise BootstrapError(
            f"PostgreSQL {await server.fetchval('show server_version')} is too old: 18 or newer is needed. Upgrade it, "
            "or unset MORTISE_POSTGRES_DSN to use the embedded one.",
        )
    # A CREATEROLE user is not a member of what it creates unless it says so, and needs to be to give schemas away.
    await server.execute("set createrole_self_grant = 'set, inherit'")
    known = {row["rolname"] for row in await server.fetch("select rolname from pg_roles")}
    for role in (*(account(service) for service in SERVICES), PROVISION):
        rights = "login createdb createrole" if role == PROVISION else "login nocreatedb nocreaterole"
        act = "alter" if role in known else "create"
        await server.execute(f"{act} role {role} with {rights} password {quoted(passwords[role])}")
    await server.execute(f"alter role {PROVISION} set createrole_self_grant = 'set, inherit'")
    if not await server.fetchval("select true from pg_database where datname = $1", DATABASE):
        await server.execute(
            f"create database {DATABASE} template template0 encoding 'UTF8' locale 'C' "
            "locale_provider builtin builtin_locale 'C.UTF-8'",
        )
    await server.execute(f"revoke connect, temporary on database {DATABASE} from public")
    roles = ", ".join((*(account(service) for service in SERVICES), PROVISION))
    await server.execute(f"grant connect on database {DATABASE} to {roles}")
    await _close_the_others(server)


async def _close_the_others(server: asyncpg.Connection) -> None:
    """Databases that come with the server are open to every role; close those that we may."""
    ours = await server.fetch(
        "select datname from pg_database where datallowconn and datname in ('postgres', 'template1') "
        "and pg_has_role(current_user, datdba, 'usage')",
    )
    for row in ours:
        await server.execute(f"revoke connect, temporary on database {row['datname']} from public")


async def _inside(database: asyncpg.Connection) -> None:
    # Two bootstraps at once would collide on the catalogue.
    await database.execute("select pg_advisory_xact_lock(hashtext('mortise bootstrap'))")
    await database.execute("revoke all on schema public from public")
    for service in SERVICES:
        role = account(service)
        await database.execute(f"create schema if not exists {service} authorization {role}")
        # Where a rebuild replays a read model beside the live one (common.rebuild).
        await database.execute(f"create schema if not exists {service}_scratch authorization {role}")
        await database.execute(f"alter role {role} in database {DATABASE} set search_path = {service}")
    await database.execute("create schema if not exists vault")
    await database.execute(_VAULT_TABLES)
    for table, rights in VAULT.items():
        everyone = ", ".join(account(service) for service in SERVICES)
        await database.execute(f"revoke all on vault.{table} from public, {everyone}")
        for service, verbs in rights.items():
            await database.execute(f"grant {', '.join(verbs)} on vault.{table} to {account(service)}")
    await database.execute(f"grant usage on schema vault to {', '.join(account(service) for service in SERVICES)}")
