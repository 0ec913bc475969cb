"""Edges stay what they mean when the place where a relation keeps them changes."""

from __future__ import annotations

from typing import Any

from contracts.model import Model, Relation
from tests.support.environments import Place
from tests.support.schemas import model


def changed(made: Model, relation: dict[str, Any], sides: dict[str, str] | None = None) -> Model:
    """The Model with its one relation kept in another way; `sides` are new sides of relation fields by name."""
    data = made.model_dump(mode="json")
    data["relations"][0] |= relation
    for entity in data["entities"]:
        for field in entity["relations"]:
            field["side"] = (sides or {}).get(field["name"], field["side"])
    return Model.model_validate(data)


def kinds(place: Place, after: Model) -> list[str]:
    return [step.kind for step in place.planned(after).steps]


def the(made: Model) -> Relation:
    (relation,) = made.relations
    return relation


async def test_a_one_to_one_relation_may_move_to_the_other_table(place: Place) -> None:
    text = """
    type Person @model { id: ID! @isUnique desk: Desk @relation(name: "D") }
    type Desk @model { id: ID! @isUnique owner: Person @relation(name: "D") }
    """
    before = model(text)
    await place.deploy(before)
    await place.insert("Desk", [{"id": "d1"}, {"id": "d2"}])
    await place.insert("Person", [{"id": "p1", "desk": "d2"}, {"id": "p2"}])
    after = changed(before, {"storage": "b"})

    assert ("swap column" if place.in_phases else "move edges") in kinds(place, after)
    assert await place.deploy(after) is None
    assert await place.values("Desk", "owner") == [None, "p1"]
    assert await place.catalogue() == await _direct(place, after)


async def test_a_one_to_one_self_relation_may_be_kept_on_its_other_side(place: Place) -> None:
    text = """
    type Person @model {
      id: ID! @isUnique
      mentor: Person @relation(name: "M")
      pupil: Person @relation(name: "M")
    }
    """
    before = model(text)
    await place.deploy(before)
    await place.insert("Person", [{"id": "1"}])
    await place.insert("Person", [{"id": "2", "mentor": "1"}])
    await place.insert("Person", [{"id": "3", "mentor": "2"}])
    after = changed(before, {"storage": "b"})

    assert ("swap column" if place.in_phases else "invert edges") in kinds(place, after)
    assert await place.deploy(after) is None
    assert await place.values("Person", "pupil") == ["2", "3", None]
    assert await place.catalogue() == await _direct(place, after)


async def test_the_sides_of_a_join_table_may_change_places(place: Place) -> None:
    text = """
    type Person @model { id: ID! @isUnique clubs: [Club!]! @relation(name: "C") }
    type Club @model { id: ID! @isUnique members: [Person!]! @relation(name: "C") }
    """
    before = model(text)
    await place.deploy(before)
    await place.insert("Person", [{"id": "p"}])
    await place.insert("Club", [{"id": "c"}])
    await place.connect("C", [("p", "c")])
    old = the(before)
    swap = {"a": old.b, "b": old.a, "a_field": old.b_field, "b_field": old.a_field}
    after = changed(before, swap, {"clubs": "b", "members": "a"})

    assert ("reveal sides" if place.in_phases else "swap sides") in kinds(place, after)
    assert await place.deploy(after) is None
    assert [tuple(row) for row in await place.fetch(f"select a, b from app.{old.table}")] == [("c", "p")]  # noqa: S608 - a physical name
    assert await place.catalogue() == await _direct(place, after)


async def _direct(place: Place, after: Model) -> list[str]:
    """The catalogue of an environment that never had anything else."""
    other = await Place(place.cluster).made()
    try:
        assert await other.deploy(after) is None
        return await other.catalogue()
    finally:
        await other.gone()
