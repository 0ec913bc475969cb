"""Letters whose small form is longer than they are: a library that looks for words alike must not stop us."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import OperationDefinitionNode, build_schema, parse

from contracts.model import digest, encode
from gateway.domain.split import Problems, coerced
from gateway.engine import Engine, Refusal, Request, prepare
from tests.support.schemas import model

LONG_WHEN_SMALL = "İ" * 6
SDL = """
type Band @model { id: ID! @isUnique genre: Genre albums: [Album!]! @relation(name: "BandAlbums") }
type Album @model { id: ID! @isUnique title: String band: Band @relation(name: "BandAlbums") }
enum Genre { INDIE METAL JAZZ }
"""


@pytest.fixture(scope="module")
def engine() -> Engine:
    made = model(SDL)
    return Engine(prepare(made, digest(encode(made))))


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("query($v: BandOrderBy) { allBands(orderBy: $v) { id } }", {"v": LONG_WHEN_SMALL}),
        ("query($v: [Genre!]) { allBands(filter: { genre_in: $v }) { id } }", {"v": [LONG_WHEN_SMALL]}),
        ("query($v: BandFilter) { allBands(filter: $v) { id } }", {"v": {LONG_WHEN_SMALL: 1}}),
        ("mutation($v: [BandalbumsAlbum!]) { createBand(albums: $v) { id } }", {"v": [{LONG_WHEN_SMALL: 1}]}),
        (f'{{ allBands(orderBy: "{LONG_WHEN_SMALL}") {{ id }} }}', {}),
    ],
)
def test_a_name_in_odd_letters_is_refused_like_any_other(engine: Engine, text: str, variables: dict[str, Any]) -> None:
    call = engine.call(Request(text, None, variables))

    assert isinstance(call, Refusal)
    assert call.stage == "invalid"


def test_a_member_in_odd_letters_is_a_problem_of_the_variables() -> None:
    schema = build_schema("type Query { a(b: B): Int } input B { c: Int, criticality: Int }")
    operation = parse("query($b: B) { a(b: $b) }").definitions[0]
    assert isinstance(operation, OperationDefinitionNode)

    with pytest.raises(Problems, match="unknown field"):
        coerced(schema, operation, {"b": {LONG_WHEN_SMALL: 1}})
