"""The one-shot that makes everything a service needs before it starts; run it as often as you like.

    python -m common.bootstrap               make it so, on MORTISE_NATS_URL and MORTISE_POSTGRES_DSN
    python -m common.bootstrap passwords     print fresh secrets as KEY=value lines
    python -m common.bootstrap secrets DIR   write fresh secrets, a file for each, into a new directory
    python -m common.bootstrap nats-config   print the nats-server configuration with all accounts
    python -m common.bootstrap nats-configs DIR   write one for every server of MORTISE_NATS_URL: DIR/<host>.conf

Passwords come from MORTISE_PASSWORD_<ACCOUNT>, or from the files that MORTISE_PASSWORD_<ACCOUNT>_FILE name.
MORTISE_NATS_URL has one address, or those of a cluster with commas between, and may carry a user that makes streams,
else it is `mortise_admin`; MORTISE_NATS_REPLICAS is how many servers keep each stream (1). MORTISE_POSTGRES_DSN names
a user with CREATEDB and CREATEROLE.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

import asyncpg
import nats
from nats.aio.client import Client

from common import addresses, variables
from common.addresses import bare
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
        environ = _variables(environ)
        missing = [name for name in ("MORTISE_NATS_URL", "MORTISE_POSTGRES_DSN") if not environ.get(name)]
        if missing:
            raise BootstrapError(f"missing: {', '.join(missing)}")
        if not addresses.each(environ["MORTISE_NATS_URL"]):
            raise BootstrapError(f"MORTISE_NATS_URL names no server: {environ['MORTISE_NATS_URL']!r}")
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
            replicas=_replicas(environ),
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
    given = addresses.has_user(wanted.nats_url)
    credentials = {} if given else {"user": accounts.ADMIN, "password": wanted.passwords[accounts.ADMIN]}
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        try:
            return await _client(wanted.nats_url, credentials)
        except (OSError, nats.errors.Error, TimeoutError) as error:
            if "authorization" in str(error).lower():
                raise BootstrapError(_unknown_user(wanted, credentials.get("user", "the user in the URL"))) from error
            if asyncio.get_running_loop().time() > deadline:
                raise BootstrapError(f"No NATS server answers at {bare(wanted.nats_url)}: {error}") from error
        await asyncio.sleep(_PAUSE_SECONDS)


async def _client(urls: str, credentials: Mapping[str, str]) -> Client:
    """A connection to the first server that answers. Raises what the last one that does not says."""
    problem: Exception | None = None
    for url in addresses.each(urls):
        try:
            return await nats.connect(url, allow_reconnect=False, connect_timeout=2, error_cb=_quiet, **credentials)
        except (OSError, nats.errors.Error, TimeoutError) as error:
            problem = error
    assert problem is not None, "there is an address"
    raise problem


async def _can_log_in(wanted: Wanted, service: str) -> None:
    user = accounts.account(service)
    try:
        client = await _client(bare(wanted.nats_url), {"user": user, "password": wanted.passwords[user]})
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


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    try:
        return variables.read(environ)
    except OSError as error:
        raise BootstrapError(f"A file that a variable names cannot be read: {error}") from error


def _replicas(environ: Mapping[str, str]) -> int:
    """How many servers keep each stream. Raises BootstrapError for what is no such number."""
    text = environ.get("MORTISE_NATS_REPLICAS") or "1"
    if text not in ("1", "3", "5"):
        raise BootstrapError(f"MORTISE_NATS_REPLICAS must be 1, 3 or 5, not {text!r}.")
    return int(text)


def _fresh_secrets() -> dict[str, str]:
    """Every secret of an installation by the name of its variable."""
    found = {accounts.password_variable(name): value for name, value in accounts.fresh_passwords().items()}
    found["MORTISE_PASSWORD_POSTGRES"] = secrets.token_hex(32)
    found["MORTISE_PASSWORD_SUPERUSER"] = secrets.token_hex(32)
    found["MORTISE_SECRET_KEY"] = secrets.token_hex(32)
    found["MORTISE_OPERATOR_PASSWORD"] = secrets.token_urlsafe(18)
    found["MORTISE_OPERATOR_TOKEN"] = f"pfy_{secrets.token_urlsafe(32)}"
    return found


def _write_secrets(folder: Path) -> None:
    """One file for each secret. Only the directory is closed to others: in a container its user is another.

    Raises BootstrapError when the directory is there already: what was made with the old secrets needs them.
    """
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise BootstrapError(f"{folder} cannot be made: {error.strerror}. Remove it first if you mean it.") from error
    for name, value in _fresh_secrets().items():
        file = folder / name.removeprefix("MORTISE_").lower()
        file.write_text(f"{value}\n")
        file.chmod(0o444)


def _nats_config(environ: Mapping[str, str]) -> str:
    server = accounts.NatsServer(
        name=environ.get("MORTISE_NATS_SERVER_NAME") or "mortise",
        listen="0.0.0.0:4222",
        monitor="0.0.0.0:8222",
        store=environ.get("MORTISE_NATS_STORE") or "/data",
    )
    return accounts.nats_config(server, accounts.passwords_from(_variables(environ)))


def _write_nats_configs(environ: Mapping[str, str], folder: Path) -> None:
    """The configuration of every server that MORTISE_NATS_URL names; of more than one, those of a cluster."""
    known = accounts.passwords_from(_variables(environ))
    hosts = [urlsplit(url).hostname or "" for url in addresses.each(environ.get("MORTISE_NATS_URL", ""))]
    if not hosts or not all(hosts) or len(set(hosts)) < len(hosts):
        raise BootstrapError("MORTISE_NATS_URL must name every server once, such as nats://nats-1:4222,...")
    alone = len(hosts) == 1
    for host in hosts:
        server = accounts.NatsServer(
            name=host,
            listen="0.0.0.0:4222",
            monitor="0.0.0.0:8222",
            store=environ.get("MORTISE_NATS_STORE") or "/data",
            cluster="" if alone else "0.0.0.0:6222",
            others=() if alone else tuple(f"{other}:6222" for other in hosts),
        )
        file = folder / f"{host}.conf"
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(accounts.nats_config(server, known))


def main(arguments: list[str]) -> int:
    """The exit code: 0 when everything stands, 1 with one sentence on stderr otherwise."""
    try:
        match arguments:
            case []:
                asyncio.run(bootstrap(Wanted.read(os.environ)))
            case ["passwords"]:
                print("\n".join(f"{name}={value}" for name, value in _fresh_secrets().items()))
            case ["secrets", folder]:
                _write_secrets(Path(folder))
            case ["nats-config"]:
                print(_nats_config(os.environ), end="")
            case ["nats-configs", folder]:
                _write_nats_configs(os.environ, Path(folder))
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except (BootstrapError, LookupError) as error:
        print(f"bootstrap: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
