"""What happens meanwhile: a model that moves, two mutations that want the same thing, plans that use the indexes."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import asyncpg
import pytest

from common.sql import ident, sql
from gateway.engine import Again, Answered, Call, Engine, Fresh, Request, judge
from tests.integration.gateway.engine.conftest import Open
from tests.support.answering import START, Client
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
ROWS = 20_000


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
    outcome = None
    transaction = client.connection.transaction()
    if len(root.statements) > 1:
        await transaction.start()
    for statement in root.statements:
        row = await client.connection.fetchrow(statement.sql, *statement.values(call.variables, Fresh(START, ("x",))))
        outcome = judge(statement, row, call.variables)
    if len(root.statements) > 1:
        await transaction.rollback()
    assert outcome is Again.MOVED
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
        assert isinstance(await _ran(client.connection, call, "i1"), Answered)
        late = asyncio.create_task(_ran(other, call, "i2"))
        while not await client.connection.fetchval("select pg_blocking_pids($1)", other.get_server_pid()):
            pass
        await first.commit()
        with pytest.raises(asyncpg.UniqueViolationError) as caught:
            await late
        await second.rollback()
        problem = caught.value
        assert client.engine.explain(problem.sqlstate or "", problem.constraint_name, problem.detail) is Again.RETRY
        async with other.transaction():
            assert isinstance(await _ran(other, call, "i2"), Answered)
    finally:
        await other.close()
    shown = await client.data(f'{{ Tag(id: "{tag}") {{ item {{ id }} }} allItems {{ tag {{ id }} }} }}')
    assert shown == {"Tag": {"item": {"id": "i2"}}, "allItems": [{"tag": None}, {"tag": {"id": tag}}]}


async def _ran(connection: asyncpg.Connection, call: Call, node: str) -> object:
    outcome: object = None
    for statement in call.roots[0].statements:
        row = await connection.fetchrow(statement.sql, *statement.values(call.variables, Fresh(START, (node,))))
        outcome = judge(statement, row, call.variables)
    return outcome


INDEXED = {
    "by id": ('{ Item(id: "i77") { label } }', r"Index Scan using t\d+_pkey"),
    "by unique text": ('{ Shop(name: "Shop 7") { id } }', r"Index Scan using t\d+_c\d+_(key|idx)"),
    "ordered by text": ("{ allItems(orderBy: label_ASC, first: 20) { label } }", r"Index Scan using t\d+_c\d+_idx"),
    "backwards": ("{ allItems(orderBy: label_DESC, first: 20) { label } }", r"Index Scan Backward using t\d+_c\d+_idx"),
    "nulls first": ("{ allItems(orderBy: number_ASC, first: 20) { label } }", r"Index Scan using t\d+_c\d+_idx"),
    "the end of a list": ("{ allItems(orderBy: number_ASC, last: 20) { label } }", r"Index Scan Backward using"),
    "after a cursor": (
        '{ allItems(orderBy: label_ASC, first: 20, after: "i777") { label } }',
        r"Index Cond: \(ROW\(",
    ),
    "text in a list": (
        '{ allItems(filter: { label_in: ["Label 7", "LABEL 8"] }) { id } }',
        r"Scan (using|on) t\d+_c\d+",
    ),
    "part of a text": (
        '{ allItems(filter: { label_contains: "bel 77" }) { id } }',
        r"Bitmap Index Scan on t\d+_c\d+_trgm",
    ),
    "related": ('{ Shop(id: "s7") { items(first: 5) { label } } }', r"Index Scan using t\d+_r\d+_idx"),
}


@pytest.fixture(scope="module")
async def full(environments: Open) -> Client:
    """A database with enough rows for an index to be worth its while."""
    client = await environments(model(SCHEMA))
    known = client.engine.prepared.model
    shop, item = known.entity_by_name["Shop"], known.entity_by_name["Item"]
    relation = next(one for one in known.relations if one.name == "ShopItems")
    parts = {
        "shop": ident("app", shop.table),
        "item": ident("app", item.table),
        "name": ident(shop.field_by_name["name"].column),
        "label": ident(item.field_by_name["label"].column),
        "number": ident(item.field_by_name["number"].column),
        "edge": ident(relation.column or ""),
        "rows": sql(str(ROWS)),
    }
    shops = (
        "insert into {shop} (id, created_at, updated_at, {name}) "
        "select 's' || i, now(), now(), 'Shop ' || i from generate_series(1, 2000) i"
    )
    items = (
        "insert into {item} (id, created_at, updated_at, {label}, {number}, {edge}) "
        "select 'i' || i, now(), now(), 'Label ' || i, nullif(i % 1000, 7), 's' || 1 + i % 2000 "
        "from generate_series(1, {rows}) i"
    )
    for template in (shops, items):
        await client.connection.execute(
            sql(template, **{k: v for k, v in parts.items() if f"{{{k}}}" in template}).text
        )
    return client


@pytest.mark.parametrize(("text", "scan"), INDEXED.values(), ids=INDEXED)
async def test_what_has_an_index_is_read_by_it(full: Client, text: str, scan: str) -> None:
    call = full.engine.call(Request(text))
    assert isinstance(call, Call)
    (statement,) = call.roots[0].statements
    await full.connection.execute("set enable_seqscan = off")
    values = statement.values(call.variables, Fresh(START))
    plan = "\n".join(row[0] for row in await full.connection.fetch(f"explain (costs off) {statement.sql}", *values))
    assert re.search(scan, plan), plan
