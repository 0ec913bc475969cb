"""Requests that are none, or too much: to the control API and to both forms of the data API, over the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.support.doors import Door, coded, doors_of
from tests.support.made import Person, operator, person
from tests.support.stack import Stack


@pytest.fixture(scope="module")
def maker(stack: Stack) -> Person:
    return person(stack)


@pytest.fixture(scope="module")
def doors(maker: Person) -> dict[str, Door]:
    return doors_of(maker)


@pytest.fixture(params=["control", "data", "simple"])
def door(request: pytest.FixtureRequest, doors: dict[str, Door]) -> Door:
    found: Door = doors[request.param]
    return found


BODIES: Final[Mapping[str, bytes]] = {
    "nothing": b"",
    "half": b'{"query": ',
    "a list": b"[]",
    "a text": b'"{ me { id } }"',
    "no query": b"{}",
    "a number as query": b'{"query": 1}',
    "a blank query": b'{"query": "  "}',
    "variables that are a list": b'{"query": "{ __typename }", "variables": []}',
    "an operation name that is a number": b'{"query": "{ __typename }", "operationName": 1}',
    "not UTF-8": '{"query": "{ __typename } #é"}'.encode("latin-1"),
    "UTF-16": '{"query": "{ __typename }"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"query": "{ __typename }"}',
    "NUL in a text": b'{"query": "{ __typename }\\u0000"}',
    "NUL in a variable": b'{"query": "{ __typename }", "variables": {"a": ["\\u0000"]}}',
    "NUL in a name": b'{"query": "{ __typename }", "variables": {"\\u0000": 1}}',
    "a raw NUL": b'{"query": "{ __typename }\x00"}',
    "half a character": b'{"query": "{ __typename } #\\ud800"}',
    "half a character in a variable": b'{"query": "{ __typename }", "variables": {"a": "\\udfff"}}',
    "a number beyond all numbers": b'{"query": "{ __typename }", "variables": {"a": 1e400}}',
    "not a number": b'{"query": "{ __typename }", "variables": {"a": NaN}}',
    "brackets without end": b'{"query": "{ __typename }", "variables": {"a": '
    + b"[" * 100_000
    + b"]" * 100_000
    + b"}}",
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_no_request_is_refused(door: Door, name: str) -> None:
    answer = door.send(BODIES[name])

    assert coded(answer) in {"BAD_USER_INPUT", 1001}
    # In the old form everything a client can cause was 200 (G 7).
    assert answer.status_code == (200 if door.path.startswith("/simple") else 400)


def test_a_body_beyond_the_limit_is_refused_whether_or_not_its_length_is_told(door: Door) -> None:
    def in_pieces() -> Any:
        yield b'{"query": "'
        for _ in range(100):
            yield b"x" * 100_000
        yield b'"}'

    headers = {"content-type": "application/json", **door.headers}
    told = door.send(b'{"query": "' + b"x" * 10_000_000 + b'"}')
    untold = door.stack.http.post(door.path, content=in_pieces(), headers=headers)

    assert (told.status_code, untold.status_code) == (413, 413)
    assert {coded(told), coded(untold)} <= {"BAD_USER_INPUT", 1001}


def bombs(field: str) -> dict[str, str]:
    """Texts that are short to write and long to answer."""
    rows = "... on Query { __typename }"
    return {
        "depth 100": f"{{ {field} " + "{ a " * 100 + "}" * 100 + " }",
        "depth 5000": "{ a " * 5000 + "}" * 5000,
        "10 000 aliases": "{ " + " ".join(f"a{n}: __typename" for n in range(10_000)) + " }",
        "1000 aliases": "{ " + " ".join(f"a{n}: {field} {{ id }}" for n in range(1000)) + " }",
        "10 000 times a field": f"{{ {field} {{ " + "id " * 10_000 + "} }",
        "a cycle": f"{{ {rows} ...A }} fragment A on Query {{ ...B }} fragment B on Query {{ ...A }}",
        "a cycle of one": "{ ...A } fragment A on Query { ...A }",
        "5000 directives": f"{{ {field} " + "@skip(if: false) " * 5000 + "{ id } }",
        "brackets": f"{{ {field}(filter: " + "[" * 3000 + "]" * 3000 + ") { id } }",
        "a number of 5000 digits": f"{{ {field}(first: " + "9" * 5000 + ") { id } }",
        "a name of 900 000 letters": "{ " + "a" * 900_000 + " }",
        "a fragment of 900 000 letters": "{ ..." + "a" * 900_000 + " }",
        "deep introspection": "{ __schema { types " + "{ fields { type " * 12 + "{ name }" + " } }" * 12 + " } }",
    }


@pytest.mark.parametrize("name", bombs(""))
def test_a_bomb_is_refused_before_it_explodes(door: Door, name: str) -> None:
    answer = door.ask(bombs(door.field)[name])

    assert coded(answer) in {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", 1004, "invalid"}, answer.text
    assert "sys." not in answer.text


def test_fragments_that_double_sixty_times_are_either_refused_or_merged(door: Door) -> None:
    type_ = {"services": "Service", "allBands": "Band"}[door.field]
    chain = " ".join(f"fragment F{n} on {type_} {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))

    answer = door.ask(f"{{ {door.field} {{ ...F0 }} }} {chain} fragment F60 on {type_} {{ id }}")

    told = answer.json()
    assert "errors" not in told or told["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "query",
    [
        "subscription { __typename }",
        "type A { b: Int }",
        "{ __typename @unknown }",
        "query A { __typename } query B { __typename }",
        "query A { __typename } query A { __typename }",
        "{ nothing }",
        "query($a: Nothing) { __typename @skip(if: $a) }",
        "query($a: Boolean!) { __typename @skip(if: $a) }",
        "{ __typename @skip(if: $a) }",
        "query($a: Int) { __typename }",
        "{",
        "\\u0007",
        '{ a(b: "\\ud800") }',
        '{ a(b: "\\u{110000}") }',
    ],
)
def test_a_document_that_does_not_fit_is_refused_with_its_place(door: Door, query: str) -> None:
    answer = door.ask(query)

    assert coded(answer) in {
        *("BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED", "syntax", "invalid"),
    }


def test_an_operation_name_that_is_not_there_is_refused(door: Door) -> None:
    answer = door.ask("query A { __typename }", operationName="B")

    assert coded(answer) in {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "invalid"}


def test_the_gateway_is_as_it_was(stack: Stack) -> None:
    assert operator(stack).asked("{ me { id } }")["id"]
