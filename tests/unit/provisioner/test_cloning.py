"""What a clone is made of, before anything is made: its plan, its queries, and what a copy of files must not keep."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from contracts.masks import Mask
from contracts.names import environment_id
from provisioner.domain import cloning, masking
from tests.support.schemas import model

GUESTS = model("""
type Guest @model {
  id: ID! @isUnique
  email: String! @isUnique
  age: Int
  tags: [String!]
  friends: [Guest!]! @relation(name: "Friends")
}
""")
CLONE = environment_id("p", "preview")


def mask(field: str, rule: Any, value: str | None = None) -> Mask:
    return Mask(type="Guest", field=field, rule=rule, value=value)


def query(*masks: Mask) -> str:
    (guests, _) = cloning.loads(GUESTS, masks)
    return guests.query


def test_rows_come_between_tables_and_what_looks_at_all_rows() -> None:
    masks = (mask("email", "email"), mask("age", "null"))
    plan = cloning.clone_plan(GUESTS, masks, environment=CLONE, deployment="d", model_sha="sha")
    told = [(step.number, step.kind, step.subject, step.reason) for step in plan.steps if step.kind == cloning.COPY]
    before, after = cloning.stages(plan)

    assert [step.kind for step in plan.steps][:2] == ["create table", "create table"]
    assert told == [
        (3, "copy rows", "Guest", "masked: email as email, age as null"),
        (4, "copy rows", "relation Friends", "as they are in the source"),
    ]
    assert len(before) + len(told) + len(after) == len(plan.steps) == plan.end
    assert {step.kind for step in after} == {"add index", "add reference"}


def test_columns_are_read_as_they_are_unless_they_are_masked() -> None:
    columns = ["id", "created_at", "updated_at", *(field.column for field in GUESTS.entities[0].fields[1:])]
    names = ", ".join(f'"{column}"' for column in columns)

    assert query() == f'select {names} from "app"."{GUESTS.entities[0].table}"'  # noqa: S608 - physical names


@pytest.mark.parametrize(
    ("masked", "text"),
    [
        (mask("age", "null"), "null::int4"),
        (mask("age", "constant", "7"), "is not null then '7'::int4 end"),
        (mask("tags", "constant", '["a"]'), "is not null then array['a']::text[]::text[] end"),
        (mask("tags", "constant", "[]"), "is not null then array[]::text[]::text[] end"),
    ],
)
def test_a_value_that_is_told_stands_in_the_query(masked: Mask, text: str) -> None:
    assert text in query(masked)


def test_keys_are_in_no_query_and_are_those_of_hmac() -> None:
    settings = masking.keys(b"k" * 32)
    inner, outer = (bytes.fromhex(settings[each]) for each in (masking.INNER, masking.OUTER))

    found = hashlib.sha256(outer + hashlib.sha256(inner + b"text").digest()).hexdigest()

    assert found == hmac.new(b"k" * 32, b"text", "sha256").hexdigest()
    for rule in ("hash", "email"):
        assert not any(each in query(mask("email", rule)) for each in settings.values())


def test_a_copy_of_files_keeps_tables_of_the_model_and_what_version_it_is() -> None:
    statement = cloning.leftover_statements(GUESTS).text
    kept = [*(entity.table for entity in GUESTS.entities), *(each.table for each in GUESTS.relations), "_mortise"]

    assert all(f"'{table}'" in statement for table in kept)
    assert "'trash'" in statement
