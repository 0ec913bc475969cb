"""Fixtures only; helpers are in tests/support.

`stack` is the whole product and `servers` only nats-server and PostgreSQL with streams, accounts and schemas; one of
each is shared by a whole run, so a test makes its own organisations, subjects and databases.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.stack import Stack, a_directory


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    with a_directory() as data, Stack(data) as running:
        yield running


@pytest.fixture(scope="session")
def servers() -> Iterator[Stack]:
    with a_directory() as data, Stack(data, services=()) as running:
        yield running
