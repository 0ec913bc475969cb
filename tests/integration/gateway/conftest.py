"""A gateway of its own before real servers, shared by the tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import nats
import pytest

from provisioner.execute.cluster import Cluster
from tests.support.door import Door
from tests.support.stack import Stack, a_directory


@pytest.fixture(scope="session")
def gateway() -> Iterator[Stack]:
    with a_directory() as data, Stack(data, services=("gateway",)) as running:
        yield running


@pytest.fixture(scope="session")
async def door(gateway: Stack) -> AsyncIterator[Door]:
    user, password = gateway.account("provision")
    server = urlsplit(gateway.postgres_dsn)
    key = bytes.fromhex((gateway.data / "secret.key").read_text().strip())
    client = await nats.connect(gateway.nats_url)
    dsn = f"postgresql://{user}:{password}@{server.hostname}:{server.port}/mortise"
    opened = Door(gateway, client, Cluster(dsn, key))
    yield opened
    await opened.close()
    await client.close()
