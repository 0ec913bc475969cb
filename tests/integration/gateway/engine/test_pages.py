"""Order, pages and cursors: all orders with ties and nulls, pairs of cursors, each list for itself (G 5.4, 5.5)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.integration.gateway.engine.conftest import Open
from tests.support.answering import Client
from tests.support.schemas import model

SCHEMA: Final = """
type Shelf @model {
  id: ID! @isUnique
  name: String! @isUnique
  rooms: [Shelf!]! @relation(name: "Beside")
  books: [Book!]! @relation(name: "On")
}
type Book @model {
  id: ID! @isUnique
  createdAt: DateTime!
  updatedAt: DateTime!
  text: String
  label: String! @index
  number: Int @index
  ratio: Float
  flag: Boolean
  kind: Kind
  at: DateTime
  meta: Json
  shelf: Shelf @relation(name: "On")
}
enum Kind { B A }
"""
BOOKS: Final[list[dict[str, Any]]] = [
    {"text": "b", "label": "x", "number": 2, "ratio": 0.5, "flag": True, "kind": "B", "at": "2001", "meta": '{"a":1}'},
    {"text": None, "label": "X", "number": None, "ratio": None, "flag": None, "kind": None, "at": None, "meta": None},
    {"text": "B", "label": "é", "number": 2, "ratio": -1.0, "flag": False, "kind": "A", "at": "2001", "meta": "[2]"},
    {"text": "", "label": "e", "number": -5, "ratio": 0.5, "flag": True, "kind": "B", "at": "1960", "meta": '{"a":1}'},
    {"text": None, "label": "z", "number": None, "ratio": None, "flag": None, "kind": None, "at": None, "meta": None},
    {"text": "a", "label": "e", "number": 10, "ratio": 9.0, "flag": False, "kind": "A", "at": "2016", "meta": "[10]"},
]
CREATE: Final = """mutation ($text: String, $label: String!, $number: Int, $ratio: Float, $flag: Boolean, $kind: Kind,
    $at: DateTime, $meta: Json, $shelf: ID) { createBook(text: $text, label: $label, number: $number, ratio: $ratio,
    flag: $flag, kind: $kind, at: $at, meta: $meta, shelfId: $shelf) { id createdAt updatedAt } }"""
FIELDS: Final = ("id", "createdAt", "updatedAt", "text", "label", "number", "ratio", "flag", "kind", "at", "meta")
FOLDED: Final = {"é": "e"}


class Books:
    """The rows, as they were made."""

    def __init__(self, client: Client, rows: list[dict[str, Any]], shelves: list[str]) -> None:
        self.client = client
        self.rows = rows
        self.shelves = shelves
        self.ids = [row["id"] for row in rows]

    def ordered(self, field: str, direction: str) -> list[str]:
        """Null first going up and last going down; ties oldest first, both ways (G 3, 5.4)."""
        by_id = sorted(self.rows, key=lambda row: str(row["id"]), reverse=field == "id" and direction == "DESC")
        if field == "id":
            return [row["id"] for row in by_id]
        keys = [_key(row[field]) for row in self.rows]
        order = sorted({key for key in keys if key is not None}, reverse=direction == "DESC")
        places = [None, *order] if direction == "ASC" else [*order, None]
        return [row["id"] for place in places for row in by_id if _key(row[field]) == place]


def _key(value: Any) -> Any:
    if isinstance(value, str):
        return "".join(FOLDED.get(letter, letter) for letter in value.lower())
    return value


@pytest.fixture(scope="module")
async def books(environments: Open) -> Books:
    client = await environments(model(SCHEMA))
    shelves = [
        (await client.data(f'mutation {{ createShelf(name: "{name}") {{ id }} }}'))["createShelf"]["id"]
        for name in ("first", "second", "empty")
    ]
    rows = []
    for number, book in enumerate(BOOKS):
        made = (await client.data(CREATE, {**book, "shelf": shelves[number % 2]}))["createBook"]
        rows.append({**book, **made, "shelf": shelves[number % 2]})
    return Books(client, rows, shelves)


def cut(found: list[str], arguments: Mapping[str, Any], whole: list[str]) -> list[str]:
    """The page of a list; cursors are places in the whole order."""
    for name in ("after", "before"):
        cursor = arguments.get(name)
        if cursor is not None:
            if cursor not in whole:
                return []
            mark = whole.index(cursor)
            kept = whole[mark + 1 :] if name == "after" else whole[:mark]
            found = [one for one in found if one in kept]
    skip = arguments.get("skip") or 0
    if "last" in arguments:
        end = max(0, len(found) - skip)
        return found[max(0, end - arguments["last"]) : end]
    return found[skip : skip + arguments.get("first", 1000)]


def written(arguments: Mapping[str, Any]) -> str:
    """Arguments as they stand in a document."""
    shown = [f'{name}: "{one}"' if isinstance(one, str) else f"{name}: {one}" for name, one in arguments.items()]
    return f", {', '.join(shown)}" if shown else ""


PAGES: Final[tuple[dict[str, int], ...]] = ({"first": 2}, {"last": 2}, {"first": 1, "skip": 1}, {"last": 2, "skip": 1})


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_every_order_has_its_place_for_every_pair_of_cursors(books: Books, field: str, direction: str) -> None:
    whole = books.ordered(field, direction)
    # Of a tie the first and the last, both nulls, one alone.
    cursors = [None, "nobody", *(books.ids[n] for n in (0, 1, 3, 4, 5))]
    questions = [
        {name: one for name, one in (("after", after), ("before", before)) if one is not None} | page
        for after, before in itertools.product(cursors, repeat=2)
        for page in ({}, PAGES[(after is None) + 2 * (before is None)])
    ]
    for start in range(0, len(questions), 100):
        asked = questions[start : start + 100]
        roots = [
            f"q{n}: allBooks(orderBy: {field}_{direction}{written(arguments)}) {{ id }}"
            for n, arguments in enumerate(asked)
        ]
        found = await books.client.data("{ " + " ".join(roots) + " }")
        for n, arguments in enumerate(asked):
            assert [one["id"] for one in found[f"q{n}"]] == cut(whole, arguments, whole), arguments


async def test_without_an_order_the_oldest_comes_first(books: Books) -> None:
    found = await books.client.data(
        "{ a: allBooks { id } b: allBooks(orderBy: id_ASC) { id } c: allBooks(orderBy: null) { id } }"
    )
    assert [one["id"] for one in found["a"]] == books.ids
    assert found["a"] == found["b"] == found["c"]


async def test_a_page_starts_at_a_cursor_that_the_filter_leaves_out(books: Books) -> None:
    whole = books.ordered("number", "DESC")
    for cursor, name in itertools.product(books.ids, ("after", "before")):
        text = f'{{ allBooks(filter: {{flag: true}}, orderBy: number_DESC, {name}: "{cursor}") {{ id }} }}'
        kept = [one for one in whole if books.rows[books.ids.index(one)]["flag"]]
        found = (await books.client.data(text))["allBooks"]
        assert [one["id"] for one in found] == cut(kept, {name: cursor}, whole)


async def test_a_nested_list_has_order_cursors_and_page_of_its_own_for_each_parent(books: Books) -> None:
    for field, direction in (("number", "DESC"), ("label", "ASC"), ("id", "DESC"), ("flag", "ASC")):
        whole = books.ordered(field, direction)
        for page in (
            {},
            *PAGES,
            {"after": books.ids[1]},
            {"before": books.ids[4], "last": 1},
            {"first": 0},
            {"last": 0},
        ):
            below = f"books(orderBy: {field}_{direction}{written(page)}) {{ id shelf {{ id }} }}"
            text = f"{{ allShelves {{ name {below} }} }}"
            for shelf, found in zip(books.shelves, (await books.client.data(text))["allShelves"], strict=True):
                own = [one for one in whole if books.rows[books.ids.index(one)]["shelf"] == shelf]
                assert [one["id"] for one in found["books"]] == cut(own, page, whole), (field, direction, page)
                assert all(one["shelf"] == {"id": shelf} for one in found["books"])


@pytest.mark.parametrize("argument", ["first", "last"])
async def test_pages_may_be_empty_or_larger_than_what_there_is_on_every_level(books: Books, argument: str) -> None:
    for number in (0, 1, 100):
        page = f"{argument}: {number}"
        below = f"shelf {{ books({page}, skip: 100) {{ id }} }}"
        text = f"{{ allShelves({page}) {{ books({page}) {{ {below} }} }} }}"
        found = (await books.client.data(text))["allShelves"]
        assert len(found) == min(number, 3)
        assert all(len(one["books"]) <= number for one in found)
        assert all(book["shelf"]["books"] == [] for one in found for book in one["books"])


async def test_skip_counts_from_the_end_when_the_page_does(books: Books) -> None:
    text = '{ Shelf(name: "first") { books(skip: 1, last: 3) { id } } allBooks(skip: 7) { id } }'
    found = await books.client.data(text)
    assert [one["id"] for one in found["Shelf"]["books"]] == [books.ids[0], books.ids[2]]
    assert found["allBooks"] == []


async def test_counts_look_at_the_filter_alone(books: Books) -> None:
    pages = f'first: 1, skip: 1, orderBy: id_DESC, after: "nobody", before: "{books.ids[0]}"'
    roots = f"_allBooksMeta(filter: {{flag: true}}, {pages}) {{ count }} b: _allBooksMeta({pages}) {{ c: count }}"
    text = f'{{ {roots} Shelf(name: "first") {{ _booksMeta({pages}) {{ count }} }} }}'
    found = await books.client.data(text)
    assert found == {"_allBooksMeta": {"count": 2}, "b": {"c": 6}, "Shelf": {"_booksMeta": {"count": 3}}}


CODES: Final = [
    ("first: 1001", 2041, "You requested 1001 nodes. We will only return up to 1000 nodes per query."),
    ("last: 5000", 2041, "You requested 5000 nodes. We will only return up to 1000 nodes per query."),
    ("first: 1, last: 1", 3014, "Cannot supply both 'first' and 'last': choose one end."),
    ("first: 0, last: 0", 3014, "Cannot supply both 'first' and 'last': choose one end."),
    ("first: -1", 3026, "'first' must not be negative: -1"),
    ("last: -2", 3027, "'last' must not be negative: -2"),
    ("skip: -3", 3028, "'skip' must not be negative: -3"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), CODES)
async def test_page_numbers_out_of_range_fail_their_root_field_alone(
    books: Books, arguments: str, code: int, message: str
) -> None:
    name, _, number = arguments.partition(",")[0].partition(": ")
    by_variable = arguments.replace(f"{name}: {number}", f"{name}: $n")
    other = "other: _allShelvesMeta { count }"
    for head, given in (("", arguments), ("query ($n: Int)", by_variable)):
        text = f'{head} {{ {other} bad: Shelf(name: "first") {{ books({given}) {{ id }} }} }}'
        body = await books.client.ask(text, {"n": int(number)})
        assert body["data"] == {"other": {"count": 3}, "bad": None}
        (problem,) = body["errors"]
        assert (problem["code"], problem["message"], problem["path"]) == (code, message, ["bad"])
    # A list is never null: its failure takes `data` with it.
    body = await books.client.ask(f"{{ allBooks({arguments}) {{ id }} }}")
    assert (body["data"], body["errors"][0]["code"]) == (None, code)


async def test_null_for_a_page_argument_is_none(books: Books) -> None:
    text = "query ($n: Int, $c: String) { allBooks(first: $n, last: $n, skip: $n, after: $c, before: $c) { id } }"
    for variables in ({}, {"n": None, "c": None}):
        assert len((await books.client.data(text, variables))["allBooks"]) == len(BOOKS)
