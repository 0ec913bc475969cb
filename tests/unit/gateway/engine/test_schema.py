"""The generated schema's query side: names, order, types and words of the maker (G 5.1 - 5.4)."""

from __future__ import annotations

from typing import Final

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema

from gateway.engine.schema import generate
from tests.support.schemas import model

SDL: Final = '''
"""Somebody who signs in."""
type User @model {
  id: ID! @isUnique
  email: String! @isUnique
  age: Int @isUnique
  children: [Child!]! @relation(name: "P")
}
type Child @model {
  id: ID! @isUnique
  createdAt: DateTime!
  "What it is called."
  name: String
  size: Int
  ratio: Float
  flag: Boolean
  at: DateTime
  kind: Kind
  meta: Json
  words: [String!]
  parent: User @relation(name: "P")
  toys: [Toy!]! @relation(name: "T")
}
type Toy @model { id: ID! @isUnique child: Child! @relation(name: "T") }
"A choice."
enum Kind { A B }
'''
TEXT: Final = (
    "", "_not", "_in", "_not_in", "_lt", "_lte", "_gt", "_gte", "_contains", "_not_contains", "_starts_with",
    "_not_starts_with", "_ends_with", "_not_ends_with",
)  # fmt: skip
NUMBER: Final = TEXT[:8]


def schema() -> GraphQLSchema:
    return generate(model(SDL)).schema


def test_root_fields_stand_lists_first_then_counts_singles_user_and_node() -> None:
    query = schema().query_type
    assert query is not None
    assert {name: str(field.type) for name, field in query.fields.items()} == {
        "allUsers": "[User!]!",
        "allChildren": "[Child!]!",
        "allToys": "[Toy!]!",
        "_allUsersMeta": "_QueryMeta!",
        "_allChildrenMeta": "_QueryMeta!",
        "_allToysMeta": "_QueryMeta!",
        "User": "User",
        "Child": "Child",
        "Toy": "Toy",
        "user": "User",
        "node": "Node",
    }
    assert list(query.fields)[-5:] == ["User", "Child", "Toy", "user", "node"]
    assert "user" not in generate(model("type Band @model { id: ID! @isUnique }")).queries


def test_lists_and_counts_take_seven_arguments_and_a_single_node_one_per_unique_field() -> None:
    query = schema().query_type
    assert query is not None
    seven = ["filter", "orderBy", "skip", "after", "before", "first", "last"]
    for name in ("allChildren", "_allChildrenMeta"):
        arguments = query.fields[name].args
        assert list(arguments) == seven
        assert [str(one.type) for one in arguments.values()] == [
            "ChildFilter", "ChildOrderBy", "Int", "String", "String", "Int", "Int",
        ]  # fmt: skip
    assert {name: str(one.type) for name, one in query.fields["User"].args.items()} == {
        "id": "ID",
        "email": "String",
        "age": "Int",
    }
    assert str(query.fields["node"].args["id"].type) == "ID!"


def test_a_type_has_its_fields_in_order_and_its_counts_at_the_end() -> None:
    child = schema().type_map["Child"]
    assert isinstance(child, GraphQLObjectType)
    assert {name: str(field.type) for name, field in list(child.fields.items())[-5:]} == {
        "meta": "Json",
        "words": "[String!]",
        "parent": "User",
        "toys": "[Toy!]",
        "_toysMeta": "_QueryMeta!",
    }
    assert list(child.fields)[:3] == ["id", "createdAt", "name"]
    assert list(child.fields["parent"].args) == ["filter"]
    assert list(child.fields["toys"].args) == list(child.fields["_toysMeta"].args)
    toy = schema().type_map["Toy"]
    assert isinstance(toy, GraphQLObjectType)
    assert str(toy.fields["child"].type) == "Child!"
    assert [one.name for one in toy.interfaces] == ["Node"]


def test_a_filter_has_the_suffixes_of_each_type_in_order() -> None:
    filter_ = schema().type_map["ChildFilter"]
    assert isinstance(filter_, GraphQLInputObjectType)
    expected = ["AND", "OR"]
    for field, suffixes in (
        ("id", TEXT),
        ("createdAt", NUMBER),
        ("name", TEXT),
        ("size", NUMBER),
        ("ratio", NUMBER),
        ("flag", ("", "_not")),
        ("at", NUMBER),
        ("kind", TEXT[:4]),
        ("parent", ("",)),
        ("toys", ("_every", "_some", "_none")),
    ):
        expected += [f"{field}{suffix}" for suffix in suffixes]
    assert list(filter_.fields) == expected
    assert str(filter_.fields["AND"].type) == str(filter_.fields["OR"].type) == "[ChildFilter!]"
    assert str(filter_.fields["kind_not_in"].type) == "[Kind!]"
    assert str(filter_.fields["toys_every"].type) == "ToyFilter"
    assert str(filter_.fields["parent"].type) == "UserFilter"


def test_every_single_value_can_be_ordered_by_and_no_list() -> None:
    order = schema().type_map["ChildOrderBy"]
    assert isinstance(order, GraphQLEnumType)
    fields = ("id", "createdAt", "name", "size", "ratio", "flag", "at", "kind", "meta")
    assert list(order.values) == [f"{field}_{way}" for field in fields for way in ("ASC", "DESC")]


def test_the_words_of_the_maker_stand_in_the_schema_and_nothing_is_deprecated() -> None:
    made = schema()
    assert made.type_map["User"].description == "Somebody who signs in."
    assert made.type_map["Kind"].description == "A choice."
    child = made.type_map["Child"]
    assert isinstance(child, GraphQLObjectType)
    assert child.fields["name"].description == "What it is called."
    for kind in made.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            assert not [name for name, field in kind.fields.items() if field.deprecation_reason]
