"""Which masks fit which fields, said before anything is made, with every field that does not fit."""

from __future__ import annotations

from typing import Any

import pytest

from common.errors import Refused
from contracts.masks import MASKS_MAX, Mask, checked, constant, misfits
from tests.support.schemas import model

GUESTS = model("""
type Guest @model {
  id: ID! @isUnique
  createdAt: DateTime!
  email: String! @isUnique
  name: String
  age: Int
  weight: Float
  vip: Boolean
  born: DateTime
  mood: Mood
  tags: [String!]
  ages: [Int!]
  notes: Json
  code: Int @isUnique
  entries: [Entry!]! @relation(name: "Entries")
}
type Entry @model { id: ID! @isUnique text: String! guest: Guest @relation(name: "Entries") }
enum Mood { HAPPY GRUMPY }
""")


def mask(path: str, rule: Any, value: str | None = None) -> Mask:
    type_, _, field = path.partition(".")
    return Mask(type=type_, field=field, rule=rule, value=value)


@pytest.mark.parametrize(
    "fits",
    [
        mask("Guest.email", "email"),
        mask("Guest.email", "hash"),
        mask("Guest.name", "name"),
        mask("Guest.name", "null"),
        mask("Guest.name", "constant", ""),
        mask("Guest.age", "constant", "-7"),
        mask("Guest.weight", "constant", "1e3"),
        mask("Guest.vip", "constant", "false"),
        mask("Guest.born", "constant", "2000-01"),
        mask("Guest.mood", "constant", "HAPPY"),
        mask("Guest.tags", "constant", '["a", "b"]'),
        mask("Guest.ages", "constant", "[1, 2]"),
        mask("Guest.ages", "constant", "[]"),
        mask("Guest.notes", "constant", '{"a": [1]}'),
        mask("Guest.code", "null"),
        mask("Entry.text", "hash"),
    ],
    ids=lambda fits: f"{fits.path}-{fits.rule}",
)
def test_these_masks_fit(fits: Mask) -> None:
    assert misfits(GUESTS, [fits]) == ()


@pytest.mark.parametrize(
    ("wrong", "reason", "words"),
    [
        (mask("Guest.emial", "hash"), "UNKNOWN_FIELD", "did you mean email?"),
        (mask("Gest.email", "hash"), "UNKNOWN_FIELD", "did you mean Guest?"),
        (mask("Guest.entries", "null"), "NOT_MASKABLE", "is a relation"),
        (mask("Guest.id", "hash"), "NOT_MASKABLE", "Guest.id"),
        (mask("Guest.createdAt", "null"), "NOT_MASKABLE", "Guest.createdAt"),
        (mask("Entry.text", "null"), "REQUIRED", "Entry.text is required"),
        (mask("Guest.age", "hash"), "WRONG_RULE", "is Int"),
        (mask("Guest.tags", "name"), "WRONG_RULE", "is [String]"),
        (mask("Guest.email", "name"), "UNIQUE", "use hash or email"),
        (mask("Guest.email", "constant", "x"), "UNIQUE", "cannot be the same everywhere"),
        (mask("Guest.name", "constant"), "INVALID_VALUE", "needs a value"),
        (mask("Guest.name", "hash", "x"), "INVALID_VALUE", "takes no value"),
        (mask("Guest.age", "constant", "seven"), "INVALID_VALUE", "'seven', which is no Int"),
        (mask("Guest.age", "constant", str(2**31)), "INVALID_VALUE", "no Int"),
        (mask("Guest.weight", "constant", "nan"), "INVALID_VALUE", "no Float"),
        (mask("Guest.vip", "constant", "yes"), "INVALID_VALUE", "no Boolean"),
        (mask("Guest.born", "constant", "soon"), "INVALID_VALUE", "no DateTime"),
        (mask("Guest.mood", "constant", "SAD"), "INVALID_VALUE", "no Mood"),
        (mask("Guest.notes", "constant", "NaN"), "INVALID_VALUE", "no Json"),
        (mask("Guest.ages", "constant", '["x"]'), "INVALID_VALUE", "no Int"),
        (mask("Guest.tags", "constant", "a"), "INVALID_VALUE", "no JSON array"),
        (mask("Guest.name", "constant", "x" * 1001), "INVALID_VALUE", "more than 1000"),
    ],
    ids=lambda each: each.path if isinstance(each, Mask) else None,
)
def test_a_mask_that_does_not_fit_is_named_with_its_reason(wrong: Mask, reason: str, words: str) -> None:
    (found,) = misfits(GUESTS, [wrong])

    assert (found.mask, found.reason) == (wrong.path, reason)
    assert words in found.message


def test_all_masks_that_do_not_fit_are_told_at_once() -> None:
    fine = mask("Guest.name", "null")
    with pytest.raises(Refused) as refused:
        checked(GUESTS, [mask("Guest.emial", "hash"), fine, mask("Entry.text", "null"), fine])

    assert (refused.value.reason, refused.value.field) == ("UNKNOWN_FIELD", "masks")
    assert [(each["mask"], each["reason"]) for each in refused.value.details["masks"]] == [
        ("Guest.emial", "UNKNOWN_FIELD"),
        ("Entry.text", "REQUIRED"),
        ("Guest.name", "MASKED_TWICE"),
    ]


def test_there_is_a_largest_number_of_masks() -> None:
    (found,) = misfits(GUESTS, [mask("Guest.name", "null")] * (MASKS_MAX + 1))
    assert found.reason == "TOO_MANY"


def test_constants_become_what_a_database_reads() -> None:
    fields = GUESTS.entity_by_name["Guest"].field_by_name
    assert constant(GUESTS, fields["born"], "2000-01") == "2000-01-01T00:00:00.000Z"
    assert constant(GUESTS, fields["ages"], "[1, 2]") == ["1", "2"]
    assert constant(GUESTS, fields["notes"], '{"a" :1}') == '{"a": 1}'
