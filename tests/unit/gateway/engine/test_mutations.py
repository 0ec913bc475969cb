"""Mutations: the shape of their schema, how few statements they take, and how much of them is too much."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType
from hypothesis import given
from hypothesis import strategies as st

from contracts.model import digest, encode
from gateway.domain.bounds import Limits
from gateway.engine import Call, Engine, Fresh, Refusal, Request, prepare
from gateway.engine.schema import generate
from gateway.engine.source.lists import list_text
from gateway.engine.source.settling import Single, settled
from tests.support.cases import prepared
from tests.support.schemas import model

RUNNING = """
type Band @model {
  id: ID! @isUnique
  createdAt: DateTime!
  updatedAt: DateTime!
  slug: String! @isUnique
  name: String!
  genre: Genre @defaultValue(value: "INDIE")
  rating: Float
  tags: [String!]
  albums: [Album!]! @relation(name: "BandAlbums")
  manager: Manager @relation(name: "BandManager")
  fans: [Fan!]! @relation(name: "BandFans")
}
type Album @model { id: ID! @isUnique title: String! year: Int band: Band! @relation(name: "BandAlbums") }
type Manager @model { id: ID! @isUnique name: String! band: Band @relation(name: "BandManager") }
type Fan @model { id: ID! @isUnique email: String! @isUnique bands: [Band!]! @relation(name: "BandFans") }
enum Genre { INDIE METAL JAZZ }
"""


def fields_of(kind: Any) -> dict[str, str]:
    assert isinstance(kind, GraphQLInputObjectType | GraphQLObjectType)
    return {name: str(one.type) for name, one in kind.fields.items()}


def test_the_arguments_of_the_running_example_are_those_of_the_dialect() -> None:
    schema = generate(model(RUNNING)).schema
    assert schema.mutation_type is not None
    create = schema.mutation_type.fields["createBand"]
    relations = {
        "managerId": "ID",
        "manager": "BandmanagerManager",
        "albumsIds": "[ID!]",
        "albums": "[BandalbumsAlbum!]",
        "fansIds": "[ID!]",
        "fans": "[BandfansFan!]",
    }
    values = {"genre": "Genre", "name": "String!", "rating": "Float", "slug": "String!", "tags": "[String!]"}
    optional = {name: kind.removesuffix("!") for name, kind in values.items()} | {"tags": "[String!]"}
    assert str(create.type) == "Band"
    assert list({name: str(one.type) for name, one in create.args.items()}.items()) == [
        *values.items(),
        *relations.items(),
    ]
    update = schema.mutation_type.fields["updateBand"].args
    expected = [("id", "ID!"), *optional.items(), *relations.items()]
    assert [(name, str(one.type)) for name, one in update.items()] == expected
    upsert = schema.mutation_type.fields["updateOrCreateBand"].args
    assert {name: str(one.type) for name, one in upsert.items()} == {"update": "UpdateBand!", "create": "CreateBand!"}
    assert list(fields_of(schema.type_map["UpdateBand"]).items()) == expected
    assert fields_of(schema.type_map["CreateBand"]) == values | relations


def test_an_input_below_has_all_but_the_way_back() -> None:
    types = generate(model(RUNNING)).schema.type_map
    assert fields_of(types["BandalbumsAlbum"]) == {"title": "String!", "year": "Int"}
    assert fields_of(types["BandfansFan"]) == {"email": "String!"}
    assert {name for name in fields_of(types["AlbumbandBand"]) if "anager" in name or "lbum" in name} == {
        "manager",
        "managerId",
    }
    assert fields_of(types["FanbandsBand"])["manager"] == "BandmanagerManager"


def test_the_root_fields_stand_in_the_order_of_the_dialect() -> None:
    mutations = generate(model(RUNNING)).mutations
    kinds = ("Band", "Album", "Manager", "Fan")
    assert list(mutations) == [
        *[f"{verb}{kind}" for verb in ("create", "update", "updateOrCreate", "delete") for kind in kinds],
        *("setBandManager", "unsetBandManager", "addToBandAlbums", "addToBandFans", "removeFromBandFans"),
    ]


def test_the_mutations_of_a_relation_name_nodes_by_the_way_to_them() -> None:
    schema = generate(model(RUNNING)).schema
    assert schema.mutation_type is not None
    assert all(not str(one.type).endswith("!") for one in schema.mutation_type.fields.values())
    add = schema.mutation_type.fields["addToBandAlbums"]
    assert [(name, str(one.type)) for name, one in add.args.items()] == [
        ("albumsAlbumId", "ID!"),
        ("bandBandId", "ID!"),
    ]
    assert list(fields_of(schema.type_map["AddToBandAlbumsPayload"]).items()) == [
        ("bandBand", "Band"),
        ("albumsAlbum", "Album"),
    ]


def test_one_field_for_both_ends_is_counted() -> None:
    schema = prepared("people").generated.schema
    assert schema.mutation_type is not None
    assert list(schema.mutation_type.fields["addToFriends"].args) == ["friends1PersonId", "friends2PersonId"]
    assert list(fields_of(schema.type_map["SetMarriagePayload"])) == ["spouse1Person", "spouse2Person"]
    assert "friends" not in fields_of(schema.type_map["PersonfriendsPerson"])


def test_what_has_nothing_to_set_is_only_connected() -> None:
    schema = generate(
        model(
            """
            type Dot @model { id: ID! @isUnique line: Line @relation(name: "LineDots") }
            type Line @model { id: ID! @isUnique dots: [Dot!]! @relation(name: "LineDots") }
            type Bare @model { id: ID! @isUnique }
            """
        )
    ).schema
    assert schema.mutation_type is not None
    assert list(schema.mutation_type.fields["createLine"].args) == ["dotsIds"]
    assert list(schema.mutation_type.fields["createBare"].args) == []
    assert list(schema.mutation_type.fields["updateOrCreateBare"].args) == ["update"]
    assert "CreateBare" not in schema.type_map


def compiled(engine: Engine, text: str, variables: dict[str, Any] | None = None) -> Call:
    call = engine.call(Request(text, None, variables))
    assert isinstance(call, Call), call
    return call


NESTED = 'mutation ($bands: [FanbandsBand!]) { createFan(email: "x", bands: $bands) { id bands { slug } } }'


def bands(count: int, **more: Any) -> dict[str, Any]:
    return {"bands": [{"slug": str(number), "name": "n", **more} for number in range(count)]}


def test_thousands_of_nodes_are_as_many_statements_and_characters_as_two() -> None:
    engine = Engine(prepared("music"))
    few = compiled(engine, NESTED, bands(2, albums=[{"title": "x"}]))
    many = compiled(engine, NESTED, bands(1000, albums=[{"title": "x"}, {"title": "y", "year": 1}]))
    assert len(few.roots[0].statements) == len(many.roots[0].statements) == 2
    assert many.roots[0].ids == 3001
    short, long = (sum(len(one.sql) for one in call.roots[0].statements) for call in (few, many))
    assert long < short + 200


def test_large_plans_weigh_in_the_cache_what_they_hold() -> None:
    engine = Engine(prepared("music"))
    for count in range(500, 520):
        compiled(engine, NESTED, bands(count))
    assert 0 < len(engine.plans) < 20
    assert engine.plans.bytes_now <= engine.plans.bytes_max


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ('createFan(email: "x") { id email }', 1),
        ('createAlbum(title: "x", bandId: "b") { id band { name } }', 1),
        ('updateFan(id: "f", email: "x") { id }', 1),
        ('updateFan(id: "f") { id bands { id } }', 1),
        ('deleteFan(id: "f") { id }', 1),
        ('createBand(slug: "s", name: "n", albums: [{ title: "a" }, { title: "b" }], fansIds: ["f"]) { id }', 1),
        ('createBand(slug: "s", name: "n", albums: [{ title: "a" }], fans: [{ email: "f" }]) { albums { id } }', 2),
        ('createBand(slug: "s", name: "n", albumsIds: ["a"], fansIds: ["f"]) { albums { id } }', 2),
        ('createBand(slug: "s", name: "n", managerId: "m") { id }', 2),
        ('addToBandFans(fansFanId: "f", bandsBandId: "b") { fansFan { email } }', 2),
        ('updateOrCreateFan(update: { id: "f", email: "x" }, create: { email: "x" }) { id }', 4),
    ],
)
def test_a_mutation_takes_as_few_statements_as_can_be(text: str, statements: int) -> None:
    call = compiled(Engine(prepared("music")), f"mutation {{ {text} }}")
    assert len(call.roots[0].statements) == statements


def test_new_ids_stand_in_the_order_of_the_lists() -> None:
    call = compiled(Engine(prepared("music")), NESTED, bands(3, albums=[{"title": "x"}, {"title": "y"}]))
    fresh = Fresh(datetime(2026, 1, 1, tzinfo=UTC), tuple(str(number) for number in range(10)))
    values = call.roots[0].statements[0].values(call.variables, fresh)
    assert ("1", "4", "7") in values
    assert ("2", "3", "5", "6", "8", "9") in values


@pytest.mark.parametrize(
    ("limits", "says"),
    [(Limits(written=3), "3 are allowed"), (Limits(input_values=10), ""), (Limits(input_depth=1), "")],
)
def test_more_than_may_be_written_is_refused_before_anything_runs(limits: Limits, says: str) -> None:
    engine = Engine(prepared("music"), limits=limits)
    refusal = engine.call(Request(NESTED, None, bands(3, albums=[{"title": "x"}])))
    assert isinstance(refusal, Refusal)
    assert refusal.stage == "limit"
    assert says in refusal.failures[0].message


def test_all_root_fields_together_may_not_write_more() -> None:
    engine = Engine(prepared("music"), limits=Limits(written=2))
    one = 'createFan(email: "x") { id }'
    assert isinstance(engine.call(Request(f"mutation {{ a: {one} b: {one} }}")), Call)
    assert isinstance(engine.call(Request(f"mutation {{ a: {one} b: {one} c: {one} }}")), Refusal)


def test_literals_nested_without_end_are_refused() -> None:
    schema = model('type Dot @model { id: ID! @isUnique a: Dot @relation(name: "L") b: Dot @relation(name: "L") }')
    engine = Engine(prepare(schema, digest(encode(schema))))
    text = "mutation { createDot(" + "a: { " * 150 + 'aId: "x"' + " }" * 150 + ") { id } }"
    assert isinstance(engine.call(Request(text)), Refusal)


NODES = st.integers(0, 4)


@given(st.lists(st.tuples(NODES, NODES)))
def test_edges_are_as_if_they_were_made_one_after_the_other(made: list[tuple[int, int]]) -> None:
    for single in get_args(Single):
        edges: list[tuple[int, int]] = []
        for holder, target in made:
            if (holder, target) in edges and single != "none":
                edges.remove((holder, target))
            match single:
                case "holder":
                    edges = [one for one in edges if one[0] != holder]
                case "both":
                    edges = [one for one in edges if one[0] != holder and one[1] != target]
                case "any":
                    edges = [one for one in edges if not {holder, target} & set(one)]
            edges.append((holder, target))
        stay, lost = settled([(holder, target, False) for holder, target in made], single)
        assert set(edges) == {one[:2] for one in stay}
        assert len(stay) + len(lost) == len(made)


@given(st.lists(st.text(alphabet='ab",{}\\ \n')))
def test_a_list_as_text_holds_its_items(items: list[str]) -> None:
    text = list_text(tuple(items))
    assert text is not None
    read: list[str] = []
    rest = text[1:-1]
    while rest:
        item, at = "", 1
        while rest[at] != '"':
            at += rest[at] == "\\"
            item += rest[at]
            at += 1
        read.append(item)
        rest = rest[at + 2 :]
    assert read == items
