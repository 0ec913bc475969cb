"""Too large is refused with code 1004 before the work that it would cause, and never what is within the limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from graphql import DocumentNode, FieldNode, FragmentSpreadNode, InlineFragmentNode, Visitor, parse, visit

from gateway.domain.bounds import Limits
from gateway.engine import Call, Engine, Failure, Refusal, Request, finish, fitting, refuse, settled
from gateway.engine.failure import Rejected, too_large
from gateway.engine.operation.skim import skim
from tests.support.cases import Case, cases, prepared

CHAIN = " ".join(f"fragment F{n} on Band {{ ...F{n + 1} }}" for n in range(600)) + " fragment F600 on Band { id }"


def asked(text: str, variables: dict[str, Any] | None = None, /, **limits: int) -> Call | Refusal:
    return Engine(prepared("music"), limits=Limits(**limits)).call(Request(text, None, variables))


def said(made: Call | Refusal) -> str:
    """The message of a refusal for size, which always has the same code."""
    assert isinstance(made, Refusal), made
    (failure,) = made.failures
    assert (made.stage, failure.number, failure.name) == ("limit", 1004, "OperationTooLarge")
    return failure.message


# --- before a parser sees it --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (" " * 400_001, "has 400001 characters; 400000 are allowed"),
        ('{ allBands(filter: {name: "' + "x" * 400_000, "characters"),
        ("{" + " ".join(f"a{n}: allBands {{ id }}" for n in range(10_000)) + "}", "more than 20000 tokens"),
        ("%" * 20_001, "more than 20000 tokens"),
        ('"' * 130_000, "more than 20000 tokens"),
        ("{a" * 9_000, "nested deeper than 20 levels"),
        ("{ a(b: " + "[" * 5_000, "A value is nested deeper than 20 levels"),
        ("{ a(b: " + "{c: " * 5_000, "A value is nested deeper than 20 levels"),
        ("{ allBands(first: " + "9" * 100_000 + ") { id } }", "A number has 100000 characters; 400 are allowed"),
        ("{ allBands(filter: {rating: 1." + "0" * 5_000 + "}) { id } }", "A number has"),
        ("{ allBands { ...F0 } } " + CHAIN, "more than 500 operations and fragments"),
        (" ".join(f"query Q{n} {{ a }}" for n in range(600)), "more than 500 operations and fragments"),
        ("query (" + " ".join(f"$v{n}: Int" for n in range(501)) + ") { a }", "more than 500 variables"),
        ("{ allBands {" + " ".join(f"a{n}: id" for n in range(5_001)) + "} }", "more than 5000 fields"),
        ("{ allBands {" + " id" * 301 + "} }", "'id' is selected 301 times in one place; 300 are allowed"),
    ],
)
def test_a_text_that_is_far_too_large_is_refused_unparsed(text: str, says: str) -> None:
    with pytest.raises(Rejected) as caught:
        skim(text, Limits())
    assert says in caught.value.refusal.failures[0].message
    assert says in said(asked(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "}}}}))))]]]]",
        '"',
        '"""',
        '"""\\"""',
        '"\\',
        "%&/",
        "{ a(b: {c: [",
        "\ufeff{ a }",
        "{ a: # why\n b c @include(if: true) ... on D { e } ...F }",
        'query Q($a: [Int!]! = [1], $b: S = {c: "}"}) @d(e: {f: "{{{{"}) { g(h: """ { " """) }',
    ],
)
def test_what_is_small_is_left_to_the_parser_whatever_it_is(text: str) -> None:
    skim(text, Limits())


