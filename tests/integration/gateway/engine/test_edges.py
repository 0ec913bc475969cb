"""Connecting, stealing and letting go: every cardinality, both sides of it (G 6.2 - 6.6)."""

from __future__ import annotations

import pytest

from common.sql import ident, sql
from tests.integration.gateway.engine.conftest import Open
from tests.support.answering import Client
from tests.support.schemas import model

SCHEMA = """
type Person @model {
  id: ID! @isUnique
  updatedAt: DateTime!
  name: String! @isUnique
  parent: Person @relation(name: "Family")
  children: [Person!]! @relation(name: "Family")
  friends: [Person!]! @relation(name: "Friends")
  spouse: Person @relation(name: "Marriage")
  mentor: Person @relation(name: "Lessons")
  student: Person @relation(name: "Lessons")
  follows: [Person!]! @relation(name: "Follows")
  followers: [Person!]! @relation(name: "Follows")
}
type Car @model {
  id: ID! @isUnique
  name: String!
  engine: Engine! @relation(name: "CarEngine")
  owner: Owner @relation(name: "CarOwner")
}
type Engine @model { id: ID! @isUnique name: String! car: Car @relation(name: "CarEngine") }
type Owner @model { id: ID! @isUnique name: String! cars: [Car!]! @relation(name: "CarOwner") }
type Country @model { id: ID! @isUnique name: String! capital: Capital! @relation(name: "Capital") }
type Capital @model { id: ID! @isUnique name: String! country: Country! @relation(name: "Capital") }
"""


@pytest.fixture(scope="module")
async def client(environments: Open) -> Client:
    return await environments(model(SCHEMA))


async def made(client: Client, kind: str, name: str, **ids: object) -> str:
    """A new node."""
    arguments = "".join(f", {key}: {_literal(value)}" for key, value in ids.items())
    field = f"create{kind}"
    return str((await client.data(f'mutation {{ {field}(name: "{name}"{arguments}) {{ id }} }}'))[field]["id"])


async def person(client: Client, node: str) -> dict[str, object]:
    """Names of everybody around a person."""
    ones, many = ("parent", "spouse", "mentor", "student"), ("children", "friends", "follows", "followers")
    fields = " ".join(f"{name} {{ name }}" for name in (*ones, *many))
    found = (await client.data(f'{{ Person(id: "{node}") {{ {fields} }} }}'))["Person"]
    return {
        name: [one["name"] for one in value] if isinstance(value, list) else value and value["name"]
        for name, value in found.items()
        if value
    }


async def people(client: Client, *names: str) -> list[str]:
    table = client.engine.prepared.model.entity_by_name["Person"].table
    await client.connection.execute(sql("delete from {table}", table=ident("app", table)).text)
    return [await made(client, "Person", name) for name in names]


async def changed(client: Client, node: str, **ids: object) -> None:
    arguments = "".join(f", {key}: {_literal(value)}" for key, value in ids.items())
    await client.data(f'mutation {{ updatePerson(id: "{node}"{arguments}) {{ id }} }}')


def _literal(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_literal(one) for one in value)}]"
    return "null" if value is None else f'"{value}"'


async def test_a_parent_and_its_children_see_each_other(client: Client) -> None:
    ann, bob, cy = await people(client, "Ann", "Bob", "Cy")
    await changed(client, ann, childrenIds=[bob, cy, bob])
    assert await person(client, ann) == {"children": ["Bob", "Cy"]}
    assert await person(client, bob) == {"parent": "Ann"}
    await changed(client, cy, childrenIds=[bob])
    assert await person(client, ann) == {"children": ["Cy"]}
    assert await person(client, cy) == {"parent": "Ann", "children": ["Bob"]}
    await changed(client, ann, childrenIds=[])
    assert await person(client, cy) == {"children": ["Bob"]}


