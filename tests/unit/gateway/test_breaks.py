"""What of a document breaks under another schema: every way in which one can use a field, and none that it does not."""

from __future__ import annotations

import functools

import pytest
from graphql import GraphQLSchema

from gateway.domain import breaks
from gateway.engine import prepare
from tests.support.schemas import model

BOOK = """type Entry @model {
  id: ID! @isUnique
  text: String
  mood: Mood
  colour: String
  stars: Int
  guest: Guest @relation(name: "GuestEntries")
}
type Guest @model { id: ID! @isUnique name: String nick: String entries: [Entry!]! @relation(name: "GuestEntries") }
enum Mood { HAPPY GRUMPY }
"""
WITHOUT_NICK = ("nick: String", "")
NO_GRUMPY = ("HAPPY GRUMPY", "HAPPY")


@functools.cache
def schema(*changes: tuple[str, str]) -> GraphQLSchema:
    text, before = BOOK, model(BOOK)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    made = model(text, before) if changes else before
    return prepare(made, "sha").generated.schema


def reasons(document: str, *changes: tuple[str, str]) -> dict[str | None, bool]:
    """Coordinate to whether it certainly breaks."""
    found = breaks.finding(document, breaks.change(schema(), schema(*changes)))
    return {} if found is None else {each.coordinate: each.certain for each in found.reasons}


USES_NICK = {
    "plain": ("{ allGuests { nick } }", "Guest.nick"),
    "alias": ("{ all: allGuests { called: nick } }", "Guest.nick"),
    "fragment": ("{ allGuests { ...Told } } fragment Told on Guest { nick }", "Guest.nick"),
    "fragment in a fragment": (
        "{ allEntries { ...A } } fragment A on Entry { guest { ...B } } fragment B on Guest { nick }",
        "Guest.nick",
    ),
    "inline fragment": ("{ allGuests { ... on Guest { nick } } }", "Guest.nick"),
    "nested": ("{ allGuests { entries { guest { nick } } } }", "Guest.nick"),
    "filter": ('{ allGuests(filter: {nick_contains: "x"}) { id } }', "GuestFilter.nick_contains"),
    "nested filter": ('{ allEntries(filter: {guest: {nick: "x"}}) { id } }', "GuestFilter.nick"),
    "or": ('{ allGuests(filter: {OR: [{id: "1"}, {nick: "x"}]}) { id } }', "GuestFilter.nick"),
    "order": ("{ allGuests(orderBy: nick_DESC) { id } }", "GuestOrderBy.nick_DESC"),
    "argument of a mutation": ('mutation { createGuest(nick: "x") { id } }', "Mutation.createGuest(nick:)"),
    "answer of a mutation": ('mutation { createGuest(name: "x") { nick } }', "Guest.nick"),
    "variable": (
        "query($n: String) { allGuests(filter: {nick: $n}) { id } }",
        "GuestFilter.nick",
    ),
    "skipped": ("{ allGuests { id nick @skip(if: true) } }", "Guest.nick"),
    "one of two operations": ("query A { allGuests { id } } query B { allGuests { nick } }", "Guest.nick"),
}


@pytest.mark.parametrize("way", USES_NICK)
def test_a_removed_field_is_found_however_it_is_used(way: str) -> None:
    document, coordinate = USES_NICK[way]

    assert reasons(document, WITHOUT_NICK) == {coordinate: True}


@pytest.mark.parametrize(
    "document",
    [
        "{ allGuests { name } }",
        "{ nick: allGuests { nick: name } }",
        '{ allGuests(filter: {name: "nick"}, orderBy: name_ASC) { id } }',
        "query nick { allEntries { guest { name } } }",
        "{ __typename }",
    ],
)
def test_who_does_not_use_a_removed_field_is_left_alone(document: str) -> None:
    assert reasons(document, WITHOUT_NICK) == {}


