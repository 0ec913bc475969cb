"""The one-shot that makes everything a service needs before it starts; run it as often as you like.

    python -m common.bootstrap               make it so, on MORTISE_NATS_URL and MORTISE_POSTGRES_DSN
    python -m common.bootstrap passwords     print fresh secrets as KEY=value lines, for an .env file
    python -m common.bootstrap nats-config   print the nats-server configuration with all accounts

Passwords come from MORTISE_PASSWORD_<ACCOUNT>. MORTISE_NATS_URL may carry a user that makes streams, else it is
`mortise_admin`; MORTISE_POSTGRES_DSN names a user with CREATEDB and CREATEROLE.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

import asyncpg
import nats
from nats.aio.client import Client

from common.bootstrap import accounts, databases, streams
from common.bootstrap.streams import BootstrapError

WAIT_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.1


@dataclass(frozen=True)
class Wanted:
    """What a run needs to know."""

    nats_url: str
    postgres_dsn: str
    passwords: Mapping[str, str]
    replicas: int = 1
    server_name: str | None = None
    """The name the NATS server must answer with: proof that it is not somebody else's on a reused port."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """From the environment. Raises BootstrapError that names what is missing."""
        missing = [name for name in ("MORTISE_NATS_URL", "MORTISE_POSTGRES_DSN") if not environ.get(name)]
        if missing:
            raise BootstrapError(f"missing: {', '.join(missing)}")
        try:
            passwords = accounts.passwords_from(environ)
        except LookupError as error:
            raise BootstrapError(
                f"{error.args[0]}. `python -m common.bootstrap passwords` prints fresh ones."
            ) from None
        return cls(
            nats_url=environ["MORTISE_NATS_URL"],
            postgres_dsn=environ["MORTISE_POSTGRES_DSN"],
            passwords=passwords,
            replicas=int(environ.get("MORTISE_NATS_REPLICAS", "1")),
            server_name=environ.get("MORTISE_NATS_SERVER_NAME") or None,
        )


async def bootstrap(wanted: Wanted) -> None:
    """Streams, buckets, database, roles, schemas and vault stand. Raises BootstrapError."""
    await asyncio.gather(_on_nats(wanted), _on_postgres(wanted))


async def _on_nats(wanted: Wanted) -> None:
    admin = await _connected(wanted)
    try:
        name = admin._server_info.get("server_name")  # noqa: SLF001 - nats-py has no public door to the server's INFO
        if wanted.server_name and name != wanted.server_name:
            raise BootstrapError(f"Another NATS server answers at {bare(wanted.nats_url)}: {name!r}")
        await streams.ensure(admin, wanted.replicas)
    finally:
        await admin.close()
    await asyncio.gather(*(_can_log_in(wanted, service) for service in accounts.SERVICES))


async def _connected(wanted: Wanted) -> Client:
    given = urlsplit(wanted.nats_url).username is not None
    credentials = {} if given else {"user": accounts.ADMIN, "password": wanted.passwords[accounts.ADMIN]}
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        try:
            return await nats.connect(
                wanted.nats_url, allow_reconnect=False, connect_timeout=2, error_cb=_quiet, **credentials
            )
        except (OSError, nats.errors.Error, TimeoutError) as error:
            if "authorization" in str(error).lower():
                raise BootstrapError(_unknown_user(wanted, credentials.get("user", "the user in the URL"))) from error
            if asyncio.get_running_loop().time() > deadline:
                raise BootstrapError(f"No NATS server answers at {bare(wanted.nats_url)}: {error}") from error
        await asyncio.sleep(_PAUSE_SECONDS)


async def _can_log_in(wanted: Wanted, service: str) -> None:
    user = accounts.account(service)
    try:
        client = await nats.connect(
            bare(wanted.nats_url),
            user=user,
            password=wanted.passwords[user],
            allow_reconnect=False,
            error_cb=_quiet,
        )
    except nats.errors.Error as error:
        raise BootstrapError(_unknown_user(wanted, user)) from error
    await client.close()


def _unknown_user(wanted: Wanted, user: str) -> str:
    return (
        f"The NATS server at {bare(wanted.nats_url)} refuses {user}. Give it the accounts that "
        "`python -m common.bootstrap nats-config` prints, with the same MORTISE_PASSWORD_* variables."
    )


async def _quiet(_: Exception) -> None:
    """Connection errors are raised where they happen; nats-py would print them as well."""


async def _on_postgres(wanted: Wanted) -> None:
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        try:
            await databases.ensure(wanted.postgres_dsn, wanted.passwords)
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError) as error:
            if asyncio.get_running_loop().time() > deadline:
                where = urlsplit(wanted.postgres_dsn).netloc.rpartition("@")[2]
                raise BootstrapError(f"No PostgreSQL server answers at {where}: {error}") from error
        except asyncpg.InvalidAuthorizationSpecificationError as error:
            raise BootstrapError(f"PostgreSQL refused the user of MORTISE_POSTGRES_DSN: {error}") from error
        else:
            return
        await asyncio.sleep(_PAUSE_SECONDS)


def bare(url: str) -> str:
    """The URL without user and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _fresh_secrets() -> str:
    """Every secret of an installation as KEY=value lines."""
    lines = {accounts.password_variable(name): value for name, value in accounts.fresh_passwords().items()}
    lines["MORTISE_PASSWORD_POSTGRES"] = secrets.token_hex(32)
    lines["MORTISE_SECRET_KEY"] = secrets.token_hex(32)
    lines["MORTISE_OPERATOR_PASSWORD"] = secrets.token_urlsafe(18)
    lines["MORTISE_OPERATOR_TOKEN"] = f"pfy_{secrets.token_urlsafe(32)}"
    return "\n".join(f"{name}={value}" for name, value in lines.items())


def _nats_config(environ: Mapping[str, str]) -> str:
    server = accounts.NatsServer(
        name=environ.get("MORTISE_NATS_SERVER_NAME") or "mortise",
        listen="0.0.0.0:4222",
        monitor="0.0.0.0:8222",
        store=environ.get("MORTISE_NATS_STORE") or "/data",
    )
    return accounts.nats_config(server, accounts.passwords_from(environ))


def main(arguments: list[str]) -> int:
    """The exit code: 0 when everything stands, 1 with one sentence on stderr otherwise."""
    try:
        match arguments:
            case []:
                asyncio.run(bootstrap(Wanted.read(os.environ)))
            case ["passwords"]:
                print(_fresh_secrets())
            case ["nats-config"]:
                print(_nats_config(os.environ), end="")
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except (BootstrapError, LookupError) as error:
        print(f"bootstrap: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
