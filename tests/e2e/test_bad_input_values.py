"""Values that do not fit: wrong types, huge numbers, ids of other types, pages before the start, filters of nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from tests.support.made import Person, person, short
from tests.support.stack import Stack

CREATE: Final = """mutation($name: String!, $n: Int, $f: Float, $at: DateTime, $j: Json) {
  createBand(name: $name, founded: $n, fame: $f, since: $at, extra: $j) { id founded fame since extra } }"""
HUGE: Final = "x" * 300_000


@dataclass(frozen=True)
class Api:
    """The data API of a service with bands and albums; one of each is there."""

    stack: Stack
    endpoint: str
    key: str
    band: str = ""
    album: str = ""

    def ask(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self.key}"}
        body = {"query": query, "variables": dict(variables or {})}
        answer = self.stack.http.post(f"/{self.endpoint}/graphql", json=body, headers=headers)
        assert answer.status_code == 200, answer.text[:500]
        assert len(answer.content) < 16 * 1024, answer.text[:500]
        told: dict[str, Any] = answer.json()
        return told

    def count(self) -> Any:
        return self.ask("{ _allBandsMeta { count } _allAlbumsMeta { count } }")["data"]


@pytest.fixture(scope="module")
def api(stack: Stack) -> Api:
    maker: Person = person(stack)
    service = maker.service()
    bare = Api(stack, maker.pushed(service)["endpoint"], service["key"])
    band = bare.ask('mutation { createBand(name: "Karst") { id } }')["data"]["createBand"]["id"]
    album = bare.ask('mutation { createAlbum(title: "Doline") { id } }')["data"]["createAlbum"]["id"]
    return Api(stack, bare.endpoint, bare.key, band, album)


WRONG: Final[Mapping[str, Mapping[str, Any]]] = {
    "a number as text": {"name": 1},
    "nothing as required text": {"name": None},
    "a list as text": {"name": ["a"]},
    "an object as text": {"name": {"a": 1}},
    "a text as number": {"n": "1"},
    "a fraction as whole number": {"n": 1.5},
    "one more than 32 bits": {"n": 2**31},
    "one less than 32 bits": {"n": -(2**31) - 1},
    "one more than 64 bits": {"n": 2**64},
    "a truth as number": {"n": True},
    "a text as fraction": {"f": "1"},
    "a truth as fraction": {"f": True},
    "a number as time": {"at": 5},
    "a word as time": {"at": "yesterday"},
    "a day that is not": {"at": "2026-02-30T00:00:00Z"},
    "a time after all times": {"at": "9999-12-31T23:59:59.999999-12:00"},
    "a time before all times": {"at": "0001-01-01T00:00:00+14:00"},
    "digits of another script": {"at": "２０２６-01-01"},  # noqa: RUF001 - digits that look alike are the subject
    "half an object": {"j": "{"},
    "a bare number as object": {"j": "1"},
    "an object too deep": {"j": "[" * 500 + "]" * 500},
    "an object far too deep": {"j": '{"a":' * 20_000 + "1" + "}" * 20_000},
    "NUL in an object": {"j": '{"a": "\\u0000"}'},
    "half a character in an object": {"j": '{"a": "\\ud800"}'},
    "infinity in an object": {"j": "[1e999]"},
    "a text too long": {"name": HUGE},
    "a huge text as number": {"n": HUGE},
    "a huge text as time": {"at": HUGE},
    "a huge list as text": {"name": [HUGE]},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_value_that_does_not_fit_is_refused_and_nothing_is_created(api: Api, name: str) -> None:
    before = api.count()

    told = api.ask(CREATE, {"name": short(), **WRONG[name]})

    assert told["errors"][0]["message"]
    assert (told.get("data") or {}).get("createBand") is None
    assert api.count() == before


def test_a_variable_that_is_missing_is_named(api: Api) -> None:
    assert "$name" in api.ask(CREATE)["errors"][0]["message"]


REFUSED: Final[Mapping[str, tuple[str, Any]]] = {
    "no selector": ("{ Band { id } }", 3000),
    "a selector that is null": ("{ Band(id: null) { id } }", 3000),
    "to change a node of another type": ('mutation { updateBand(id: "$album", founded: 1) { id } }', 3002),
    "to delete a node of another type": ('mutation { deleteBand(id: "$album") { id } }', 3002),
    "to delete what cannot be": ('mutation { deleteBand(id: "!!") { id } }', 3001),
    "to delete a huge id": (f'mutation {{ deleteBand(id: "{HUGE}") {{ id }} }}', 3001),
    "to connect a node of another type": ('mutation { createAlbum(title: "x", bandId: "$album") { id } }', 3011),
    "to connect nodes of another type": ('mutation { createBand(name: "x", albumsIds: ["$band"]) { id } }', 3011),
    "to connect nothing": ('mutation { createAlbum(title: "x", bandId: "") { id } }', 3011),
    "to connect a huge id": (f'mutation {{ createAlbum(title: "x", bandId: "{HUGE}") {{ id }} }}', 3011),
    "to connect huge ids": (f'mutation {{ createBand(name: "x", albumsIds: ["{HUGE}"]) {{ id }} }}', 3011),
    "to take a required value away": ('mutation { updateBand(id: "$band", name: null) { id } }', 3020),
    "a page before the start": ("{ allBands(first: -1) { id } }", 3026),
    "a page behind the end": ("{ allBands(last: -1) { id } }", 3027),
    "to skip backwards": ("{ allBands(skip: -1) { id } }", 3028),
    "both ends": ("{ allBands(first: 1, last: 1) { id } }", 3014),
    "a page of all": ("{ allBands(first: 5000) { id } }", 2041),
    "a page of a page": ("{ allBands { albums(first: -1) { id } } }", 3026),
    "some of nothing": ("{ allBands(filter: { albums_some: null }) { id } }", 3033),
    "a filter of a list with a hole": ("{ allBands(filter: { AND: [null] }) { id } }", "GRAPHQL_VALIDATION_FAILED"),
    "an order that is not": ("{ allBands(orderBy: nothing_ASC) { id } }", "GRAPHQL_VALIDATION_FAILED"),
    "an argument that is not": ("{ allBands(nothing: 1) { id } }", "GRAPHQL_VALIDATION_FAILED"),
    "a number of 33 bits": ("{ allBands(first: 4294967296) { id } }", "GRAPHQL_VALIDATION_FAILED"),
    "an infinite number": ("{ allBands(filter: { fame: 1e400 }) { id } }", "GRAPHQL_VALIDATION_FAILED"),
    "NUL": ('{ allBands(filter: { name: "a\\u0000" }) { id } }', "GRAPHQL_VALIDATION_FAILED"),
    "an id of one's own": ('mutation { createBand(id: "x", name: "x") { id } }', "GRAPHQL_VALIDATION_FAILED"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_asked_is_refused_with_its_code(api: Api, name: str) -> None:
    query, code = REFUSED[name]
    before = api.count()

    told = api.ask(query.replace("$album", api.album).replace("$band", api.band))

    assert told["errors"][0]["extensions"]["code"] == code, told
    assert api.count() == before


@pytest.mark.parametrize(
    "query",
    [
        '{ Band(id: "$album") { id } }',
        '{ Band(id: "") { id } }',
        f'{{ Band(id: "{HUGE}") {{ id }} }}',
        '{ Band(name: "nobody") { id } }',
    ],
)
def test_a_node_that_is_not_there_is_null(api: Api, query: str) -> None:
    assert api.ask(query.replace("$album", api.album)) == {"data": {"Band": None}}


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("filter: null", 1),
        ("filter: {}", 1),
        ("filter: $f", 1),
        ("filter: { AND: null }", 1),
        ("filter: { AND: [] }", 1),
        ("filter: { name_in: null }", 0),
        ("filter: { name_in: [] }", 0),
        ("filter: { name_contains: null }", 0),
        ("filter: { founded: null }", 1),
        ("filter: { founded_gt: null }", 0),
        ('filter: { name_contains: "%" }', 0),
        ('filter: { name_contains: "_" }', 0),
        ('filter: { name_contains: "\\\\" }', 0),
        ('filter: { name_contains: "\'; drop table app" }', 0),
        ("first: 0", 0),
        ("first: null, after: null, skip: null", 1),
        ("skip: 2147483647", 0),
        ('after: "nowhere"', 0),
        (f'after: "{HUGE}"', 0),
    ],
)
def test_nothing_asked_for_is_nothing_required(api: Api, arguments: str, found: int) -> None:
    only = 'mutation { deleteBand(id: "%s") { id } }'
    head = "query($f: BandFilter) " if "$f" in arguments else ""
    for extra in api.ask("{ allBands { id } }")["data"]["allBands"]:
        if extra["id"] != api.band:
            api.ask(only % extra["id"])

    told = api.ask(f"{head}{{ allBands({arguments}) {{ id }} }}", {"f": None} if head else None)

    assert "errors" not in told, told
    assert len(told["data"]["allBands"]) == found


def test_names_that_differ_in_case_accents_and_width_alone_are_one_name(api: Api) -> None:
    names = ("KARST", "kärst", "Ｋａｒｓｔ")  # noqa: RUF001 - letters that look alike are the subject
    fields = " ".join(f"a{n}: createBand(name: {json.dumps(name)}) {{ id }}" for n, name in enumerate(names))

    told = api.ask(f"mutation {{ {fields} }}")

    assert [error["extensions"]["code"] for error in told["errors"]] == [3010] * 3


def test_a_question_with_too_many_parts_is_refused(api: Api) -> None:
    query = "query($f: BandFilter) { allBands(filter: $f) { id } }"
    wide = {"OR": [{"founded": n} for n in range(20_000)]}
    deep: dict[str, Any] = {"founded": 1}
    for _ in range(300):
        deep = {"AND": [deep]}

    assert api.ask(query, {"f": wide})["errors"]
    assert api.ask(query, {"f": deep})["errors"]
    assert api.ask(query, {"f": {HUGE: 1}})["errors"]
