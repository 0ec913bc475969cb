"""One thing is brought back from the trash into a version that has a place for it; what does not fit stays there."""

from __future__ import annotations

import pytest

from common.errors import Refused
from contracts.model import Model
from provisioner.domain.restoring import restoring
from provisioner.execute.trash import present, restore
from tests.integration.provisioner.test_undo import FEWER, SONGS
from tests.support.environments import Place
from tests.support.undone import Deployed, deployed

TAGGED = """
type Song @model { id: ID! @isUnique title: String! tags: [Tag!]! @relation(name: "Tagged") }
type Tag @model { id: ID! @isUnique word: String! @isUnique songs: [Song!]! @relation(name: "Tagged") }
"""
UNTAGGED = "type Song @model { id: ID! @isUnique title: String! }"


@pytest.fixture
async def place(ground: dict[str, Place]) -> Place:
    return await ground["at once"].emptied()


async def restored(place: Place, step: Deployed, subject: str) -> tuple[int, int]:
    """Bring back what was called so, and how that went."""
    item = next(each for each in step.plan.kept if each.subject == subject)
    assert place.model is not None
    return await restore(place.cluster, place.id, item, restoring(item, step.before, place.model))


async def again(place: Place, text: str) -> Model:
    assert await place.deploy(text) is None
    assert place.model is not None
    return place.model


async def test_values_return_to_a_field_of_the_same_name_and_type_where_nothing_newer_stands(place: Place) -> None:
    await place.deploy(SONGS)
    await place.insert("Band", [{"id": each, "year": 1999} for each in "abc"])
    step = await deployed(place, FEWER)
    assert step is not None
    await again(place, FEWER.replace("genre:", "year: Int genre:"))
    await place.fetch("delete from app.t1 where id = 'a'")
    year = place.model.entity_by_name["Band"].field_by_name["year"].column if place.model else ""
    await place.fetch(f"update app.t1 set {year} = 7 where id = 'b'")  # noqa: S608 - a physical name

    assert await restored(place, step, "Band.year") == (1, 2)
    assert await place.values("Band", "year") == [7, 1999]
    assert await restored(place, step, "Band.year") == (0, 2)


async def test_a_migration_value_is_no_newer_value(place: Place) -> None:
    await place.deploy(SONGS)
    await place.insert("Band", [{"id": "a", "year": 1999}])
    step = await deployed(place, FEWER)
    assert step is not None
    await again(place, FEWER.replace("genre:", 'year: Int! @migrationValue(value: "0") genre:'))

    assert await restored(place, step, "Band.year") == (1, 0)
    assert await place.values("Band", "year") == [1999]
    assert set(await present(place.cluster, place.id)) == {each.name for each in step.plan.kept} - {
        each.name for each in step.plan.kept if each.subject == "Band.year"
    }


async def test_rows_and_edges_return_to_a_type_and_a_relation_of_the_same_name(place: Place) -> None:
    await place.deploy(SONGS)
    await place.insert("Band", [{"id": "a"}, {"id": "b"}])
    await place.insert("Song", [{"id": "s", "title": "One", "band": "a"}, {"id": "t", "title": "Two", "band": "b"}])
    await place.insert("Tour", [{"id": "x", "town": "Bern"}])
    step = await deployed(place, FEWER)
    assert step is not None
    await place.fetch("delete from app.t1 where id = 'b'")
    await again(place, SONGS)

    assert await restored(place, step, "Tour") == (1, 0)
    assert await restored(place, step, "relation Sings") == (1, 1)
    assert await place.values("Tour", "town") == ["Bern"]
    assert await place.values("Song", "band") == ["a", None]


async def test_a_unique_value_that_somebody_took_stays_in_the_trash_with_its_row(place: Place) -> None:
    await place.deploy(TAGGED)
    await place.insert("Song", [{"id": "s", "title": "One"}])
    await place.insert("Tag", [{"id": "a", "word": "loud"}, {"id": "b", "word": "soft"}])
    await place.connect("Tagged", [("s", "a"), ("s", "b")])
    step = await deployed(place, UNTAGGED)
    assert step is not None
    await again(place, TAGGED)
    await place.insert("Tag", [{"id": "c", "word": "LOUD"}])

    assert await restored(place, step, "Tag") == (1, 1)
    assert await restored(place, step, "relation Tagged") == (1, 1)
    assert await place.values("Tag", "word") == ["soft", "LOUD"]


async def test_what_has_no_place_is_refused_with_the_push_that_is_needed(place: Place) -> None:
    await place.deploy(SONGS)
    step = await deployed(place, FEWER)
    assert step is not None
    await again(place, FEWER.replace("genre:", "year: String genre:"))

    for subject, needed in (
        ("Band.year", "in which Band has the field `year: Int`"),
        ("Tour", "that has the type Tour"),
        ("relation Sings", "that has the relation Sings"),
    ):
        with pytest.raises(Refused) as refused:
            await restored(place, step, subject)
        assert refused.value.reason == "NO_PLACE"
        assert needed in (refused.value.hint or "")


async def test_of_equal_values_one_returns_to_a_field_that_became_unique(place: Place) -> None:
    await place.deploy(SONGS)
    await place.insert("Band", [{"id": "a", "year": 1999}, {"id": "b", "year": 1999}, {"id": "c", "year": 2000}])
    step = await deployed(place, FEWER)
    assert step is not None
    await again(place, FEWER.replace("genre:", "year: Int @isUnique genre:"))

    assert await restored(place, step, "Band.year") == (2, 1)
    assert await place.values("Band", "year") == [1999, None, 2000]
