"""Queries on real data: root fields, filters, relation quantifiers and selections of the dialect (G 5, 15.4, 15.5)."""

from __future__ import annotations

import itertools
from typing import Any, Final

import pytest

from tests.integration.gateway.engine.conftest import Open
from tests.support.answering import Client
from tests.support.schemas import model

SCHEMA: Final = """
type User @model { id: ID! @isUnique name: String! @isUnique }
type Band @model {
  id: ID! @isUnique
  slug: String @isUnique
  name: String
  size: Int
  rating: Float
  active: Boolean
  genre: Genre
  founded: DateTime
  tags: [String!]
  meta: Json
  label: Label @relation(name: "Signed")
  manager: Manager @relation(name: "Managed")
  albums: [Album!]! @relation(name: "Made")
  friends: [Band!]! @relation(name: "Friends")
}
type Album @model {
  id: ID! @isUnique
  title: String
  year: Int
  band: Band @relation(name: "Made")
  tracks: [Track!]! @relation(name: "On")
}
type Track @model { id: ID! @isUnique title: String length: Int album: Album @relation(name: "On") }
type Label @model { id: ID! @isUnique name: String! bands: [Band!]! @relation(name: "Signed") owner: Owner! @relation(name: "Owns") }
type Owner @model { id: ID! @isUnique name: String! label: Label @relation(name: "Owns") }
type Manager @model { id: ID! @isUnique name: String! band: Band @relation(name: "Managed") }
enum Genre { METAL JAZZ INDIE }
"""  # noqa: E501 - one line per type
SEED: Final = """mutation {
  mo: createManager(name: "Mo") { id }
  own: createOwner(name: "Olga") { id }
  a: createBand(slug: "abba", name: "Abba", size: 4, rating: 100.5, active: true, genre: METAL, founded: "2016",
    tags: [], meta: "{}") { id }
  b: createBand(slug: "Bëlle", name: "Bëlle", size: -1, rating: 100.500000000001, active: false, genre: JAZZ,
    founded: "1969-12-31T23:59:59.999", tags: ["x", "x"]) { id }
  c: createBand(slug: "50%_x", name: "50%_X", size: 0) { id }
  d: createBand(name: "") { id }
}"""


@pytest.fixture(scope="module")
async def client(environments: Open) -> Client:
    """Four bands, every optional value missing once; Abba has a label and a manager, Bëlle is her own friend."""
    client = await environments(model(SCHEMA))
    ids = {key: one["id"] for key, one in (await client.data(SEED)).items()}
    await client.data(
        "mutation ($a: ID!, $b: ID!, $m: ID!, $o: ID!) { updateBand(id: $b, friendsIds: [$b]) { id } "
        'm: updateBand(id: $a, managerId: $m) { id } createLabel(name: "Polar", ownerId: $o, bandsIds: [$a]) { id } }',
        {"a": ids["a"], "b": ids["b"], "m": ids["mo"], "o": ids["own"]},
    )
    return client


async def names(client: Client, filter_: str, variables: dict[str, Any] | None = None, head: str = "") -> list[str]:
    """Names of the bands that a filter lets through, oldest first; the count must agree."""
    text = f"query {head} {{ allBands(filter: {filter_}) {{ name }} _allBandsMeta(filter: {filter_}) {{ count }} }}"
    found = await client.data(text, variables)
    assert found["_allBandsMeta"]["count"] == len(found["allBands"])
    return [one["name"] for one in found["allBands"]]


ABBA, BELLE, FIFTY, EMPTY = "Abba", "Bëlle", "50%_X", ""
ALL: Final = [ABBA, BELLE, FIFTY, EMPTY]


