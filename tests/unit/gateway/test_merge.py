"""One control schema out of the owners' parts."""

from importlib import resources

import pytest
from graphql import print_schema

from gateway.domain.merge import MergeConflict, merge

COMMON = resources.files("contracts").joinpath("common.graphql").read_text()
OWNERS = ("audit", "billing", "provisioner", "registry")


def part(owner: str) -> str:
    return resources.files(owner).joinpath("api.graphql").read_text()


def test_the_parts_of_all_owners_make_one_schema_and_every_root_field_has_one_owner() -> None:
    graph = merge(COMMON, {owner: part(owner) for owner in OWNERS})

    for root in (graph.schema.query_type, graph.schema.mutation_type):
        assert root is not None
        assert {(root.name, name) for name in root.fields} == {key for key in graph.owner_of if key[0] == root.name}
    assert graph.owner_of["Query", "me"] == "registry"
    assert graph.owner_of["Mutation", "setRatePlan"] == "billing"


def test_a_part_may_repeat_the_common_types_word_for_word() -> None:
    repeated = merge(COMMON, {owner: f"{COMMON}\n{part(owner)}" for owner in OWNERS})

    assert print_schema(repeated.schema) == print_schema(merge(COMMON, {o: part(o) for o in OWNERS}).schema)


def test_the_order_in_which_owners_publish_does_not_matter() -> None:
    forwards = merge(COMMON, {owner: part(owner) for owner in OWNERS})
    backwards = merge(COMMON, {owner: part(owner) for owner in reversed(OWNERS)})

    assert print_schema(forwards.schema) == print_schema(backwards.schema)


def test_without_any_owner_there_is_still_a_schema_to_ask_about() -> None:
    assert merge(COMMON, {}).schema.query_type is not None


def test_all_conflicts_are_named_with_the_owners_at_odds() -> None:
    first = "type Query { me: User } type User { id: ID! }"
    second = "type Query { me: Int other: String } type User { id: ID! name: String } input Filter { x: Int }"

    with pytest.raises(MergeConflict) as conflict:
        merge(COMMON, {"one": first, "two": second})

    assert sorted(conflict.value.problems) == [
        "Filter is defined differently by common and two",
        "Query.me is answered by both one and two",
        "User is defined differently by one and two",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("type Query {", "one: Syntax Error"),
        ("type Query { a: Missing }", "Unknown type 'Missing'"),
        ("type Query { a: Int } type T { id: ID } type T { id: ID }", "T is defined twice by one"),
        ("type Query { a: Int } extend type User { x: Int }", "one: only types and directives can be merged"),
        ("type Query { a: Int } type Empty implements Order { x: Int }", "Order"),
    ],
)
def test_a_part_that_is_no_schema_is_refused_with_the_reason(text: str, problem: str) -> None:
    with pytest.raises(MergeConflict) as conflict:
        merge(COMMON, {"one": text})

    assert problem in str(conflict.value)
