"""A file with mistakes is told all of them, each with its place; the published schema is the one that is checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.declaration import checking, writing
from console.declaration.project import Declaration
from tests.support import golden

CASES = Path(__file__).parent / "declarations"
SCHEMA = Path(__file__).parents[3] / "docs" / "reference" / "project.schema.json"


def test_every_mistake_is_told_at_once_where_it_stands() -> None:
    checked = checking.check((CASES / "mistakes.yaml").read_text())

    assert checked.declaration is None
    told = "".join(f"{each.line}:{each.column} {each.path}: {each.message}\n" for each in checked.problems)
    golden.check(CASES / "mistakes.problems", told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1:1 A declaration is a mapping"),
        ("- a\n", "1:1 A declaration is a mapping"),
        ("format: &a x\n", "1:9 Anchors are not read"),
        ("project: a\n", "1:1 `format` is missing."),
        ("format: mortise.project/v2\nproject: a\n", "1:1 `format` must be one of 'mortise.project/v1'."),
        ("format: mortise.project/v1\nproject: a\nproject: a\n", "3:1 `project` stands here twice."),
    ],
)
def test_what_is_no_declaration_is_told_so(text: str, told: str) -> None:
    checked = checking.check(text)

    assert checked.declaration is None
    assert told in "".join(f"{each.line}:{each.column} {each.message}\n" for each in checked.problems)


def test_names_that_are_said_twice_are_found_whatever_their_case() -> None:
    text = """format: mortise.project/v1
project: a
clients:
  - { name: Café, invited: [a@x.example, A@X.example] }
  - { name: cafe }
members: [{ user: ann, role: viewer }, { user: Ann, role: admin }]
services: [{ service: shop, plan: { kind: pay-per-call, price: 1, client: Ibis } }, { service: shop }]
keys: [{ name: k, kind: client, client: Ibis }]
"""
    found = [(each.line, each.path) for each in checking.check(text).problems]

    assert found == [
        (4, "clients[0].invited[1]"),
        (5, "clients[1].name"),
        (6, "members[1].user"),
        (7, "services[0].plan.client"),
        (7, "services[1].service"),
        (8, "keys[0].client"),
    ]


def test_a_file_that_was_written_out_is_read_as_what_it_was() -> None:
    declared = checking.check((CASES / "new.yaml").read_text()).declared

    assert checking.check(writing.text(declared)).declared == declared
    assert checking.check(json.dumps(writing.value(declared))).declared == declared


def test_the_published_schema_is_the_one_that_files_are_checked_with() -> None:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Declaration.model_json_schema(by_alias=True)}

    golden.check(SCHEMA, json.dumps(schema, indent=1, ensure_ascii=False) + "\n")
