"""Environments for the engine: deployed by the provisioner, and spoken to with the rights that a gateway has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from common.sealing import environment_password
from contracts.model import Model, digest, encode
from contracts.names import database
from gateway.engine import Engine, prepare
from provisioner.execute.cluster import Cluster
from tests.support.answering import Client
from tests.support.environments import Place
from tests.support.stack import Stack

SECRET = b"s" * 32

Open = Callable[[Model], Awaitable[Client]]


@asynccontextmanager
async def opening(servers: Stack) -> AsyncIterator[Open]:
    """Deploys a Model to a new environment and gives a client of it, until the end."""
    user, password = servers.account("provision")
    server = urlsplit(servers.postgres_dsn)
    cluster = Cluster(f"postgresql://{user}:{password}@{server.hostname}:{server.port}/mortise", SECRET)
    async with AsyncExitStack() as stack:

        async def opened(model: Model) -> Client:
            place = await Place(cluster).made()
            stack.push_async_callback(place.gone)
            assert await place.deploy(model) is None
            where: dict[str, Any] = {
                "host": server.hostname,
                "port": server.port,
                "user": database(place.id),
                "password": environment_password(SECRET, place.id),
                "database": database(place.id),
            }
            connection = await asyncpg.connect(**where)
            stack.push_async_callback(connection.close)
            return Client(Engine(prepare(model, digest(encode(model)))), connection, where)

        yield opened