def test_what_was_not_valid_before_is_nobodys_loss() -> None:
    assert reasons("{ allGuests { shoe nick } }", WITHOUT_NICK) == {}
    assert reasons("{ allGuests {", WITHOUT_NICK) == {}


def test_an_argument_that_becomes_required_breaks_those_who_leave_it_out() -> None:
    change = ("name: String", "name: String!")

    assert reasons('mutation { createGuest(nick: "x") { id } }', change) == {"Mutation.createGuest(name:)": True}
    assert reasons('mutation { createGuest(name: "x") { id } }', change) == {}
    nested = 'mutation { createEntry(text: "t", guest: {nick: "x"}) { id } }'
    assert reasons(nested, change) == {"EntryguestGuest.name": True}


def test_an_enum_value_breaks_literals_for_sure_and_variables_maybe() -> None:
    assert reasons("{ allEntries(filter: {mood: GRUMPY}) { id } }", NO_GRUMPY) == {"Mood.GRUMPY": True}
    assert reasons("{ allEntries(filter: {mood: HAPPY}) { mood } }", NO_GRUMPY) == {}
    variable = "query($m: Mood) { allEntries(filter: {mood: $m}) { id } }"
    assert reasons(variable, NO_GRUMPY) == {"Mood.GRUMPY": False}


def test_a_variable_of_an_input_type_may_hold_what_is_gone() -> None:
    found = reasons("query($f: GuestFilter) { allGuests(filter: $f) { id } }", WITHOUT_NICK)

    assert "GuestFilter.nick" in found
    assert not any(found.values())
    assert reasons("query($f: EntryFilter) { allEntries(filter: $f) { id } }", WITHOUT_NICK) == {}


def test_a_variable_of_another_type_than_its_place_breaks() -> None:
    change = ("stars: Int", "stars: String")
    document = "mutation($s: Int) { createEntry(stars: $s) { id } }"

    assert reasons(document, change) == {"Mutation.createEntry(stars:)": True}


def test_a_field_that_answers_another_type_breaks_its_readers_although_it_stays_valid() -> None:
    change = ("stars: Int", "stars: String")

    assert reasons("{ allEntries { stars } }", change) == {"Entry.stars": True}
    assert reasons("{ allEntries { text } }", change) == {}
    assert reasons("{ allEntries { mood } }", ("HAPPY GRUMPY", "HAPPY GRUMPY CALM")) == {}
    assert reasons("{ allEntries { text } }", ("text: String", "text: String!")) == {}


def test_a_renamed_type_takes_its_root_fields_with_it() -> None:
    renamed = (
        ("type Guest @model {", 'type Visitor @model @rename(oldName: "Guest") {'),
        ("guest: Guest ", "guest: Visitor "),
    )

    assert reasons("{ allGuests { name } }", *renamed) == {"Query.allGuests": True}
    assert reasons("{ allEntries { guest { name } } }", *renamed) == {}


def test_a_finding_names_its_operations_and_is_bounded() -> None:
    fields = " ".join(f"a{n}: nick" for n in range(500))
    wide = f"query Wide {{ allGuests {{ {fields} }} }}"

    found = breaks.finding(wide, breaks.change(schema(), schema(WITHOUT_NICK)))

    assert found is not None
    assert found.names == ("Wide",)
    assert len(found.reasons) == 1


@pytest.mark.parametrize(
    ("document", "change"),
    [
        ('{ allEntries(filter: {text: "a secret"}) { id } }', ("text: String", "text: Int")),
        ('{ allEntries(filter: {text_in: ["a secret"]}) { id } }', ("text: String", "text: Int")),
        ('mutation { createEntry(text: "a secret") { id } }', ("text: String", "text: Mood")),
    ],
)
def test_a_reason_never_says_what_value_was_sent(document: str, change: tuple[str, str]) -> None:
    found = breaks.finding(document, breaks.change(schema(), schema(change)))

    assert found is not None
    assert all(each.certain for each in found.reasons)
    assert not any("secret" in each.message for each in found.reasons)
