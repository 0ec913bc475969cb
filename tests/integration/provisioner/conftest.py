"""Environments on the real PostgreSQL, reached as the product reaches it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from provisioner.execute.cluster import Cluster
from tests.support.declared import Declarer, declarer
from tests.support.environments import Place
from tests.support.stack import Stack, a_directory

SECRET = b"s" * 32


@pytest.fixture(scope="session")
def provision_dsn(servers: Stack) -> str:
    user, password = servers.account("provision")
    server = urlsplit(servers.postgres_dsn)
    return f"postgresql://{user}:{password}@{server.hostname}:{server.port}/mortise"


@pytest.fixture(scope="session")
def cluster(provision_dsn: str) -> Cluster:
    return Cluster(provision_dsn, SECRET)


@pytest.fixture
async def place(cluster: Cluster) -> AsyncIterator[Place]:
    made = await Place(cluster).made()
    yield made
    await made.gone()


@pytest.fixture
async def places(cluster: Cluster) -> AsyncIterator[Callable[[], Awaitable[Place]]]:
    """As many environments as a test needs."""
    every: list[Place] = []

    async def another() -> Place:
        every.append(await Place(cluster).made())
        return every[-1]

    yield another
    for each in every:
        await each.gone()


@pytest.fixture(scope="package")
def serving() -> Iterator[Stack]:
    """A provisioner that serves, on servers of its own: others answer in its name on the shared ones."""
    with a_directory() as data, Stack(data, services=("provisioner",)) as running:
        yield running


@pytest.fixture(scope="package")
async def registry(serving: Stack) -> AsyncIterator[Declarer]:
    async with declarer(serving.nats_url) as made:
        yield made


@pytest.fixture
def served(serving: Stack) -> Cluster:
    """The server its environments live on."""
    environ = serving.environment("provisioner")
    secret = bytes.fromhex(Path(environ["MORTISE_SECRET_KEY_FILE"]).read_text().strip())
    return Cluster(environ["MORTISE_PROVISION_DSN"], secret)
