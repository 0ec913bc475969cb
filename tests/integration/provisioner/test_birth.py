"""What every environment's database can do from birth."""

from __future__ import annotations

import asyncio
import unicodedata

import asyncpg
import pytest

from contracts.names import database
from provisioner.domain import birth
from provisioner.execute.cluster import Cluster
from tests.support.environments import Place
from tests.support.stack import Stack
from tests.support.waiting import until


@pytest.fixture
async def place(ground: dict[str, Place]) -> Place:
    return await ground["at once"].emptied()


def folded(text: str) -> str:
    """What `app.fold` promises, said a second time."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(each for each in decomposed if not unicodedata.combining(each)).casefold()


async def test_text_folds_as_promised_for_every_character(place: Place) -> None:
    rows = await place.fetch(
        "select n, app.fold(chr(n)) as fold from generate_series(1, 1114111) as n where n not between 55296 and 57343"
    )

    # PostgreSQL may know a newer Unicode than Python: then characters differ that Python does not know at all.
    wrong = [
        row["n"] for row in rows if unicodedata.category(chr(row["n"])) != "Cn" and row["fold"] != folded(chr(row["n"]))
    ]
    assert wrong == []


async def test_case_and_accents_do_not_matter(place: Place) -> None:
    for one, other in (("Straße", "STRASSE"), ("Ångström", "angstrom"), ("İ", "i"), ("ΑΣ", "ας"), ("ﬁ", "FI")):
        assert (await place.fetch("select app.fold($1) = app.fold($2)", one, other))[0][0], (one, other)
    assert (await place.fetch("select app.fold(null) is null"))[0][0]


async def test_an_ordered_read_uses_the_index(place: Place) -> None:
    await place.deploy("type Note @model { id: ID! @isUnique text: String @index }")
    async with place.cluster.connected(place.id) as connection:
        await connection.execute(
            "insert into app.t1 (id, created_at, updated_at, c2) select n::text, now(), now(), 'Text ' || n "
            "from generate_series(1, 2000) as n; analyze app.t1"
        )
        ordered = "select id from app.t1 order by left(app.fold(c2), 191) nulls first, id limit 20"
        contains = "select id from app.t1 where app.fold(c2) like '%' || app.fold('XT 1999') || '%'"
        plans = [
            "\n".join(row[0] for row in await connection.fetch(f"explain (costs off) {each}"))
            for each in (ordered, contains)
        ]

    assert "t1_c2_idx" in plans[0]
    assert "Sort" not in plans[0]
    assert "t1_c2_trgm" in plans[1]


async def test_the_template_is_made_once_and_a_half_made_one_is_replaced(provision_dsn: str) -> None:
    one, other = Cluster(provision_dsn, b"s" * 32), Cluster(provision_dsn, b"s" * 32)
    await one.prepare()
    async with one.connected() as server:
        first = await server.fetchval("select oid from pg_database where datname = $1", birth.named())
        await other.prepare()
        assert await server.fetchval("select oid from pg_database where datname = $1", birth.named()) == first
        await server.execute(f"alter database {birth.named()} with is_template false")
        place = await Place(Cluster(provision_dsn, b"s" * 32)).made()
        assert await server.fetchval("select oid from pg_database where datname = $1", birth.named()) != first
        await place.gone()


async def test_making_and_removing_are_repeatable(cluster: Cluster) -> None:
    place = Place(cluster)
    for _ in range(2):
        await place.made()
    assert place.id in (await cluster.found()).databases
    for _ in range(2):
        await place.gone()

    found = await cluster.found()
    assert place.id not in found.databases | found.roles


async def test_an_environment_goes_when_a_process_that_is_not_ours_to_end_has_left_it(
    servers: Stack, cluster: Cluster
) -> None:
    place = await Place(cluster).made()
    owner = await asyncpg.connect(servers.postgres_dsn, database=database(place.id))
    removing = asyncio.create_task(place.gone())
    async with cluster.connected() as server:
        waits = "select count(*) from pg_stat_activity where query = $1 and state = 'active'"

        async def waiting() -> bool:
            return bool(await server.fetchval(waits, f'drop database if exists "{database(place.id)}"'))

        await until(waiting)
    await owner.close()
    await removing

    assert place.id not in (await cluster.found()).databases


async def test_a_role_without_a_database_and_a_database_that_is_still_closed_are_finished(cluster: Cluster) -> None:
    place = await Place(cluster).made()
    name = database(place.id)
    async with cluster.connected() as server:
        await server.execute(f"alter database {name} with allow_connections false")
        await place.made()
        assert await server.fetchval("select datallowconn from pg_database where datname = $1", name)
        await server.execute(f"drop database {name}")
        await place.made()
        assert await server.fetchval("select datallowconn from pg_database where datname = $1", name)
    await place.gone()


async def test_one_worker_at_a_time_has_an_environment_to_itself(cluster: Cluster) -> None:
    one, other = Place(cluster).id, Place(cluster).id

    async with cluster.alone(one) as mine, cluster.alone(one) as theirs, cluster.alone(other) as free:
        assert mine is not None
        assert theirs is None
        assert free is not None
    async with cluster.alone(one) as again:
        assert again is not None
