"""A difference as a text that anybody can follow: the smallest operation and data that show it."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import asyncpg

from common.sql import ident, sql
from tests.support.naive.judging import broken, found, restored
from tests.support.naive.smaller import smaller
from tests.support.naive.spelled import spelled
from tests.support.naive.trial import Asked, DifferenceError, Trial, Verdict

ATTEMPTS_MAX: Final = 600


async def story(trial: Trial, difference: DifferenceError) -> str:
    """Schema, data, operation, what was expected, what came, and the seed. Leaves the trial's world reduced."""
    asked, verdict = difference.asked, difference.verdict
    transaction = trial.client.connection.transaction()
    await transaction.start()
    try:
        plainest = Asked(asked.operation, spelled(asked.operation))
        again = await _again(trial, plainest)
        if again.wrong is not None:
            asked, verdict = await _smallest(trial, plainest, again)
            verdict = await _emptied(trial, asked) or verdict
    finally:
        await transaction.rollback()
    return _told(trial, asked, verdict)


def _told(trial: Trial, asked: Asked, verdict: Verdict) -> str:
    said, world = verdict.said, trial.world
    parts = [f"{verdict.wrong} (seed {trial.seed}, case {trial.cases})", trial.service.sdl(), "-- stored:"]
    for node in world.nodes.values():
        sides = trial.service.kind[node.kind].sides
        edges = {side.name: sorted(world.partners(side, node.id)) for side in sides}
        parts.append(_json({"type": node.kind, **node.values, **edges}))
    parts += ["-- asked:", asked.request.text, f"variables: {_json(asked.request.variables)}"]
    parts += ["-- expected:", _json(said.data), *(f"{key}: one of {faults}" for key, faults in said.faults), *said.open]
    parts += ["-- answered:", _json(verdict.answer) if isinstance(verdict.answer, dict) else repr(verdict.answer)]
    if verdict.shown is not None:
        parts += ["-- stored afterwards, expected:", _json(found(said.world))]
        parts += ["-- stored afterwards:", _json(verdict.shown)]
    return re.sub("x{300,}", lambda long: f"<{len(long[0])} x>", "\n".join(parts))


async def _again(trial: Trial, asked: Asked) -> Verdict:
    """The comparison once more, leaving nothing behind."""
    client = trial.client
    transaction = client.connection.transaction()
    await transaction.start()
    roots, ids = client.roots, client.ids
    try:
        if asked.operation.verb == "query":
            return await trial.read(client, asked.operation, asked.request)
        return await trial.write(asked.operation, asked.request)
    finally:
        await transaction.rollback()
        client.roots, client.ids = roots, ids


async def _smallest(trial: Trial, asked: Asked, verdict: Verdict) -> tuple[Asked, Verdict]:
    """Take away from the operation as long as the same kind of difference shows."""
    attempts, smallest = 0, False
    while not smallest:
        smallest = True
        for other in smaller(asked.operation):
            attempts += 1
            if attempts > ATTEMPTS_MAX:
                break
            less = Asked(other, spelled(other))
            again = await _again(trial, less)
            if _kind(again) == _kind(verdict):
                asked, verdict, smallest = less, again, False
                break
    return asked, verdict


def _kind(verdict: Verdict) -> list[str]:
    return (verdict.wrong or "").split()[:2]


async def _emptied(trial: Trial, asked: Asked) -> Verdict | None:
    """Take away the nodes without which the difference still shows; the last comparison, if there was one."""
    last = None
    for node in list(trial.world.nodes):
        before = trial.world
        transaction = trial.client.connection.transaction()
        await transaction.start()
        again = None
        try:
            await _remove(trial, node)
            again = None if broken(trial.world) else await _again(trial, asked)
        except asyncpg.PostgresError:
            again = None
        if again is not None and again.wrong is not None:
            last = again
            await transaction.commit()
        else:
            trial.world = before
            await transaction.rollback()
    return last


async def _remove(trial: Trial, node: str) -> None:
    """A node is gone from the database, and from the world as the database shows it then."""
    client, before = trial.client, trial.world
    entity = client.engine.prepared.model.entity_by_name[before.nodes[node].kind]
    statement = sql("delete from {table} where id = $1", table=ident("app", entity.table))
    await client.connection.execute(statement.text, node)
    trial.world = restored(trial.service, await client.data(trial.everything), before)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=repr)
