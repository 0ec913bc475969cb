"""Bootstrap makes what is missing, repairs what was changed, and refuses servers that would lose what we rely on."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import nats
import pytest
from nats.aio.client import Client

from common.bootstrap import accounts, databases, streams
from common.bootstrap.streams import BootstrapError
from tests.support.brokers import Broker
from tests.support.stack import a_directory

POSTGRES_15: Final = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    with a_directory() as folder:
        broker = Broker(folder)
        try:
            await broker.start()
            yield broker
        finally:
            await broker.stop()


async def asked(client: Client, request: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = await client.request(f"$JS.API.{request}", json.dumps(body).encode() if body else b"")
    answered: dict[str, Any] = json.loads(answer.data)
    return answered


async def test_a_changed_stream_is_brought_back_to_what_was_promised(broker: Broker) -> None:
    client = await broker.client()
    held = (await asked(client, "STREAM.INFO.LOGS"))["config"]
    await asked(client, "STREAM.UPDATE.LOGS", {**held, "max_age": 3600 * 10**9})

    await streams.ensure(client, replicas=1)

    assert (await asked(client, "STREAM.INFO.LOGS"))["config"] == held


async def test_a_stream_that_cannot_be_what_was_promised_is_named(broker: Broker) -> None:
    client = await broker.client()
    held = (await asked(client, "STREAM.INFO.RUNS"))["config"]
    await asked(client, "STREAM.DELETE.RUNS")
    await asked(client, "STREAM.CREATE.RUNS", {**held, "storage": "memory"})

    with pytest.raises(BootstrapError, match="RUNS"):
        await streams.ensure(client, replicas=1)


@asynccontextmanager
async def an_old_nats_server() -> AsyncIterator[str]:
    """Speaks as much of the protocol as a client needs to connect, and says that it is version 2.9."""
    info = {
        "server_id": "old",
        "version": "2.9.10",
        "proto": 1,
        "max_payload": 1 << 20,
        "headers": True,
        "jetstream": True,
    }

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"INFO " + json.dumps(info).encode() + b"\r\n")
        while line := await reader.readline():
            if line.startswith(b"PING"):
                writer.write(b"PONG\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield "nats://{}:{}".format(*server.sockets[0].getsockname())


async def test_an_old_nats_server_is_refused_with_the_version_that_is_needed() -> None:
    async with an_old_nats_server() as url:
        client = await nats.connect(url)
        try:
            with pytest.raises(BootstrapError, match=r"2\.9\.10 is too old.*2\.14 or newer"):
                await streams.ensure(client, replicas=1)
        finally:
            await client.close()


@pytest.fixture
def an_old_postgres() -> Iterator[str]:
    """PostgreSQL 15 on a socket of its own."""
    with a_directory() as folder:
        user: dict[str, Any] = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}
        if user:
            shutil.chown(folder, **user)
        data = folder / "data"
        subprocess.run(
            [POSTGRES_15 / "initdb", "-D", data, "-U", "old", "-A", "trust", "-N"],
            check=True,
            capture_output=True,
            cwd="/",
            **user,
        )
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        subprocess.run(
            [POSTGRES_15 / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"],
            check=True,
            capture_output=True,
            cwd="/",
            **user,
        )
        try:
            yield f"postgresql://old@/postgres?host={folder}"
        finally:
            subprocess.run(
                [POSTGRES_15 / "pg_ctl", "-D", data, "-m", "immediate", "stop"],
                check=True,
                capture_output=True,
                cwd="/",
                **user,
            )


@pytest.mark.skipif(not POSTGRES_15.exists(), reason="no old PostgreSQL on this machine")
async def test_an_old_postgresql_is_refused_with_the_version_that_is_needed(an_old_postgres: str) -> None:
    with pytest.raises(BootstrapError, match=r"PostgreSQL 15.* is too old: 18 or newer"):
        await databases.ensure(an_old_postgres, accounts.fresh_passwords())
