"""A rename keeps data, whatever is renamed together with what."""

from __future__ import annotations

import pytest

from registry.domain import sdl
from tests.support.environments import Place
from tests.support.rows import dumped
from tests.support.schemas import model

BEFORE = """
type Person @model {
  id: ID! @isUnique
  name: String!
  nick: String
  tags: [String!]
  mood: Mood!
  moods: [Mood!]
  pets: [Pet!]! @relation(name: "Pets")
  clubs: [Club!]! @relation(name: "Clubs")
  boss: Person @relation(name: "Staff")
  staff: [Person!]! @relation(name: "Staff")
}
type Pet @model { id: ID! @isUnique owner: Person @relation(name: "Pets") }
type Club @model { id: ID! @isUnique members: [Person!]! @relation(name: "Clubs") }
enum Mood { HAPPY SAD }
"""
ALL = (
    ("type Person @model", 'type Human @model @rename(oldName: "Person")'),
    ("  name: String!", '  called: String! @rename(oldName: "name")'),
    ("tags: [String!]", 'labels: [String!] @rename(oldName: "tags")'),
    (": Person", ": Human"),
    ("[Person!]", "[Human!]"),
    (": Mood!", ": Humour!"),
    ("[Mood!]", "[Humour!]"),
    ("enum Mood", 'enum Humour @rename(oldName: "Mood")'),
    ("  pets: [Pet!]! @relation", '  animals: [Pet!]! @rename(oldName: "pets") @relation'),
    ('(name: "Pets")', '(name: "Animals", oldName: "Pets")'),
    ('(name: "Clubs")', '(name: "Groups", oldName: "Clubs")'),
)
RENAMES = {
    "a type": ALL[:1] + ALL[3:5],
    "a field": ALL[1:2],
    "a list": ALL[2:3],
    "an enum": ALL[5:8],
    "a relation": ALL[9:],
    "a relation on one side only": (
        ('  pets: [Pet!]! @relation(name: "Pets")', '  pets: [Pet!]! @relation(name: "Animals", oldName: "Pets")'),
    ),
    "a relation field": ALL[8:9],
    "everything": ALL,
    "two fields that swap": (
        ("  name: String!", '  nick: String! @rename(oldName: "name")'),
        ("  nick: String\n", '  name: String @rename(oldName: "nick")\n'),
    ),
}


def renamed(what: str) -> str:
    text = BEFORE
    for old, new in RENAMES[what]:
        assert old in text, (what, old)
        text = text.replace(old, new)
    return text


async def everything(place: Place) -> list[str]:
    """All rows and edges by physical names: those do not change."""
    assert place.model is not None
    return [row["line"] for row in await place.fetch(dumped(place.model))]


@pytest.fixture
async def full(place: Place) -> Place:
    await place.deploy(BEFORE)
    ann = {"id": "1", "name": "Ann", "nick": "A", "tags": ["x", "y"], "mood": "SAD", "moods": ["SAD", "HAPPY"]}
    await place.insert("Person", [ann, {"id": "2", "name": "Bob", "mood": "HAPPY", "boss": "1"}])
    await place.insert("Pet", [{"id": "p", "owner": "1"}])
    await place.insert("Club", [{"id": "c"}])
    await place.connect("Clubs", [("1", "c"), ("2", "c")])
    return place


@pytest.mark.parametrize("what", RENAMES)
async def test_data_and_edges_stay_when_this_is_renamed(full: Place, what: str) -> None:
    before, catalogue = await everything(full), await full.catalogue()

    assert full.planned(model(renamed(what), full.model)).steps == ()
    assert await full.deploy(renamed(what)) is None
    assert await everything(full) == before
    assert await full.catalogue() == catalogue
    # The directive that was left in the file does nothing more: the registry knows what it has done.
    assert full.model is not None
    text = renamed(what)
    assert sdl.parse(text, service="service", previous=full.model, previous_text=text) == full.model


async def test_two_relations_may_swap_their_names(place: Place) -> None:
    text = """
    type Person @model {
      id: ID! @isUnique
      likes: [Person!]! @relation(name: "{one}")
      liked: [Person!]! @relation(name: "{one}")
      knows: [Person!]! @relation(name: "{other}")
      known: [Person!]! @relation(name: "{other}")
    }
    """
    await place.deploy(text.replace("{one}", "One").replace("{other}", "Other"))
    await place.insert("Person", [{"id": "1"}, {"id": "2"}])
    await place.connect("One", [("1", "2")])
    before = await everything(place)
    swapped = text.replace('"{one}"', '"Other", oldName: "One"').replace('"{other}"', '"One", oldName: "Other"')

    assert await place.deploy(swapped) is None

    assert await everything(place) == before
    assert place.model is not None
    assert place.model.entities[0].relation_by_name["likes"].relation == next(
        each.id for each in place.model.relations if each.name == "Other"
    )


async def test_a_renamed_field_may_change_its_type_at_once(full: Place) -> None:
    text = BEFORE.replace("  nick: String\n", '  nick: String\n  size: String @rename(oldName: "age")\n')
    with_age = BEFORE.replace("  nick: String\n", "  nick: String\n  age: Int\n")
    assert await full.deploy(with_age) is None
    await full.insert("Person", [{"id": "9", "name": "Cy", "mood": "SAD", "age": 7}])

    assert await full.deploy(text) is None

    assert await full.values("Person", "size") == [None, None, "7"]
