"""Which reads may stand before others on one connection, and which are asked for many at once."""

from __future__ import annotations

import pytest

from gateway.engine import Call, Engine, Request, Statement
from tests.support.cases import prepared

SMALL_AND_ALIKE = (
    "query ($v: ID) { Band(id: $v) { id name meta tags } }",
    "query ($v: String) { Band(slug: $v) { id } }",
    "query ($v: ID) { Album(id: $v) { title band { name manager { name } } } }",
    "query ($v: ID!) { node(id: $v) { id } }",
)
SMALL = (
    "{ allBands(first: 20) { id name } }",
    "{ allBands(last: 50) { id } }",
    "{ allBands(first: 20, orderBy: slug_ASC) { id } }",
    "{ allFans(first: 20, orderBy: email_DESC) { id } }",
    "{ allAlbums(first: 25) { title band { name } } }",
)
LARGE = (
    "{ allBands { id } }",
    "{ allBands(first: 51) { id } }",
    "query ($v: Int) { allBands(first: $v) { id } }",
    "{ allAlbums(first: 26) { title band { name } } }",
    "{ allBands(first: 20, skip: 1000000) { id } }",
    '{ allBands(first: 20, after: "x") { id } }',
    "{ allBands(first: 20, orderBy: name_ASC) { id } }",
    '{ allBands(first: 20, filter: { slug: "x" }) { id } }',
    "{ _allBandsMeta { count } }",
    "query ($v: ID) { Band(id: $v) { albums(first: 1) { id } } }",
    "query ($v: ID) { Band(id: $v) { _albumsMeta { count } } }",
    'query ($v: ID) { Band(id: $v) { manager(filter: { name: "x" }) { id } } }',
)


def statement(text: str) -> Statement:
    call = Engine(prepared("music")).call(Request(text, None, {"v": 1 if "$v: Int" in text else "x"}))
    assert isinstance(call, Call), call
    ((one,),) = (root.statements for root in call.roots)
    return one


@pytest.mark.parametrize("text", SMALL_AND_ALIKE)
def test_a_node_by_a_unique_value_is_small_and_read_for_many_at_once(text: str) -> None:
    one = statement(text)

    assert one.small
    assert one.batch.startswith("select (select ")
    assert one.batch.endswith(' from unnest($1::text[]) with ordinality as "calls"("p1", "n") order by "calls"."n"')
    assert "$1" not in one.batch.replace("unnest($1", "")


@pytest.mark.parametrize("text", SMALL)
def test_a_short_page_at_the_beginning_of_an_index_is_small(text: str) -> None:
    assert (statement(text).small, statement(text).batch) == (True, "")


@pytest.mark.parametrize("text", LARGE)
def test_what_filters_counts_skips_or_sorts_is_not_small(text: str) -> None:
    assert (statement(text).small, statement(text).batch) == (False, "")


def test_a_change_is_never_small() -> None:
    call = Engine(prepared("music")).call(Request('mutation { deleteFan(id: "x") { id } }'))
    assert isinstance(call, Call)

    assert not any(one.small or one.batch for one in call.roots[0].statements)
