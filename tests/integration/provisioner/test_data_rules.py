"""What happens to data, rule by rule (G 4.5), where `test_migrations` does not say it already."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.execute.migrate import DATA_LOSS
from tests.support.environments import Place
from tests.support.schemas import model


def person(*fields: str, rest: str = "") -> str:
    return "type Person @model {\n  id: ID! @isUnique\n  " + "\n  ".join(fields) + "\n}\n" + rest


# --- values -------------------------------------------------------------------------------------------------------


async def test_a_default_that_comes_changes_or_goes_leaves_nodes_alone(place: Place) -> None:
    await place.deploy(person("name: String", "size: Int!"))
    await place.insert("Person", [{"id": "1", "size": 1}, {"id": "2", "name": "Bob", "size": 2}])

    for default in ('@defaultValue(value: "x")', '@defaultValue(value: "y")', ""):
        text = person(f"name: String {default}", f"size: Int! {default and '@defaultValue(value: 7)'}")
        made = place.planned(model(text, place.model))
        assert (made.steps, made.checks) == ((), ())
        assert await place.deploy(text) is None
        assert await place.values("Person", "name") == [None, "Bob"]
        assert await place.values("Person", "size") == [1, 2]


async def test_what_becomes_optional_keeps_its_values_and_asks_for_nothing(place: Place) -> None:
    await place.deploy(person("name: String!", "tags: [String!]!"))
    await place.insert("Person", [{"id": "1", "name": "Ann", "tags": ["x"]}])

    assert await place.deploy(person("name: String", "tags: [String!]")) is None

    await place.insert("Person", [{"id": "2"}])
    assert await place.values("Person", "name") == ["Ann", None]
    assert await place.values("Person", "tags") == [["x"], None]


async def test_becoming_required_is_free_where_no_node_lacks_a_value(place: Place) -> None:
    await place.deploy(person("name: String", "tags: [Int!]"))
    await place.insert("Person", [{"id": "1", "name": "", "tags": []}])

    assert await place.deploy(person("name: String!", "tags: [Int!]!")) is None
    assert await place.values("Person", "name") == [""]
    assert await place.values("Person", "tags") == [[]]


@pytest.mark.parametrize(
    ("before", "value", "after", "example", "new"),
    [
        ("[Int!]", [1, 2], "Int", "0", 0),
        ("Int", 1, "[Int!]!", "[7, 8]", [7, 8]),
        ("String", "x", "[String!]", '[\\"a\\", \\"b\\"]', ["a", "b"]),
        ("[String!]", ["x"], "String!", "none", "none"),
        ("String", "7", "Int", "7", 7),
        ("Boolean", True, "Int!", "1", 1),
        ("Json", '{"a": 1}', "Boolean", "true", True),
        ("Mood", "SAD", "Tone", "LOW", "LOW"),
        ("Mood", "SAD", "Int", "3", 3),
    ],
)
async def test_another_type_or_list_ness_replaces_every_value(
    place: Place, before: str, value: Any, after: str, example: str, new: Any
) -> None:
    enums = "enum Mood { HAPPY SAD }\nenum Tone { HIGH LOW }"
    await place.deploy(person(f"it: {before}", rest=enums))
    await place.insert("Person", [{"id": "1", "it": value}, {"id": "2"}])

    refusal = await place.deploy(person(f"it: {after}", rest=enums))
    assert refusal is not None
    assert refusal.code == ("2051" if ("[" in before) == ("[" in after) else "2004")
    assert await place.deploy(person(f'it: {after} @migrationValue(value: "{example}")', rest=enums)) is None
    assert await place.values("Person", "it") == [new, new]


async def test_another_type_is_free_where_there_are_no_nodes(place: Place) -> None:
    await place.deploy(person("a: Int", "b: [Int!]", "c: String"))

    assert await place.deploy(person("a: Float!", "b: Int", "c: [Boolean!]!")) is None


async def test_required_text_and_unique_text_keep_what_they_were(place: Place) -> None:
    await place.deploy(person("a: Int! @isUnique", "b: Boolean! @index", "c: Json!"))
    await place.insert("Person", [{"id": "1", "a": 1, "b": True, "c": '{"x": [1]}'}])

    assert await place.deploy(person("a: String! @isUnique", "b: String! @index", "c: String!")) is None

    assert await place.values("Person", "a") == ["1"]
    assert await place.values("Person", "b") == ["true"]
    assert await place.values("Person", "c") == ['{"x": [1]}']


async def test_a_needless_migration_value_of_null_takes_all_values(place: Place) -> None:
    await place.deploy(person("n: Int"))
    await place.insert("Person", [{"id": "1", "n": 1}, {"id": "2"}])

    assert await place.deploy(person('n: Int @migrationValue(value: "null")')) is None
    assert await place.values("Person", "n") == [None, None]
    assert list((await place.trash()).values()) == [[("1", 1)]]


async def test_timestamps_that_are_shown_later_tell_when_it_was(place: Place) -> None:
    await place.deploy(person("n: Int"))
    await place.insert("Person", [{"id": "1"}])
    was = await place.fetch("select created_at, updated_at from app.t1")

    shown = person("n: Int", "createdAt: DateTime! @index", "updatedAt: DateTime!")
    assert await place.deploy(shown) is None
    assert await place.fetch("select created_at, updated_at from app.t1") == was
    # Hiding them needs no force, and loses nothing.
    assert await place.deploy(person("n: Int")) is None
    assert await place.deploy(shown) is None
    assert [await place.values("Person", "createdAt"), await place.values("Person", "updatedAt")] == [
        [was[0]["created_at"]],
        [was[0]["updated_at"]],
    ]


# --- unique -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        (["Ann", "ANN"], True),
        (["Zoë", "zoe"], True),
        (["Straße", "STRASSE"], True),
        (["ﬁ", "FI"], True),
        (["x" * 191 + "a", "X" * 191 + "b"], True),
        (["x" * 190 + "a", "x" * 190 + "b"], False),
        ([None, None], False),
        (["", None], False),
        (["Ann", "Ann "], False),
    ],
)
async def test_unique_texts_are_compared_loosely_and_up_to_191_characters(
    place: Place, values: list[str | None], *, refused: bool
) -> None:
    await place.deploy(person("name: String"))
    await place.insert("Person", [{"name": each} for each in values])

    refusal = await place.deploy(person("name: String @isUnique"))

    assert (refusal.code if refusal else None) == ("2024" if refused else None)


@pytest.mark.parametrize("kind", ["Int", "Float", "Boolean", "DateTime", "Mood"])
async def test_any_scalar_may_become_unique_and_nulls_do_not_count(place: Place, kind: str) -> None:
    value: dict[str, Any] = {"Int": 1, "Float": 0.5, "Boolean": True, "Mood": "SAD"}
    enum = "enum Mood { SAD }"
    await place.deploy(person(f"it: {kind}", rest=enum))
    rows: list[dict[str, Any]] = [{"id": "1"}, {"id": "2"}]
    await place.insert("Person", rows if kind == "DateTime" else [*rows, {"id": "3", "it": value[kind]}])

    assert await place.deploy(person(f"it: {kind} @isUnique", rest=enum)) is None
    assert await place.deploy(person(f"it: {kind}", rest=enum)) is None
    if kind != "DateTime":
        await place.insert("Person", [{"id": "4", "it": value[kind]}])
        refusal = await place.deploy(person(f"it: {kind} @isUnique", rest=enum))
        assert refusal is not None
        assert refusal.code == "2024"


async def test_two_values_that_become_one_text_cannot_be_unique(place: Place) -> None:
    await place.deploy(person("it: Json"))
    await place.insert("Person", [{"it": '{"a": 1}'}, {"it": '{"A": 1}'}])

    refusal = await place.deploy(person("it: String @isUnique"))

    assert refusal is not None
    assert refusal.code == "2024"


async def test_a_required_unique_field_cannot_come_while_there_are_nodes(place: Place) -> None:
    await place.deploy(person("name: String"))
    await place.insert("Person", [{"id": "1"}, {"id": "2"}])

    refusal = await place.deploy(person("name: String", "code: String! @isUnique"))

    assert refusal is not None
    assert refusal.code == "2007"


# --- enums --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mood", "moods", "expected"),
    [
        ('Mood @migrationValue(value: "CALM")', "[Mood!]", None),
        (
            'Mood @migrationValue(value: "CALM")',
            '[Mood!] @migrationValue(value: "[CALM, SAD]")',
            [["CALM", "SAD", None], [["CALM", "SAD"], ["SAD"], None]],
        ),
    ],
)
async def test_a_migration_value_replaces_only_values_that_are_no_more(
    place: Place, mood: str, moods: str, expected: list[Any] | None
) -> None:
    await place.deploy(person("mood: Mood", "moods: [Mood!]", rest="enum Mood { HAPPY SAD CALM }"))
    await place.insert(
        "Person",
        [
            {"id": "1", "mood": "HAPPY", "moods": ["SAD", "HAPPY"]},
            {"id": "2", "mood": "SAD", "moods": ["SAD"]},
            {"id": "3"},
        ],
    )

    refusal = await place.deploy(person(f"mood: {mood}", f"moods: {moods}", rest="enum Mood { SAD CALM }"))

    if expected is None:
        assert refusal is not None
        assert refusal.code == "2022"
        return
    assert refusal is None
    assert [await place.values("Person", "mood"), await place.values("Person", "moods")] == expected
    assert list((await place.trash()).values()) == [[("1", "HAPPY")], [("1", ["SAD", "HAPPY"])]]


async def test_unused_enum_values_may_go_and_new_ones_may_come(place: Place) -> None:
    await place.deploy(person("mood: Mood!", rest="enum Mood { HAPPY SAD }"))
    await place.insert("Person", [{"mood": "SAD"}])

    assert await place.deploy(person("mood: Mood!", rest="enum Mood { SAD ANGRY }")) is None
    await place.insert("Person", [{"mood": "ANGRY"}])


async def test_an_enum_goes_with_its_fields(place: Place) -> None:
    await place.deploy(person("mood: Mood", "n: Int", rest="enum Mood { HAPPY }\nenum Unused { X }"))
    await place.insert("Person", [{"id": "1", "n": 1}])

    assert await place.deploy(person("n: Int")) is None
    assert await place.values("Person", "n") == [1]


# --- relations ----------------------------------------------------------------------------------------------------

HOUSE = 'type House @model {{ id: ID! @isUnique people: {} @relation(name: "Home") }}'


async def test_a_required_relation_may_come_where_there_are_no_nodes_or_both_types_are_new(place: Place) -> None:
    await place.deploy(person("n: Int"))

    both = 'type A @model { id: ID! @isUnique b: B! @relation(name: "R") }\n'
    both += 'type B @model { id: ID! @isUnique a: A! @relation(name: "R") }\n'
    home = 'home: House! @relation(name: "Home")'
    assert await place.deploy(person("n: Int", home, rest=HOUSE.format("[Person!]!") + both)) is None


async def test_a_far_side_becomes_required_only_where_every_node_has_a_partner(place: Place) -> None:
    def text(owner: str) -> str:
        desk = f'type Desk @model {{ id: ID! @isUnique owner: {owner} @relation(name: "Desk") }}'
        return person('desk: Desk @relation(name: "Desk")', rest=desk)

    await place.deploy(text("Person"))
    await place.insert("Desk", [{"id": "d"}, {"id": "e"}])
    await place.insert("Person", [{"id": "1", "desk": "d"}])

    refusal = await place.deploy(text("Person!"))
    assert refusal is not None
    assert (refusal.code, "nodes of Desk without a partner (1)" in refusal.reason) == ("2047", True)
    await place.insert("Person", [{"id": "2", "desk": "e"}])
    assert await place.deploy(text("Person!")) is None
    assert await place.values("Person", "desk") == ["d", "e"]
    assert await place.deploy(text("Person")) is None
    assert await place.values("Person", "desk") == ["d", "e"]


async def test_a_required_relation_becomes_optional_and_lets_go(place: Place) -> None:
    await place.deploy(person('home: House! @relation(name: "Home")', rest=HOUSE.format("[Person!]!")))
    await place.insert("House", [{"id": "h"}])
    await place.insert("Person", [{"id": "1", "home": "h"}])

    assert await place.deploy(person('home: House @relation(name: "Home")', rest=HOUSE.format("[Person!]!"))) is None

    async with place.cluster.connected(place.id) as connection:
        await connection.execute("delete from app.t2")
    assert await place.values("Person", "home") == [None]


async def test_many_to_many_becomes_one_to_many_only_by_another_relation(place: Place) -> None:
    """Its edges are kept elsewhere: with force they go to the trash."""
    await place.deploy(person('homes: [House!]! @relation(name: "Home")', rest=HOUSE.format("[Person!]!")))
    await place.insert("House", [{"id": "h"}])
    await place.insert("Person", [{"id": "1"}])
    await place.connect("Home", [("1", "h")])
    one = person('homes: House @relation(name: "Home")', rest=HOUSE.format("[Person!]!"))

    refusal = await place.deploy(one)
    assert refusal is not None
    assert refusal.code == DATA_LOSS
    assert await place.deploy(one, forced=True) is None
    assert list((await place.trash()).values()) == [[("1", "h")]]


async def test_removing_a_type_takes_the_relations_of_others_along(place: Place) -> None:
    home = 'home: House @relation(name: "Home")'
    await place.deploy(person("n: Int", home, rest=HOUSE.format("[Person!]!")))
    await place.insert("House", [{"id": "h"}])
    await place.insert("Person", [{"id": "1", "n": 1, "home": "h"}])

    assert await place.deploy(person("n: Int"), forced=True) is None

    assert await place.values("Person", "n") == [1]
    assert sorted(len(rows) for rows in (await place.trash()).values()) == [1, 1]


async def test_everything_is_verified_before_anything_runs(place: Place) -> None:
    await place.deploy(person("a: Int", "b: String", "c: Mood", rest="enum Mood { HAPPY SAD }"))
    await place.insert("Person", [{"id": "1", "b": "x", "c": "SAD"}, {"id": "2", "b": "X"}])
    before = await place.catalogue()

    refusal = await place.deploy(
        person(
            "a: Int!",
            "b: String @isUnique",
            "c: Mood",
            "d: Int!",
            rest="enum Mood { HAPPY }\ntype Other @model { id: ID! @isUnique }",
        ),
        forced=True,
    )

    assert refusal is not None
    for said in (
        "Person.a becomes required",
        "Person.b cannot be unique",
        "can no longer be SAD",
        "Person.d is required",
    ):
        assert said in refusal.reason
    assert await place.catalogue() == before
