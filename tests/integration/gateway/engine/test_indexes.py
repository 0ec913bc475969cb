"""Indexes are used: on 50 000 rows PostgreSQL chooses them by itself, and no list reads a table (DESIGN 4.3, G 5)."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
import pytest

from common.sql import Sql, ident, sql
from gateway.engine import Call, Fresh, Request
from tests.integration.gateway.engine.conftest import Open
from tests.support.answering import START, Client
from tests.support.schemas import model
from tests.support.stack import Stack

SCHEMA: Final = """
type Shop @model { id: ID! @isUnique name: String! @isUnique items: [Item!]! @relation(name: "ShopItems") }
type Item @model {
  id: ID! @isUnique
  slug: String @isUnique
  label: String! @index
  views: Int! @index
  number: Int @index
  note: String
  shop: Shop @relation(name: "ShopItems")
  tags: [Tag!]! @relation(name: "ItemTags")
}
type Tag @model { id: ID! @isUnique name: String! @isUnique items: [Item!]! @relation(name: "ItemTags") }
"""
ROWS: Final = 50_000
FILLED: Final = (
    (
        "insert into {Shop} (id, created_at, updated_at, {Shop.name}) "
        "select 's' || i, now(), now(), 'Shop ' || i from generate_series(1, 1000) i"
    ),
    (
        "insert into {Tag} (id, created_at, updated_at, {Tag.name}) "
        "select 't' || i, now(), now(), 'Tag ' || i from generate_series(1, 500) i"
    ),
    (
        "insert into {Item} "
        "(id, created_at, updated_at, {Item.slug}, {Item.label}, {Item.views}, {Item.number}, {edge}) "
        "select 'i' || lpad(i::text, 6, '0'), now(), now(), case when i % 3 > 0 then 'slug-' || i end, 'Label ' || i, "
        "i * 7919 % 50000, nullif(i * 31 % 1000, 7), 's' || 1 + i % 1000 from generate_series(1, {rows}) i"
    ),
    (
        "insert into {ItemTags} ({items}, {tags}) "
        "select 'i' || lpad((1 + i * 17 % {rows})::text, 6, '0'), 't' || 1 + i % 500 from generate_series(1, {rows}) i"
    ),
)


@pytest.fixture(scope="module")
async def full(environments: Open, servers: Stack) -> Client:
    """Enough rows for an index to be worth its while, and counted by the server."""
    client = await environments(model(SCHEMA))
    known = client.engine.prepared.model
    edge, tagged = known.relations if known.relations[0].name == "ShopItems" else known.relations[::-1]
    items_first = tagged.a == known.entity_by_name["Item"].id
    parts: dict[str, Sql] = {
        "rows": sql(str(ROWS)),
        "edge": ident(edge.column or ""),
        "ItemTags": ident("app", tagged.table or ""),
        "items": ident("a" if items_first else "b"),
        "tags": ident("b" if items_first else "a"),
    }
    for entity in known.entities:
        parts[entity.name] = ident("app", entity.table)
        parts |= {f"{entity.name}.{field.name}": ident(field.column) for field in entity.fields}
    for template in FILLED:
        text = re.sub(r"\{([\w.]+)\}", lambda found: parts[found[1]].text, template)
        await client.connection.execute(text)
    admin = await asyncpg.connect(urlsplit(servers.postgres_dsn)._replace(path=f"/{client.where['database']}").geturl())
    await admin.execute("vacuum analyze")
    await admin.close()
    await client.connection.execute("set jit = off")
    return client


async def planned(client: Client, text: str, variables: dict[str, Any] | None = None) -> str:
    """How PostgreSQL runs the one statement of a query."""
    call = client.engine.call(Request(text, None, variables))
    assert isinstance(call, Call), call
    (statement,) = call.roots[0].statements
    values = statement.values(call.variables, Fresh(START))
    return "\n".join(row[0] for row in await client.connection.fetch(f"explain (costs off) {statement.sql}", *values))


AFTER: Final = 'after: "i025000"'
BY: Final = r"(Index (Only )?Scan using|Bitmap Index Scan on) "
"""Whether the table is looked at too depends on who else is at work on the server."""
INDEXED: Final = {
    "a node by its id": ('{ Item(id: "i000007") { label } }', r"Index Scan using t\d+_pkey"),
    "a node by a unique text": ('{ Item(slug: "SLUG-7") { label } }', r"Index Scan using t\d+_c\d+_(key|idx)"),
    "any node": ('{ node(id: "i000007") { id } }', r"Index (Only )?Scan using t\d+_pkey"),
    "the oldest": ("{ allItems(first: 20) { label } }", r"Index Scan using t\d+_pkey"),
    "the newest": ("{ allItems(last: 20) { label } }", r"Index Scan Backward using t\d+_pkey"),
    "after a node": (f"{{ allItems({AFTER}, first: 20) {{ label }} }}", r"Index Cond: \(id > "),
    "in an order": (
        "{ allItems(orderBy: views_DESC, first: 20) { id } }",
        r"Index (Only )?Scan Backward using t\d+_c\d+_idx",
    ),
    "in the order of a text": ("{ allItems(orderBy: label_ASC, first: 20) { id } }", r"Scan using t\d+_c\d+_idx"),
    "after a node in an order": (
        f"{{ allItems(orderBy: views_ASC, {AFTER}, first: 20) {{ id }} }}",
        r"Index (Only )?Scan using t\d+_c\d+_idx.*\n.*Index Cond: \(ROW\(c\d+, id\) > ROW",
    ),
    "after a node in a falling order": (
        f"{{ allItems(orderBy: views_DESC, {AFTER}, first: 20) {{ id }} }}",
        r"Scan Backward using t\d+_c\d+_idx.*\n.*Index Cond: \(c\d+ <= ",
    ),
    "before a node in an order, from the end": (
        '{ allItems(orderBy: views_ASC, before: "i025000", last: 20) { id } }',
        r"Scan Backward using t\d+_c\d+_idx.*\n.*Index Cond: \(ROW\(c\d+, id\) < ROW",
    ),
    "after a node in the order of a text": (
        f"{{ allItems(orderBy: label_ASC, {AFTER}, first: 20) {{ id }} }}",
        r"Index Scan using t\d+_c\d+_idx.*\n.*Index Cond: \(ROW\(\"left\"",
    ),
    "after a node in an order with nulls": (
        f"{{ allItems(orderBy: number_ASC, {AFTER}, first: 20) {{ id }} }}",
        (
            r"Index Cond: \(\(c\d+ IS NULL\) AND \(id > [\s\S]*Index Cond: \(c\d+ >= |"
            r"Index Cond: \(c\d+ >= [\s\S]*Index Cond: \(\(c\d+ IS NULL\) AND \(id > "
        ),
    ),
    "before a node in a falling order with nulls": (
        '{ allItems(orderBy: number_DESC, before: "i025000", last: 20) { id } }',
        r"Index Cond: \(c\d+ >= ",
    ),
    "after a node in the order of a unique text with nulls": (
        f"{{ allItems(orderBy: slug_ASC, {AFTER}, first: 20) {{ id }} }}",
        r"Index Cond: \(\"left\"\(.* >= ",
    ),
    "a number": ("{ allItems(filter: { number: 500 }) { id } }", BY + r"t\d+_c\d+_idx"),
    "numbers in a range": ("{ allItems(filter: { views_lt: 100 }) { id } }", BY + r"t\d+_c\d+_idx"),
    "ids of a list": ('{ allItems(filter: { id_in: ["i000001", "x"] }) { label } }', r"Index Scan using t\d+_pkey"),
    "texts of a list": ('{ allItems(filter: { label_in: ["LABEL 7", "x"] }) { id } }', BY + r"t\d+_c\d+_idx"),
    "the beginning of a text": (
        '{ allItems(filter: { label_starts_with: "LABEL 77" }) { id } }',
        BY + r"t\d+_c\d+_(key|idx|trgm)",
    ),
    "the beginning of a unique text": (
        '{ allItems(filter: { slug_starts_with: "SLUG-77" }) { id } }',
        BY + r"t\d+_c\d+_(key|idx)[\s\S]*Index Cond: .* >= 'slug-77'",
    ),
    "the beginning of an id": (
        '{ allItems(filter: { id_starts_with: "i00007" }) { label } }',
        BY + r"t\d+_pkey[\s\S]*Index Cond: .* >= 'i00007'",
    ),
    "a part of a text": (
        '{ allItems(filter: { label_contains: "bel 777" }) { id } }',
        r"Bitmap Index Scan on t\d+_c\d+_trgm",
    ),
    "related nodes of each": (
        "{ allShops(first: 20) { items(first: 5) { label } } }",
        r"SubPlan[\s\S]*Index Scan using t\d+_r\d+_idx on t\d+ t\d+\n +Index Cond: \(r\d+ = t\d+\.id\)",
    ),
    "related nodes of each after a node": (
        f"{{ allShops(first: 20) {{ items(first: 5, {AFTER}) {{ label }} }} }}",
        r"Index Scan using t\d+_r\d+_idx on t\d+ t\d+\n +Index Cond: \(\(r\d+ = t\d+\.id\) AND \(id > ",
    ),
    "related nodes of each from the end": (
        "{ allShops(first: 20) { items(last: 5) { label } } }",
        r"Index Scan Backward using t\d+_r\d+_idx",
    ),
    "related nodes of each over many": (
        "{ allTags(first: 20) { items(first: 5) { label } } }",
        r"SubPlan[\s\S]*using r\d+_(b_idx|pkey)",
    ),
    "the one related node of each": (
        "{ allItems(first: 20) { shop { name } } }",
        r"SubPlan[\s\S]*Index Scan using t\d+_pkey on t\d+ t\d+\n +Index Cond: \(id = t\d+\.r\d+\)",
    ),
    "counts of related nodes": (
        "{ allShops(first: 20) { _itemsMeta { count } } }",
        BY + r"t\d+_r\d+_idx",
    ),
    "some related node": (
        "{ allShops(filter: { items_some: { number: 500 } }) { name } }",
        BY + r"t\d+_(c|r)\d+_idx",
    ),
    "some related node over many": (
        '{ allItems(filter: { tags_some: { name: "tag 7" } }) { label } }',
        r"using r\d+_(b_idx|pkey)",
    ),
    "the one related node by a unique text": (
        '{ allItems(filter: { shop: { name: "SHOP 7" } }) { label } }',
        BY + r"t\d+_r\d+_idx",
    ),
    "a count by a range": ("{ _allItemsMeta(filter: { views_gte: 49000 }) { count } }", BY + r"t\d+_c"),
}


@pytest.mark.parametrize(("text", "scan"), INDEXED.values(), ids=INDEXED)
async def test_what_has_an_index_is_read_by_it(full: Client, text: str, scan: str) -> None:
    plan = await planned(full, text)
    item = full.engine.prepared.model.entity_by_name["Item"].table
    assert re.search(scan, plan), plan
    assert f"Seq Scan on {item} " not in plan, plan


async def test_a_moment_is_written_without_calling_a_function_of_ours(environments: Open) -> None:
    """Such a function is not inlined, and would be most of what a list costs."""
    client = await environments(model("type Note @model { id: ID! @isUnique createdAt: DateTime! }"))
    call = client.engine.call(Request("{ allNotes { createdAt } }"))
    assert isinstance(call, Call)
    assert "app.instant" not in call.roots[0].statements[0].sql


async def test_a_list_ends_silently_at_a_thousand_and_a_count_does_not(full: Client) -> None:
    text = '{ allItems { id } _allItemsMeta { count } Shop(name: "shop 1") { items { id } _itemsMeta { count } } }'
    found = await full.data(text)
    assert len(found["allItems"]) == 1000
    assert found["_allItemsMeta"]["count"] == ROWS
    assert len(found["Shop"]["items"]) == found["Shop"]["_itemsMeta"]["count"] == ROWS // 1000
