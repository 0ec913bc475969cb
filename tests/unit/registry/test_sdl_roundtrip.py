"""Whatever a maker writes is a Model, or a list of problems with places; and a Model's text is that Model again."""

from __future__ import annotations

import re
from typing import Final

import pytest
from graphql import build_schema, print_schema, validate_schema
from hypothesis import given, settings
from hypothesis import strategies as some

from contracts.model import Model
from gateway.engine.schema import generate
from registry.domain import naming, sdl
from registry.domain.problems import Problem
from tests.support.written import models, printed

TOKEN: Final = re.compile(r'"(?:\\.|[^"\\])*"|[A-Za-z_]\w*|-?\d[\d.]*|[^\s,]|\s+')
UNIT: Final = re.compile(r"@\w+(?:\([^)]*\))?|" + TOKEN.pattern)
"""Tokens, a directive with its arguments being one."""
WORDS: Final = ("type", "enum", "@model", "@isUnique", "{", "}", "[", "!", "(", ":", "Query", "id", '"x"', "null", "\n")
VALID: Final = """
"A band."
type Band @model { id: ID! @isUnique name: String! @isUnique tags: [String!] @defaultValue(value: "[]")
  genre: Genre @defaultValue(value: A) # kind
  albums: [Album!]! @relation(name: "X") year: Int @migrationValue(value: "1") }
type Album @model @rename(oldName: "Record") { id: ID! @isUnique createdAt: DateTime! band: Band! @relation(name: "X")
  twin: Album @relation(name: "Twins") meta: Json title: String @rename(oldName: "name") }
enum Genre { A B }
"""


def read(text: str) -> Model | tuple[Problem, ...]:
    return sdl.parse(text, service="s", previous=None)


@settings(max_examples=60, deadline=None)
@given(models())
def test_the_text_of_a_model_is_read_as_that_model(model: Model) -> None:
    assert read(printed(model)) == model


@settings(max_examples=60, deadline=None)
@given(models())
def test_a_model_is_the_same_model_after_its_own_text_is_pushed_again(model: Model) -> None:
    assert sdl.parse(printed(model), service="s", previous=model) == model


@some.composite
def mangled(draw: some.DrawFn) -> str:
    """A valid text in which some tokens, or whole directives and names, were lost, doubled, swapped or replaced."""
    pattern = draw(some.sampled_from((TOKEN, UNIT, UNIT)))
    tokens = pattern.findall(VALID)
    for _ in range(draw(some.integers(1, 4))):
        units = [n for n, token in enumerate(tokens) if pattern is TOKEN or token[0] == "@" or token.isalpha()]
        at, other = draw(some.sampled_from(units)), draw(some.sampled_from(units))
        match draw(some.sampled_from(("lost", "doubled", "swapped", "replaced"))):
            case "lost" if tokens[at][0] == "@" or pattern is TOKEN:
                tokens.pop(at)
            case "doubled" if tokens[at][0] == "@" or pattern is TOKEN:
                tokens.insert(at, f"{tokens[at]} ")
            case "replaced" if pattern is TOKEN:
                tokens[at] = draw(some.sampled_from(WORDS))
            case _:
                tokens[at], tokens[other] = tokens[other], tokens[at]
    return "".join(tokens)


@settings(max_examples=300, deadline=None)
@given(mangled())
def test_a_mangled_text_is_a_model_or_problems_with_places_in_it(text: str) -> None:
    found = read(text)
    if isinstance(found, Model):
        assert broken(found) == []
        return
    lines = re.split(r"\r\n|\r|\n", text)
    assert found
    for each in found:
        assert each.message
        assert each.type
        assert 1 <= each.line <= len(lines)
        assert 1 <= each.column <= len(lines[each.line - 1]) + 1


# --- what is accepted is served -----------------------------------------------------------------------------------

NAMES: Final = ("Band", "BandFilter", "Todo", "Todoe", "CreateBand", "OrCreateBand", "Album", "YAlbum", "AlbumBand")
FIELDS: Final = ("x", "xY", "albums", "albumsIds", "albumsId", "xAlbum", "clientMutation", "aId", "a")


@some.composite
def colliding(draw: some.DrawFn) -> str:
    """A schema of names that get into each other's way."""
    types = {
        name: ["id: ID! @isUnique"] for name in draw(some.lists(some.sampled_from(NAMES), unique=True, min_size=1))
    }
    used: set[tuple[str, str]] = set()

    def add(owner: str, shape: str) -> None:
        field = draw(some.sampled_from(FIELDS))
        if (owner, field) not in used:
            used.add((owner, field))
            types[owner].append(f"{field}: {shape}")

    owners = some.sampled_from(sorted(types))
    for relation in draw(some.lists(some.sampled_from(("Band", "Album", "X", "AddToX")), unique=True)):
        one, other = draw(owners), draw(owners)
        add(one, f'{draw(some.sampled_from((other, f"[{other}!]!")))} @relation(name: "{relation}")')
        add(other, f'{draw(some.sampled_from((one, f"[{one}!]!")))} @relation(name: "{relation}")')
    for _ in range(draw(some.integers(0, 3))):
        add(draw(owners), "String")
    return "\n".join(f"type {name} @model {{ {' '.join(lines)} }}" for name, lines in types.items())


def broken(model: Model) -> list[str]:
    """What a GraphQL library finds wrong with the API of a Model, and arguments that two members share."""
    schema = build_schema(print_schema(generate(model).schema))
    found = [each.message for each in validate_schema(schema)]
    for entity in model.entities:
        own = [each.name for each in entity.fields if not each.system]
        both = [(each.name, naming.edge_argument(each.name, is_list=each.is_list)) for each in entity.relations]
        arguments = [*own, "id", "clientMutationId", *(name for pair in both for name in pair)]
        found += [f"{entity.name}: {name}" for name in set(arguments) if arguments.count(name) > 1]
    return found


@settings(max_examples=200, deadline=None)
@given(colliding())
def test_no_accepted_schema_has_a_broken_api(text: str) -> None:
    found = read(text)
    assert not isinstance(found, Model) or broken(found) == []


@settings(max_examples=30, deadline=None)
@given(models())
def test_any_model_has_a_valid_api(model: Model) -> None:
    assert broken(model) == []


@pytest.mark.parametrize(
    "name", ["Query", "Mutation", "Node", "Edge", "PageInfo", "Viewer", "Json", "String", "Subscription"]
)
def test_a_type_named_like_one_of_the_api_is_refused(name: str) -> None:
    found = read(f"type {name} @model {{ id: ID! @isUnique }}")
    assert isinstance(found, tuple)
    assert found[0].type == name
