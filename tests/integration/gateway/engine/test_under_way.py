"""What happens meanwhile: a model that moves, and two mutations that want the same thing."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from common.sql import ident, sql
from gateway.engine import Again, Call, Engine, Fresh, Request
from tests.integration.gateway.engine.conftest import Open
from tests.support.answering import START, Client, meant, written
from tests.support.schemas import model

SCHEMA = """
type Shop @model { id: ID! @isUnique name: String! @isUnique items: [Item!]! @relation(name: "ShopItems") }
type Item @model {
  id: ID! @isUnique
  label: String! @index
  number: Int @index
  shop: Shop @relation(name: "ShopItems")
  tag: Tag @relation(name: "ItemTag")
}
type Tag @model { id: ID! @isUnique name: String! item: Item @relation(name: "ItemTag") }
"""


@pytest.fixture(scope="module")
async def client(environments: Open) -> Client:
    return await environments(model(SCHEMA))


@pytest.mark.parametrize(
    "text",
    [
        'mutation { createShop(name: "new") { id } }',
        'mutation { createShop(name: "new") { id items { id } } }',
        'mutation { updateShop(id: "s1", name: "new") { id } }',
        'mutation { updateShop(id: "s1", itemsIds: []) { id } }',
        'mutation { deleteShop(id: "s1") { id } }',
    ],
)
async def test_a_write_for_a_model_that_is_no_longer_served_leaves_nothing(client: Client, text: str) -> None:
    """Also without a transaction around a single statement."""
    shop = client.engine.prepared.model.entity_by_name["Shop"]
    name = shop.field_by_name["name"].column
    before = sql("select id, {name} from {table} order by 1", name=ident(name), table=ident("app", shop.table)).text
    if not await client.connection.fetch(before):
        await client.data('mutation { createShop(name: "first") { id } }')
        await client.connection.execute(
            sql("update {table} set id = 's1'", table=ident("app", shop.table)).text,
        )
    rows = await client.connection.fetch(before)
    stale = Engine(replace(client.engine.prepared, sha="older"))
    call = stale.call(Request(text))
    assert isinstance(call, Call)
    (root,) = call.roots
    with pytest.raises(asyncpg.PostgresError) as caught:
        await written(client.connection, call, root, Fresh(START, ("x",)))
    assert meant(stale, call, root, caught.value) is Again.MOVED
    assert await client.connection.fetch(before) == rows


async def test_two_mutations_that_want_the_same_partner_end_with_one(client: Client) -> None:
    tag = (await client.data('mutation { createTag(name: "t") { id } }'))["createTag"]["id"]
    text = f'mutation {{ createItem(label: "x", tagId: "{tag}") {{ id }} }}'
    call = client.engine.call(Request(text))
    assert isinstance(call, Call)
    other = await client.another()
    try:
        first, second = client.connection.transaction(), other.transaction()
        await first.start()
        await second.start()
        assert await _ran(client.connection, call, "i1")
        late = asyncio.create_task(_ran(other, call, "i2"))
        while not await client.connection.fetchval("select pg_blocking_pids($1)", other.get_server_pid()):
            pass
        await first.commit()
        with pytest.raises(asyncpg.UniqueViolationError) as caught:
            await late
        await second.rollback()
        assert meant(client.engine, call, call.roots[0], caught.value) is Again.RETRY
        async with other.transaction():
            assert await _ran(other, call, "i2")
    finally:
        await other.close()
    shown = await client.data(f'{{ Tag(id: "{tag}") {{ item {{ id }} }} allItems {{ tag {{ id }} }} }}')
    assert shown == {"Tag": {"item": {"id": "i2"}}, "allItems": [{"tag": None}, {"tag": {"id": tag}}]}


async def _ran(connection: asyncpg.Connection, call: Call, node: str) -> str | None:
    return await written(connection, call, call.roots[0], Fresh(START, (node,)))
