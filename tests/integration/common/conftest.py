"""Fixtures of the plumbing's tests: a log, and schemas that nobody else uses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import nats
import pytest
import sqlalchemy as sa
from nats.aio.client import Client

from common.clock import new_id
from common.db import Database
from common.log import Log
from tests.support.brokers import Broker
from tests.support.stack import Stack

NewDatabase = Callable[[], Awaitable[Database]]


@pytest.fixture(scope="session")
async def client(servers: Stack) -> AsyncIterator[Client]:
    client = await nats.connect(servers.nats_url)
    yield client
    await client.close()


@pytest.fixture
def log(client: Client) -> Log:
    return Log(client, "lab")


@pytest.fixture(scope="session")
async def new_database(servers: Stack) -> AsyncIterator[NewDatabase]:
    """Makes a database handle with a schema of its own."""
    dsn = urlsplit(servers.postgres_dsn)._replace(path="/mortise").geturl()
    made: list[Database] = []

    async def make() -> Database:
        database = Database(dsn, f"lab_{new_id().replace('-', '')}")
        made.append(database)
        async with database.transaction() as connection:
            await connection.execute(sa.schema.CreateSchema(database.schema))
        return database

    yield make
    for database in made:
        await database.close()


@pytest.fixture
async def database(new_database: NewDatabase) -> Database:
    return await new_database()


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    broker = Broker(tmp_path)
    await broker.start()
    yield broker
    await broker.stop()
