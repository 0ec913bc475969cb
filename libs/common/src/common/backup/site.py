"""Where the servers are: a stack that runs in a data directory, one whose servers are started here, or the environment.

The environment is that of `common.bootstrap`: MORTISE_NATS_URL and MORTISE_POSTGRES_DSN of users that may do all,
MORTISE_PASSWORD_PROVISION or MORTISE_PROVISION_DSN, MORTISE_SECRET_KEY or MORTISE_SECRET_KEY_FILE, MORTISE_WAL_DIR.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import nats.errors
from nats.aio.client import Client

from common import addresses, settings, variables
from common.errors import BAD_USER_INPUT, SERVICE_UNAVAILABLE, Refused
from common.stream import ApiError

PLATFORM: Final = "mortise"
"""The database of vault and read models (as `bootstrap.accounts` calls it)."""
PROVISION: Final = "mortise_provision"
READY_SECONDS_MAX: Final = 120.0
WORLD: Final = (
    *(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError),
    *(nats.errors.Error, ApiError),
)
"""A disk that is full, a server that goes away or says no: told in one sentence, without a trace of the program."""
_LOOK_SECONDS: Final = 0.05


@dataclass(frozen=True)
class Site:
    """One installation, reached with every right."""

    nats_url: str
    platform_dsn: str
    provision_dsn: str
    secret_key: bytes | None
    wal: Path | None
    data: Path | None = None


def in_database(dsn: str, database: str) -> str:
    """The same server and user, another database."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))


def of_environment(environ: Mapping[str, str]) -> Site:
    """The site that variables name. Raises Refused that names what is missing."""
    key = {name: value for name, value in environ.items() if name.startswith("MORTISE_SECRET_KEY")}
    try:
        environ = variables.read({name: value for name, value in environ.items() if name not in key})
    except OSError as error:
        raise Refused(BAD_USER_INPUT, f"A file that a variable names cannot be read: {error}.") from None
    missing = [name for name in ("MORTISE_NATS_URL", "MORTISE_POSTGRES_DSN") if not environ.get(name)]
    provision, password = environ.get("MORTISE_PROVISION_DSN"), environ.get("MORTISE_PASSWORD_PROVISION")
    if not provision and not password:
        missing.append("MORTISE_PROVISION_DSN or MORTISE_PASSWORD_PROVISION")
    if missing:
        raise Refused(BAD_USER_INPUT, f"Missing: {', '.join(missing)}.", "Or name the stack with --data DIR.")
    dsn = in_database(environ["MORTISE_POSTGRES_DSN"], PLATFORM)
    wal = environ.get("MORTISE_WAL_DIR")
    return Site(
        nats_url=environ["MORTISE_NATS_URL"],
        platform_dsn=dsn,
        provision_dsn=in_database(provision or as_user(dsn, PROVISION, password or ""), PLATFORM),
        secret_key=key_of(key),
        wal=Path(wal) if wal else None,
    )


def of_data(data: Path) -> Site:
    """The stack whose servers run with this data directory. Raises Refused when none do."""
    state, kept = _json(data / "state.json"), _json(data / "kept.json")
    if not state or not kept:
        message = f"No stack runs in {data}."
        hint = "Start it with `mortise up --data DIR`, or name servers with MORTISE_NATS_URL and MORTISE_POSTGRES_DSN."
        raise Refused(SERVICE_UNAVAILABLE, message, hint)
    dsn = in_database(state["postgres_dsn"], PLATFORM)
    return Site(
        nats_url=state["nats_url"],
        platform_dsn=dsn,
        provision_dsn=as_user(dsn, PROVISION, kept["passwords"][PROVISION]),
        secret_key=key_of({"MORTISE_SECRET_KEY_FILE": str(data / "secret.key")}),
        wal=data / "wal",
        data=data,
    )


def key_of(environ: Mapping[str, str]) -> bytes | None:
    """The secret key, when the variables or the file they name have one. Raises Refused when it is none."""
    file = environ.get("MORTISE_SECRET_KEY_FILE")
    if not environ.get("MORTISE_SECRET_KEY") and not (file and Path(file).exists()):
        return None
    try:
        return settings.secret_key(environ)
    except (ValueError, OSError) as error:
        raise Refused(BAD_USER_INPUT, f"The secret key cannot be used: {error}.") from None


def as_user(dsn: str, user: str, password: str) -> str:
    """The same server and database as another role."""
    parts = urlsplit(dsn)
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{parts.netloc.rpartition('@')[2]}"))


@asynccontextmanager
async def connected(site: Site) -> AsyncIterator[Client]:
    """A NATS connection that may do everything. Raises Refused when nobody answers."""
    client = Client()
    try:
        await client.connect(addresses.each(site.nats_url), connect_timeout=5, allow_reconnect=False, error_cb=_nothing)
    except (OSError, nats.errors.Error, TimeoutError) as error:
        message = f"No nats-server answers: {str(error) or type(error).__name__}."
        raise Refused(SERVICE_UNAVAILABLE, message) from None
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def servers(data: Path) -> AsyncIterator[Site]:
    """The servers of a data directory, started without any service and stopped at the end. Raises Refused."""
    words = ("-m", "common.devstack", "--data", str(data), "--port", "0", "--services", "", "--with-parent")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None, "it is a pipe"
    saying = asyncio.create_task(process.stdout.read())
    try:
        await _until_ready(process, data, saying)
        yield of_data(data)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await saying


async def _until_ready(process: asyncio.subprocess.Process, data: Path, saying: asyncio.Task[bytes]) -> None:
    try:
        async with asyncio.timeout(READY_SECONDS_MAX):
            while _json(data / "state.json").get("pids", {}).get("devstack") != process.pid:
                if process.returncode is not None:
                    said = (await saying).decode(errors="replace").strip()
                    raise Refused(SERVICE_UNAVAILABLE, f"The servers of {data} did not start: {said}")
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        message = f"The servers of {data} were not ready after {READY_SECONDS_MAX:.0f} s."
        raise Refused(SERVICE_UNAVAILABLE, message, f"Look into {data}/logs.") from None


def _json(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


async def _nothing(_error: Exception) -> None:
    """The exception that is raised tells it."""
