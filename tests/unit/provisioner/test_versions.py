"""Skipped versions have had their say when a later one is deployed directly."""

from __future__ import annotations

from provisioner.domain.checks import losses, problems
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


def test_the_last_migration_value_wins() -> None:
    before, *versions = history(
        thing(),
        thing('b: Int! @migrationValue(value: "1")'),
        thing('b: Int! @migrationValue(value: "2")'),
    )

    assert between(before, versions).after.entities[0].field_by_name["b"].migration_value == 2


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
