"""A deployment is undone: what it removed comes back, every write that fits is kept, the others were listed before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from common.sql import Sql, ident, literal, sql
from contracts.model import Model
from provisioner.domain.layout import value_type
from provisioner.execute.cluster import WORLD
from provisioner.execute.migrate import migrate
from tests.integration.provisioner.test_interruptions import cut_off
from tests.support.environments import Place, Steady
from tests.support.histories import evolutions
from tests.support.naive.undoing import Picture, expected
from tests.support.rows import _value, rows
from tests.support.undone import Deployed, deployed, insteads, listed, misfits, picture, planned, undone

SONGS = """
type Band @model { id: ID! @isUnique name: String year: Int genre: Genre songs: [Song!]! @relation(name: "Sings") }
type Song @model { id: ID! @isUnique title: String! band: Band @relation(name: "Sings") }
type Tour @model { id: ID! @isUnique town: String! }
enum Genre { ROCK FOLK }
"""
FEWER = """
type Band @model { id: ID! @isUnique name: String genre: Genre }
type Song @model { id: ID! @isUnique title: String! }
enum Genre { ROCK FOLK }
"""


DEMANDING = """
type Band @model { id: ID! @isUnique name: String! songs: [Song!]! @relation(name: "Sings") }
type Song @model { id: ID! @isUnique band: Band! @relation(name: "Sings") }
"""
EASY = DEMANDING.replace("String!", "String").replace("band: Band!", "band: Band")


@pytest.fixture(scope="module")
async def cluster(provision_dsn: str) -> AsyncIterator[Steady]:
    made = Steady(provision_dsn, b"s" * 32)
    yield made
    await made.close()


@pytest.fixture(scope="module")
async def ground(cluster: Steady) -> AsyncIterator[tuple[Place, Place]]:
    made = (Place(cluster), Place(cluster))
    for each in made:
        await each.made()
    yield made
    for each in made:
        await each.gone()


@pytest.fixture
async def place(ground: tuple[Place, Place]) -> Place:
    ground[0].in_phases = False
    return await ground[0].emptied()


def version(place: Place) -> Model:
    assert place.model is not None
    return place.model


async def test_fields_types_and_edges_come_back_with_their_data(place: Place) -> None:
    await place.deploy(SONGS)
    await place.insert("Band", [{"id": "b", "name": "Ann", "year": 1999, "genre": "ROCK"}])
    await place.insert("Song", [{"id": "s", "title": "One", "band": "b"}])
    await place.insert("Tour", [{"id": "t", "town": "Bern"}])
    step = await deployed(place, FEWER)

    await place.insert("Band", [{"id": "c", "name": "Bob", "genre": "FOLK"}])
    await place.insert("Song", [{"id": "u", "title": "Two"}])
    assert await listed(place, step) == {}
    assert await undone(place, step) is None

    assert "year" in version(place).entity_by_name["Band"].field_by_name
    assert await place.values("Band", "year") == [1999, None]
    assert await place.values("Band", "name") == ["Ann", "Bob"]
    assert await place.values("Song", "band") == ["b", None]
    assert await place.values("Tour", "town") == ["Bern"]


async def test_an_undo_is_refused_when_more_does_not_fit_than_was_listed(place: Place) -> None:
    await place.deploy(FEWER)
    step = await deployed(place, SONGS)
    await place.insert("Tour", [{"id": "t", "town": "Bern"}])
    seen = await misfits(place, step)
    await place.insert("Tour", [{"id": "u", "town": "Basel"}])

    refused = await undone(place, step, seen)
    again = await undone(place, step, await misfits(place, step))

    assert refused is not None
    assert (refused.code, "Tour (2)" in refused.reason) == ("LIST_CHANGED", True)
    assert again is None
    (kept,) = [rows for rows in (await place.trash()).values() if len(rows) > 1]
    assert [(row[0], row[3]) for row in kept] == [("t", "Bern"), ("u", "Basel")]


async def test_an_undo_can_be_undone_and_what_it_set_aside_returns(place: Place) -> None:
    await place.deploy(FEWER)
    step = await deployed(place, SONGS)
    assert step is not None
    await place.insert("Band", [{"id": "b", "name": "Ann", "year": 1999}])
    await place.insert("Song", [{"id": "s", "title": "One", "band": "b"}])
    await place.insert("Tour", [{"id": "t", "town": "Bern"}])
    back = await planned(place, step, None)
    assert await migrate(place.cluster, back) is None
    place.model = step.before

    assert await undone(place, Deployed(step.after, step.before, back)) is None
    assert await place.values("Band", "year") == [1999]
    assert await place.values("Song", "band") == ["b"]
    assert await place.values("Tour", "town") == ["Bern"]


async def test_rows_that_lack_what_the_earlier_version_demands_go_to_the_trash_with_those_that_need_them(
    place: Place,
) -> None:
    await place.deploy(DEMANDING)
    step = await deployed(place, EASY)
    await place.insert("Band", [{"id": "b", "name": "Ann"}, {"id": "c"}])
    await place.insert("Song", [{"id": "s", "band": "b"}, {"id": "t", "band": "c"}, {"id": "u"}])

    found = {each.subject.path: [one.id for one in each.entries] for each in await misfits(place, step) if each.count}
    assert await undone(place, step) is None

    assert found == {"Band.name": ["c"], "relation Sings": ["c"], "Band": ["c"], "Song": ["t", "u"]}
    assert await place.values("Band", "name") == ["Ann"]
    assert await place.values("Song", "band") == ["b"]
    assert [len(rows) for name, rows in sorted((await place.trash()).items()) if name.endswith("_rows")] == [1, 2]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_undo_that_is_cut_off_again_and_again_is_done_once(place: Place, when: str) -> None:
    await place.deploy(SONGS)
    await place.insert("Band", [{"id": "b", "name": "Ann", "year": 1999}])
    await place.insert("Tour", [{"id": "t", "town": "Bern"}])
    step = await deployed(place, FEWER)
    assert step is not None
    before, trash = await place.catalogue(), await place.trashed()
    plan = await planned(place, step, await misfits(place, step))
    cluster, attempts = cut_off(place, when), 0

    while True:
        attempts += 1
        try:
            assert await migrate(cluster, plan) is None
        except WORLD:
            served = (await place.fetch("select model_sha from app._mortise"))[0]["model_sha"]
            if served == plan.from_model_sha:
                assert (await place.catalogue(), await place.trashed()) == (before, trash)
            continue
        break

    assert attempts > len(plan.steps)
    place.model = step.before
    assert await place.values("Band", "year") == [1999]
    assert await place.values("Tour", "town") == ["Bern"]
    assert not any(rows for rows in (await place.trash()).values())


@st.composite
def writes(draw: st.DrawFn, model: Model, known: Picture) -> list[str]:
    """Statements that add, change and remove rows of any type; each may be refused."""
    made = draw(rows(model, "n"))
    statements = [f"set constraints all deferred;\n{made.statements()}"]
    for entity in model.entities:
        for key in known.rows[entity.table]:
            act = draw(st.integers(0, 3))
            where = sql("where id = {id}", id=literal(key))
            table = ident("app", entity.table)
            if act == 0:
                statements.append(sql("delete from {t} {where}", t=table, where=where).text)
            fields = [each for each in entity.fields if not each.system]
            if act > 1 and fields:
                one = draw(st.sampled_from(fields))
                value = sql("{v}::{t}", v=literal(draw(_value(model, one))), t=Sql((value_type(one),)))
                change = "update {t} set {c} = {v}, updated_at = '2021-01-01' {where}"
                statements.append(sql(change, t=table, c=ident(one.column), v=value, where=where).text)
    return statements


@given(data=st.data())
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
)
async def test_every_write_that_fits_is_kept_and_the_others_were_listed(
    ground: tuple[Place, Place], data: st.DataObject
) -> None:
    place, direct = ground
    for each in ground:
        await each.emptied()
    history = data.draw(evolutions())
    if len(history) < 2:
        return
    first_of = data.draw(st.integers(0, len(history) - 2))
    older, newer = history[first_of], history[-1]
    place.in_phases = data.draw(st.booleans())
    assert await place.deploy(older) is None
    async with place.cluster.connected(place.id) as connection, connection.transaction():
        await connection.execute(data.draw(rows(older, "o")).statements())
    first = await picture(place, older)
    step = await deployed(place, *history[first_of + 1 :])
    if step is None:
        return
    then = await picture(place, newer)
    async with place.cluster.connected(place.id) as connection:
        for write in data.draw(writes(newer, then)):
            with suppress(asyncpg.IntegrityConstraintViolationError):
                async with connection.transaction():
                    await connection.execute(write)
    last = await picture(place, newer)
    wanted = expected(older, newer, (first, then, last), await insteads(place, older))

    found = await misfits(place, step)
    assert {(each.subject.path, one.id, one.other) for each in found for one in each.entries} == wanted.listed
    assert await undone(place, step, found) is None

    assert await picture(place, older) == wanted.picture
    assert await direct.deploy(older) is None
    assert await place.catalogue() == await direct.catalogue()
