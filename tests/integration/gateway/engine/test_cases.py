"""The golden cases run on a real PostgreSQL, as the environment's own role: the answers are as recorded."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import pytest

from tests.integration.gateway.engine.conftest import Open
from tests.support import golden
from tests.support.answering import Client
from tests.support.cases import Case, cases, prepared, seed

Seeded = Callable[[str], Awaitable[Client]]


@pytest.fixture(scope="session")
def seeded(environments: Open) -> Seeded:
    """One environment per area, filled once."""
    clients: dict[str, Client] = {}

    async def client(area: str) -> Client:
        if area not in clients:
            clients[area] = await environments(prepared(area).model)
            await clients[area].data(seed(area))
        return clients[area]

    return client


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
async def test_a_case_is_answered_as_recorded(case: Case, seeded: Seeded) -> None:
    client = await seeded(case.area)
    roots, ids = client.roots, client.ids
    undone = client.connection.transaction()
    await undone.start()
    try:
        answers = [await client.ask(case.text, case.variables, name) for name in case.operations]
    finally:
        await undone.rollback()
        client.roots, client.ids = roots, ids
    golden.check(case.file("json"), json.dumps(answers, indent=1, ensure_ascii=False) + "\n")
