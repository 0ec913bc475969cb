"""Random lists over random rows: PostgreSQL answers what the plain evaluator of tests/support/naive.py answers."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from common.sql import ident, sql
from tests.integration.gateway.engine.conftest import Open
from tests.support.naive import TESTS, TEXTUAL, listed
from tests.support.schemas import model

SCHEMA = """
type Shelf @model { id: ID! @isUnique name: String! items: [Item!]! @relation(name: "ShelfItems") }
type Item @model {
  id: ID! @isUnique
  text: String
  label: String!
  code: String @isUnique
  mark: String
  number: Int
  ratio: Float
  flag: Boolean
  kind: Kind
  at: DateTime
  shelf: Shelf @relation(name: "ShelfItems")
}
enum Kind { A B C }
"""
SEEDS = 20
ROWS = 60
QUESTIONS = 20
YEARS = ("0001", "1969", "2016", "9999")
LETTERS = "aAáÄbBß%_\\ é'\"0"
SORTS = {
    "id": (*TESTS, ""),
    "text": (*TESTS, ""),
    "label": (*TESTS, ""),
    "code": (*TESTS, ""),
    "number": ("not_in", "in", "not", "lte", "lt", "gte", "gt", ""),
    "ratio": ("not_in", "in", "not", "lte", "lt", "gte", "gt", ""),
    "at": ("not_in", "in", "not", "lte", "lt", "gte", "gt", ""),
    "kind": ("not_in", "in", "not", ""),
    "flag": ("not", ""),
}
FIELDS = "id text label code number ratio flag kind at"


async def test_a_list_is_what_its_arguments_say(environments: Open) -> None:
    client = await environments(model(SCHEMA))
    for seed in range(SEEDS):
        chance = random.Random(seed)  # noqa: S311 - the same questions every time
        shelves, rows = await _filled(client, chance)
        for _ in range(QUESTIONS):
            arguments = _arguments(chance, rows)
            shelf = chance.choice(shelves)
            answer = await client.data(QUESTION, {**arguments, "shelf": shelf})
            inside = [row for row in rows if row["shelf"] == shelf]
            # A cursor names a place in the order of all nodes, also where only some are listed.
            outside = [row for row in rows if row["shelf"] != shelf]
            expected = [_shown(row) for row in listed(rows, arguments)]
            nested = [_shown(row) for row in _within(inside, outside, arguments)]
            said = f"seed {seed}: {arguments}"
            assert answer["allItems"] == expected, said
            assert answer["Shelf"]["items"] == nested, said
            assert answer["_allItemsMeta"]["count"] == len(listed(rows, {"filter": arguments["filter"]})), said


QUESTION = f"""
query ($filter: ItemFilter, $orderBy: ItemOrderBy, $first: Int, $last: Int, $skip: Int, $after: String, $before: String,
       $shelf: ID!) {{
  allItems(filter: $filter, orderBy: $orderBy, first: $first, last: $last, skip: $skip, after: $after, before: $before)
    {{ {FIELDS} }}
  Shelf(id: $shelf) {{
    items(filter: $filter, orderBy: $orderBy, first: $first, last: $last, skip: $skip, after: $after, before: $before)
      {{ {FIELDS} }}
  }}
  _allItemsMeta(filter: $filter) {{ count }}
}}
"""


def _within(inside: list[dict[str, Any]], outside: list[dict[str, Any]], arguments: dict[str, Any]) -> list[Any]:
    both = {"filter": None, **{name: arguments[name] for name in ("orderBy", "after", "before")}}
    kept = {row["id"] for row in listed([*inside, *outside], both)}
    pages = {name: arguments[name] for name in ("filter", "orderBy", "first", "last", "skip")}
    return listed([row for row in inside if row["id"] in kept], pages)


async def _filled(client: Any, chance: random.Random) -> tuple[list[str], list[dict[str, Any]]]:
    table = client.engine.prepared.model.entity_by_name["Item"].table
    await client.connection.execute(sql("delete from {table}", table=ident("app", table)).text)
    shelves = [(await client.data('mutation { createShelf(name: "x") { id } }'))["createShelf"]["id"] for _ in range(3)]
    rows = []
    for number in range(ROWS):
        row = {
            "text": _maybe(chance, lambda: _text(chance)),
            "label": _text(chance) * chance.choice((1, 1, 60)),
            "code": _maybe(chance, lambda n=number: f"{_text(chance)}{n}"),
            "number": _maybe(chance, lambda: chance.choice((-2147483648, -1, 0, 1, 2, 2147483647))),
            "ratio": _maybe(chance, lambda: chance.choice((-1.5, 0.0, 0.1, 100.5, 100.500000000001, 1e300))),
            "flag": _maybe(chance, lambda: chance.random() < 0.5),
            "kind": _maybe(chance, lambda: chance.choice("ABC")),
            "at": _maybe(
                chance, lambda: f"{chance.choice((1, 1969, 2016, 9999)):04}-01-0{chance.randint(1, 3)}T00:00:00.001Z"
            ),
            "shelf": _maybe(chance, lambda: chance.choice(shelves)),
        }
        made = await client.data(CREATE, {**row, "mark": None})
        rows.append({**row, "id": made["createItem"]["id"]})
    return shelves, rows


CREATE = """
mutation ($text: String, $label: String!, $code: String, $mark: String, $number: Int, $ratio: Float, $flag: Boolean,
          $kind: Kind, $at: DateTime, $shelf: ID) {
  createItem(text: $text, label: $label, code: $code, mark: $mark, number: $number, ratio: $ratio, flag: $flag,
             kind: $kind, at: $at, shelfId: $shelf) { id }
}
"""


def _arguments(chance: random.Random, rows: list[dict[str, Any]]) -> dict[str, Any]:
    field = chance.choice((*SORTS, "id"))
    ids = [row["id"] for row in rows] + ["nobody"]
    cut = chance.choice(("first", "last", "none"))
    return {
        "filter": _filter(chance, rows, 2) if chance.random() < 0.7 else None,
        "orderBy": None if chance.random() < 0.1 else f"{field}_{chance.choice(('ASC', 'DESC'))}",
        "first": chance.choice((0, 1, 5, 1000)) if cut == "first" else None,
        "last": chance.choice((0, 1, 5, 1000)) if cut == "last" else None,
        "skip": chance.choice((None, 0, 1, 7, 100)),
        "after": chance.choice(ids) if chance.random() < 0.4 else None,
        "before": chance.choice(ids) if chance.random() < 0.4 else None,
    }


def _filter(chance: random.Random, rows: list[dict[str, Any]], depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for _ in range(chance.choice((0, 1, 1, 2))):
        field = chance.choice(list(SORTS))
        test = chance.choice(SORTS[field])
        made[f"{field}_{test}" if test else field] = _wanted(chance, rows, field, test)
    if depth and chance.random() < 0.5:
        made[chance.choice(("AND", "OR"))] = [_filter(chance, rows, depth - 1) for _ in range(chance.randint(0, 3))]
    return made


def _wanted(chance: random.Random, rows: list[dict[str, Any]], field: str, test: str) -> Any:
    if chance.random() < 0.1:
        return None
    values = [row[field] for row in rows if row[field] is not None] or ["x"]
    if test in ("in", "not_in"):
        return [chance.choice(values) for _ in range(chance.randint(0, 4))]
    value = chance.choice(values)
    if test.removeprefix("not_") in TEXTUAL:
        start = chance.randint(0, len(value))
        value = {"starts_with": value[:start], "ends_with": value[start:]}.get(
            test.removeprefix("not_"), value[start : start + 2]
        )
    return value.swapcase() if isinstance(value, str) and field in ("text", "label", "code") else value


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in FIELDS.split()}


def _text(chance: random.Random) -> str:
    return "".join(chance.choice(LETTERS) for _ in range(chance.randint(0, 4)))


def _maybe(chance: random.Random, made: Any) -> Any:
    return None if chance.random() < 0.2 else made()