# --- scalar filters -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ('{name: "abba"}', [ABBA]),
        ('{name: "BELLE"}', [BELLE]),
        ('{name: ""}', [EMPTY]),
        ('{name_not: "abba"}', [BELLE, FIFTY, EMPTY]),
        ('{slug_not: "abba"}', [BELLE, FIFTY]),
        ('{slug_in: ["ABBA", "belle"]}', [ABBA, BELLE]),
        ('{slug_not_in: ["ABBA", "belle"]}', [FIFTY]),
        ('{name_lt: "b"}', [ABBA, FIFTY, EMPTY]),
        ('{name_lte: "abba"}', [ABBA, FIFTY, EMPTY]),
        ('{name_gt: "ABBA"}', [BELLE]),
        ('{name_gte: "ABBA"}', [ABBA, BELLE]),
        ('{name_contains: "BB"}', [ABBA]),
        ('{name_contains: ""}', ALL),
        ('{name_contains: "%"}', [FIFTY]),
        ('{name_contains: "_"}', [FIFTY]),
        ('{slug_not_contains: "b"}', [FIFTY]),
        ('{slug_starts_with: "BE"}', [BELLE]),
        ('{slug_starts_with: "50%"}', [FIFTY]),
        ('{slug_starts_with: "%"}', []),
        ('{slug_not_starts_with: "a"}', [BELLE, FIFTY]),
        ('{name_ends_with: "_x"}', [FIFTY]),
        ('{slug_not_ends_with: "x"}', [ABBA, BELLE]),
        ("{size: -1}", [BELLE]),
        ("{size_not: -1}", [ABBA, FIFTY]),
        ("{size_in: [4, 0, 7]}", [ABBA, FIFTY]),
        ("{size_not_in: [4, 0]}", [BELLE]),
        ("{size_lt: 0}", [BELLE]),
        ("{size_lte: 0}", [BELLE, FIFTY]),
        ("{size_gt: 0}", [ABBA]),
        ("{size_gte: 0}", [ABBA, FIFTY]),
        ("{rating: 100.5}", [ABBA]),
        ("{rating_gt: 100.5}", [BELLE]),
        ("{rating_in: [100.500000000001]}", [BELLE]),
        ("{rating_not: 100.5}", [BELLE]),
        ("{active: true}", [ABBA]),
        ("{active_not: true}", [BELLE]),
        ("{genre: METAL}", [ABBA]),
        ("{genre_not: METAL}", [BELLE]),
        ("{genre_in: [METAL, INDIE]}", [ABBA]),
        ("{genre_not_in: [METAL]}", [BELLE]),
        ('{founded: "2016-01-01"}', [ABBA]),
        ('{founded: "2016-01-01T02:00:00+02:00"}', [ABBA]),
        ('{founded_lt: "1970"}', [BELLE]),
        ('{founded_gte: "1969-12-31T23:59:59.999Z"}', [ABBA, BELLE]),
        ('{founded_not_in: ["2016"]}', [BELLE]),
    ],
)
async def test_every_suffix_means_what_it_says_on_every_type(client: Client, filter_: str, found: list[str]) -> None:
    assert await names(client, filter_) == found


@pytest.mark.parametrize("field", ["slug", "size", "rating", "active", "genre", "founded"])
async def test_null_is_a_value_to_ask_for_and_equal_to_nothing(client: Client, field: str) -> None:
    without = await names(client, f"{{{field}: null}}")
    with_ = await names(client, f"{{{field}_not: null}}")
    assert sorted(without + with_) == sorted(ALL)
    assert without
    assert with_
    if field == "active":
        return
    assert await names(client, f"{{{field}_in: null}}") == []
    assert await names(client, f"{{{field}_not_in: null}}") == []
    assert await names(client, f"{{{field}_in: []}}") == []
    assert await names(client, f"{{{field}_not_in: []}}") == ALL
    if field != "genre":
        assert await names(client, f"{{{field}_gt: null}}") == []


