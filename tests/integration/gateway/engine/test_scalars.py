"""What is stored is what was given: every scalar, null, text, defaults and timestamps (G 2.1, 2.3, 3, 15.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.integration.gateway.engine.conftest import Open
from tests.support.answering import Client
from tests.support.schemas import model

SCHEMA: Final = """
type Thing @model {
  id: ID! @isUnique
  createdAt: DateTime!
  updatedAt: DateTime!
  text: String
  slug: String @isUnique
  number: Int
  ratio: Float
  flag: Boolean
  at: DateTime
  mood: Mood
  json: Json
  words: [String!]
  moods: [Mood!]
  usual: Int @defaultValue(value: "7")
  needed: Mood! @defaultValue(value: "GOOD")
}
enum Mood { GOOD BAD }
"""
FIELDS: Final = "text number ratio flag at mood json words moods usual needed"
TYPES: Final = {
    "text": "String",
    "number": "Int",
    "ratio": "Float",
    "flag": "Boolean",
    "at": "DateTime",
    "mood": "Mood",
    "json": "Json",
    "words": "[String!]",
    "moods": "[Mood!]",
    "usual": "Int",
    "slug": "String",
}


@pytest.fixture(scope="module")
async def client(environments: Open) -> Client:
    return await environments(model(SCHEMA))


def creating(values: Mapping[str, Any]) -> str:
    if not values:
        return f"mutation {{ createThing {{ id createdAt updatedAt {FIELDS} }} }}"
    declared = ", ".join(f"${name}: {TYPES[name]}" for name in values)
    given = ", ".join(f"{name}: ${name}" for name in values)
    return f"mutation ({declared}) {{ createThing({given}) {{ id createdAt updatedAt {FIELDS} }} }}"


async def created(client: Client, values: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = (await client.data(creating(values), values))["createThing"]
    read = (await client.data(f'{{ Thing(id: "{made["id"]}") {{ id createdAt updatedAt {FIELDS} }} }}'))["Thing"]
    assert read == made
    return made


VALUES: Final[Mapping[str, tuple[str, Any, Any]]] = {
    "emoji, scripts and signs": ("text", '🎸 बैंड €§ Ærø \u2028 "q" \\n', '🎸 बैंड €§ Ærø \u2028 "q" \\n'),
    "an empty text": ("text", "", ""),
    "the least number": ("number", -(2**31), -(2**31)),
    "the greatest number": ("number", 2**31 - 1, 2**31 - 1),
    "a whole ratio": ("ratio", 4, 4),
    "a ratio with an exponent": ("ratio", 1.5e-7, 1.5e-7),
    "a ratio of many digits": ("ratio", 100.500000000001, 100.500000000001),
    "false": ("flag", False, False),
    "a year": ("at", "2016", "2016-01-01T00:00:00.000Z"),
    "a day": ("at", "2018-02-03", "2018-02-03T00:00:00.000Z"),
    "a time without a zone": ("at", "2015-11-22T13:57:31.123", "2015-11-22T13:57:31.123Z"),
    "a time with an offset": ("at", "2015-11-22T13:57:31+02:00", "2015-11-22T11:57:31.000Z"),
    "a time before 1970": ("at", "1959-01-02T03:04:05.678Z", "1959-01-02T03:04:05.678Z"),
    "a time before 1970 without milliseconds": ("at", "1959-01-02T03:04:05Z", "1959-01-02T03:04:05.000Z"),
    "an enum": ("mood", "BAD", "BAD"),
    "a Json object": ("json", {"a": [1, None, {"b": "é"}]}, {"a": [1, None, {"b": "é"}]}),
    "a Json text": ("json", '{"a": 1.50}', {"a": 1.5}),
    "a Json list": ("json", [], []),
    "a list with repeats": ("words", ["b", "a", "b"], ["b", "a", "b"]),
    "an empty list": ("words", [], []),
    "a single value for a list": ("words", "one", ["one"]),
    "a list of enums": ("moods", ["BAD", "GOOD", "BAD"], ["BAD", "GOOD", "BAD"]),
}


@pytest.mark.parametrize("name", VALUES)
async def test_a_value_comes_back_as_it_was_given(client: Client, name: str) -> None:
    field, given, stored = VALUES[name]
    assert (await created(client, {field: given}))[field] == stored


async def test_null_and_nothing_are_the_same_on_create_where_there_is_no_default(client: Client) -> None:
    names = [name for name in TYPES if name not in ("usual", "slug")]
    nulls = await created(client, dict.fromkeys(names))
    nothing = await created(client, {})
    full = await created(client, {field: given for field, given, _ in VALUES.values()})
    assert {name: nulls[name] for name in names} == dict.fromkeys(names) == {name: nothing[name] for name in names}
    assert None not in full.values()
    assert nulls["words"] is None, "a list that was never set is null, not empty"


async def test_a_default_is_for_creation_and_for_nothing_that_was_given(client: Client) -> None:
    assert [(await created(client, {}))[name] for name in ("usual", "needed")] == [7, "GOOD"]
    assert (await created(client, {"usual": None}))["usual"] is None
    made = await created(client, {"usual": 3})
    update = f'mutation {{ updateThing(id: "{made["id"]}", text: "x", usual: null) {{ usual needed }} }}'
    assert (await client.data(update))["updateThing"] == {"usual": None, "needed": "GOOD"}
    again = f'mutation {{ updateThing(id: "{made["id"]}", text: "y") {{ usual }} }}'
    assert (await client.data(again))["updateThing"]["usual"] is None


TOO_LONG: Final[Mapping[str, Any]] = {
    "text": "x" * 262_145,
    "json": {"a": "x" * 262_145},
    "words": ["x" * 262_145],
}


@pytest.mark.parametrize("field", TOO_LONG)
async def test_more_than_262144_characters_are_refused(client: Client, field: str) -> None:
    code, message = await client.failure(creating({field: TOO_LONG[field]}), {field: TOO_LONG[field]})
    assert (code, message) == (3007, f"Value for field {field} is too long.")


async def test_both_timestamps_are_equal_at_first_and_only_values_move_the_later_one(client: Client) -> None:
    made = await created(client, {"text": "a", "words": ["a"]})
    assert made["createdAt"] == made["updatedAt"]

    async def updated(change: str) -> dict[str, Any]:
        text = f'mutation {{ updateThing(id: "{made["id"]}", {change}) {{ createdAt updatedAt }} }}'
        found: dict[str, Any] = (await client.data(text))["updateThing"]
        assert found["createdAt"] == made["createdAt"]
        return found

    assert (await updated('text: "a"'))["updatedAt"] == made["updatedAt"]
    moved = await updated('words: ["a", "b"]')
    assert moved["updatedAt"] > made["updatedAt"]
    assert (await updated('text: "A"'))["updatedAt"] > moved["updatedAt"]


@pytest.mark.parametrize(
    ("first", "same", "other"),
    [
        ('{"a": [1, 2], "b": null}', '{ "b":null,"a":[1,2.0] }', '{"a": [2, 1], "b": null}'),
        ("[1e-300, 1e300, 0.1]", "[1e-300,1E300,0.10]", "[1e-300,1e300,0.2]"),
        ("[1e-20000]", "[1e-20000]", "[1]"),
        ('["é😀\\u00e9"]', '["é😀é"]', '["e"]'),
    ],
)
async def test_json_that_says_the_same_moves_no_time(environments: Open, first: str, same: str, other: str) -> None:
    client = await environments(
        model("type Note @model { id: ID! @isUnique updatedAt: DateTime! one: Json many: [Json!] }")
    )
    text = "($one: Json, $many: [Json!]) { note: createNote(one: $one, many: $many) { id updatedAt } }"
    made = (await client.data(f"mutation {text}", {"one": first, "many": [first]}))["note"]
    text = text.replace("createNote(", f'updateNote(id: "{made["id"]}", ')
    kept = (await client.data(f"mutation {text}", {"one": same, "many": [same]}))["note"]
    assert kept == made
    moved = (await client.data(f"mutation {text}", {"one": same, "many": [other]}))["note"]
    assert moved["updatedAt"] > made["updatedAt"]


async def test_unique_texts_differ_within_191_characters_without_case_and_accents(client: Client) -> None:
    await created(client, {"slug": "Ann"})
    for same in ("ANN", "ánn"):
        assert (await client.failure(creating({"slug": same}), {"slug": same}))[0] == 3010
    await created(client, {"slug": "x" * 191 + "one"})
    longer = {"slug": "x" * 191 + "two"}
    assert (await client.failure(creating(longer), longer))[0] == 3010
    await created(client, {"slug": None})
    await created(client, {"slug": None})


async def test_ids_compare_exactly(client: Client) -> None:
    made = (await created(client, {}))["id"]
    assert (await client.data(f'{{ Thing(id: "{made.upper()}") {{ id }} }}')) == {"Thing": None}
    assert (await client.data(f'{{ allThings(filter: {{ id: "{made}" }}) {{ id }} }}'))["allThings"] == [{"id": made}]


async def test_null_sorts_before_every_value_ascending_and_after_them_descending(environments: Open) -> None:
    client = await environments(model(SCHEMA))
    for number in (2, None, -5):
        await created(client, {"number": number})
    found = await client.data(
        "{ up: allThings(orderBy: number_ASC) { number } down: allThings(orderBy: number_DESC) { number } }"
    )
    assert [each["number"] for each in found["up"]] == [None, -5, 2]
    assert [each["number"] for each in found["down"]] == [2, -5, None]
