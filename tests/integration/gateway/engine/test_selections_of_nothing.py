"""Selections of which nothing is left, or only what no row is needed for: still one JSON value for each field."""

from __future__ import annotations

import pytest

from tests.integration.gateway.engine.conftest import Open
from tests.support.answering import Client
from tests.support.schemas import model

SCHEMA = """
type Band @model { id: ID! @isUnique name: String! fans: [Fan!]! @relation(name: "BandFans") }
type Fan @model { id: ID! @isUnique bands: [Band!]! @relation(name: "BandFans") }
type Venue @model { id: ID! @isUnique name: String }
"""


@pytest.fixture(scope="module")
async def client(environments: Open) -> Client:
    opened = await environments(model(SCHEMA))
    for name in ("one", "two", "three"):
        await opened.data(f'mutation {{ createBand(name: "{name}") {{ id }} }}')
    bands = [each["id"] for each in (await opened.data("{ allBands { id } }"))["allBands"]]
    await opened.data("mutation($bands: [ID!]) { createFan(bandsIds: $bands) { id } }", {"bands": bands})
    return opened


@pytest.mark.parametrize("nothing", ["@include(if: false)", "@skip(if: true)"])
async def test_a_node_of_which_nothing_is_wanted_is_an_empty_object(client: Client, nothing: str) -> None:
    text = f"{{ allBands(first: 1) {{ name {nothing} fans {{ id {nothing} }} }} none: allBands {nothing} {{ id }} }}"

    assert await client.data(text) == {"allBands": [{"fans": [{}]}]}


async def test_a_meta_without_its_count_is_one_object_however_many_nodes_there_are(client: Client) -> None:
    text = """query($no: Boolean!) {
      _allBandsMeta { __typename }
      empty: _allBandsMeta(filter: { name_not: "one" }) { count @include(if: $no) }
      _allVenuesMeta { __typename }
      allFans { _bandsMeta(first: 1) { __typename } }
    }"""

    assert await client.data(text, {"no": False}) == {
        "_allBandsMeta": {"__typename": "_QueryMeta"},
        "empty": {},
        "_allVenuesMeta": {"__typename": "_QueryMeta"},
        "allFans": [{"_bandsMeta": {"__typename": "_QueryMeta"}}],
    }


async def test_a_change_of_which_nothing_is_wanted_answers_an_empty_object(client: Client) -> None:
    text = 'mutation { createVenue(name: "hall") { id @skip(if: true) } }'

    assert await client.data(text) == {"createVenue": {}}
    assert (await client.data("{ _allVenuesMeta { count } }"))["_allVenuesMeta"] == {"count": 1}
