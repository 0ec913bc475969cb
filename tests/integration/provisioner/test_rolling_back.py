"""Back to an older version: every value is kept, or was counted among the losses before anything was done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from contracts.model import Field, Model, digest, encode
from contracts.provisioner import EnvironmentReady
from provisioner.domain.data import FieldPair
from provisioner.domain.layout import enum_of
from provisioner.execute.cluster import Cluster
from provisioner.execute.migrate import Refusal, measure
from tests.support.declared import Declarer
from tests.support.environments import Place, Steady
from tests.support.histories import evolutions
from tests.support.rows import dumped, rows

YEARS = "type Band @model { id: ID! @isUnique year: Int! }"
YEARS_SAID = 'type Band @model { id: ID! @isUnique year: Int! @migrationValue(value: "1970") }'
YEARS_OPTIONAL = "type Band @model { id: ID! @isUnique year: Int }"
BORN = "type Singer @model { id: ID! @isUnique name: String born: Int }"
BORN_AS_TEXT = "type Singer @model { id: ID! @isUnique name: String born: String! }"
NO_YEARS = "type Band @model { id: ID! @isUnique }"


@pytest.fixture(scope="module")
async def cluster(provision_dsn: str) -> AsyncIterator[Steady]:
    made = Steady(provision_dsn, b"s" * 32)
    yield made
    await made.close()


@pytest.fixture(scope="module")
async def places(cluster: Steady) -> AsyncIterator[tuple[Place, Place, Place]]:
    made = (Place(cluster), Place(cluster, in_phases=True), Place(cluster))
    for place in made:
        await place.made()
    yield made
    for place in made:
        await place.gone()


@pytest.fixture(params=[False, True], ids=["at once", "in phases"])
async def place(places: tuple[Place, Place, Place], request: pytest.FixtureRequest) -> Place:
    return await places[1 if request.param else 0].emptied()


async def versions(place: Place, *texts: str) -> list[Model]:
    """Deployed one after the other."""
    made = []
    for text in texts:
        assert await place.deploy(text, forced=True) is None
        assert place.model is not None
        made.append(place.model)
    return made


async def lost(place: Place, older: Model) -> dict[str, int]:
    """What the way back would lose, as a preview counts it."""
    counted = await measure(place.cluster, place.planned(older, older=True))
    return {each.check.path: each.rows for each in counted if each.check.kind == "loss" and each.rows}


async def test_an_older_migration_value_replaces_nothing_that_is_there(place: Place) -> None:
    _, said, _ = await versions(place, NO_YEARS, YEARS_SAID, YEARS)
    await place.insert("Band", [{"id": "a", "year": 1999}, {"id": "b", "year": 2001}])

    assert await lost(place, said) == {}
    assert await place.deploy(said, older=True) is None
    assert await place.values("Band", "year") == [1999, 2001]


async def test_an_older_migration_value_serves_nodes_that_have_none(place: Place) -> None:
    said, _ = await versions(place, YEARS_SAID, YEARS_OPTIONAL)
    await place.insert("Band", [{"id": "a", "year": 1999}, {"id": "b", "year": None}])

    assert await place.deploy(said, older=True) is None
    assert await place.values("Band", "year") == [1999, 1970]


async def test_the_same_version_again_changes_no_value(place: Place) -> None:
    (said,) = await versions(place, YEARS_SAID)
    await place.insert("Band", [{"id": "a", "year": 1999}])

    assert place.planned(said, older=True).steps == ()
    assert await place.deploy(said, older=True) is None
    assert await place.values("Band", "year") == [1999]


async def test_a_field_of_another_type_comes_back_empty_and_its_values_are_lost_with_force_only(place: Place) -> None:
    numbers, _ = await versions(place, BORN, BORN_AS_TEXT)
    await place.insert("Singer", [{"id": "a", "born": "1999"}])

    assert await lost(place, numbers) == {"Singer.born": 1}
    refused = await place.deploy(numbers, older=True)
    assert refused is not None
    assert refused.code == "DATA_LOSS"
    assert await place.deploy(numbers, forced=True, older=True) is None
    assert await place.values("Singer", "born") == [None]


async def test_a_required_field_that_comes_back_is_refused_as_long_as_there_are_nodes(place: Place) -> None:
    years, _ = await versions(place, YEARS, NO_YEARS)
    await place.insert("Band", [{"id": "a"}])

    refused = await place.deploy(years, forced=True, older=True)

    assert refused is not None
    assert "Band.year is required" in refused.reason


async def test_an_older_version_that_is_declared_is_reached_by_the_way_back(
    registry: Declarer, served: Cluster
) -> None:
    service, project = await registry.service(YEARS_SAID), await registry.project()
    older = registry.models[service]
    instance = await registry.instance(service, project)
    dev = await registry.ready(instance, "dev")
    await registry.push(service, "0.0.2", YEARS)
    await registry.promote(instance, service, project, "dev", "0.0.2")
    await registry.ready(instance, "dev", "0.0.2")
    async with served.connected(dev) as connection:
        await connection.execute("insert into app.t1 (id, created_at, updated_at, c2) values ('n', now(), now(), 1999)")

    told = await registry.losses(dev, digest(encode(older)), "0.0.1")
    declared = await registry.back(instance, service, project, "0.0.1", older)

    def ended() -> EnvironmentReady | None:
        ready = [each for each in registry.events(dev) if each.type == EnvironmentReady.TYPE]
        last = EnvironmentReady.model_validate(ready[-1].data)
        return last if last.deployment == declared.envelope.id else None

    await registry.until(ended)
    async with served.connected(dev) as connection:
        assert await connection.fetchval("select c2 from app.t1") == 1999
    assert (told.losses, told.problems, told.steps) == ([], [], [])


# --- whatever makers do -------------------------------------------------------------------------------------------


def shared(newer: Model, older: Model) -> Iterator[tuple[str, Field, Field]]:
    """Fields that both have with values of one kind: name of the type that runs, before and after."""
    for entity in older.entities:
        known = newer.entity_by_id.get(entity.id)
        for field in entity.fields if known else ():
            was = next((each for each in known.fields if each.id == field.id), None) if known else None
            if known is None or was is None or field.system or was.system:
                continue
            pair = FieldPair(was, field, enum_of(newer, was), enum_of(older, field))
            if pair.keeps_column and not pair.changes_type:
                yield known.name, was, field


@given(data=st.data())
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
)
async def test_every_value_is_kept_or_was_counted(places: tuple[Place, Place, Place], data: st.DataObject) -> None:
    at_once, in_phases, direct = places
    history = data.draw(evolutions())
    if len(history) < 2:
        return
    *_, newest = history
    older = history[data.draw(st.integers(0, len(history) - 2))]
    statements = data.draw(rows(newest, "n")).statements()
    for place in places:
        await place.emptied()
    for place in (at_once, in_phases):
        assert await place.deploy(newest) is None
        async with place.cluster.connected(place.id) as connection, connection.transaction():
            await connection.execute(statements)
    before = {(was.id, kind): await at_once.values(kind, was.name) for kind, was, _ in shared(newest, older)}
    losses = await lost(at_once, older)

    unforced = await at_once.deploy(older, older=True)
    assert unforced is not None or not losses
    outcomes: list[Refusal | None] = [unforced]
    if unforced is not None:
        outcomes = [await at_once.deploy(older, older=True, forced=True)]
    outcomes.append(await in_phases.deploy(older, older=True, forced=True))
    assert (outcomes[0] is None) == (outcomes[1] is None)
    if outcomes[0] is not None:
        return

    for kind, was, now in shared(newest, older):
        owner = newest.entity_by_name[kind].id
        after = await at_once.values(older.entity_by_id[owner].name, now.name)
        pairs = zip(before[was.id, kind], after, strict=True)
        replaced = sum(old is not None and old != new for old, new in pairs)
        assert replaced <= losses.get(f"{kind}.{was.name}", 0)
    assert [dict(row) for row in await at_once.fetch(dumped(older))] == [
        dict(row) for row in await in_phases.fetch(dumped(older))
    ]
    assert await direct.deploy(older) is None
    assert await at_once.catalogue() == await direct.catalogue() == await in_phases.catalogue()
