"""Single rules of the data model: names and their lengths, shapes, directives, timestamps, descriptions."""

from __future__ import annotations

import pytest

from contracts.model import Model
from gateway.engine.schema import generate
from registry.domain import sdl
from registry.domain.problems import Problem


def parsed(text: str, previous: Model | None = None) -> Model:
    found = sdl.parse(text, service="s", previous=previous)
    assert isinstance(found, Model), found
    return found


def codes(text: str) -> list[int | None]:
    found = sdl.parse(text, service="s", previous=None)
    return [] if isinstance(found, Model) else [each.code for each in found]


def band(fields: str = "", rest: str = "") -> str:
    return f"type Band @model {{ id: ID! @isUnique\n {fields} }} {rest}"


# --- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "most", "code"),
    [
        ("type NAME @model { id: ID! @isUnique }", 64, 2008),
        (band("nAME: Int"), 64, 2008),
        (band('a: Band @relation(name: "NAME")'), 64, 2008),
        (band("", "enum NAME { A }"), 64, 2008),
        (band("", "enum Genre { NAME }"), 191, None),
    ],
    ids=["type", "field", "relation", "enum", "value"],
)
def test_a_name_of_the_greatest_length_is_accepted_and_a_longer_one_refused(
    text: str, most: int, code: int | None
) -> None:
    def named(length: int) -> str:
        return text.replace("AME", "a" * (length - 1))

    assert codes(named(most)) == []
    assert codes(named(most + 1)) == [code]


@pytest.mark.parametrize("name", ["Genre_1", "G", "GENRE_OF_1970"])
def test_underscores_belong_in_enums_and_their_values_only(name: str) -> None:
    assert codes(band("", f"enum {name} {{ {name} }}")) == []
    assert (codes(f"type {name} @model {{ id: ID! @isUnique }}") == []) == ("_" not in name)


@pytest.mark.parametrize(
    "name",
    ["String", "Int", "Float", "Boolean", "Password", "DateTime", "GraphQLID", "Enum", "Json", "Relation", "string"],
)
def test_names_of_built_in_types_are_taken(name: str) -> None:
    assert 2046 in codes(f"type {name} @model {{ id: ID! @isUnique }}")


@pytest.mark.parametrize("name", ["User", "File", "Type", "Genre", "Setting", "Settings", "Viewers"])
def test_other_names_are_free(name: str) -> None:
    assert codes(f"type {name} @model {{ id: ID! @isUnique }}") == []


# --- shapes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "fits"),
    [
        *[("S", True), ("S!", True), ("[S!]", True), ("[S!]!", True)],
        *[("[S]", False), ("[S]!", False), ("[[S!]!]", False)],
    ],
)
@pytest.mark.parametrize("scalar", ["String", "Int", "Float", "Boolean", "DateTime", "Json", "Genre"])
def test_a_value_is_single_or_a_list_without_nulls(scalar: str, shape: str, fits: bool) -> None:  # noqa: FBT001 - a column of the table
    text = band(f"x: {shape.replace('S', scalar)}", "enum Genre { A }")
    assert (codes(text) == []) == fits


@pytest.mark.parametrize(
    ("shape", "fits"),
    [("T", True), ("T!", True), ("[T!]!", True), ("[T!]", False), ("[T]!", False), ("[T]", False), ("[[T!]!]!", False)],
)
def test_a_relation_is_to_one_or_a_list_that_is_never_null(shape: str, fits: bool) -> None:  # noqa: FBT001 - a column of the table
    text = band(
        f'x: {shape.replace("T", "Fan")} @relation(name: "X")',
        'type Fan @model { id: ID! @isUnique band: Band @relation(name: "X") }',
    )
    assert (codes(text) == []) == fits


@pytest.mark.parametrize("shape", ["Band", "Band!", "[Band!]!"])
def test_a_field_may_be_both_sides_of_a_relation_of_a_type_with_itself(shape: str) -> None:
    model = parsed(band(f'friends: {shape} @relation(name: "Friends")'))
    assert model.relations[0].b_field is None


