"""What was deleted from a full database is given back, and nothing else changes (C 1.4)."""

from __future__ import annotations

from common.clock import new_id
from common.sql import ident, sql
from provisioner.execute.cluster import Cluster
from provisioner.execute.compacting import AskedCompact, compact
from tests.support.environments import Place

SCHEMA = "type Note @model { id: ID! @isUnique text: String! @isUnique }"


async def test_room_of_deleted_rows_goes_back_and_the_others_stay(ground: dict[str, Place], cluster: Cluster) -> None:
    place = await ground["at once"].emptied()
    await place.deploy(SCHEMA)
    assert place.model is not None
    ((table, column),) = [(entity.table, entity.fields[-1].column) for entity in place.model.entities]
    rows = sql(
        "insert into {table} (id, created_at, updated_at, {column}) "
        "select 'n' || n, now(), now(), n || repeat('x', 1000) from generate_series(1, 5000) n",
        table=ident("app", table),
        column=ident(column),
    )
    await place.fetch(rows.text)
    ((before,),) = await place.fetch("select pg_database_size(current_database())")
    await place.fetch(sql("delete from {table} where id <> 'n7'", table=ident("app", table)).text)
    catalogue = await place.catalogue()

    told = await compact(cluster, AskedCompact(environment=place.id))
    nothing = await compact(cluster, AskedCompact(environment=new_id()))

    assert told.bytes is not None
    assert told.bytes < before - 5_000_000
    assert nothing.bytes is None
    assert await place.values("Note", "text") == ["7" + "x" * 1000]
    assert await place.catalogue() == catalogue
