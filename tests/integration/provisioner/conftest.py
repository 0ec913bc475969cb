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
from tests.support.town import PEOPLE, ROWS, filled

SECRET = b"s" * 32


@pytest.fixture(scope="session")
def provision_dsn(servers: Stack) -> str:
    user, password = servers.account("provision")
    server = urlsplit(servers.postgres_dsn)
    return f"postgresql://{user}:{password}@{server.hostname}:{server.port}/mortise"


@pytest.fixture(scope="session")
def cluster(provision_dsn: str) -> Cluster:
    return Cluster(provision_dsn, SECRET)


@pytest.fixture(scope="session")
async def ground(cluster: Cluster) -> AsyncIterator[dict[str, Place]]:
    """Two environments that most tests share one after the other: to empty one is cheaper than to make one."""
    made = {kind: Place(cluster, in_phases=kind == "in phases") for kind in ("at once", "in phases")}
    for each in made.values():
        await each.made()
    yield made
    for each in made.values():
        await each.gone()


@pytest.fixture(params=["at once", "in phases"])
async def place(ground: dict[str, Place], request: pytest.FixtureRequest) -> Place:
    """An environment whose tables count as small, and one whose tables count as large."""
    return await ground[request.param].emptied()


@pytest.fixture
async def town(ground: dict[str, Place]) -> Place:
    """People with everything, in a database whose tables count as large."""
    made = await ground["in phases"].emptied()
    assert await made.deploy(PEOPLE) is None
    await filled(made, ROWS)
    return made


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