def test_types_and_fields_keep_the_order_of_the_file() -> None:
    model = parsed(
        'type Zoo @model { z: Int id: ID! @isUnique apes: [Ape!]! @relation(name: "Apes") a: Int }'
        'type Ape @model { id: ID! @isUnique zoo: Zoo @relation(name: "Apes") }'
    )
    assert [each.name for each in model.entities] == ["Zoo", "Ape"]
    assert model.entities[0].order == ("z", "id", "apes", "a")


def test_the_field_that_comes_first_is_side_a() -> None:
    model = parsed(
        'type Fan @model { id: ID! @isUnique bands: [Band!]! @relation(name: "X") }'
        'type Band @model { id: ID! @isUnique fans: [Fan!]! @relation(name: "X") }'
    )
    assert (model.relations[0].a_field, model.relations[0].b_field) == ("bands", "fans")


def test_an_enum_that_nothing_uses_is_fine() -> None:
    assert [each.name for each in parsed(band("", "enum Genre { A }")).enums] == ["Genre"]


# --- directives ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["[String!]", "Fan", "Json"])
def test_unique_is_refused_where_there_is_no_single_value(shape: str) -> None:
    fan = 'type Fan @model { id: ID! @isUnique x: Band @relation(name: "X") }'
    relation = '@relation(name: "X")' if shape == "Fan" else ""
    assert codes(band(f"x: {shape} @isUnique {relation}", fan if relation else "")) == [2040]


def test_only_the_id_is_of_the_type_id() -> None:
    assert codes(band("other: ID")) == [2040]
    assert codes(band("others: [ID!]")) == [2040]


@pytest.mark.parametrize("value", ['"42"', "42"])
def test_a_value_may_be_a_string_or_a_literal(value: str) -> None:
    field = parsed(band(f"x: Int @migrationValue(value: {value}) @defaultValue(value: {value})")).entities[0].fields[1]
    assert (field.default, field.migration_value) == (42, 42)


def test_an_enum_may_say_what_takes_the_place_of_its_removed_values() -> None:
    (genre,) = parsed(band("g: Genre", 'enum Genre @migrationValue(value: "B") { B }')).enums
    assert genre.migration_value == "B"


# --- timestamps and descriptions ----------------------------------------------------------------------------------


def test_timestamps_are_shown_over_columns_that_are_always_there() -> None:
    before = parsed(band())
    after = parsed(band("updatedAt: DateTime! createdAt: DateTime!"), before)
    assert [(each.name, each.column) for each in after.entities[0].fields[1:]] == [
        ("updatedAt", "updated_at"),
        ("createdAt", "created_at"),
    ]
    assert after.counter == before.counter
    assert parsed(band(), after).entities == before.entities


@pytest.mark.parametrize("type_", ["DateTime", "String!", "[DateTime!]!", "DateTime! @isUnique"])
def test_timestamps_have_one_form_only(type_: str) -> None:
    assert codes(band(f"createdAt: {type_}")) == [4050]
    assert codes(band(f"updatedAt: {type_}")) == [4050]


def test_descriptions_and_comments_are_carried_into_the_api() -> None:
    model = parsed(
        '"A band."\ntype Band @model {\n  id: ID! @isUnique\n  """\n  Its name.\n  """\n  name: String\n'
        "  # Its mood.\n  # Today.\n  mood: Mood\n  plain: Int # not of the next\n  next: Int\n}\n"
        "# How one feels.\nenum Mood { CALM }\n"
    )
    schema = generate(model).schema
    fields = schema.type_map["Band"].fields  # type: ignore[attr-defined] # an object type
    assert schema.type_map["Band"].description == "A band."
    assert schema.type_map["Mood"].description == "How one feels."
    assert {name: fields[name].description for name in ("name", "mood", "plain", "next")} == {
        "name": "Its name.",
        "mood": "Its mood.\nToday.",
        "plain": None,
        "next": None,
    }


# --- what belongs to makers' code ---------------------------------------------------------------------------------


@pytest.mark.parametrize("root", ["Query", "Mutation", "Subscription"])
def test_root_types_need_makers_code(root: str) -> None:
    found = sdl.parse(f"{band()} type {root} {{ a: Int }}", service="s", previous=None)
    assert found == (
        Problem(
            line=2,
            column=11,
            type=root,
            field=None,
            code=2040,
            message=f"`type {root}` needs makers' code, not yet available. Queries and mutations are generated.",
        ),
    )
