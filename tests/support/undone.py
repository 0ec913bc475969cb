"""Deployments that are undone, in databases of the tests' own."""

from __future__ import annotations

from dataclasses import dataclass

from common.sql import ident, join, sql
from contracts.model import Model, digest, encode
from provisioner.domain.data import constant
from provisioner.domain.layout import relation_column
from provisioner.domain.plan import Plan
from provisioner.domain.trash import held
from provisioner.domain.undo import Undo
from provisioner.execute.migrate import Refusal, finish, migrate
from provisioner.execute.trash import Misfit, judge, present
from tests.support.environments import Place
from tests.support.naive.undoing import Picture
from tests.support.schemas import model


@dataclass
class Deployed:
    """A deployment that can be undone."""

    before: Model
    after: Model
    plan: Plan


async def deployed(place: Place, *versions: str | Model) -> Deployed | None:
    """A forced deployment of the last of the versions; None when the data forbid it."""
    before = place.model
    assert before is not None
    models = [model(each, before) if isinstance(each, str) else each for each in versions]
    after = models[-1]
    place.deployments += 1
    plan = place.planned(*models, forced=True)
    if await migrate(place.cluster, plan) is not None:
        return None
    await finish(place.cluster, plan)
    place.model = after
    return Deployed(before, after, plan)


async def undo_of(place: Place, step: Deployed | None) -> Undo:
    assert step is not None
    there = await present(place.cluster, place.id)
    return Undo(step.after, step.before, held(each for each in step.plan.kept if each.name in there))


async def misfits(place: Place, step: Deployed | None, *, limit: int = 10_000) -> tuple[Misfit, ...]:
    return await judge(place.cluster, place.id, await undo_of(place, step), limit=limit)


async def listed(place: Place, step: Deployed | None) -> dict[str, int]:
    """How much does not fit, by place."""
    return {each.subject.path: each.count for each in await misfits(place, step) if each.count}


def digests(found: tuple[Misfit, ...]) -> dict[str, str]:
    return {each.key: each.digest for each in found}


async def planned(place: Place, step: Deployed, seen: tuple[Misfit, ...] | None) -> Plan:
    undo = await undo_of(place, step)
    place.deployments += 1
    return undo.plan(
        environment=place.id,
        deployment=f"deployment-{place.deployments}",
        undoes=step.plan.deployment,
        from_model_sha=digest(encode(step.after)),
        model_sha=digest(encode(step.before)),
        listed=None if seen is None else digests(seen),
    )


async def undone(place: Place, step: Deployed | None, seen: tuple[Misfit, ...] | None = None) -> Refusal | None:
    """Undo what was deployed; without `seen`, whatever does not fit."""
    assert step is not None
    plan = await planned(place, step, seen)
    refusal = await migrate(place.cluster, plan)
    if refusal is None:
        place.model = step.before
    return refusal


async def picture(place: Place, model: Model) -> Picture:
    """All rows and edges as texts."""
    seen = Picture()
    async with place.cluster.connected(place.id) as connection:
        for entity in model.entities:
            columns = [each.column for each in entity.fields if not each.system]
            query = sql(
                "select id, updated_at::text as updated_at{columns} from {t}",
                columns=join("", [sql(", {c}::text as {c}", c=ident(each)) for each in columns]),
                t=ident("app", entity.table),
            )
            rows = [dict(row) for row in await connection.fetch(query.text)]
            seen.rows[entity.table] = {row.pop("id"): row for row in rows}
        for relation in model.relations:
            place_of = relation_column(model, relation)
            if place_of is None:
                query = sql("select a, b from {t}", t=ident("app", relation.table or ""))
            else:
                c = ident(place_of[1])
                edge = sql("id as a, {c} as b" if relation.storage == "a" else "{c} as a, id as b", c=c)
                where = sql("{t} where {c} is not null", t=ident("app", place_of[0]), c=c)
                query = sql("select {edge} from {where}", edge=edge, where=where)
            seen.edges[relation.id] = {(row["a"], row["b"]) for row in await connection.fetch(query.text)}
    return seen


async def insteads(place: Place, model: Model) -> dict[tuple[str, str], str]:
    """What required fields get where nothing else is: the default, else the migration value."""
    found = {}
    for entity in model.entities:
        for each in entity.fields:
            given = each.default if each.has_default and each.default is not None else each.migration_value
            if each.required and not each.unique and not each.system and given is not None:
                query = sql("select ({value})::text", value=constant(each, given))
                found[entity.table, each.column] = (await place.fetch(query.text))[0][0]
    return found
