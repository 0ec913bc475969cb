"""Partners of a one-to-one relation with a single field, wanted by two at once: an edge is whole or is not there."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from gateway.engine import Again, Call, Fresh, Request
from tests.integration.gateway.engine.conftest import Open
from tests.support.answering import START, Client, meant, written
from tests.support.schemas import model

SCHEMA = 'type Guest @model { id: ID! @isUnique buddy: Guest @relation(name: "Buddies") name: String }'


@pytest.fixture
async def client(environments: Open) -> Client:
    return await environments(model(SCHEMA))


async def test_who_comes_second_to_a_partner_waits_and_begins_again(client: Client) -> None:
    one, two, three = [
        (await client.data(f'mutation {{ createGuest(name: "{name}") {{ id }} }}'))["createGuest"]["id"]
        for name in ("one", "two", "three")
    ]
    first, second = (
        client.engine.call(Request(f'mutation {{ updateGuest(id: "{a}", buddyId: "{b}") {{ id }} }}'))
        for a, b in ((one, two), (three, two))
    )
    assert isinstance(first, Call)
    assert isinstance(second, Call)
    other = await client.another()
    try:
        begun = client.connection.transaction()
        await begun.start()
        assert await written(client.connection, first, first.roots[0], Fresh(START))
        late = asyncio.create_task(written(other, second, second.roots[0], Fresh(START)))
        while not await client.connection.fetchval("select pg_blocking_pids($1)", other.get_server_pid()):
            pass
        await begun.commit()
        with pytest.raises(asyncpg.UniqueViolationError) as caught:
            await late
        assert meant(client.engine, second, second.roots[0], caught.value) is Again.RETRY
        assert await written(other, second, second.roots[0], Fresh(START))
    finally:
        await other.close()

    shown = await client.data("{ allGuests { id buddy { id } } }")
    assert {each["id"]: each["buddy"] for each in shown["allGuests"]} == {
        one: None,
        two: {"id": three},
        three: {"id": two},
    }
