"""What a thing is called may change; what it is stays: stable ids from version to version."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from contracts.model import Model, Relation
from registry.domain import sdl
from registry.domain.problems import Problem


def parsed(text: str, previous: Model | None = None, previous_text: str | None = None) -> Model:
    found = sdl.parse(text, service="s", previous=previous, previous_text=previous_text)
    assert isinstance(found, Model), found
    return found


def refused(text: str, previous: Model) -> tuple[Problem, ...]:
    found = sdl.parse(text, service="s", previous=previous)
    assert isinstance(found, tuple)
    return found


def band(fields: str = "", rest: str = "") -> str:
    return f"type Band @model {{ id: ID! @isUnique\n {fields} }} {rest}"


def column(model: Model, name: str, entity: str = "Band") -> str:
    return model.entity_by_name[entity].field_by_name[name].column


def relation(model: Model) -> Relation:
    (found,) = model.relations
    return found


def album(field: str) -> str:
    return f"type Album @model {{ id: ID! @isUnique {field} }}"


def test_what_keeps_its_name_keeps_its_id_whatever_stands_around_it() -> None:
    before = parsed(band("name: String genre: Genre", "enum Genre { A }"))
    after = parsed(
        "enum Mood { X } enum Genre { A B } " + band("size: Int! genre: Genre! name: String! @isUnique"), before
    )
    for name in ("name", "genre"):
        assert column(after, name) == column(before, name)
    assert after.entity_by_name["Band"].id == before.entity_by_name["Band"].id
    assert {each.name: each.id for each in after.enums}["Genre"] == before.enums[0].id


def test_a_number_is_never_given_twice() -> None:
    first = parsed(band("name: String"))
    without = parsed(band(), first)
    again = parsed(band("name: String"), without)
    assert without.counter == first.counter
    assert column(again, "name") not in {column(first, "name"), "c0"}
    assert again.counter == first.counter + 1


@pytest.mark.parametrize("rename", ['@rename(oldName: "Band")', '@rename(oldName: "Band") @other'])
def test_a_renamed_type_keeps_its_table_and_its_fields(rename: str) -> None:
    before = parsed(band("name: String"))
    after = parsed(f"type Group @model {rename} {{ id: ID! @isUnique name: String }}", before)
    assert after.entities[0].table == before.entities[0].table
    assert column(after, "name", "Group") == column(before, "name")


def test_a_renamed_field_and_a_renamed_enum_keep_their_ids() -> None:
    before = parsed(band("name: String genre: Genre", "enum Genre { A }"))
    after = parsed(
        band('title: String @rename(oldName: "name") genre: Style', 'enum Style @rename(oldName: "Genre") { A }'),
        before,
    )
    assert column(after, "title") == column(before, "name")
    assert column(after, "genre") == column(before, "genre")
    assert after.enums[0].id == before.enums[0].id


def test_a_rename_that_was_left_in_the_file_does_nothing() -> None:
    first = parsed(band("name: String"))
    text = band('title: String @rename(oldName: "name")')
    second = parsed(text, first)
    assert parsed(text, second) == second
    third = parsed(band('name: Int title: String @rename(oldName: "name")'), second)
    fourth = parsed(band('name: Int title: String @rename(oldName: "name")'), third)
    assert column(third, "title") == column(first, "name")
    assert fourth == third


def test_two_fields_may_swap_their_names() -> None:
    before = parsed(band("one: String two: String"))
    after = parsed(band('one: String @rename(oldName: "two") two: String @rename(oldName: "one")'), before)
    assert (column(after, "one"), column(after, "two")) == (column(before, "two"), column(before, "one"))


def test_two_types_may_not_swap_their_names_in_one_push() -> None:
    before = parsed("type A @model { id: ID! @isUnique } type B @model { id: ID! @isUnique }")
    problems = refused(
        'type A @model @rename(oldName: "B") { id: ID! @isUnique }'
        'type B @model @rename(oldName: "A") { id: ID! @isUnique }',
        before,
    )
    assert [(each.type, each.code) for each in problems] == [("A", 2046), ("B", 2046)]


def test_two_enums_may_not_swap_their_names_in_one_push() -> None:
    before = parsed(band("", "enum A { X } enum B { Y }"))
    problems = refused(band("", 'enum A @rename(oldName: "B") { Y } enum B @rename(oldName: "A") { X }'), before)
    assert [(each.type, each.code) for each in problems] == [("A", 2046), ("B", 2046)]


def test_a_type_may_not_take_the_name_of_one_that_is_itself_renamed() -> None:
    before = parsed("type B @model { id: ID! @isUnique } type C @model { id: ID! @isUnique }")
    (problem,) = refused(
        'type A @model @rename(oldName: "B") { id: ID! @isUnique }'
        'type B @model @rename(oldName: "C") { id: ID! @isUnique }',
        before,
    )
    assert (problem.type, problem.code) == ("A", 2046)
    assert "while `B` goes on from `C`" in problem.message


def test_two_relations_may_swap_their_names() -> None:
    text = (
        'type Band @model {{ id: ID! @isUnique a: Fan @relation(name: "{0}"{2}) b: Fan @relation(name: "{1}"{3}) }}'
        'type Fan @model {{ id: ID! @isUnique c: Band @relation(name: "{0}"{2}) d: Band @relation(name: "{1}"{3}) }}'
    )
    before = parsed(text.format("X", "Y", "", ""))
    after = parsed(text.format("Y", "X", ', oldName: "X"', ', oldName: "Y"'), before)
    assert {each.name: each.id for each in after.relations} == {
        "Y": before.relations[0].id,
        "X": before.relations[1].id,
    }


def test_a_swap_that_was_left_in_the_file_is_not_done_again() -> None:
    first = band("one: String two: String")
    swap = band('one: String @rename(oldName: "two") two: String @rename(oldName: "one")')
    more = band('one: String @rename(oldName: "two") two: String @rename(oldName: "one") three: Int')
    before = parsed(first)
    swapped = parsed(swap, before, first)
    assert parsed(swap, swapped, swap) == swapped
    later = parsed(more, swapped, swap)
    assert (column(later, "one"), column(later, "two")) == (column(before, "two"), column(before, "one"))


def test_a_rename_that_was_left_in_the_file_takes_nothing_from_a_later_field_of_the_old_name() -> None:
    texts = [
        band("name: String"),
        band('title: String @rename(oldName: "name")'),
        band('name: String title: String @rename(oldName: "name")'),
        band('title: String @rename(oldName: "name")'),
    ]
    models: list[Model] = []
    for number, text in enumerate(texts):
        models.append(parsed(text, models[-1] if models else None, texts[number - 1] if number else None))
    assert [column(each, "title") for each in models[1:]] == [column(models[0], "name")] * 3


def test_a_relation_renamed_in_the_version_before_is_not_renamed_again() -> None:
    first = band('albums: [Album!]! @relation(name: "X")', album('band: Band @relation(name: "X")'))
    renamed = band(
        'albums: [Album!]! @relation(name: "Y", oldName: "X")', album('band: Band @relation(name: "Y", oldName: "X")')
    )
    third = renamed + 'type Fan @model { id: ID! @isUnique a: Fan @relation(name: "X") b: Fan @relation(name: "X") }'
    models = [parsed(first)]
    for before, after in ((first, renamed), (renamed, third), (third, renamed)):
        models.append(parsed(after, models[-1], before))
    by_name = [{each.name: each.id for each in model.relations} for model in models]
    assert by_name[1]["Y"] == by_name[2]["Y"] == by_name[3]["Y"] == by_name[0]["X"]


@pytest.mark.parametrize("rename", ["@rename", '@rename(oldName: "Gone")'])
def test_an_old_name_that_nothing_has_is_a_new_thing(rename: str) -> None:
    before = parsed(band("name: String"))
    text = band(f"title: String {rename}")
    found = sdl.parse(text, service="s", previous=before)
    assert isinstance(found, Model) == (rename != "@rename")
    if isinstance(found, Model):
        assert column(found, "title") != column(before, "name")


def test_a_type_with_lists_keeps_them_when_it_and_they_are_renamed_together() -> None:
    before = parsed(band("tags: [String!] years: [Int!]!"))
    after = parsed(
        'type Group @model @rename(oldName: "Band") { id: ID! @isUnique words: [String!] @rename(oldName: "tags")'
        "  years: [Int!]! }",
        before,
    )
    assert [column(after, each, "Group") for each in ("words", "years")] == [
        column(before, each) for each in ("tags", "years")
    ]


def test_one_old_field_cannot_become_two() -> None:
    before = parsed(band("name: String"))
    (problem,) = refused(band('a: String @rename(oldName: "name") b: String @rename(oldName: "name")'), before)
    assert (problem.field, problem.code) == ("b", 2040)


@pytest.mark.parametrize(
    ("was", "now", "stays"),
    [
        ("Int", "String", True),
        ("[Int!]", "[String!]", True),
        ("Int", "Float", False),
        ("String", "Int", False),
        ("Int", "[Int!]", False),
        ("[Int!]", "Int", False),
        ("Int", "Int!", True),
        ("Genre", "Mood", False),
        ("Genre", "String", True),
    ],
)
def test_a_field_keeps_its_column_exactly_while_its_values_are_kept(was: str, now: str, stays: bool) -> None:  # noqa: FBT001 - a column of the table
    enums = "enum Genre { A } enum Mood { A }"
    before = parsed(band(f"x: {was}", enums))
    assert (column(parsed(band(f"x: {now}", enums), before), "x") == column(before, "x")) == stays


def test_a_relation_keeps_its_edges_through_a_rename_of_everything_around_it() -> None:
    before = parsed(band('albums: [Album!]! @relation(name: "X")', album('band: Band @relation(name: "X")')))
    after = parsed(
        'type Group @model @rename(oldName: "Band") { id: ID! @isUnique'
        '  records: [Record!]! @relation(name: "Y", oldName: "X") }'
        'type Record @model @rename(oldName: "Album") { id: ID! @isUnique'
        '  group: Group! @relation(name: "Y", oldName: "X") }',
        before,
    )
    assert relation(after).id == relation(before).id
    assert relation(after).column == relation(before).column


def test_a_relation_may_be_renamed_on_one_side_only() -> None:
    before = parsed(band('albums: [Album!]! @relation(name: "X")', album('band: Band @relation(name: "X")')))
    after = parsed(
        band('albums: [Album!]! @relation(name: "Y", oldName: "X")', album('band: Band @relation(name: "X")')), before
    )
    assert (relation(after).id, relation(after).name) == (relation(before).id, "Y")


def test_a_relation_is_found_again_by_its_two_fields() -> None:
    before = parsed(band('albums: [Album!]! @relation(name: "X")', album('band: Band @relation(name: "X")')))
    after = parsed(band('albums: [Album!]! @relation(name: "Y")', album('band: Band @relation(name: "Y")')), before)
    assert relation(after).id == relation(before).id


def test_the_order_of_the_two_types_does_not_turn_a_stored_relation_round() -> None:
    one = album('band: Band @relation(name: "X")')
    other = band('albums: [Album!]! @relation(name: "X")')
    before = parsed(f"{one} {other}")
    after = parsed(f"{other} {one}", before)
    assert relation(after) == relation(before)
    assert after.entity_by_name["Album"].relations == before.entity_by_name["Album"].relations


def test_the_order_of_the_two_fields_does_not_turn_a_self_relation_round() -> None:
    fields = ['boss: Band @relation(name: "X")', 'team: [Band!]! @relation(name: "X")']
    before = parsed(band(" ".join(fields)))
    after = parsed(band(" ".join(reversed(fields))), before)
    assert relation(after) == relation(before)
    assert after.entities[0].relation_by_name == before.entities[0].relation_by_name


RELATED = 'x: {} @relation(name: "X")'


@pytest.mark.parametrize(
    ("was", "now", "stays"),
    [
        (("Album", "Band"), ("Album!", "Band"), True),
        (("Album", "Band"), ("Album", "Band!"), True),
        (("Album", "Band"), ("Album", "[Band!]!"), True),
        (("Album", "Band"), ("[Album!]!", "Band"), False),
        (("[Album!]!", "Band"), ("Album", "Band"), True),
        (("[Album!]!", "Band"), ("[Album!]!", "Band!"), True),
        (("[Album!]!", "Band"), ("[Album!]!", "[Band!]!"), False),
        (("[Album!]!", "[Band!]!"), ("[Album!]!", "Band"), False),
    ],
)
def test_a_relation_keeps_its_edges_exactly_while_they_can_stay_where_they_are(
    was: tuple[str, str],
    now: tuple[str, str],
    stays: bool,  # noqa: FBT001 - a column of the table
) -> None:
    before = parsed(band(RELATED.format(was[0]), album(RELATED.format(was[1]))))
    after = parsed(band(RELATED.format(now[0]), album(RELATED.format(now[1]))), before)
    assert (relation(after).id == relation(before).id) == stays
    if stays:
        assert relation(after).storage == relation(before).storage


def test_a_relation_that_points_at_another_type_starts_anew() -> None:
    fan = "type Fan @model {{ id: ID! @isUnique {} }}"
    before = parsed(band(RELATED.format("Album"), album(RELATED.format("Band")) + fan.format("")))
    after = parsed(band(RELATED.format("Fan"), album("") + fan.format(RELATED.format("Band"))), before)
    assert relation(after).id != relation(before).id


def test_a_required_side_of_a_new_one_to_one_relation_holds_the_column() -> None:
    for a, b, storage in (
        ("Album", "Band", "a"),
        ("Album!", "Band", "a"),
        ("Album", "Band!", "b"),
        ("Album!", "Band!", "a"),
    ):
        assert relation(parsed(band(RELATED.format(a), album(RELATED.format(b))))).storage == storage


def test_a_symmetric_relation_has_one_side_and_a_join_table() -> None:
    model = parsed(band('friends: [Band!]! @relation(name: "Friends")'))
    assert (relation(model).b_field, relation(model).storage) == (None, "join")
    assert [each.side for each in model.entities[0].relations] == ["a"]
    assert relation(parsed(band('twin: Band @relation(name: "Twins")'))).storage == "join"


FIELDS = some.lists(some.sampled_from(["a", "b", "c", "d"]), unique=True)


@settings(deadline=None)
@given(some.lists(some.tuples(FIELDS, some.sampled_from(["Int", "String", "[Int!]"])), min_size=2, max_size=6))
def test_along_any_history_no_column_ever_stands_for_two_things(history: list[tuple[list[str], str]]) -> None:
    model: Model | None = None
    meant: dict[str, str] = {}
    for fields, type_ in history:
        model = parsed(band(" ".join(f"{each}: {type_}" for each in fields)), model)
        columns = {field.column: field.name for field in model.entities[0].fields if not field.system}
        assert len(columns) == len(fields)
        for name, field in columns.items():
            assert meant.setdefault(name, field) == field
            assert int(re.sub(r"\D", "", name)) <= model.counter
