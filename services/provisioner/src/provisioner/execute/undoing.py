"""What an undo of an environment's last deployment would do, as it is told to whoever is about to ask for it."""

from __future__ import annotations

import asyncio
import json
from typing import Final

import asyncpg
from pydantic import BaseModel, Field

from common.errors import SERVICE_UNAVAILABLE, Refused, bad_input
from common.logs import observe
from provisioner.domain import environments
from provisioner.domain.plan import names
from provisioner.domain.undo import Undo
from provisioner.execute.cluster import WORLD
from provisioner.execute.deploy import World
from provisioner.execute.trash import JUDGING_SECONDS, Misfit, held_rows, judge
from provisioner.store import queries

ENTRIES_MAX: Final = 10_000
"""Things that one answer lists."""


class AskedUndo(BaseModel):
    """The question what an undo of the last deployment would do."""

    environment: str
    limit: int = Field(default=100, ge=0, le=ENTRIES_MAX)
    """How many things of each place are listed; all are counted."""


class ToldReturn(BaseModel):
    """Something that comes back from the trash."""

    path: str
    rows: int


class ToldEntry(BaseModel):
    """One thing that does not fit."""

    id: str
    other: str | None
    value: str | None


class ToldMisfit(BaseModel):
    """What does not fit at one place."""

    path: str
    what: str
    because: str
    rows: int
    entries: list[ToldEntry]


class ToldStep(BaseModel):
    """One step of the plan."""

    number: int
    phase: str
    kind: str
    subject: str
    reason: str
    grade: str
    locks: list[str]


class ToldUndo(BaseModel):
    """The answer. `listed` names the document that an undo is held to."""

    undoes: str
    version: str
    """The one that is taken back."""
    to: str
    """The one that runs again."""
    model_sha: str
    listed: str
    returns: list[ToldReturn]
    misfits: list[ToldMisfit]
    steps: list[ToldStep]


async def told(world: World, asked: AskedUndo) -> ToldUndo:
    """Judged now, on a copy. Refuses NOTHING_TO_UNDO; SERVICE_UNAVAILABLE when it takes too long."""
    async with world.database.reading() as connection:
        row = await queries.environment_row(connection, asked.environment, removed=False)
    served = None
    if row is not None:
        _, environment, _ = await world.known(row["organisation"], asked.environment)
        served = environments.last(environment)
    if row is None or served is None or served.from_version is None or served.from_model_sha is None:
        raise bad_input(
            "There is no deployment to undo.",
            "The first deployment of an environment, and that of a clone, stays.",
            reason="NOTHING_TO_UNDO",
            field="environment",
        )
    try:
        async with asyncio.timeout(JUDGING_SECONDS):
            undo = await world.undo(served)
            found = await judge(world.cluster, asked.environment, undo, limit=asked.limit)
            returning = {each.name: each for each in undo.returning}
            held = await held_rows(world.cluster, asked.environment, list(returning))
    except (TimeoutError, asyncpg.QueryCanceledError):
        message = f"To find out what does not fit took longer than {JUDGING_SECONDS:.0f} s."
        raise Refused(SERVICE_UNAVAILABLE, message, "Try again later.", reason="TIMEOUT") from None
    except WORLD as error:
        observe("provisioner.judged", outcome="failed", level="warning", error=f"{type(error).__name__}: {error}")
        message = "The database of the environment does not answer."
        raise Refused(SERVICE_UNAVAILABLE, message, "Try again later.") from error
    seen = {"deployment": served.deployment, "listed": {each.key: each.digest for each in found if each.count}}
    return ToldUndo(
        undoes=served.deployment,
        version=served.version,
        to=served.from_version,
        model_sha=served.from_model_sha,
        listed=await world.blobs.put(json.dumps(seen, sort_keys=True).encode()),
        returns=[ToldReturn(path=each.subject, rows=held[each.name]) for each in returning.values()],
        misfits=[_misfit(each) for each in found if each.count],
        steps=_steps(undo, asked.environment, served.model_sha, served.from_model_sha),
    )


def _misfit(found: Misfit) -> ToldMisfit:
    return ToldMisfit(
        path=found.subject.path,
        what=found.subject.what,
        because=found.subject.because,
        rows=found.count,
        entries=[ToldEntry(id=each.id, other=each.other, value=each.value) for each in found.entries],
    )


def _steps(undo: Undo, environment: str, before: str, after: str) -> list[ToldStep]:
    plan = undo.plan(
        environment=environment, deployment="", undoes="", from_model_sha=before, model_sha=after, listed=None
    )
    called = {**names(undo.after), **names(undo.before)}
    return [
        ToldStep(
            **step.model_dump(include={"number", "phase", "kind", "subject", "reason", "grade"}),
            locks=[f"{called.get(table, table)}: {mode}" for table, mode in sorted(step.locks.items())],
        )
        for step in plan.steps
    ]
