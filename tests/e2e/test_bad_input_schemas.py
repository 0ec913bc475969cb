"""Schema texts and names that cannot be: each problem with its place, and names that only look different."""

# ruff: noqa: RUF001 - letters that look alike are the subject

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.support.made import PUSH, Person, operator, person, push_of, short
from tests.support.stack import Stack

SERVING_SECONDS_MAX: Final = 30.0
PREVIEW: Final = """query($service: ID!, $schema: String!) {
  previewPush(service: $service, schema: $schema) { version problems { line column type field code message } } }"""


@pytest.fixture(scope="module")
def maker(stack: Stack) -> Person:
    return person(stack)


@pytest.fixture(scope="module")
def service(maker: Person) -> dict[str, Any]:
    return maker.service()


def types(*names: str) -> str:
    return " ".join(f"type {name} @model {{ id: ID! @isUnique }}" for name in names)


def fields(text: str) -> str:
    return f"type Band @model {{ id: ID! @isUnique {text} }}"


BROKEN: Final[Mapping[str, tuple[str, int | None]]] = {
    "nothing": ("", None),
    "a comment": ("# nothing", None),
    "half a type": ("type Band @model { id: ", None),
    "a query": ("{ a }", 2040),
    "a control character": ("\x01", None),
    "brackets": ("type A @model { x: " + "[" * 20_000 + "Int" + "]" * 20_000 + " }", None),
    "a deep literal": (fields("x: Json @defaultValue(value: " + "[" * 900 + "]" * 900 + ")"), None),
    "half a character": (fields('x: String @defaultValue(value: "\\ud800")'), None),
    "NUL in a default": (fields('x: String @defaultValue(value: "a\\u0000")'), 2011),
    "a default of another type": (fields('x: Int @defaultValue(value: "abc")'), 2011),
    "a default of 5000 digits": (fields(f"x: Int @defaultValue(value: {'9' * 5000})"), 2011),
    "an infinite default": (fields("x: Float @defaultValue(value: 1e999)"), 2011),
    "a default that nests for ever": (fields(f'x: Json @defaultValue(value: "{"[" * 30_000}")'), 2011),
    "a type twice": (types("Band", "Band"), None),
    "types that differ in case": (types("Band", "BAND"), 2002),
    "a type and its filter": (types("Band", "BandFilter"), 2046),
    "a type and its order": (types("Band") + " enum BandOrderBy { A }", 2046),
    "a type and an enum": (types("Band") + " enum BAND { A }", 2046),
    "an accent": (types("Bänd"), None),
    "a wide letter": (types("Ｂand"), None),
    "a letter of another alphabet": (types("Вand"), None),
    "a scalar's name": (types("String"), 2046),
    "the name of a part of the API": (types("Node"), 2046),
    "makers' code": ("type Query { a: Int }", 2040),
    "two underscores": (types("__Band"), 2008),
    "a lower-case type": (types("band"), 2008),
    "a name of 65 letters": (types("A" * 65), 2008),
    "a name of 100 000 letters": (types("A" * 100_000), 2008),
    "a field twice": (fields("x: Int x: String"), None),
    "fields that differ in case": (fields("aB: Int ab: String"), 2009),
    "a field named like a filter": (fields("x: Int x_in: Int"), 2008),
    "a field named like an argument": (fields("clientMutationId: String"), 2009),
    "a field named like a connection": (fields('bandsIds: Int bands: [Band!]! @relation(name: "S")'), 2003),
    "an unknown type": (fields("x: Nothing"), None),
    "an enum without values": (fields("x: Int") + " enum E { }", None),
    "an enum of too many values": ("enum E { " + " ".join(f"A{n}" for n in range(2000)) + " } " + types("Band"), 2040),
    "values that differ in case": ("enum E { Aa AA } " + fields("x: E"), 2008),
    "an interface": ("interface X { id: ID! } " + types("Band"), 2040),
    "a list of lists": (fields("x: [[Int]]"), None),
    "an argument": (fields("x(a: Int): Int"), 2040),
    "an injected relation": (fields('a: Band @relation(name: "x\\"; drop table")'), 2008),
    "a relation named by nothing": (fields('a: Band @relation(name: "")'), None),
    "a half relation": (types("Album") + " " + fields('a: Album @relation(name: "X")'), None),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_schema_that_cannot_be_is_refused_with_its_place(maker: Person, service: dict[str, Any], name: str) -> None:
    text, code = BROKEN[name]

    told = maker.query(PREVIEW, {"service": service["id"], "schema": text})["data"]["previewPush"]
    refused = maker.refused(PUSH, push_of(service, text))

    assert told["version"] is None
    assert code in {problem["code"] for problem in told["problems"]}, told
    assert all(problem["line"] >= 1 and problem["column"] >= 1 for problem in told["problems"])
    assert len(json.dumps(told)) < 16 * 1024
    assert (refused["code"], refused["reason"]) == ("BAD_USER_INPUT", "SCHEMA_INVALID")
    assert refused["problems"] == told["problems"]


def test_refused_pushes_leave_no_trace(maker: Person, service: dict[str, Any]) -> None:
    versions = "query($id: ID!) { service(id: $id) { versions { name } } }"

    assert maker.asked(versions, {"id": service["id"]}) == {"versions": [{"name": "0.0.1"}]}


def test_every_problem_is_told_at_once(maker: Person, service: dict[str, Any]) -> None:
    text = "type Band { id: ID! x: Nothing x: Int }\nenum e { a }\ntype Band @model { id: ID! @isUnique }"
    problems = maker.query(PREVIEW, {"service": service["id"], "schema": text})["data"]["previewPush"]["problems"]

    assert len(problems) >= 6
    assert {problem["line"] for problem in problems} == {1, 2, 3}


def test_unknown_directives_are_ignored_as_the_dialect_says(maker: Person) -> None:
    service = maker.service()
    text = "type Band @model @other { id: ID! @isUnique x: Int @unknown(a: [1]) }"

    assert maker.asked(PUSH, push_of(service, text))["name"] == "0.0.2"


def test_text_of_five_megabytes_is_refused_before_it_is_read(maker: Person, service: dict[str, Any]) -> None:
    body = json.dumps({"query": PUSH, "variables": push_of(service, "#" * 5_000_000 + "\n" + types("Band"))})

    answer = maker.post(body.encode())

    assert answer.status_code == 413
    assert "1048576 bytes" in answer.json()["errors"][0]["message"]


def test_three_hundred_types_are_served_within_the_time_of_a_push(maker: Person) -> None:
    service, many = maker.service(), 300
    text = "\n".join(
        f"type T{n} @model {{ id: ID! @isUnique name: String! @isUnique a: Int b: Float c: Boolean d: DateTime "
        f'next: T{(n + 1) % many} @relation(name: "R{n}") '
        f'before: T{(n - 1) % many} @relation(name: "R{(n - 1) % many}") }}'
        for n in range(many)
    )
    began = time.monotonic()

    endpoint = maker.pushed(service, text)["endpoint"]
    answer = maker.stack.data_api(endpoint, "{ allT7s { id next { id } } }", key=service["key"])

    assert answer == {"data": {"allT7s": []}}
    assert time.monotonic() - began < SERVING_SECONDS_MAX


# --- names --------------------------------------------------------------------------------------------------------


def service_named(maker: Person, name: str) -> dict[str, Any]:
    document = """mutation($n: String!, $o: ID) { createService(input: {
      name: $n, problem: "p", solution: "s", domain: Media, tags: [], organisation: $o }) { service { slug } } }"""
    return maker.query(document, {"n": name, "o": maker.organisation})


@pytest.mark.parametrize(
    "change",
    [
        str.lower,
        str.upper,
        lambda name: name.replace("a", "á"),
        lambda name: name.replace("a", "a\u0301"),
        lambda name: name.replace("S", "Ｓ"),
        lambda name: name.replace("a", "а"),
        lambda name: name.replace(" ", "-"),
        lambda name: f"  {name}  ",
    ],
)
def test_a_service_cannot_be_named_almost_like_another(maker: Person, change: Any) -> None:
    name = f"Sala {short()}"
    assert "errors" not in service_named(maker, name)

    (error,) = service_named(maker, change(name))["errors"]

    assert (error["extensions"]["code"], error["extensions"]["reason"]) == ("BAD_USER_INPUT", "CONFLICT")
    assert "Free are" in error["extensions"]["hint"]


def test_a_user_cannot_be_named_almost_like_another(stack: Stack) -> None:
    register = """mutation($e: String!, $u: String!) {
      registerUser(input: { email: $e, username: $u, password: "a long pass phrase" }) { id } }"""
    name = f"sala{short()}"
    mail = f"{name}@example.org"
    operator(stack).asked(register, {"e": mail, "u": name})

    for other in (name.upper(), name.replace("a", "á"), name.replace("s", "ｓ"), name.replace("a", "а", 1)):
        error = operator(stack).refused(register, {"e": f"{short()}@example.org", "u": other})
        assert (error["code"], error["reason"]) == ("BAD_USER_INPUT", "CONFLICT"), other
    for other in (mail.upper(), mail.replace("s", "ｓ", 1), f" {mail} "):
        error = operator(stack).refused(register, {"e": other, "u": f"u{short()}"})
        assert (error["code"], error["reason"]) == ("BAD_USER_INPUT", "CONFLICT"), other


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "TOO_SHORT"),
        ("   ", "TOO_SHORT"),
        ("ab", "TOO_SHORT"),
        ("a" * 35, "TOO_LONG"),
        ("a" * 100_000, "TOO_LONG"),
        ("a\nbc", "INVALID_CHARACTER"),
        ("a\u200bbc", "INVALID_CHARACTER"),
        ("\u202eabc", "INVALID_CHARACTER"),
        ("abc\x7f", "INVALID_CHARACTER"),
    ],
)
def test_a_name_that_cannot_be_written_is_refused(maker: Person, name: str, reason: str) -> None:
    project = "mutation($n: String!) { createProject(input: { name: $n }) { id } }"

    met = [service_named(maker, name)["errors"][0]["extensions"], maker.refused(project, {"n": name})]

    assert [(error["code"], error["reason"]) for error in met] == [("BAD_USER_INPUT", reason)] * 2


@pytest.mark.parametrize("slug", ["", "A B", "UPPER", "ü", "-a-", "a.b", "../x", "a" * 64, "ａ", "a\u0301", ">"])
def test_a_slug_that_is_none_is_refused_with_one_that_is(maker: Person, slug: str) -> None:
    document = 'mutation($s: String!) { createProject(input: { name: "Project", slug: $s }) { id } }'

    error = maker.refused(document, {"s": slug})

    assert (error["code"], error["reason"]) == ("BAD_USER_INPUT", "INVALID_SLUG")
    assert "for example" in error["hint"]


def test_a_slug_belongs_to_one_project_of_an_organisation(maker: Person) -> None:
    slug = f"mine-{short()}"
    maker.project(slug=slug)
    again = {"i": {"name": "Project", "slug": slug, "organisation": maker.organisation}}

    error = maker.refused("mutation($i: CreateProjectInput!) { createProject(input: $i) { id } }", again)

    assert (error["code"], error["reason"]) == ("BAD_USER_INPUT", "CONFLICT")
