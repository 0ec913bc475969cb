"""What is written below a node: to any depth, all or nothing, and by one of two branches (G 6.2 - 6.7)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from gateway.engine import Again, Call, Engine, Failure, Fresh, Request
from tests.integration.gateway.engine.conftest import Open
from tests.support.answering import START, Client, meant, written
from tests.support.schemas import model

SCHEMA = """
type Shop @model {
  id: ID! @isUnique
  createdAt: DateTime!
  updatedAt: DateTime!
  name: String! @isUnique
  open: Boolean! @defaultValue(value: "true")
  shelves: [Shelf!]! @relation(name: "ShopShelves")
  key: Key @relation(name: "ShopKey")
  spares: [Key!]! @relation(name: "SpareKeys")
}
type Shelf @model {
  id: ID! @isUnique
  createdAt: DateTime!
  updatedAt: DateTime!
  label: String!
  tags: [String!]
  shop: Shop! @relation(name: "ShopShelves")
  boxes: [Box!]! @relation(name: "ShelfBoxes")
}
type Box @model {
  id: ID! @isUnique
  createdAt: DateTime!
  code: String! @isUnique
  shelves: [Shelf!]! @relation(name: "ShelfBoxes")
  lid: Lid! @relation(name: "BoxLid")
}
type Lid @model { id: ID! @isUnique color: String box: Box @relation(name: "BoxLid") }
type Key @model {
  id: ID! @isUnique
  updatedAt: DateTime!
  code: String! @isUnique
  shop: Shop @relation(name: "ShopKey")
  spareOf: Shop @relation(name: "SpareKeys")
}
type Shoe @model { id: ID! @isUnique name: String! other: Shoe! @relation(name: "Shoes") }
"""


@pytest.fixture(scope="module")
async def fresh(environments: Open) -> Client:
    return await environments(model(SCHEMA))


@pytest.fixture
async def client(fresh: Client) -> AsyncIterator[Client]:
    """The database as it was, before and after."""
    undone = fresh.connection.transaction()
    await undone.start()
    yield fresh
    await undone.rollback()


async def test_four_levels_are_created_in_the_order_of_their_lists(client: Client) -> None:
    shown = await client.data(
        """mutation { createShop(name: "s", shelves: [
          { label: "a", tags: ["x", "y"], boxes: [{ code: "1", lid: { color: "red" } }, { code: "2", lid: {} }] }
          { label: "b", tags: [] }
          { label: "c", boxes: [{ code: "3", lid: { color: "blue" } }] }
        ]) {
          id createdAt updatedAt
          shelves { id createdAt updatedAt label tags boxes { id createdAt code lid { id color } } }
        } }"""
    )
    shop = shown["createShop"]
    assert [(one["label"], one["tags"]) for one in shop["shelves"]] == [("a", ["x", "y"]), ("b", []), ("c", None)]
    boxes = [box for shelf in shop["shelves"] for box in shelf["boxes"]]
    assert [(one["code"], one["lid"]["color"]) for one in boxes] == [("1", "red"), ("2", None), ("3", "blue")]
    times = {shop["createdAt"], shop["updatedAt"], *[one["createdAt"] for one in boxes]}
    assert times | {one[name] for one in shop["shelves"] for name in ("createdAt", "updatedAt")} == {shop["createdAt"]}
    ids = [shop["id"], *[one["id"] for one in shop["shelves"]]]
    assert ids == sorted(ids)


@pytest.mark.parametrize(
    ("below", "code", "says"),
    [
        ('[{ label: "a", boxes: [{ code: "x", lid: {} }, { code: "X", lid: {} }] }]', 3010, "on Box. Details: Fiel"),
        ('[{ label: "a", boxes: [{ code: "taken", lid: {} }] }]', 3010, "on Box. Details: Field name = code"),
        ('[{ label: "a" }, { label: "b", boxes: [{ code: "x" }] }]', 3032, "'lid' on type 'Box'"),
        ('[{ label: "a", boxes: [{ code: "x", lidId: "nobody" }] }]', 3011, "nobody"),
        ('[{ label: "a", boxesIds: ["nobody"] }]', 3011, "nobody"),
        ('[{ label: "a", boxes: [{ code: "x", lidId: "LID" }] }]', 3032, "'lid' on type 'Box'"),
    ],
)  # fmt: skip
async def test_what_goes_wrong_deep_below_leaves_nothing(client: Client, below: str, code: int, says: str) -> None:
    taken = await client.data('mutation { createBox(code: "taken", lid: {}) { lid { id } } }')
    below = below.replace("LID", taken["createBox"]["lid"]["id"])
    before = await client.data("{ allShops { id } allShelves { id } allBoxes { code } allLids { id } }")
    failed = await client.failure(f'mutation {{ createShop(name: "s", shelves: {below}) {{ id }} }}')
    assert failed[0] == code
    assert says in failed[1]
    assert await client.data("{ allShops { id } allShelves { id } allBoxes { code } allLids { id } }") == before


async def test_an_error_of_one_root_field_does_not_touch_the_others(client: Client) -> None:
    one = 'createShop(name: "{}", shelves: [{{ label: "x" }}]) {{ name }}'
    body = await client.ask(f"mutation {{ a: {one.format('a')} again: {one.format('A')} b: {one.format('b')} }}")
    assert body["data"] == {"a": {"name": "a"}, "again": None, "b": {"name": "b"}}
    assert [(error["code"], error["path"]) for error in body["errors"]] == [(3010, ["again"])]
    assert (await client.data("{ _allShelvesMeta { count } }"))["_allShelvesMeta"] == {"count": 2}


async def test_partners_that_come_and_go_do_not_move_the_time(client: Client) -> None:
    made = await client.data(
        'mutation { createShop(name: "s", key: { code: "k" }) { id updatedAt key { id updatedAt } } }'
    )
    shop, key = made["createShop"], made["createShop"]["key"]
    set_key = f'setShopKey(keyKeyId: "{key["id"]}", shopShopId: "{shop["id"]}")'
    changed = await client.data(
        f'mutation {{ a: updateShop(id: "{shop["id"]}", key: {{ code: "l" }}) {{ updatedAt }} '
        f"b: {set_key} {{ shopShop {{ updatedAt }} keyKey {{ updatedAt }} }} "
        f'c: updateShop(id: "{shop["id"]}", name: "s", shelves: [{{ label: "x" }}]) {{ updatedAt }} '
        f'd: updateShop(id: "{shop["id"]}", name: "t") {{ updatedAt createdAt }} }}'
    )
    assert changed["a"]["updatedAt"] == changed["c"]["updatedAt"] == shop["updatedAt"]
    assert changed["b"] == {"shopShop": {"updatedAt": shop["updatedAt"]}, "keyKey": {"updatedAt": key["updatedAt"]}}
    assert changed["d"]["updatedAt"] > changed["d"]["createdAt"] == shop["updatedAt"]


async def test_several_relations_between_two_types_do_not_touch_each_other(client: Client) -> None:
    shop = (
        await client.data(
            'mutation { createShop(name: "s", key: { code: "a" }, spares: [{ code: "b" }, { code: "c" }]) '
            "{ id key { id } spares { id } } }"
        )
    )["createShop"]
    shown = "{ key { code } spares { code } }"
    everything = [shop["key"]["id"], *[one["id"] for one in shop["spares"]]]
    ids = ", ".join([f'"{one}"' for one in everything])
    changed = await client.data(
        f'mutation {{ a: updateShop(id: "{shop["id"]}", keyId: "{everything[1]}") {shown} '
        f'b: updateShop(id: "{shop["id"]}", sparesIds: [{ids}]) {shown} '
        f'c: updateShop(id: "{shop["id"]}", sparesIds: [{ids}]) {shown} '
        f'd: updateShop(id: "{shop["id"]}", keyId: null) {shown} }}'
    )
    codes = {name: (one["key"], [key["code"] for key in one["spares"]]) for name, one in changed.items()}
    assert codes == {
        "a": ({"code": "b"}, ["b", "c"]),
        "b": ({"code": "b"}, ["a", "b", "c"]),
        "c": ({"code": "b"}, ["a", "b", "c"]),
        "d": (None, ["a", "b", "c"]),
    }


@pytest.mark.parametrize(
    ("below", "code"),
    [
        ({"label": "x" * 262_145}, 3007),
        ({"label": "x", "tags": ["x" * 300_000]}, 3007),
        ({"label": "x", "boxes": [{"code": "x" * 262_145, "lid": {}}]}, 3007),
        ({"label": "x", "shop": {"name": "y"}}, None),
        ({"tags": []}, None),
    ],
)
async def test_values_below_are_judged_as_those_above(client: Client, below: object, code: int | None) -> None:
    text = 'mutation ($shelves: [ShopshelvesShelf!]) { createShop(name: "s", shelves: $shelves) { id } }'
    assert (await client.failure(text, {"shelves": [below]}))[0] == code
    assert (await client.data("{ _allShopsMeta { count } }"))["_allShopsMeta"] == {"count": 0}


async def test_two_that_need_each_other_by_one_field_come_and_stay_together(client: Client) -> None:
    made = await client.data(
        'mutation { a: createShoe(name: "left", other: { name: "right" }) { id other { id name other { name } } } '
        'b: createShoe(name: "l", other: { name: "r" }) { id } }'
    )
    left, right = made["a"]["id"], made["a"]["other"]["id"]
    assert made["a"]["other"]["other"]["name"] == "left"
    for refused in (
        'createShoe(name: "x") { id }',
        f'createShoe(name: "x", otherId: "{left}") {{ id }}',
        f'updateShoe(id: "{left}", otherId: "{made["b"]["id"]}") {{ id }}',
        f'updateShoe(id: "{left}", otherId: "{left}") {{ id }}',
        f'updateShoe(id: "{left}", other: {{ name: "x" }}) {{ id }}',
        f'updateShoe(id: "{left}", other: null) {{ id }}',
        f'setShoes(other1ShoeId: "{left}", other2ShoeId: "{made["b"]["id"]}") {{ __typename }}',
        f'deleteShoe(id: "{left}") {{ id }}',
    ):
        assert (await client.failure(f"mutation {{ {refused} }}"))[0] == 3032, refused
    same = f'setShoes(other1ShoeId: "{right}", other2ShoeId: "{left}") {{ other1Shoe {{ name other {{ name }} }} }}'
    shown = await client.data(f'mutation {{ updateShoe(id: "{right}", otherId: "{left}") {{ id }} {same} }}')
    assert shown["setShoes"]["other1Shoe"] == {"name": "right", "other": {"name": "left"}}
    assert "unsetShoes" not in client.engine.prepared.generated.mutations


async def test_variables_nest_as_literals_do(client: Client) -> None:
    shelves = [
        {"label": "a", "boxes": [{"code": str(n), "lid": {"color": None if n % 2 else "red"}} for n in range(300)]}
    ]
    shown = await client.data(
        "mutation ($shelves: [ShopshelvesShelf!], $open: Boolean) "
        '{ createShop(name: "s", open: $open, shelves: $shelves) { open shelves { boxes { code lid { color } } } } }',
        {"shelves": shelves},
    )
    boxes = shown["createShop"]["shelves"][0]["boxes"]
    assert [one["code"] for one in boxes] == [str(n) for n in range(300)]
    assert [one["lid"]["color"] for one in boxes[:3]] == ["red", None, "red"]
    assert shown["createShop"]["open"] is True


async def test_an_answer_that_is_too_large_leaves_nothing(client: Client) -> None:
    text = f'mutation {{ createShop(name: "s", shelves: [{{ label: "{"x" * 1000}" }}]) {{ shelves {{ label }} }} }}'
    assert len(await client.body(text)) > 1000
    smaller = Engine(client.engine.prepared, limits=replace(client.engine.limits, response_bytes=500))
    code, _ = await Client(smaller, client.connection, client.where).failure(text.replace('"s"', '"t"'))
    assert code == 1004
    assert (await client.data("{ _allShopsMeta { count } }"))["_allShopsMeta"] == {"count": 1}


UPSERT = (
    'mutation ($id: ID!) { updateOrCreateShop(update: { id: $id, name: "updated" }, '
    'create: { name: "created", shelves: [{ label: "x" }] }) { id name createdAt updatedAt shelves { label } } }'
)


async def test_one_branch_runs_by_the_id_alone(client: Client) -> None:
    made = (await client.data(UPSERT, {"id": "nobody"}))["updateOrCreateShop"]
    assert (made["name"], made["shelves"], made["updatedAt"]) == ("created", [{"label": "x"}], made["createdAt"])
    assert made["id"] != "nobody"
    again = (await client.data(UPSERT, {"id": made["id"]}))["updateOrCreateShop"]
    assert (again["id"], again["name"], again["shelves"]) == (made["id"], "updated", [{"label": "x"}])
    assert again["updatedAt"] > again["createdAt"] == made["createdAt"]
    assert (await client.data("{ _allShopsMeta { count } }"))["_allShopsMeta"] == {"count": 1}


async def test_two_upserts_of_an_unknown_id_both_create(fresh: Client) -> None:
    text = UPSERT.replace('"created"', "$name").replace("($id: ID!)", "($id: ID!, $name: String!)")
    calls = [fresh.engine.call(Request(text, None, {"id": "nobody", "name": name})) for name in ("first", "second")]
    other = await fresh.another()
    undone = fresh.connection.transaction()
    await undone.start()
    try:
        assert all(isinstance(call, Call) for call in calls)
        at_once = [
            await written(connection, call, call.roots[0], Fresh(START, tuple(f"u{number}{n}" for n in range(2))))
            for number, (connection, call) in enumerate(zip((fresh.connection, other), calls, strict=True))
            if isinstance(call, Call)
        ]
        assert ["first" in (at_once[0] or ""), "second" in (at_once[1] or "")] == [True, True]
    finally:
        await undone.rollback()
        await fresh.data('mutation { deleteShelf(id: "u11") { id } deleteShop(id: "u10") { id } }')
        await other.close()


async def test_an_upsert_waits_for_who_deletes_the_node_and_then_creates(fresh: Client) -> None:
    made = (await fresh.data('mutation { createShop(name: "old") { id } }'))["createShop"]["id"]
    call = fresh.engine.call(Request(UPSERT, None, {"id": made}))
    assert isinstance(call, Call)
    other = await fresh.another()
    gone = fresh.connection.transaction()
    await gone.start()
    try:
        await fresh.data(f'mutation {{ deleteShop(id: "{made}") {{ id }} }}')
        late = asyncio.create_task(written(other, call, call.roots[0], Fresh(START, ("v0", "v1"))))
        while not await fresh.connection.fetchval("select pg_blocking_pids($1)", other.get_server_pid()):
            pass
        await gone.commit()
        assert '"name":"created"' in (await late or "")
    finally:
        await fresh.data('mutation { deleteShelf(id: "v1") { id } deleteShop(id: "v0") { id } }')
        await other.close()


@pytest.mark.parametrize(
    "text",
    [
        'mutation { createShop(name: "new", shelves: [{ label: "x" }]) { id } }',
        'mutation { createShop(name: "new", shelves: [{ label: "x" }]) { shelves { id } } }',
        'mutation { updateOrCreateShop(update: { id: "x" }, create: { name: "new" }) { id } }',
        'mutation { setShopKey(keyKeyId: "KEY", shopShopId: "SHOP") { __typename } }',
    ],
)
async def test_a_nested_write_for_an_older_model_leaves_nothing(client: Client, text: str) -> None:
    made = await client.data('mutation { createShop(name: "s") { id } createKey(code: "k") { id } }')
    text = text.replace("KEY", made["createKey"]["id"]).replace("SHOP", made["createShop"]["id"])
    before = await client.data("{ allShops { key { id } } allShelves { id } }")
    stale = Engine(replace(client.engine.prepared, sha="older"))
    call = stale.call(Request(text))
    assert isinstance(call, Call)
    with pytest.raises(asyncpg.PostgresError) as caught:
        await written(client.connection, call, call.roots[0], Fresh(START + timedelta(days=1), ("x", "y")))
    assert meant(stale, call, call.roots[0], caught.value) is Again.MOVED
    assert await client.data("{ allShops { key { id } } allShelves { id } }") == before


async def test_of_several_mistakes_those_of_existence_are_told_before_those_of_values_taken(client: Client) -> None:
    await client.data('mutation { createShop(name: "taken") { id } }')
    text = 'mutation { createShop(name: "taken", shelves: [{ label: "x", boxesIds: ["nobody"] }]) { id } }'
    assert (await client.failure(text))[0] == 3011
    call = client.engine.call(Request(text))
    assert isinstance(call, Call)
    assert len(call.roots[0].statements) == 1
    assert isinstance(client.engine.judge(call.roots[0], "0:nobody", call.variables), Failure)