async def test_friends_are_friends_of_each_other(client: Client) -> None:
    ann, bob, cy = await people(client, "Ann", "Bob", "Cy")
    dan = await made(client, "Person", "Dan", friendsIds=[ann, bob])
    assert await person(client, ann) == {"friends": ["Dan"]}
    await changed(client, ann, friendsIds=[dan, cy, dan])
    assert await person(client, ann) == {"friends": ["Cy", "Dan"]}
    assert await person(client, cy) == {"friends": ["Ann"]}
    await changed(client, ann, friendsIds=[ann])
    assert await person(client, ann) == {"friends": ["Ann"]}
    assert await person(client, dan) == {"friends": ["Bob"]}
    await changed(client, ann, friendsIds=None)
    assert await person(client, ann) == {}


async def test_a_spouse_who_marries_again_leaves_the_former_one(client: Client) -> None:
    ann, bob, cy, dan = await people(client, "Ann", "Bob", "Cy", "Dan")
    await changed(client, ann, spouseId=bob)
    await changed(client, cy, spouseId=dan)
    assert await person(client, bob) == {"spouse": "Ann"}
    await changed(client, ann, spouseId=cy)
    assert [await person(client, one) for one in (ann, bob, cy, dan)] == [{"spouse": "Cy"}, {}, {"spouse": "Ann"}, {}]
    await changed(client, cy, spouseId=None)
    assert [await person(client, one) for one in (ann, cy)] == [{}, {}]


async def test_a_directed_relation_of_a_type_with_itself_has_two_sides(client: Client) -> None:
    ann, bob, cy = await people(client, "Ann", "Bob", "Cy")
    await changed(client, ann, mentorId=bob)
    assert await person(client, bob) == {"student": "Ann"}
    await changed(client, cy, mentorId=bob)
    assert [await person(client, one) for one in (ann, bob, cy)] == [{}, {"student": "Cy"}, {"mentor": "Bob"}]
    await changed(client, bob, studentId=ann, mentorId=cy)
    assert await person(client, bob) == {"student": "Ann", "mentor": "Cy"}
    assert await person(client, cy) == {"student": "Bob"}
    await changed(client, bob, studentId=None)
    assert await person(client, ann) == {}
    await changed(client, ann, followsIds=[bob, cy])
    assert await person(client, cy) == {"student": "Bob", "followers": ["Ann"]}


async def test_changed_edges_do_not_move_the_time(client: Client) -> None:
    ann, bob = await people(client, "Ann", "Bob")
    before = await client.data("{ allPersons { updatedAt } }")
    await changed(client, ann, friendsIds=[bob], parentId=bob, spouseId=bob, childrenIds=[bob])
    assert await client.data("{ allPersons { updatedAt } }") == before


async def test_what_requires_its_partner_cannot_lose_it_to_a_thief(client: Client) -> None:
    engines = [await made(client, "Engine", name) for name in ("V6", "V8", "V12")]
    first = await made(client, "Car", "First", engineId=engines[0])
    second = await made(client, "Car", "Second", engineId=engines[1])
    code, message = await client.failure(f'mutation {{ updateCar(id: "{second}", engineId: "{engines[0]}") {{ id }} }}')
    assert (code, message.split(" is required")[0]) == (3032, "The field 'engine' on type 'Car'")
    code, _ = await client.failure(f'mutation {{ createCar(name: "x", engineId: "{engines[0]}") {{ id }} }}')
    assert code == 3032
    # Only the car requires the edge: the engine may take it, unless it has a car already that would be left alone.
    moved = f'mutation {{ updateEngine(id: "{engines[2]}", carId: "{first}") {{ car {{ name engine {{ name }} }} }} }}'
    assert (await client.data(moved))["updateEngine"]["car"] == {"name": "First", "engine": {"name": "V12"}}
    assert (await client.data(f'{{ Engine(id: "{engines[0]}") {{ car {{ id }} }} }}'))["Engine"]["car"] is None
    code, _ = await client.failure(f'mutation {{ updateEngine(id: "{engines[2]}", carId: "{second}") {{ id }} }}')
    assert code == 3032
    code, _ = await client.failure(f'mutation {{ updateEngine(id: "{engines[2]}", carId: null) {{ id }} }}')
    assert code == 3032
    same = f'mutation {{ updateEngine(id: "{engines[2]}", carId: "{first}") {{ car {{ name }} }} }}'
    assert (await client.data(same))["updateEngine"]["car"] == {"name": "First"}
    code, _ = await client.failure(f'mutation {{ deleteEngine(id: "{engines[2]}") {{ id }} }}')
    assert code == 3032
    gone = await client.data(f'mutation {{ deleteCar(id: "{first}") {{ name engine {{ name }} }} }}')
    assert gone["deleteCar"] == {"name": "First", "engine": {"name": "V12"}}
    assert (await client.data(f'mutation {{ deleteEngine(id: "{engines[2]}") {{ car {{ id }} }} }}'))["deleteEngine"]


