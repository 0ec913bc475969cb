"""Two versions of a schema differ in these ways for those who call the API."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings

from contracts.model import Model
from registry.domain import diff, sdl, telling
from registry.domain.telling import Told
from tests.support import golden
from tests.support.histories import histories

CASES = sorted((Path(__file__).parent / "cases" / "changes").iterdir())


def parsed(text: str, previous: Model | None = None) -> Model:
    found = sdl.parse(text, service="s", previous=previous)
    assert isinstance(found, Model), found
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_changes_are_told_and_graded(case: Path) -> None:
    before = parsed((case / "before.graphql").read_text("utf-8"))
    after = parsed((case / "after.graphql").read_text("utf-8"), before)
    lines = [f"{each.criticality} {each.kind} {each.path}: {each.message}\n" for each in diff.changes(before, after)]
    golden.check(case / "changes.txt", "".join(lines))


SIGNS = {"Create": "+", "Update": "*", "Delete": "-"}


def lines(told: tuple[Told, ...], margin: str = "") -> str:
    return "".join(
        f"{margin}{SIGNS[each.action]} {each.type} {each.name}: {each.description}\n"
        + lines(each.inner, f"{margin}    ")
        for each in told
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_changes_are_told_in_words_as_a_tree(case: Path) -> None:
    before = parsed((case / "before.graphql").read_text("utf-8"))
    after = parsed((case / "after.graphql").read_text("utf-8"), before)
    golden.check(case / "told.txt", lines(telling.told(before, after)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_version_does_not_differ_from_itself(case: Path) -> None:
    model = parsed((case / "after.graphql").read_text("utf-8"))
    assert diff.changes(model, model) == ()
    assert telling.told(model, model) == ()


def test_types_come_before_enums_and_relations_and_new_things_before_changed_and_removed_ones() -> None:
    before = parsed(
        'type Old @model { id: ID! @isUnique a: Kept @relation(name: "Gone") name: String }'
        'type Kept @model { id: ID! @isUnique b: Old @relation(name: "Gone") c: Kept @relation(name: "Was") x: Int }'
        "enum Former { A } enum Stays { A }"
    )
    after = parsed(
        'type Kept @model { id: ID! @isUnique c: Kept @relation(name: "Is", oldName: "Was") y: Int }'
        'type New @model { id: ID! @isUnique d: New @relation(name: "Fresh") }'
        "enum Stays { A B } enum Latest { A }",
        before,
    )
    told = telling.told(before, after)
    assert [(each.type, each.action, each.name) for each in told] == [
        ("Type", "Create", "New"),
        ("Type", "Update", "Kept"),
        ("Type", "Delete", "Old"),
        ("Enum", "Create", "Latest"),
        ("Enum", "Update", "Stays"),
        ("Enum", "Delete", "Former"),
        ("Relation", "Create", "Fresh"),
        ("Relation", "Delete", "Gone"),
        ("Relation", "Update", "Is"),
    ]
    assert [(each.type, each.action, each.name) for each in told[1].inner] == [
        ("Field", "Create", "y"),
        ("Field", "Delete", "b"),
        ("Field", "Delete", "x"),
    ]


@settings(max_examples=60, deadline=None)
@given(histories())
def test_whatever_makes_a_version_another_one_is_told(versions: tuple[Model, ...]) -> None:
    for before, after in pairwise(versions):
        assert bool(telling.told(before, after)) == (before.model_copy(update={"counter": after.counter}) != after)


def grades(before: str, after: str) -> set[str]:
    one = parsed(before)
    return {each.criticality for each in diff.changes(one, parsed(after, one))}


def test_what_is_added_is_safe_and_what_is_removed_is_breaking() -> None:
    small = "type Band @model { id: ID! @isUnique }"
    large = (
        'type Band @model { id: ID! @isUnique name: String genre: Genre x: Album @relation(name: "X") }'
        "enum Genre { A }"
        'type Album @model { id: ID! @isUnique x: Band @relation(name: "X") }'
    )
    assert grades(small, large) == {"SAFE"}
    assert grades(large, small) == {"BREAKING"}


def test_an_enum_value_added_is_dangerous_and_one_removed_is_breaking() -> None:
    text = "type Band @model {{ id: ID! @isUnique genre: Genre }} enum Genre {{ A {} }}"
    assert grades(text.format(""), text.format("B")) == {"DANGEROUS"}
    assert grades(text.format("B"), text.format("")) == {"BREAKING"}


def test_required_is_breaking_for_those_who_write_and_optional_dangerous_for_those_who_read() -> None:
    text = "type Band @model {{ id: ID! @isUnique name: String{} }}"
    assert grades(text.format(""), text.format("!")) == {"BREAKING"}
    assert grades(text.format("!"), text.format("")) == {"DANGEROUS"}
