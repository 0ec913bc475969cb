"""A schema text becomes a Model, or the whole list of what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from contracts.model import Model, Scalar, decode, encode
from registry.domain import sdl, templates
from registry.domain.problems import Problem
from tests.support import golden

CASES = Path(__file__).parent / "cases"
REFUSED = sorted((CASES / "refused").glob("*.graphql"))

# What clients of the dialect match on, row by row of G 2.7, in the order in which they must appear.
PHRASES: dict[str, list[str]] = {
    "syntax_error": ["There's a syntax error in the Schema Definition."],
    "type_without_model": ["is missing the @model directive"],
    "type_implements_node": ["implements Node annotation"],
    "id_not_unique": ["All id fields must specify the `@isUnique` directive."],
    "no_id": ["All models must specify the `id` field: `id: ID! @isUnique`"],
    "id_of_another_type": ["All models must specify the `id` field: `id: ID! @isUnique`"],
    "same_type_twice": ["occurs more than once"],
    "same_field_twice": ["has a duplicate fieldName"],
    "unknown_type": [
        *["there's no type or enum declaration with that name"] * 2,
        *["must specify a `@relation` directive"] * 2,
    ],
    "relation_of_wrong_shape": ["has the wrong format", "has the wrong format"],
    "relation_without_directive": ["must specify a `@relation` directive", "must appear exactly 2 times"],
    "relation_name_three_times": ["must appear exactly 2 times"] * 3,
    "self_relation_name_three_times": ["must appear either 1 or 2 times"] * 3,
    "sides_do_not_meet": ["But the other directive for this relation appeared on the type"] * 3,
    "scalar_of_wrong_shape": ["has the wrong format", "has the wrong format"],
    "relation_on_a_scalar": ["cannot specify the `@relation` directive"],
    "directive_twice": ["Directives must appear exactly once on a field."],
    "enum_value_in_lower_case": ["must be an uppercase letter"],
    "enum_value_too_long": ["A" * 192],
}


def parsed(text: str, previous: Model | None = None) -> Model:
    found = sdl.parse(text, service="s", previous=previous)
    assert isinstance(found, Model), found
    return found


def refused(text: str, previous: Model | None = None) -> tuple[Problem, ...]:
    found = sdl.parse(text, service="s", previous=previous)
    assert isinstance(found, tuple), found
    return found


def shown(problems: tuple[Problem, ...]) -> str:
    def line(each: Problem) -> str:
        where = f"{each.type}.{each.field}" if each.field else each.type
        return f"{each.line}:{each.column} {where} [{each.code or '-'}] {each.message}\n"

    return "".join(map(line, problems))


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.stem)
def test_a_refused_schema_says_everything_that_is_wrong_with_it(case: Path) -> None:
    golden.check(case.with_suffix(".txt"), shown(refused(case.read_text("utf-8"))))


@pytest.mark.parametrize("name", PHRASES)
def test_each_refusal_holds_the_phrases_that_clients_match_on_in_their_order(name: str) -> None:
    problems = refused((CASES / "refused" / f"{name}.graphql").read_text("utf-8"))
    assert len(problems) == len(PHRASES[name])
    for phrase, problem in zip(PHRASES[name], problems, strict=True):
        assert phrase in problem.message


@pytest.mark.parametrize("case", sorted((CASES / "models").glob("*.graphql")), ids=lambda case: case.stem)
def test_an_accepted_schema_becomes_this_model(case: Path) -> None:
    document = encode(parsed(case.read_text("utf-8")))
    golden.check(case.with_suffix(".json"), json.dumps(json.loads(document), indent=1, ensure_ascii=False) + "\n")
    assert encode(decode(document)) == document


def test_the_first_schema_of_a_new_service_is_accepted() -> None:
    assert [each.name for each in parsed(templates.HELLO).entities] == ["Greeting"]


def test_the_same_text_again_gives_the_same_model() -> None:
    text = (CASES / "models" / "bands.graphql").read_text("utf-8")
    assert parsed(text, parsed(text)) == parsed(text)


def test_unknown_directives_are_ignored() -> None:
    plain = "type Band @model { id: ID! @isUnique name: String }"
    assert parsed("type Band @model @live { id: ID! @isUnique name: String @cached(for: 3) }") == parsed(plain)


def test_a_schema_of_five_megabytes_is_refused_before_it_is_read() -> None:
    (problem,) = refused("{" * 5_000_000)

    assert "bytes; at most" in problem.message


def test_a_schema_of_more_than_500_types_is_refused() -> None:
    text = "".join(f"type T{n} @model {{ id: ID! @isUnique }}\n" for n in range(501))
    assert shown(refused(text)) == "1:1 Global [2040] 501 types; at most 500 are accepted.\n"


def test_a_schema_of_300_types_is_read() -> None:
    text = "".join(
        f'type T{n} @model {{ id: ID! @isUnique a: String! @isUnique b: Int @defaultValue(value: "3") c: [String!] '
        f'd: Float e: Boolean f: DateTime next: T{(n + 1) % 300} @relation(name: "R{n}") '
        f'last: T{(n - 1) % 300} @relation(name: "R{(n - 1) % 300}") }}\n'
        for n in range(300)
    )
    model = parsed(text)

    assert len(model.entities) == 300
    assert len(model.relations) == 300


@pytest.mark.parametrize("text", ["\0", "type Band\ud800", "[" * 50_000, "type A @model { a: " + "[" * 50_000, "", "#"])
def test_a_hostile_text_is_a_syntax_error_with_a_place(text: str) -> None:
    assert refused(text)[0].message.startswith("There's a syntax error in the Schema Definition.")


def test_problems_beyond_the_limit_are_counted_not_listed() -> None:
    problems = refused("".join(f"type T{n} {{ a: Int }}\n" for n in range(400)))
    assert len(problems) == 501
    assert problems[-1].message == "There are 300 more problems."


@settings(deadline=None)
@given(some.text(alphabet='type Band@model{}!:[]()"\\,IDnamerlitoU\n \0é', max_size=200))
def test_no_text_at_all_breaks_the_reader(text: str) -> None:
    found = sdl.parse(text, service="s", previous=None)
    assert isinstance(found, Model) or found


# --- defaults -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "value", "default"),
    [
        ("String", '"42"', "42"),
        ("String", '"{\\"a\\": 1}"', '{"a": 1}'),
        ("String", '"null"', "null"),
        ("String", "42", "42"),
        ("Int", '"42"', 42),
        ("Int", "-2147483648", -2147483648),
        ("Float", '"0"', 0.0),
        ("Float", "10", 10.0),
        ("Float", '"1e-3"', 0.001),
        ("Boolean", '"false"', False),
        ("Boolean", "true", True),
        ("DateTime", '"2018"', "2018-01-01T00:00:00.000Z"),
        ("DateTime", '"2015-11-22T13:57:31.123+02:00"', "2015-11-22T11:57:31.123Z"),
        ("DateTime", '"1960-01-02"', "1960-01-02T00:00:00.000Z"),
        ("Json", '"[1, {\\"a\\": null}]"', [1, {"a": None}]),
        ("Json", "{a: 1}", {"a": 1}),
        ("Genre", '"HA"', "HA"),
        ("Genre", "NO", "NO"),
        ("[Int!]", '"[1, 2]"', [1, 2]),
        ("[Int!]", "[1, 2]", [1, 2]),
        ("[String!]", '"[\\"a\\",\\"b\\"]"', ["a", "b"]),
        ("[String!]", '["a", "b"]', ["a", "b"]),
        ("[Genre!]", '"[HA,NO]"', ["HA", "NO"]),
        ("[Genre!]", "[HA, NO]", ["HA", "NO"]),
        ("[DateTime!]", '"[\\"2018\\",\\"2019\\"]"', ["2018-01-01T00:00:00.000Z", "2019-01-01T00:00:00.000Z"]),
        ("[Json!]", '"[{}, \\"[2]\\"]"', [{}, [2]]),
        *[(f"[{each}!]", '"[]"', []) for each in ("String", "Int", "Float", "Boolean", "DateTime", "Json", "Genre")],
    ],
)
def test_a_default_is_read_by_the_type_of_its_field(type_: str, value: str, default: object) -> None:
    text = f"type Band @model {{ id: ID! @isUnique x: {type_} @defaultValue(value: {value}) }} enum Genre {{ HA NO }}"
    field = parsed(text).entities[0].field_by_name["x"]
    assert field.has_default
    assert field.default == default
    assert type(field.default) is type(default)


@pytest.mark.parametrize("type_", ["Int", "Float", "Boolean", "DateTime", "Json", "Genre", "[Int!]", "[String!]"])
def test_a_null_default_is_no_default(type_: str) -> None:
    text = f'type Band @model {{ id: ID! @isUnique x: {type_} @defaultValue(value: "null") }} enum Genre {{ HA }}'
    assert not parsed(text).entities[0].field_by_name["x"].has_default


def test_a_migration_value_travels_with_the_version_that_carries_it() -> None:
    text = "type Band @model {{ id: ID! @isUnique x: Int! {} }}"
    with_value = parsed(text.format('@migrationValue(value: "3")')).entities[0].field_by_name["x"]
    assert (with_value.has_migration_value, with_value.migration_value) == (True, 3)
    assert not parsed(text.format("")).entities[0].field_by_name["x"].has_migration_value


@settings(deadline=None)
@given(some.integers())
def test_an_int_default_is_accepted_exactly_within_32_bits(number: int) -> None:
    text = f"type Band @model {{ id: ID! @isUnique x: Int @defaultValue(value: {number}) }}"
    assert isinstance(sdl.parse(text, service="s", previous=None), Model) == (-(2**31) <= number < 2**31)


def test_a_default_nested_too_deeply_to_be_stored_is_refused() -> None:
    deep = "[" * 500 + "]" * 500
    text = f'type Band @model {{ id: ID! @isUnique x: Json @defaultValue(value: "{deep}") }}'
    assert refused(text)[0].code == 2011


def test_scalars_of_the_model_are_those_of_the_dialect() -> None:
    assert {each.value for each in Scalar} == {"ID", "String", "Int", "Float", "Boolean", "DateTime", "Enum", "Json"}