async def test_null_for_a_pattern_matches_nothing(client: Client) -> None:
    for test in ("contains", "not_contains", "starts_with", "not_starts_with", "ends_with", "not_ends_with"):
        assert await names(client, f"{{name_{test}: null}}") == []


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ("{}", ALL),
        ("null", ALL),
        ("{AND: []}", ALL),
        ("{OR: []}", ALL),
        ("{OR: null, AND: null}", ALL),
        ("{OR: [{}, {size: 4}]}", [ABBA]),
        ("{AND: [{}, {OR: []}]}", ALL),
        ("{OR: [{OR: []}, {AND: [{}]}]}", ALL),
        ('{OR: [{size: 4}, {name: "belle"}]}', [ABBA, BELLE]),
        ('{OR: [{size: 4}, {name: "belle"}], active: true}', [ABBA]),
        ("{AND: [{size_gt: -2}, {size_lt: 4}]}", [BELLE, FIFTY]),
        ('{OR: {size: 4}, AND: {name: "abba"}}', [ABBA]),
        ("{AND: [{OR: [{size: 4}, {size: 0}]}, {OR: [{size: 0}, {size: -1}]}]}", [FIFTY]),
    ],
)
async def test_conditions_combine_and_empty_ones_say_nothing(client: Client, filter_: str, found: list[str]) -> None:
    assert await names(client, filter_) == found


async def test_a_member_whose_variable_was_not_supplied_is_as_if_absent(client: Client) -> None:
    head = "($n: Int, $in: [Int!], $t: String, $f: BandFilter)"
    filter_ = "{size: $n, size_in: $in, name_contains: $t, AND: [$f]}"
    with pytest.raises(AssertionError):
        # An item of a list cannot be absent.
        await names(client, filter_, {}, head)
    filter_ = "{size: $n, size_in: $in, name_contains: $t, OR: {size_not: $n}}"
    head = "($n: Int, $in: [Int!], $t: String)"
    assert await names(client, filter_, {}, head) == ALL
    assert await names(client, filter_, {"t": "e"}, head) == [BELLE]
    assert await names(client, "{size: $n}", {"n": None}, "($n: Int)") == [EMPTY]
    assert await names(client, "$f", {}, "($f: BandFilter)") == ALL
    assert await names(client, "$f", {"f": {"size": None, "active": None}}, "($f: BandFilter)") == [EMPTY]


async def test_ids_compare_exactly_and_have_all_tests_of_text(client: Client) -> None:
    found = (await client.data("{ allBands { id } }"))["allBands"]
    first, *rest = [one["id"] for one in found]

    async def ids(filter_: str) -> list[str]:
        return [one["id"] for one in (await client.data(f"{{ allBands(filter: {filter_}) {{ id }} }}"))["allBands"]]

    assert await ids(f'{{id: "{first}"}}') == [first]
    assert await ids(f'{{id: "{first.upper()}"}}') == []
    assert await ids(f'{{id_not: "{first}"}}') == rest
    assert await ids(f'{{id_gt: "{first}"}}') == rest
    assert await ids(f'{{id_in: ["{first}", "nobody"]}}') == [first]
    assert await ids(f'{{id_ends_with: "{first[-3:]}", id_starts_with: "c", id_not_contains: "z"}}') == [first]
    assert await ids(f'{{id_starts_with: "{first[:-1]}", id_lte: "{first}"}}') == [first]


# --- relation filters ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ("{manager: {}}", [ABBA]),
        ("{manager: null}", [BELLE, FIFTY, EMPTY]),
        ('{manager: {name: "MO"}}', [ABBA]),
        ('{manager: {name: "x"}}', []),
        ("{label: {}}", [ABBA]),
        ("{label: null}", [BELLE, FIFTY, EMPTY]),
        ('{label: {owner: {name_starts_with: "o"}}}', [ABBA]),
        ("{friends_some: {}}", [BELLE]),
        ("{friends_none: {}}", [ABBA, FIFTY, EMPTY]),
        ("{friends_every: {}}", ALL),
        ('{friends_some: {friends_some: {name: "belle"}}}', [BELLE]),
        ('{OR: [{friends_every: {name: "x"}}]}', [ABBA, FIFTY, EMPTY]),
        ("{OR: [{friends_every: {}}, {size: 4}]}", ALL),
    ],
)
async def test_a_relation_asks_for_a_partner_that_satisfies(client: Client, filter_: str, found: list[str]) -> None:
    assert await names(client, filter_) == found


