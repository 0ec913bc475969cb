"""Whatever makers do to a schema: every road leads to the same catalogue and to the same data.

`MORTISE_HISTORIES=3000` tries that many instead of those of an ordinary run.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from common.sql import ident, sql
from contracts.model import Model
from provisioner.execute.migrate import Refusal
from tests.support.environments import Place, Steady
from tests.support.histories import RENAMES, evolutions, histories
from tests.support.rows import dumped, emptied, rows

MANY = int(os.environ.get("MORTISE_HISTORIES", "0"))


def chains(ordinarily: int) -> settings:
    return settings(
        max_examples=MANY or ordinarily,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=not MANY,
        database=None,
        phases=[Phase.explicit, Phase.generate],  # each example runs migrations: shrinking would take minutes
    )


@dataclass
class Roads:
    """Three environments that are used again and again."""

    one: Place
    other: Place
    direct: Place

    async def emptied(self) -> None:
        for place in (self.one, self.other, self.direct):
            await place.emptied()


@pytest.fixture(scope="module")
async def roads(provision_dsn: str) -> AsyncIterator[Roads]:
    cluster = Steady(provision_dsn, b"s" * 32)
    made = Roads(Place(cluster), Place(cluster, in_phases=True), Place(cluster))
    for place in (made.one, made.other, made.direct):
        await place.made()
    yield made
    await cluster.close()
    for place in (made.one, made.other, made.direct):
        await place.gone()


async def dump(place: Place) -> list[str]:
    assert place.model is not None
    return [row["line"] for row in await place.fetch(dumped(place.model))]


async def trashed(place: Place) -> list[tuple[str, list[str]]]:
    """Everything in the trash, in words that depend neither on the order of columns nor on the deployment."""
    found = []
    for (name,) in await place.fetch("select tablename from pg_tables where schemaname = 'trash'"):
        rows = await place.fetch(sql("select to_jsonb(t)::text from {t} as t order by 1", t=ident("trash", name)).text)
        found.append((name.rpartition("_")[0], [row[0] for row in rows]))
    return sorted(found)


async def filled(place: Place, statements: str) -> None:
    async with place.cluster.connected(place.id) as connection, connection.transaction():
        await connection.execute(statements)


@given(data=st.data())
@chains(200)
async def test_stepwise_and_direct_lead_to_the_same_data(roads: Roads, data: st.DataObject) -> None:
    await roads.emptied()
    versions = data.draw(evolutions())
    statements = data.draw(rows(versions[0], "n")).statements()
    for place in (roads.one, roads.direct):
        assert await place.deploy(versions[0]) is None
        await filled(place, statements)

    pending: list[Model] = []
    for version in versions[1:]:
        pending.append(version)
        if await roads.one.deploy(*pending, forced=True) is None:
            pending.clear()
    if pending:
        return
    assert await roads.direct.deploy(*versions[1:], forced=True) is None
    assert await dump(roads.direct) == await dump(roads.one)
    assert await roads.direct.catalogue() == await roads.one.catalogue()


@given(data=st.data())
@chains(60)
async def test_at_once_and_in_phases_lead_to_the_same_data(roads: Roads, data: st.DataObject) -> None:
    await roads.emptied()
    versions = data.draw(evolutions())
    pending: list[Model] = []
    for number, version in enumerate(versions):
        pending.append(version)
        forced = data.draw(st.booleans())
        refusals: list[Refusal | None] = [
            await place.deploy(*pending, forced=forced) for place in (roads.one, roads.other)
        ]
        assert refusals[0] == refusals[1]
        if refusals[0] is None:
            pending.clear()
            if number == 0 or data.draw(st.booleans()):
                statements = f"{emptied(version)};\n{data.draw(rows(version, 'n')).statements()}"
                for place in (roads.one, roads.other):
                    await filled(place, statements)
        assert await dump(roads.one) == await dump(roads.other)
        assert await roads.one.catalogue() == await roads.other.catalogue()
        assert await trashed(roads.one) == await trashed(roads.other)


@given(data=st.data())
@chains(40)
async def test_renames_keep_all_data(roads: Roads, data: st.DataObject) -> None:
    await roads.emptied()
    place = roads.one
    versions = data.draw(evolutions(only=tuple(RENAMES)))
    assert await place.deploy(versions[0]) is None
    await filled(place, data.draw(rows(versions[0], "n")).statements())
    before = await dump(place)

    for version in versions[1:]:
        assert {step.kind for step in place.planned(version).steps} <= {"swap sides", "drop reference", "add reference"}
        assert await place.deploy(version) is None

    nodes = [line for line in before if not line.startswith("r")]
    assert [line for line in await dump(place) if not line.startswith("r")] == nodes
    assert len(await dump(place)) == len(before)


@given(versions=histories())
@chains(8)
async def test_every_road_leads_to_the_same_catalogue(roads: Roads, versions: tuple[Model, ...]) -> None:
    if not versions:
        return
    await roads.emptied()
    stepwise, skipping, direct = roads.one, roads.other, roads.direct
    for version in versions:
        assert await stepwise.deploy(version, forced=True) is None
    assert await direct.deploy(versions[-1]) is None
    assert await skipping.deploy(versions[0]) is None
    assert await skipping.deploy(*versions, forced=True) is None

    expected = await direct.catalogue()
    assert await stepwise.catalogue() == expected
    assert await skipping.catalogue() == expected
    for back in reversed(versions):
        assert await stepwise.deploy(back, forced=True) is None
    assert await direct.deploy(versions[0], forced=True) is None
    assert await stepwise.catalogue() == await direct.catalogue()
