"""Skipped versions have had their say when a later one is deployed directly."""

from __future__ import annotations

from common.sql import sql
from provisioner.domain.checks import losses, problems
from provisioner.domain.data import Fill, filling, value
from provisioner.domain.diff import compare
from provisioner.domain.versions import between
from tests.support.schemas import history


def thing(*fields: str, more: str = "") -> str:
    return "type Thing @model { id: ID! @isUnique " + " ".join(fields) + " }" + more


def codes(*texts: str) -> list[int]:
    before, *versions = history(*texts)
    return [problem.code for problem in problems(between(before, versions))]


def test_a_migration_value_of_a_skipped_version_counts() -> None:
    texts = thing("a: Int"), thing("a: Int", 'b: Int! @migrationValue(value: "7")'), thing("a: Int", "b: Int!")

    assert codes(*texts) == []
    assert codes(texts[0], texts[2]) == [2007]


def test_what_the_last_version_puts_everywhere_wins() -> None:
    before, *versions = history(
        thing(),
        thing('b: Int! @migrationValue(value: "1")'),
        thing('b: Int! @migrationValue(value: "2")'),
    )

    (pair,) = between(before, versions).kept
    assert pair.fill(pair.added[0]) == Fill(sql("2::int4"), complete=True)


def test_what_a_skipped_version_filled_is_not_filled_again() -> None:
    """One step at a time the second value would have found no null any more."""
    before, *versions = history(
        thing(),
        thing('b: Int @migrationValue(value: "1")'),
        thing('b: Int! @migrationValue(value: "2")'),
    )

    (pair,) = between(before, versions).kept
    assert pair.fill(pair.added[0]) == Fill(
        sql("case when 1::int4 is null then 2::int4 else 1::int4 end"), complete=True
    )


def test_a_field_that_was_optional_for_a_while_keeps_its_values() -> None:
    before, *versions = history(
        thing("a: Int!"), thing("a: Int"), thing('a: Int! @migrationValue(value: "2")'), thing("a: Int!")
    )

    (pair,) = between(before, versions).kept
    filled = filling(next(each for each in pair.kept if each.after.name == "a"))
    assert filled is not None
    assert (filled.where, filled.keeps) == (sql('"c2" is null'), None)


def test_an_enum_value_that_went_and_came_again_was_replaced_all_the_same() -> None:
    enum = "enum E {mark} {{ {values} }}"
    before, *versions = history(
        thing("e: E", more=enum.format(mark="", values="A B")),
        thing("e: E", more=enum.format(mark='@migrationValue(value: "B")', values="B")),
        thing("e: E", more=enum.format(mark="", values="A B")),
    )

    (pair,) = between(before, versions).kept
    filled = filling(next(each for each in pair.kept if each.after.name == "e"))
    assert filled is not None
    assert filled.to == sql("'B'::text")
    assert problems(between(before, versions)) == ()


def test_several_versions_that_change_values_are_one_expression() -> None:
    before, *versions = history(
        thing("a: Int"),
        thing('a: Int! @migrationValue(value: "1")'),
        thing("a: String!"),
        thing('a: String! @isUnique @migrationValue(value: "x")'),
        thing("a: String! @isUnique"),
    )

    difference = between(before, versions)
    (pair,) = difference.kept
    field = next(each for each in pair.kept if each.after.name == "a")
    assert value(field).text == "'x'::text"
    before, *versions = history(thing("a: Int"), thing('a: Int! @migrationValue(value: "1")'), thing("a: String!"))
    (pair,) = between(before, versions).kept
    field = next(each for each in pair.kept if each.after.name == "a")
    assert value(field).text == '(case when "c2" is null then 1::int4 else "c2" end)::text'
    assert [problem.code for problem in problems(difference)] == [2024]


def test_what_replaces_removed_enum_values_is_remembered() -> None:
    enum = "enum E {mark} {{ {values} }}"
    texts = (
        thing("e: E", more=enum.format(mark="", values="A B")),
        thing("e: E", more=enum.format(mark='@migrationValue(value: "B")', values="B")),
        thing("e: E", more=enum.format(mark="", values="B")),
    )

    assert codes(*texts) == []
    assert codes(texts[0], texts[2]) == [2021]


def test_a_type_that_changed_on_the_way_is_a_replacement_and_no_loss() -> None:
    before, *versions = history(thing("a: Int"), thing('a: Float @migrationValue(value: "1")'), thing("a: Float"))

    difference = between(before, versions)

    assert losses(difference) == ()
    assert problems(difference) == ()
    assert [each.after.name for each in difference.kept[0].replaced] == ["a"]


def test_removed_and_later_added_again_is_a_loss_and_no_replacement() -> None:
    before, *versions = history(thing("a: Int"), thing(), thing("a: Float"))

    difference = between(before, versions)

    assert [loss.path for loss in losses(difference)] == ["Thing.a"]
    assert problems(difference) == ()


def test_one_step_is_the_plain_difference() -> None:
    before, after = history(thing("a: Int"), thing("b: Int"))

    assert between(before, [after]) == compare(before, after)
    assert between(None, [after]) == compare(None, after)