@pytest.mark.parametrize("member", ["albums_some", "albums_every", "albums_none", "friends_some"])
async def test_null_for_many_related_nodes_is_refused(client: Client, member: str) -> None:
    for text, variables in (
        (f"{{ allBands(filter: {{{member}: null}}) {{ id }} }}", {}),
        ("query ($f: BandFilter) { allBands(filter: $f) { id } }", {"f": {member: None}}),
        (f"{{ allAlbums(filter: {{band: {{OR: [{{{member}: null}}]}}}}) {{ id }} }}", {}),
    ):
        body = await client.ask(text, variables)
        (problem,) = body["errors"]
        assert (problem["code"], problem["message"]) == (3033, f"The filter '{member}' cannot be null.")
        assert body["data"] is None


QUANTIFIERS: Final = ("some", "every", "none")
MIDS: Final[list[list[list[int | None]]]] = [
    [],
    [[]],
    [[1]],
    [[9]],
    [[None]],
    [[1, 9], []],
    [[1], [9]],
    [[1], [1, 1]],
    [[], [9, None]],
    [[None, 1]],
]
"""Lows of a mid, and the lengths of the leaves of each."""


async def test_quantifiers_nest_over_three_levels_in_every_combination(environments: Open) -> None:
    """Owners of bands of albums of tracks; the innermost condition is `length: 1`, null is neither true nor false."""
    schema = """
    type Top @model { id: ID! @isUnique number: Int! mids: [Mid!]! @relation(name: "A") }
    type Mid @model { id: ID! @isUnique top: Top @relation(name: "A") lows: [Low!]! @relation(name: "B") }
    type Low @model { id: ID! @isUnique mid: Mid @relation(name: "B") leaves: [Leaf!]! @relation(name: "C") }
    type Leaf @model { id: ID! @isUnique low: Low @relation(name: "C") length: Int }
    """
    client = await environments(model(schema))
    trees = [[], *([one] for one in MIDS), *(list(two) for two in list(itertools.combinations(MIDS, 2))[::4])]
    for number, tree in enumerate(trees):
        mids = []
        for mid in tree:
            lows = []
            for low in mid:
                leaves = [
                    (await client.data("mutation($l: Int) { createLeaf(length: $l) { id } }", {"l": leaf}))
                    for leaf in low
                ]
                lows.append(await _made(client, "Low", "leaves", [one["createLeaf"]["id"] for one in leaves]))
            mids.append(await _made(client, "Mid", "lows", lows))
        await client.data(
            "mutation ($n: Int!, $ids: [ID!]) { createTop(number: $n, midsIds: $ids) { id } }",
            {"n": number, "ids": mids},
        )
    for first, second, third in itertools.product(QUANTIFIERS, repeat=3):
        inner = f"{{leaves_{third}: {{length: 1}}}}"
        filter_ = f"{{mids_{first}: {{lows_{second}: {inner}}}}}"
        found = (await client.data(f"{{ allTops(filter: {filter_}) {{ number }} }}"))["allTops"]
        expected = [
            number
            for number, tree in enumerate(trees)
            if _quantified(first, [_quantified(second, [_held(third, low) for low in mid]) for mid in tree])
        ]
        assert [one["number"] for one in found] == expected, filter_


async def _made(client: Client, kind: str, field: str, ids: list[str]) -> str:
    text = f"mutation ($ids: [ID!]) {{ create{kind}({field}Ids: $ids) {{ id }} }}"
    return str((await client.data(text, {"ids": ids}))[f"create{kind}"]["id"])


def _held(quantifier: str, lengths: list[int | None]) -> bool:
    return _quantified(quantifier, [None if one is None else one == 1 for one in lengths])


def _quantified(quantifier: str, holds: list[bool | None] | list[bool]) -> bool:
    """`every`: no one violates it, and what is unknown violates nothing (G 5.3)."""
    match quantifier:
        case "some":
            return True in holds
        case "none":
            return True not in holds
        case _:
            return False not in holds