async def test_children_of_an_optional_parent_move_freely(client: Client) -> None:
    engines = [await made(client, "Engine", name) for name in ("a", "b")]
    cars = [await made(client, "Car", name, engineId=engine) for name, engine in zip("xy", engines, strict=True)]
    ann = await made(client, "Owner", "Ann", carsIds=cars)
    bob = await made(client, "Owner", "Bob", carsIds=[cars[1]])
    shown = await client.data(
        f'{{ a: Owner(id: "{ann}") {{ cars {{ name }} }} b: Owner(id: "{bob}") {{ cars {{ name }} }} }}'
    )
    assert shown == {"a": {"cars": [{"name": "x"}]}, "b": {"cars": [{"name": "y"}]}}
    await client.data(
        f'mutation {{ updateCar(id: "{cars[0]}", ownerId: null) {{ id }} deleteOwner(id: "{bob}") {{ id }} }}'
    )
    left = await client.data(f'{{ Owner(id: "{ann}") {{ cars {{ id }} }} Car(id: "{cars[1]}") {{ owner {{ id }} }} }}')
    assert left == {"Owner": {"cars": []}, "Car": {"owner": None}}


async def test_two_sides_that_require_each_other_cannot_be_parted(client: Client) -> None:
    known = client.engine.prepared.model
    country, capital = known.entity_by_name["Country"], known.entity_by_name["Capital"]
    relation = next(one for one in known.relations if one.name == "Capital")
    holder, other = (country, capital) if relation.a == country.id and relation.storage == "a" else (capital, country)
    for number in (1, 2):
        for entity, link in ((other, ""), (holder, f", '{other.name}{number}'")):
            column = f", {relation.column}" if link else ""
            name = entity.field_by_name["name"].column
            await client.connection.execute(
                f"insert into app.{entity.table} (id, created_at, updated_at, {name}{column}) "  # noqa: S608 - our names
                f"values ('{entity.name}{number}', now(), now(), 'n'{link})"
            )
    refused = [
        'updateCountry(id: "Country1", capitalId: "Capital2") { id }',
        'updateCapital(id: "Capital1", countryId: "Country2") { id }',
        'updateCountry(id: "Country1", capitalId: null) { id }',
        'createCountry(name: "x", capitalId: "Capital1") { id }',
        'createCapital(name: "x", countryId: "Country1") { id }',
        'deleteCountry(id: "Country1") { id }',
        'deleteCapital(id: "Capital1") { id }',
    ]
    for one in refused:
        assert (await client.failure(f"mutation {{ {one} }}"))[0] == 3032, one
    same = await client.data('mutation { updateCountry(id: "Country1", capitalId: "Capital1") { capital { id } } }')
    assert same["updateCountry"]["capital"] == {"id": "Capital1"}


async def test_an_id_of_another_type_or_of_nothing_is_not_connected(client: Client) -> None:
    ann, bob = await people(client, "Ann", "Bob")
    engine = await made(client, "Engine", "V6")
    for argument in (
        f'friendsIds: ["{bob}", "{engine}"]',
        f'spouseId: "{engine}"',
        'parentId: "nobody"',
        'childrenIds: [""]',
        'mentorId: "a b"',
        'studentId: "nobody"',
    ):
        code, message = await client.failure(f'mutation {{ updatePerson(id: "{ann}", {argument}) {{ id }} }}')
        assert (code, message.split(" does not exist")[0]) == (3011, "The node of type 'Person' to connect"), argument
    assert await person(client, ann) == {}
