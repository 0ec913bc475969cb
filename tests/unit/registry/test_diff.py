"""Two versions of a schema differ in these ways for those who call the API."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.model import Model
from registry.domain import diff, sdl
from tests.support import golden

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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_version_does_not_differ_from_itself(case: Path) -> None:
    model = parsed((case / "after.graphql").read_text("utf-8"))
    assert diff.changes(model, model) == ()


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