async def test_one_some_speaks_of_one_node_and_two_may_speak_of_two(client: Client) -> None:
    band = (await client.data('{ Band(slug: "abba") { id } }'))["Band"]["id"]
    made = 'createAlbum(title: "One", year: 1, bandId: $b) { id } two: createAlbum(title: "Two", year: 2, bandId: $b)'
    albums = await client.data(f"mutation ($b: ID) {{ {made} {{ id }} }}", {"b": band})
    assert await names(client, '{albums_some: {title: "One", year: 2}}') == []
    assert await names(client, '{AND: [{albums_some: {title: "One"}}, {albums_some: {year: 2}}]}') == [ABBA]
    # A filter of a nested list restricts what is returned, not which parents (G 15.44).
    nested = "allBands { albums(filter: {year_gt: 1}) { title } _albumsMeta(filter: {year: 1}, first: 0) { count } }"
    found = (await client.data(f"{{ {nested} }}"))["allBands"]
    assert found[0] == {"albums": [{"title": "Two"}], "_albumsMeta": {"count": 1}}
    assert found[1] == {"albums": [], "_albumsMeta": {"count": 0}}
    # A relation filter does not disturb order and page (G 15.45).
    ordered = await client.data(
        "{ allAlbums(filter: {band: {active: true}}, orderBy: title_DESC, first: 1, skip: 1) { title } }"
    )
    assert ordered["allAlbums"] == [{"title": "One"}]
    for one in albums.values():
        await client.data("mutation ($id: ID!) { deleteAlbum(id: $id) { id } }", {"id": one["id"]})


async def test_a_filter_on_one_partner_gives_the_partner_or_null(client: Client) -> None:
    text = '{ allBands { yes: manager(filter: {name: "mo"}) { name } no: manager(filter: {name: "x"}) { name } } }'
    first, second, *_ = (await client.data(text))["allBands"]
    assert first == {"yes": {"name": "Mo"}, "no": None}
    assert second == {"yes": None, "no": None}
    empty = await client.data("{ allLabels { owner(filter: {}) { name } } }")
    assert empty["allLabels"] == [{"owner": {"name": "Olga"}}]
    refused = await client.ask('{ allLabels { owner(filter: {name: "x"}) { name } } }')
    assert refused["data"] is None
    assert "'owner' is required and cannot be filtered" in refused["errors"][0]["message"]


# --- single nodes -------------------------------------------------------------------------------------------------


async def test_a_single_node_is_found_by_the_first_argument_that_is_given(client: Client) -> None:
    text = """query ($none: ID, $long: ID) {
      first: Band(slug: "BELLE", id: "nobody") { name } only: Band(slug: "BELLE", id: null) { name }
      absent: Band(id: $none, slug: "abba") { name }
      unknown: Band(slug: "x") { name } long: Band(id: $long) { name } }"""
    found = await client.data(text, {"long": "x" * 300})
    assert found == {"first": None, "only": {"name": BELLE}, "absent": {"name": ABBA}, "unknown": None, "long": None}


@pytest.mark.parametrize("arguments", ["", "(id: null)", "(id: null, slug: null)", "(slug: $v)"])
async def test_a_single_node_asked_for_by_nothing_is_refused(client: Client, arguments: str) -> None:
    head = "query ($v: String)" if "$v" in arguments else ""
    body = await client.ask(f"{head} {{ Band{arguments} {{ id }} other: _allBandsMeta {{ count }} }}")
    assert body["data"] == {"Band": None, "other": {"count": 4}}
    (problem,) = body["errors"]
    assert problem["code"] == 3000
    assert problem["message"] == "None of the following arguments provided: List(id, slug)"


async def test_any_node_of_every_type_is_found_by_its_id_with_its_own_selection(client: Client) -> None:
    ids = await client.data(
        '{ Band(slug: "abba") { id manager { id } label { id owner { id } } } allBands(first: 0) { id } }'
    )
    band = ids["Band"]
    text = """query ($id: ID!) { node(id: $id) { __typename id
      ... on Band { title: slug label { name } } ...More ... on Manager { who: name of: band { slug } }
      ... on Label { who: name bands { name } } ... on Owner { label { name } } ... on Node { again: id } } }
    fragment More on Band { label { owner { name } } }"""
    expected: dict[str, dict[str, Any]] = {
        band["id"]: {"__typename": "Band", "title": "abba", "label": {"name": "Polar", "owner": {"name": "Olga"}}},
        band["manager"]["id"]: {"__typename": "Manager", "who": "Mo", "of": {"slug": "abba"}},
        band["label"]["id"]: {"__typename": "Label", "who": "Polar", "bands": [{"name": ABBA}]},
        band["label"]["owner"]["id"]: {"__typename": "Owner", "label": {"name": "Polar"}},
    }
    for node, shown in expected.items():
        found = (await client.data(text, {"id": node}))["node"]
        assert found == {**shown, "id": node, "again": node}
        assert list(found)[:2] == ["__typename", "id"]
    for unknown in ("nobody", "", "x" * 300):
        assert (await client.data(text, {"id": unknown}))["node"] is None


