"""What one control operation may ask for."""

from typing import Any

import pytest
from graphql import get_introspection_query, parse, validate

from common.errors import Refused
from gateway.domain import limits
from gateway.domain.merge import merge
from gateway.domain.split import chosen, coerced

SDL = """
input Pagination { limit: Int! offset: Int! }
type Query { nodes(pagination: Pagination): [Node!]! page(first: Int): NodeConnection! node: Node }
type NodeConnection { edges: [Edge!]! totalCount: Int! }
type Edge { node: Node! }
type Node { id: ID! name: String next: Node many: [Node!]! }
"""
GRAPH = merge("scalar Common", {"one": SDL})


def weigh(text: str, variables: dict[str, Any] | None = None) -> limits.Weight:
    document = parse(text)
    assert validate(GRAPH.schema, document) == []
    operation = chosen(document, None)
    values = coerced(GRAPH.schema, operation, variables or {}).coerced
    return limits.check(GRAPH.schema, document, operation, values, roots=1)


@pytest.mark.parametrize(
    ("text", "depth", "fields", "cost"),
    [
        ("{ node { id } }", 2, 2, 2),
        ("{ nodes { id name } }", 2, 3, 1 + 50 * 2),
        ("{ nodes(pagination: {limit: 7, offset: 0}) { id } }", 2, 2, 1 + 7),
        ("{ page(first: 3) { edges { node { id } } totalCount } }", 4, 5, 1 + 3 * (1 + 1 + 1 + 1)),
        ("{ node { many { id } } }", 3, 3, 1 + 1 + 10),
        ("{ ...F ...F } fragment F on Query { node { id } }", 2, 4, 4),
        ("{ __typename }", 1, 1, 1),
    ],
)
def test_a_list_multiplies_what_is_asked_of_each_row(text: str, depth: int, fields: int, cost: int) -> None:
    assert weigh(text) == limits.Weight(depth, fields, cost)


def test_the_page_size_may_stand_in_a_variable() -> None:
    whole = weigh("query ($p: Pagination) { nodes(pagination: $p) { id } }", {"p": {"limit": 9, "offset": 0}})
    inner = weigh("query ($n: Int!) { nodes(pagination: {limit: $n, offset: 0}) { id } }", {"n": 9})

    assert whole.cost == inner.cost == 1 + 9


def test_the_usual_introspection_is_within_the_limits() -> None:
    assert weigh(get_introspection_query()).depth == 1


def deep(levels: int) -> str:
    return "{ node " + "{ next " * (levels - 2) + "{ id }" + " }" * (levels - 2) + " }"


def test_twelve_levels_are_allowed_and_thirteen_are_not() -> None:
    assert weigh(deep(12)).depth == 12
    with pytest.raises(Refused, match="depth: 13, at most 12"):
        weigh(deep(13))


def test_fragments_inside_fragments_are_counted_as_often_as_they_are_used_without_being_walked_so_often() -> None:
    doubling = [f"fragment F{n} on Node {{ next {{ ...F{n + 1} ...F{n + 1} }} }}" for n in range(9)]
    text = "{ node { ...F0 } } " + " ".join(doubling) + " fragment F9 on Node { id }"
    with pytest.raises(Refused, match="too many fields: 1024"):
        weigh(text)


def test_a_costly_operation_is_refused_before_anybody_is_asked() -> None:
    with pytest.raises(Refused, match="too much cost: 25501") as refused:
        weigh("{ nodes(pagination: {limit: 500, offset: 0}) { many { id name next { id } name } } }")
    assert refused.value.reason == "LIMIT_EXCEEDED"


def test_a_document_of_a_thousand_fields_is_refused_before_validation() -> None:
    limits.roughly(parse("{ " + " ".join(f"a{n}: node" for n in range(1000)) + " }"))
    with pytest.raises(Refused, match="more than 1000"):
        limits.roughly(parse("{ " + " ".join(f"a{n}: node" for n in range(1001)) + " }"))


def test_more_than_fifty_root_aliases_are_refused() -> None:
    document = parse("{ node { id } }")
    with pytest.raises(Refused, match="too many root aliases: 51"):
        limits.check(GRAPH.schema, document, chosen(document, None), {}, roots=51)
