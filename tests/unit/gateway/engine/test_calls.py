"""From a request to a call: shapes and plans, limits, and every refusal before anything runs."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import get_introspection_query, print_schema

from gateway.engine import Call, Engine, Refusal, Request, refuse
from tests.support import golden
from tests.support.cases import CASES, prepared

LIST = """
query Q($f: BandFilter, $o: BandOrderBy, $n: Int, $ids: [ID!], $with: Boolean = true, $genre: Genre) {
  allBands(filter: $f, orderBy: $o, first: $n) { id name @include(if: $with) }
  other: allBands(filter: {id_in: $ids, genre: $genre}) { id }
}
"""


def called(text: str, variables: dict[str, Any] | None = None, engine: Engine | None = None) -> Call:
    made = (engine or Engine(prepared("music"))).call(Request(text, None, variables))
    assert isinstance(made, Call), made
    return made


def refused(text: str, variables: Any = None, operation: str | None = None) -> Refusal:
    made = Engine(prepared("music")).call(Request(text, operation, variables))
    assert isinstance(made, Refusal), made
    return made


def test_the_generated_schema_is_as_recorded() -> None:
    golden.check(CASES / "music" / "generated.txt", print_schema(prepared("music").generated.schema))


def plans(*variables: dict[str, Any]) -> int:
    """How many plans these values of one operation take."""
    engine = Engine(prepared("music"))
    for one in variables:
        called(LIST, one, engine)
    return len(engine.plans)


def test_values_of_scalars_and_scalar_lists_share_a_plan() -> None:
    assert plans({"n": 1, "f": {"name": "x"}, "ids": []}, {"n": 2, "f": {"name": "y"}, "ids": ["a", "b"]}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"n": None}),
        ({"n": None}, {"n": 1}),
        ({"f": {}}, {"f": None}),
        ({"f": {"name": "x"}}, {"f": {"name": None}}),
        ({"f": {"name": "x"}}, {"f": {"slug": "x"}}),
        ({"f": {"OR": [{"name": "x"}]}}, {"f": {"OR": [{"name": "x"}, {"name": "y"}]}}),
        ({"f": {"genre": "METAL"}}, {"f": {"genre": "JAZZ"}}),
        ({"genre": "METAL"}, {"genre": None}),
        ({"genre": None}, {}),
        ({"o": "name_ASC"}, {"o": "name_DESC"}),
        ({"with": True}, {"with": False}),
        ({"ids": None}, {"ids": []}),
    ],
)
def test_presence_null_choices_and_lengths_make_another_plan(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert plans(one, other, one) == 2


def test_the_order_of_keys_makes_no_other_plan() -> None:
    assert plans({"f": {"name": "x", "slug": "y"}}, {"f": {"slug": "y", "name": "x"}}) == 1


def test_plans_are_forgotten_before_they_fill_the_memory() -> None:
    engine = Engine(prepared("music"), bytes_max=100_000)
    for length in range(60):
        called(LIST, {"f": {"OR": [{"name": "x"}] * length}}, engine)
    assert 0 < len(engine.plans) < 60
    assert engine.plans.bytes_now <= engine.plans.bytes_max


def test_refused_documents_are_remembered_apart() -> None:
    engine = Engine(prepared("music"))
    first, second = (engine.call(Request("{ nothing }")) for _ in range(2))
    assert first is second
    assert (len(engine.refusals), len(engine.documents)) == (1, 0)


def test_values_of_variables_never_stand_in_the_statement() -> None:
    text = 'query ($x: String) { allBands(filter: {name: $x, slug: "literally", rating: 4.25}) { id } }'
    (root,) = called(text, {"x": "injected' or true --"}).roots
    (statement,) = root.statements
    assert "injected" not in statement.sql
    assert "literally" not in statement.sql
    assert "4.25" not in statement.sql


@pytest.mark.parametrize(
    ("text", "stage", "says"),
    [
        ("{", "syntax", "Syntax Error"),
        ("", "syntax", "Unexpected <EOF>"),
        ("{ allBands {} }", "syntax", "Expected Name"),
        ("{ nothing }", "invalid", "Cannot query field 'nothing'"),
        ("fragment A on Band { id }", "invalid", "Fragment 'A' is never used"),
        ("{ allBands { id } } { allFans { id } }", "invalid", "anonymous"),
        ("query A { allBands { id } } query B { allFans { id } }", "invalid", "say which one"),
        ("{ allBands(first: 2147483648) { id } }", "invalid", "32-bit"),
        ('{ allBands(filter: {founded: "soon"}) { id } }', "invalid", "ISO-8601"),
        ('mutation { createBand(slug: "x", name: "x", meta: "1") { id } }', "invalid", "JSON object or list"),
        ('mutation { createBand(slug: "x", name: null) { id } }', "invalid", "null"),
        ('mutation { createBand(slug: "x", name: "a\\u0000b") { id } }', "invalid", "NUL"),
        ("{ allBands(filter: {genre: ROCK}) { id } }", "invalid", "ROCK"),
        ("{ allBands(filter: {tags: []}) { id } }", "invalid", "tags"),
        ("subscription { Band { node { id } } }", "invalid", "subscription"),
        ("{ allBands " + "{ albums { band " * 60 + "{ id }" + " } }" * 60 + " }", "limit", "deeper than 20"),
        ("{ allBands " + "{ albums " * 150 + "{ id }" + " }" * 150 + " }", "limit", "deeper than 20"),
        ("{" + " ".join(f"a{n}: allBands {{ id }}" for n in range(10_000)) + "}", "limit", "20000 tokens"),
        ("{" + " ".join(f"a{n}: allBands {{ id }}" for n in range(251)) + "}", "limit", "250"),
        ("{ allBands {" + " ".join(f"a{n}: id" for n in range(5_001)) + "} }", "limit", "5000 fields"),
        ("#" + "x" * 400_000, "limit", "400000"),
        ("{ allBands(first: 1000) { albums(first: 1000) { band { fans(first: 3) { id } } } } }", "limit", "'first'"),
        ("{" + " ".join(f"a{n}: __schema {{ types {{ name }} }}" for n in range(30)) + "}", "limit", "Introspection"),
    ],
)
def test_an_operation_that_cannot_run_is_refused_as_a_whole(text: str, stage: str, says: str) -> None:
    refusal = refused(text)
    assert (refusal.stage, says in refusal.failures[0].message) == (stage, True), refusal


def test_fragments_that_multiply_are_stopped_while_they_are_spread() -> None:
    chain = "".join(
        f"fragment F{n} on Band {{ a: albums {{ band {{ ...F{n + 1} }} }} b: albums {{ band {{ ...F{n + 1} }} }} }}"
        for n in range(9)
    )
    assert refused("{ allBands { ...F0 } }" + chain + "fragment F9 on Band { id }").stage == "limit"
    wide = "fragment W on Band { " + " ".join(f"a{n}: albums {{ band {{ ...V }} }}" for n in range(100)) + " }"
    leaves = "fragment V on Band { " + " ".join(f"n{n}: name" for n in range(100)) + " }"
    assert "5000 fields" in refused("{ allBands { ...W } }" + wide + leaves).failures[0].message


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"n": "x"}, "Int cannot represent"),
        ({"n": 2147483648}, "32-bit"),
        ({"n": True}, "Int cannot represent"),
        ({"f": {"nothing": 1}}, "nothing"),
        ({"f": []}, "BandFilter"),
        ({"f": {"name": "a\0b"}}, "NUL"),
        ({"f": {"name": "\ud800"}}, "surrogate"),
        ({"f": {"rating": float("nan")}}, "nan"),
        ({"f": {"rating": 10**400}}, "Float"),
        ({"f": {"OR": [{"name": 1}]}}, "String cannot represent"),
        ({"f": {"OR": None, "genre": "ROCK"}}, "ROCK"),
        ({"ids": [None]}, "None"),
        ({"ids": [{}]}, "ID cannot represent"),
        ({"o": 1}, "BandOrderBy"),
    ],
)
def test_variables_that_do_not_fit_are_refused(variables: dict[str, Any], says: str) -> None:
    refusal = refused(LIST, variables)
    assert refusal.stage == "invalid"
    assert any(says in failure.message for failure in refusal.failures), refusal


def test_variables_nested_too_deeply_are_refused() -> None:
    nested: dict[str, Any] = {"name": "x"}
    for _ in range(2_000):
        nested = {"AND": [nested]}
    assert refused(LIST, {"f": nested}).stage == "limit"


def test_a_large_filter_cannot_be_multiplied_by_naming_it_often() -> None:
    often = " ".join(f"a{n}: allBands(filter: $f) {{ id }}" for n in range(200))
    variables = {"f": {"OR": [{"name": "x"}] * 1000}}
    refusal = refused(f"query ($f: BandFilter) {{ {often} }}", variables)
    assert (refusal.stage, "10000 values" in refusal.failures[0].message) == ("limit", True)


def test_a_missing_required_variable_is_named() -> None:
    message = refused("query ($id: ID!) { node(id: $id) { id } }").failures[0].message
    assert "$id" in message


def test_null_for_a_variable_with_a_default_cannot_stand_where_null_may_not() -> None:
    text = 'query ($id: ID = "x") { node(id: $id) { id } }'
    assert called(text).variables == {"id": "x"}
    assert "must not be null" in refused(text, {"id": None}).failures[0].message


def test_two_hundred_creates_fit_into_one_operation() -> None:
    one = (
        'createBand(slug: "s", name: "n", rating: 1.5, tags: ["a"], meta: "{}", active: true) { id name albums { id } }'
    )
    call = called("mutation {" + " ".join(f"m{n}: {one}" for n in range(200)) + "}")
    assert len(call.roots) == 200
    assert all(root.ids == 1 for root in call.roots)


def test_a_number_written_too_long_or_a_text_too_long_fails_its_field_alone() -> None:
    text = f'mutation {{ createBand(slug: "x", name: "x", rating: 1.{"0" * 40}) {{ id }} }}'
    (root,) = called(text).roots
    assert root.failure is not None
    assert (root.failure.number, root.failure.message) == (3007, "Value for field rating is too long.")
    text = "mutation ($s: String!, $t: [String!]) { createBand(slug: $s, name: $s, tags: $t) { id } }"
    (root,) = called(text, {"s": "x" * 262_145}).roots
    assert root.failure is not None
    assert root.failure.message == "Value for field slug is too long."
    (root,) = called(text, {"s": "x" * 262_144, "t": ["x" * 200_000, "y" * 80_000]}).roots
    assert root.failure is not None
    assert root.failure.message == "Value for field tags is too long."


def test_introspection_is_answered_without_a_database() -> None:
    call = called(get_introspection_query())
    (root,) = call.roots
    assert root.kind == "constant"
    assert root.constant is not None
    assert '"name":"BandFilter"' in root.constant


def test_an_answer_of_introspection_is_kept_per_value() -> None:
    engine = Engine(prepared("music"))
    text = "query ($name: String!) { __type(name: $name) { name } }"
    shown = [called(text, {"name": name}, engine).roots[0].constant for name in ("Band", "Fan", "Nothing")]
    assert shown == ['{"name":"Band"}', '{"name":"Fan"}', "null"]


def test_the_shape_of_a_refusal_follows_the_dialect() -> None:
    invalid, syntax = refused("{ nothing }"), refused("{")
    assert refuse(syntax, "simple", "r").startswith(b'{"error":"Syntax Error')
    assert refuse(syntax, "http", "r").startswith(b'{"errors":[{"message":"Syntax Error')
    assert refuse(invalid, "simple", "r").startswith(b'{"data":null,"errors":[{"message":"Cannot query field')
    assert b'"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"' in refuse(invalid, "http", "r")
