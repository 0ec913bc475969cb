"""Each kind of change on a database with data: what is kept, what is filled, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from common.sql import ident, literal, sql
from contracts.model import Model, digest, encode
from provisioner.domain.layout import layout
from provisioner.execute.migrate import DATA_LOSS, Refusal
from tests.support.environments import Place
from tests.support.schemas import model

CASES = sorted((Path(__file__).parents[2] / "unit" / "provisioner" / "cases").iterdir())


def person(*fields: str, rest: str = "") -> str:
    body = "\n  ".join(("id: ID! @isUnique", *fields))
    return f"type Person @model {{\n  {body}\n}}\n{rest}"


async def columns(place: Place) -> set[tuple[str, str]]:
    lines = await place.fetch(
        "select table_name, column_name from information_schema.columns where table_schema = 'app' "
        "and table_name <> '_mortise'"
    )
    return {(row[0], row[1]) for row in lines}


def promised(made: Model) -> set[tuple[str, str]]:
    return {(name, column.name) for name, table in layout(made).items() for column in table.columns}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_the_statements_of_every_case_run_and_leave_what_the_model_says(place: Place, case: Path) -> None:
    before = case / "before.graphql"
    if before.exists():
        assert await place.deploy(before.read_text()) is None
    assert await place.deploy((case / "after.graphql").read_text(), forced=True) is None

    assert place.model is not None
    assert await columns(place) == promised(place.model)
    (served,) = await place.fetch("select model_sha from app._mortise")
    assert served["model_sha"] == digest(encode(place.model))


async def test_a_new_optional_field_is_null_or_has_the_migration_value(place: Place) -> None:
    await place.deploy(person("name: String!"))
    await place.insert("Person", [{"name": "Ann"}, {"name": "Bob"}])

    refusal = await place.deploy(person("name: String!", "age: Int", 'city: String @migrationValue(value: "Delft")'))

    assert refusal is None
    assert await place.values("Person", "age") == [None, None]
    assert await place.values("Person", "city") == ["Delft", "Delft"]


async def test_a_new_required_field_needs_a_migration_value_only_where_there_are_nodes(place: Place) -> None:
    await place.deploy(person("name: String!"))
    assert await place.deploy(person("name: String!", "age: Int!")) is None
    await place.insert("Person", [{"name": "Ann", "age": 3}])

    refusal = await place.deploy(person("name: String!", "age: Int!", 'city: String! @defaultValue(value: "x")'))

    assert refusal == Refusal(
        "2007",
        "Person.city is required, and there are nodes of Person without a value for it (1). "
        'Say which they get: @migrationValue(value: "unknown")',
    )
    text = person("name: String!", "age: Int!", 'city: String! @migrationValue(value: "Delft")')
    assert await place.deploy(text) is None
    assert await place.values("Person", "city") == ["Delft"]


async def test_what_is_removed_is_refused_with_counts_and_with_force_kept_in_the_trash(place: Place) -> None:
    await place.deploy(
        person(
            "name: String @isUnique",
            'pets: [Pet!]! @relation(name: "Pets")',
            'clubs: [Club!]! @relation(name: "Clubs")',
            rest="""
            type Pet @model { id: ID! @isUnique name: String owner: Person! @relation(name: "Pets") }
            type Club @model { id: ID! @isUnique members: [Person!]! @relation(name: "Clubs") }
            """,
        )
    )
    people = await place.insert("Person", [{"id": "p1", "name": "Ann"}, {"id": "p2", "name": None}])
    await place.insert("Pet", [{"id": "x1", "owner": people[0]}, {"id": "x2", "owner": people[0]}])
    await place.insert("Club", [{"id": "k1"}])
    await place.connect("Clubs", [("p1", "k1"), ("p2", "k1")])
    smaller = person("age: Int", rest="type Club @model { id: ID! @isUnique }")

    losses = {each.check.path: each.rows for each in await place.losses(smaller)}
    refusal = await place.deploy(smaller)

    assert losses == {"Pet": 2, "Person.name": 1, "relation Pets": 2, "relation Clubs": 2}
    assert refusal is not None
    assert refusal.code == DATA_LOSS
    assert "Pet (2), Person.name (1), relation Pets (2), relation Clubs (2)" in refusal.reason
    assert await place.values("Person", "name") == ["Ann", None]

    assert await place.deploy(smaller, forced=True) is None
    trash = await place.trash()
    assert [row for name, row in trash.items() if name.startswith("t1_c")] == [[("p1", "Ann")]]
    assert sorted(len(rows) for rows in trash.values()) == [1, 2, 2]
    # Nothing in the trash hangs on what is served: rows can go.
    async with place.cluster.connected(place.id) as connection:
        await connection.execute("delete from app.t1")
    assert {name: len(rows) for name, rows in (await place.trash()).items()} == {
        name: len(rows) for name, rows in trash.items()
    }


async def test_the_same_thing_may_go_to_the_trash_twice(place: Place) -> None:
    with_tags, without = person('friends: [Person!]! @relation(name: "F")', "n: Int"), person()
    first = model(with_tags)
    for _ in range(2):
        assert await place.deploy(first) is None
        await place.insert("Person", [{"n": 1}])
        assert await place.deploy(model(without, first), forced=True) is None

    assert len(await place.fetch("select from pg_tables where schemaname = 'trash'")) == 4


async def test_a_rename_keeps_data_and_runs_nothing(place: Place) -> None:
    await place.deploy(person("name: String!"))
    await place.insert("Person", [{"name": "Ann"}])
    renamed = """
    type Human @model @rename(oldName: "Person") {
      id: ID! @isUnique
      fullName: String! @rename(oldName: "name")
    }
    """

    assert place.planned(model(renamed, place.model)).steps == ()
    assert await place.deploy(renamed) is None
    assert await place.values("Human", "fullName") == ["Ann"]


async def test_values_become_text_as_the_api_writes_them(place: Place) -> None:
    await place.deploy(
        person("a: Int", "b: Float", "c: Boolean", "d: DateTime", "e: [DateTime!]", "f: [Int!]", "g: G")
        + "enum G { X Y }"
    )
    at = datetime(1960, 2, 3, 4, 5, 6, 7000, tzinfo=UTC)
    await place.insert(
        "Person",
        [
            {"id": "1", "a": 1, "b": 1.5, "c": True, "d": at, "e": [at, at], "f": [1, 2], "g": "X"},
            {"id": "2", "e": []},
        ],
    )

    text = person("a: String", "b: String", "c: String", "d: String", "e: [String!]", "f: [String!]", "g: String")
    assert await place.deploy(text) is None

    assert await place.values("Person", "a") == ["1", None]
    assert await place.values("Person", "b") == ["1.5", None]
    assert await place.values("Person", "c") == ["true", None]
    assert await place.values("Person", "d") == ["1960-02-03T04:05:06.007Z", None]
    assert await place.values("Person", "e") == [["1960-02-03T04:05:06.007Z"] * 2, []]
    assert await place.values("Person", "f") == [["1", "2"], None]
    assert await place.values("Person", "g") == ["X", None]


@pytest.mark.parametrize(("after", "code"), [("weight: Float", "2051"), ("weight: [Int!]", "2004")])
async def test_another_type_needs_a_migration_value_where_there_are_nodes(place: Place, after: str, code: str) -> None:
    await place.deploy(person("weight: Int"))
    await place.insert("Person", [{"id": "1", "weight": 70}, {"id": "2"}])

    refusal = await place.deploy(person(after))

    assert refusal is not None
    assert refusal.code == code
    value = "[1]" if "[" in after else "1.5"
    assert await place.deploy(person(f'{after} @migrationValue(value: "{value}")')) is None
    assert await place.values("Person", "weight") == [[1], [1]] if "[" in after else [1.5, 1.5]
    assert list((await place.trash()).values()) == [[("1", 70)]]


async def test_becoming_required_fills_exactly_the_nulls(place: Place) -> None:
    await place.deploy(person("name: String", "tags: [String!]"))
    await place.insert("Person", [{"id": "1", "name": "Ann", "tags": ["x"]}, {"id": "2", "name": None}])

    refusal = await place.deploy(person("name: String!", "tags: [String!]"))
    assert refusal is not None
    assert (refusal.code, "nodes of Person without a value (1)" in refusal.reason) == ("2007", True)

    text = person('name: String! @migrationValue(value: "?")', 'tags: [String!]! @migrationValue(value: "[\\"t\\"]")')
    assert await place.deploy(text) is None
    assert await place.values("Person", "name") == ["Ann", "?"]
    assert await place.values("Person", "tags") == [["t"], ["t"]]
    assert list((await place.trash()).values()) == [[("1", ["x"])]]
    assert await place.deploy(person("name: String", "tags: [String!]")) is None
    await place.insert("Person", [{"name": None}])


async def test_a_needless_migration_value_overwrites_everything_and_keeps_what_was(place: Place) -> None:
    await place.deploy(person("name: String!"))
    await place.insert("Person", [{"id": "1", "name": "Ann"}])

    assert await place.deploy(person('name: String! @migrationValue(value: "Bob")')) is None

    assert await place.values("Person", "name") == ["Bob"]
    assert list((await place.trash()).values()) == [[("1", "Ann")]]


async def test_unique_is_refused_where_values_repeat_and_nulls_do_not_count(place: Place) -> None:
    await place.deploy(person("name: String", "n: Int"))
    await place.insert(
        "Person",
        [
            {"id": "1", "name": "Ann", "n": 1},
            {"id": "2", "name": "ÁNN", "n": 2},
            {"id": "3"},
            {"id": "4"},
        ],
    )

    refusal = await place.deploy(person("name: String @isUnique", "n: Int @isUnique"))
    assert refusal is not None
    assert (refusal.code, "values are there more than once (1)" in refusal.reason) == ("2024", True)
    assert "Person.n cannot" not in refusal.reason

    assert await place.deploy(person("name: String", "n: Int @isUnique")) is None
    assert await place.deploy(person("name: String", "n: Int")) is None
    await place.insert("Person", [{"n": 1}])


@pytest.mark.parametrize(
    ("rows", "after", "code"),
    [
        ([{}, {}], "code: String! @isUnique", "3010"),
        ([{"name": "x"}, {}], "name: String! @isUnique", "3010"),
        ([{"name": "y"}, {}], "name: String! @isUnique", None),
        ([{}], "code: String! @isUnique", None),
        ([{}, {}], "name: String! @isUnique", "3010"),
    ],
)
async def test_a_migration_value_on_a_unique_field_may_reach_one_node(
    place: Place, rows: list[dict[str, str]], after: str, code: str | None
) -> None:
    await place.deploy(person("name: String"))
    await place.insert("Person", rows)
    name = "" if after.startswith("name") else "name: String"

    refusal = await place.deploy(person(name, f'{after} @migrationValue(value: "X")'))

    assert (refusal and refusal.code) == code


async def test_enum_values_in_use_cannot_go_unless_something_takes_their_place(place: Place) -> None:
    def text(values: str, more: str = "", enum: str = "", many: str = "moods: [M!]") -> str:
        return person(f"mood: M {more}", many) + f"enum M {enum} {{ {values} }}"

    await place.deploy(text("A B C D"))
    await place.insert("Person", [{"id": "1", "mood": "A"}, {"id": "2", "mood": "B", "moods": ["A", "B"]}])

    refusal = await place.deploy(text("C D"))
    assert refusal is not None
    assert refusal.code == "2021"
    assert "can no longer be A, and there are nodes of Person that are (1)" in refusal.reason
    assert "can no longer be B, and there are nodes of Person that are (1)" in refusal.reason
    assert "Person.moods is a list that can no longer hold A, B" in refusal.reason
    refusal = await place.deploy(text("A B C", many="moods: [M!]"))
    assert refusal is not None
    assert refusal.code == "2022"

    assert await place.deploy(text("A C", enum='@migrationValue(value: "C")')) is None
    assert await place.values("Person", "mood") == ["A", "C"]
    assert await place.values("Person", "moods") == [None, ["C"]]
    assert await place.deploy(text("A C E")) is None
    await place.insert("Person", [{"mood": "E"}])


async def test_a_required_relation_is_refused_where_nodes_would_have_no_partner(place: Place) -> None:
    house = 'type House @model { id: ID! @isUnique people: [Person!]! @relation(name: "Home") }'
    await place.deploy(person(rest="type House @model { id: ID! @isUnique }"))
    await place.insert("Person", [{"id": "1"}])
    required = person('home: House! @relation(name: "Home")', rest=house)

    refusal = await place.deploy(required)
    assert refusal is not None
    assert refusal.code == "2052"
    assert await place.deploy(person('home: House @relation(name: "Home")', rest=house)) is None
    refusal = await place.deploy(required)
    assert refusal is not None
    assert refusal.code == "2047"

    await place.insert("House", [{"id": "h"}])
    async with place.cluster.connected(place.id) as connection:
        column = await connection.fetchval(
            "select column_name from information_schema.columns where table_schema = 'app' and column_name ~ '^r'"
        )
        await connection.execute(sql("update app.t1 set {c} = {h}", c=ident(column), h=literal("h")).text)
    assert await place.deploy(required) is None


async def test_one_partner_only_where_no_node_has_two(place: Place) -> None:
    def text(side: str) -> str:
        return person('home: House @relation(name: "H")') + (
            f'type House @model {{ id: ID! @isUnique people: {side} @relation(name: "H") }}'
        )

    await place.deploy(text("[Person!]!"))
    await place.insert("House", [{"id": "h"}, {"id": "i"}])
    await place.insert("Person", [{"id": "1", "home": "h"}, {"id": "2", "home": "h"}])

    refusal = await place.deploy(text("Person"))
    assert refusal is not None
    assert refusal.code == "2031"
    async with place.cluster.connected(place.id) as connection:
        await connection.execute("delete from app.t1 where id = '2'")
    assert await place.deploy(text("Person")) is None
    assert await place.values("Person", "home") == ["h"]
    assert await place.deploy(text("[Person!]!")) is None


async def test_the_order_of_the_schema_moves_no_edges(place: Place) -> None:
    one = person('follows: [Person!]! @relation(name: "F")', 'followers: [Person!]! @relation(name: "F")')
    other = person('followers: [Person!]! @relation(name: "F")', 'follows: [Person!]! @relation(name: "F")')
    await place.deploy(one)
    await place.insert("Person", [{"id": "1"}, {"id": "2"}])
    await place.connect("F", [("1", "2")])

    assert await place.deploy(other) is None

    assert place.model is not None
    relation = place.model.relations[0]
    follows = place.model.entities[0].relation_by_name["follows"].side
    edge = (await place.fetch(f"select {follows} from app.{relation.table}"))[0]  # noqa: S608 - a side and a table
    assert edge[0] == "1"


async def test_a_replaced_relation_takes_its_edges_to_the_trash(place: Place) -> None:
    def text(target: str) -> str:
        others = "".join(
            f"type {name} @model {{ id: ID! @isUnique "
            + ('people: [Person!]! @relation(name: "H") }\n' if name == target else "}\n")
            for name in ("House", "Boat")
        )
        return person(f'home: {target} @relation(name: "H")', rest=others)

    await place.deploy(text("House"))
    await place.insert("House", [{"id": "h"}])
    await place.insert("Person", [{"id": "1", "home": "h"}])

    refusal = await place.deploy(text("Boat"))
    assert refusal is not None
    assert refusal.code == DATA_LOSS
    assert await place.deploy(text("Boat"), forced=True) is None
    assert await place.values("Person", "home") == [None]
    assert list((await place.trash()).values()) == [[("1", "h")]]


async def test_a_skipped_version_has_done_its_work(place: Place) -> None:
    first = model(person("name: String", "size: Int"))
    second = model(
        person(
            "name: String",
            'age: Int! @migrationValue(value: "7")',
            'size: Float @migrationValue(value: "1.5")',
        ),
        first,
    )
    third = model(person("name: String", "age: Int!", "size: Float"), second)
    await place.deploy(first)
    await place.insert("Person", [{"id": "1", "size": 3}])

    assert await place.deploy(second, third) is None

    assert await place.values("Person", "age") == [7]
    assert await place.values("Person", "size") == [1.5]


async def test_json_cannot_be_unique_whatever_the_data(place: Place) -> None:
    made = model(person("meta: Json"))
    entity = made.entities[0]
    fields = tuple(each.model_copy(update={"unique": each.name == "meta"}) for each in entity.fields)
    entity = entity.model_copy(update={"fields": fields})

    refusal = await place.deploy(Model(service="s", counter=made.counter, entities=(entity,)))

    assert refusal is not None
    assert refusal.code == "2040"