class Sizes(Visitor):
    """What a parser finds in a document."""

    def __init__(self) -> None:
        super().__init__()
        self.fields = 0

    def enter(self, node: Any, *_: Any) -> None:
        self.fields += isinstance(node, FieldNode | FragmentSpreadNode | InlineFragmentNode)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_the_first_look_never_counts_more_than_there_is(case: Case) -> None:
    node: DocumentNode = parse(case.text)
    sizes = Sizes()
    visit(node, sizes)
    tokens = 0
    token = node.loc.start_token if node.loc else None
    while token is not None:
        tokens += 1
        token = token.next
    limits = Limits(
        text_characters=len(case.text), fields=sizes.fields, definitions=len(node.definitions), tokens=tokens
    )
    skim(case.text, limits)
    with pytest.raises(Rejected):
        skim(case.text, replace(limits, tokens=tokens // 2))
    with pytest.raises(Rejected):
        skim(case.text, replace(limits, text_characters=len(case.text) - 1))


# --- after it -----------------------------------------------------------------------------------------------------


def test_fragments_that_multiply_are_counted_while_they_are_spread() -> None:
    chain = "".join(
        f"fragment F{n} on Band {{ a: albums {{ band {{ ...F{n + 1} }} }} b: albums {{ band {{ ...F{n + 1} }} }} }}"
        for n in range(9)
    )
    text = "{ allBands { ...F0 } }" + chain + "fragment F9 on Band { id }"
    assert "selects more than 1000 fields" in said(asked(text, fields=1000))


def test_fragments_that_take_long_to_compare_are_given_up() -> None:
    spread = " ".join(f"...F{n}" for n in range(150))
    fragments = " ".join(
        f"fragment F{n} on Band {{ {' '.join(f'k{key}: id' for key in range(25))} }}" for n in range(150)
    )
    assert "too entangled" in said(asked(f"{{ allBands {{ {spread} }} }} {fragments}"))


@pytest.mark.parametrize(
    ("text", "limits", "says"),
    [
        ("{ allBands { albums { band { id } } } }", {"depth": 3}, "nested deeper than 3 levels"),
        ("{ ...F } fragment F on Query { allBands { albums { id } } }", {"depth": 2}, "nested deeper than 2 levels"),
        ("{ a: allBands { id } b: allBands { id } }", {"roots": 1}, "more than 1 root fields"),
        (
            "{ ...F } fragment F on Query { a: allBands { id } b: allBands { id } }",
            {"roots": 1},
            "2 root fields; 1 are",
        ),
        ("{ allBands(first: 10) { id } }", {"nodes": 9}, "could return 10 nodes; 9 are allowed"),
        ("{ allBands(first: 10) { albums { id } } }", {"nodes": 109}, "could return 110 nodes; 109 are allowed"),
        ("{ allBands { id } allFans { id } }", {"nodes": 1_999}, "could return 2000 nodes; 1999 are allowed"),
        (
            "{ allBands(filter: {OR: [{name: 1}, {name: 2}]}) { id } }".replace("1", '"a"').replace("2", '"b"'),
            {"argument_values": 5},
            "more than 5 values",
        ),
    ],
)
def test_each_limit_of_an_environment_holds(text: str, limits: dict[str, int], says: str) -> None:
    assert says in said(asked(text, None, **limits))
    (name,) = limits
    assert isinstance(asked(text, None, **{name: limits[name] + 1}), Call)


def test_the_cost_is_that_of_the_page_sizes_of_this_request() -> None:
    text = "query ($n: Int, $m: Int) { allBands(first: $n) { albums(last: $m) { id } } }"
    engine = Engine(prepared("music"), limits=Limits(nodes=1_000))
    small = engine.call(Request(text, None, {"n": 10, "m": 10}))
    assert isinstance(small, Call)
    assert small.cost == 110
    assert "could return 10100 nodes" in said(engine.call(Request(text, None, {"n": 100, "m": 100})))


def test_a_field_that_fails_does_not_hide_what_the_others_cost() -> None:
    text = "query ($n: Int) { bad: Band { id } worse: allFans(first: $n) { id } b: allBands { id } }"
    assert "could return" in said(asked(text, {"n": -1}, nodes=500))


LIST = (
    "query ($f: BandFilter, $ids: [ID!]) { allBands(filter: $f) { id } other: allBands(filter: {id_in: $ids}) { id } }"
)


@pytest.mark.parametrize(
    ("variables", "limits", "says"),
    [
        ({"f": {"OR": [{}] * 10_001}}, {}, "more than 10000 values"),
        ({"f": {"OR": [{"name": "x"}] * 100_000}}, {}, "more than 10000 values"),
        ({"ids": ["x"] * 100_001}, {}, "A list has 100001 items; 100000 are allowed"),
        ({"f": {"AND": [{"AND": [{"name": "x"}]}]}}, {"input_depth": 2}, "nested deeper than 2 levels"),
    ],
)
def test_variables_beyond_the_limits_are_refused(variables: dict[str, Any], limits: dict[str, int], says: str) -> None:
    assert says in said(asked(LIST, variables, **limits))


def test_a_long_list_of_ids_is_one_parameter() -> None:
    call = asked(LIST, {"ids": ["x"] * 100_000})
    assert isinstance(call, Call)
    assert len(call.roots[1].statements[0].getters) == 1


def test_what_stands_behind_the_first_bad_value_of_large_variables_is_not_looked_at() -> None:
    made = asked(LIST, {"ids": [{}] * 50_000})
    assert isinstance(made, Refusal)
    assert (made.stage, len(made.failures)) == ("invalid", 1)


# --- the answer ---------------------------------------------------------------------------------------------------


def test_an_answer_is_measured_where_it_is_made_when_it_can_be_large() -> None:
    for text, measured in (
        ("{ allBands { id } }", True),
        ('{ Band(id: "x") { albums { id } } }', True),
        ('{ node(id: "x") { ... on Band { albums { id } } } }', True),
        ('{ Band(id: "x") { manager { name } _albumsMeta { count } } }', False),
        ("{ _allBandsMeta { count } }", False),
    ):
        call = asked(text, response_bytes=12_345)
        assert isinstance(call, Call)
        assert ("12345" in call.roots[0].statements[0].sql) == measured, text


def test_the_objection_to_a_large_answer_is_a_failure_of_its_field() -> None:
    call = asked("{ allBands { id } }")
    assert isinstance(call, Call)
    assert Engine(prepared("music")).judge(call.roots[0], "large", {}) == too_large()


def test_answers_of_one_call_share_what_is_allowed() -> None:
    assert fitting([], "x" * 10, 10) == "x" * 10
    assert fitting(["x" * 10], "x", 10) == too_large()
    assert fitting(["x" * 10], None, 10) is None
    assert fitting([None, "x" * 4, too_large()], "x" * 6, 10) == "x" * 6
    failure = Failure("F", "m", 1)
    assert fitting(["x" * 99], failure, 10) is failure


@pytest.mark.parametrize("dialect", ["http", "simple"])
def test_a_refusal_for_size_has_its_code_in_both_dialects(dialect: Any) -> None:
    made = asked("{ allBands { id } }", nodes=1)
    assert isinstance(made, Refusal)
    body = refuse(made, dialect, "r1").decode()
    code = '"extensions":{"code":1004,' if dialect == "http" else '"code":1004'
    assert code in body
    call = asked("{ Band { id } }")
    assert isinstance(call, Call)
    root = replace(call.roots[0], failure=too_large())
    body = finish(call._replace(roots=(root,)), [settled(root)], dialect, "r1").decode()
    assert code in body
    assert '"data":{"Band":null}' in body