async def test_nobody_is_a_node_of_the_service_yet(client: Client) -> None:
    await client.data('mutation { createUser(name: "Ann") { id } }')
    assert await client.data("{ user { id name } again: user { __typename } }") == {"user": None, "again": None}


# --- selections ---------------------------------------------------------------------------------------------------


async def test_typenames_aliases_fragments_and_directives_stand_anywhere(client: Client) -> None:
    text = """query ($yes: Boolean!, $no: Boolean = false) {
      __typename
      allBands(first: 1) { __typename n: name ...A @include(if: $yes) ... @skip(if: $yes) { size }
        rating @include(if: $no)
        _albumsMeta { __typename count } manager @skip(if: $no) { __typename } }
      _allBandsMeta { __typename }
    }
    fragment A on Node { id ... on Band { name genre } }"""
    found = await client.data(text, {"yes": True})
    (band,) = found["allBands"]
    assert list(band) == ["__typename", "n", "id", "name", "genre", "_albumsMeta", "manager"]
    assert (band["__typename"], band["n"], band["name"], band["genre"]) == ("Band", ABBA, ABBA, "METAL")
    assert band["_albumsMeta"] == {"__typename": "_QueryMeta", "count": 0}
    assert band["manager"] == {"__typename": "Manager"}
    assert (found["__typename"], found["_allBandsMeta"]) == ("Query", {"__typename": "_QueryMeta"})
    (other,) = (await client.data(text, {"yes": False, "no": True}))["allBands"]
    assert list(other) == ["__typename", "n", "size", "rating", "_albumsMeta"]


async def test_one_response_key_is_one_field_whose_selections_are_merged(client: Client) -> None:
    text = """{ allBands(first: 1) { name manager { name } ...B manager { id: __typename } }
      allBands(first: 1) { size } }
    fragment B on Band { name manager { band { name } } }"""
    (band,) = (await client.data(text))["allBands"]
    assert band == {"name": ABBA, "manager": {"name": "Mo", "band": {"name": ABBA}, "id": "Manager"}, "size": 4}


@pytest.mark.parametrize(
    "text",
    [
        "{ allBands(first: 1) { id } allBands(first: 2) { id } }",
        "{ allBands { x: name x: slug } }",
        "{ allBands { albums(first: 1) { id } albums { id } } }",
        "{ allBands { ...A ...B } } fragment A on Band { x: size } fragment B on Band { x: rating }",
        '{ node(id: "x") { ... on Band { x: size } ... on Album { x: title } } }',
    ],
)
async def test_one_response_key_with_two_meanings_is_refused(client: Client, text: str) -> None:
    body = await client.ask(text)
    assert body["data"] is None
    assert "conflict" in body["errors"][0]["message"]
    assert "code" not in body["errors"][0]


async def test_values_come_back_in_the_form_of_the_dialect(client: Client) -> None:
    found = await client.data("{ allBands { name founded rating tags meta active } }")
    abba, belle, fifty, _ = found["allBands"]
    assert abba == {
        "name": ABBA, "founded": "2016-01-01T00:00:00.000Z", "rating": 100.5, "tags": [], "meta": {}, "active": True,
    }  # fmt: skip
    assert (belle["founded"], belle["tags"]) == ("1969-12-31T23:59:59.999Z", ["x", "x"])
    assert fifty == {"name": FIFTY, "founded": None, "rating": None, "tags": None, "meta": None, "active": None}
