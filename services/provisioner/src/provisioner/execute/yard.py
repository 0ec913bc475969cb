"""The trash of environments as people meet it: what lies there until when, what comes back, and what time empties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import RowMapping as Row

from common import clock
from common.blobs import Blobs
from common.commands import execute
from common.db import Database
from common.errors import BAD_USER_INPUT, SERVICE_UNAVAILABLE, Refused, not_found
from common.events import Actor
from common.ids import derived
from common.log import Cause, History, Log, Recorded, Subject
from common.logs import observe
from contracts import provisioner as said
from contracts.model import decode as decode_model
from provisioner.domain.plan import Plan, decode
from provisioner.domain.restoring import restoring
from provisioner.domain.trash import DAYS, Kept
from provisioner.execute.cluster import WORLD, Cluster
from provisioner.execute.trash import empty, held_rows, present, restore
from provisioner.store import queries

ACTOR: Final = Actor(type="system", id="provisioner", via="timer")
EMPTIED_AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True)
class Yard:
    """What it works with."""

    log: Log
    blobs: Blobs
    database: Database
    cluster: Cluster


@dataclass(frozen=True, slots=True)
class Lying:
    """One thing in the trash."""

    kept: Kept
    rows: int
    bytes: int
    deployment: str
    version: str
    removed_at: datetime
    plan: Plan

    @property
    def kept_until(self) -> datetime:
        """When it is emptied."""
        return self.removed_at + timedelta(days=DAYS)


async def lying(yard: Yard, environment: str) -> list[Lying]:
    """What lies in the trash of an environment, newest first. Refuses SERVICE_UNAVAILABLE."""
    async with yard.database.reading() as connection:
        rows = await queries.keeping(connection, environment, clock.now() - timedelta(days=DAYS))
    if not rows:
        return []
    try:
        there = await present(yard.cluster, environment)
        plans = [(row, decode(await yard.blobs.get(row["plan_sha"]))) for row in rows]
        counted = await held_rows(
            yard.cluster, environment, [each.name for _, plan in plans for each in plan.kept if each.name in there]
        )
    except WORLD as error:
        raise _away(error) from error
    return [
        Lying(each, counted[each.name], there[each.name], row["id"], row["version"], row["updated_at"], plan)
        for row, plan in plans
        for each in plan.kept
        if counted.get(each.name)
    ]


async def bring_back(yard: Yard, environment: Row, item: str, cause: Cause) -> said.TrashRestored:
    """One thing of the trash into what runs. Refuses NOT_FOUND, NO_PLACE and DEPLOYMENT_RUNNING.

    It comes back in one transaction, before the event is appended: a crash between the two loses the event, not data.
    """
    subject = Subject(environment["organisation"], "provisioner", "trash", environment["id"])
    history = await yard.log.load(subject)
    done = next((each for each in history.events if each.envelope.causationid == cause.causation_id), None)
    if done is not None:
        return said.TrashRestored.model_validate(done.envelope.data)
    found = next((each for each in await lying(yard, environment["id"]) if each.kept.name == item), None)
    if found is None:
        raise not_found("TrashItem", item)
    try:
        async with yard.cluster.alone(environment["id"]) as server:
            if server is None:
                raise _running(environment["kind"])
            restored, left = await _merged(yard, environment, found)
    except WORLD as error:
        raise _away(error) from error
    fact = said.TrashRestored(
        environment=environment["id"], item=item, path=found.kept.subject, restored=restored, left=left
    )
    await execute(yard.log, subject, cause=cause, decide=lambda _: fact)
    return fact


async def emptied(yard: Yard, at: datetime) -> int:
    """Empty what has been kept for its time by then; of how many deployments.

    A database that does not answer is left for the next time and keeps no other one waiting.
    """
    async with yard.database.reading() as connection:
        due = await queries.kept_too_long(connection, at - timedelta(days=DAYS), EMPTIED_AT_ONCE)
    ended = 0
    for row in due:
        try:
            async with yard.cluster.alone(row["environment"]) as server:
                if server is not None and await _emptied(yard, row) is not None:
                    ended += 1
        except WORLD as error:
            problem = f"{type(error).__name__}: {error}"
            observe("provisioner.emptied", outcome="failed", level="warning", error=problem)
    return ended


async def _emptied(yard: Yard, row: Row) -> Recorded | None:
    plan = decode(await yard.blobs.get(row["plan_sha"]))
    there = await present(yard.cluster, row["environment"])
    names = [each.name for each in plan.kept if each.name in there]
    if names:
        await empty(yard.cluster, row["environment"], names)
    fact = said.TrashEmptied(environment=row["environment"], deployment=row["declaration"], items=tuple(names))

    def decide(history: History) -> said.TrashEmptied | None:
        told = (each.envelope.data for each in history.events if each.envelope.type == said.TrashEmptied.TYPE)
        return None if any(each["deployment"] == row["declaration"] for each in told) else fact

    subject = Subject(row["organisation"], "provisioner", "trash", row["environment"])
    cause = Cause(ACTOR, derived("emptied", row["id"]), row["correlation"])
    observe("provisioner.emptied", environment=row["environment"], items=len(names))
    return await execute(yard.log, subject, cause=cause, decide=decide)


async def _merged(yard: Yard, environment: Row, found: Lying) -> Sequence[int]:
    async with yard.cluster.connected(environment["id"]) as connection:
        runs = await connection.fetchval("select model_sha from app._mortise")
    if runs != environment["model_sha"]:
        raise _running(environment["kind"])
    plan = found.plan
    # What an undo set aside had its place in the version that it went back to.
    sha = plan.model_sha if found.kept.what in {"rows", "edges"} else plan.from_model_sha
    assert sha is not None, "a first deployment removes nothing"
    was, model = decode_model(await yard.blobs.get(sha)), decode_model(await yard.blobs.get(runs))
    return await restore(yard.cluster, environment["id"], found.kept, restoring(found.kept, was, model))


def _running(environment: str) -> Refused:
    return Refused(
        BAD_USER_INPUT,
        f"A deployment to {environment} is running.",
        "Wait until it has ended, then try again.",
        reason="DEPLOYMENT_RUNNING",
    )


def _away(error: Exception) -> Refused:
    observe("provisioner.trash", outcome="failed", level="warning", error=f"{type(error).__name__}: {error}")
    return Refused(SERVICE_UNAVAILABLE, "The database of the environment does not answer.", "Try again later.")
