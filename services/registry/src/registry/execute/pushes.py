"""Commands that declare a version: push to private, promotion to demo, and the questions they ask first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import BaseModel

from common import rpc
from common.commands import earlier
from common.errors import SERVICE_UNAVAILABLE, Refused, not_found
from common.log import Cause, Recorded
from contracts import model
from contracts.model import Model
from contracts.names import environment_id
from contracts.registry import SchemaChange
from registry.domain import diff, pushes, rolling, sdl, services, telling, versions
from registry.domain.breaks import Breaks
from registry.domain.problems import Problem
from registry.domain.pushes import Loss
from registry.domain.services import Service, Version
from registry.domain.telling import Told
from registry.execute import breaks
from registry.execute.deciding import SERVICE, World, caught_up, decide, state
from registry.store import services as stored
from registry.store.rows import Row

LOSS: Final = "ask.provisioner.loss"
LOSS_SECONDS: Final = 7.0
"""Counting may take five (the provisioner stops then); the caller is answered within ten."""
SETTLE_SECONDS: Final = 2.0


class AskedLoss(BaseModel):
    """The question to the provisioner: what a deployment of this Model to this environment would lose."""

    environment: str
    model_sha: str
    version: str | None = None


class ToldLoss(BaseModel):
    """Data that would go."""

    path: str
    rows: int


class ToldProblem(BaseModel):
    """Something that the data at hand forbid (codes of G 4 and 7.4)."""

    code: int
    type: str | None = None
    field: str | None = None
    message: str


class ToldStep(BaseModel):
    """One step of the plan that a deployment would carry out."""

    number: int
    phase: str
    kind: str
    subject: str
    reason: str
    grade: str
    locks: list[str]
    """`Type: mode` or `relation Name: mode`."""


class ToldLosses(BaseModel):
    """The provisioner's answer."""

    losses: list[ToldLoss] = []
    problems: list[ToldProblem] = []
    steps: list[ToldStep] = []


@dataclass(frozen=True)
class Judged:
    """What a schema text would do to a service; with problems there is no Model and nothing else to say."""

    problems: tuple[Problem, ...] = ()
    model: Model | None = None
    changes: tuple[SchemaChange, ...] = ()
    unchanged: bool = False
    told: tuple[Told, ...] = ()


@dataclass(frozen=True)
class Preview:
    """What a push would do. `version` is None when it would be refused for its problems or changes nothing."""

    judged: Judged
    up_to_date: bool = False
    losses: tuple[Loss, ...] = ()
    steps: tuple[ToldStep, ...] = ()
    version: str | None = None
    breaks: Breaks | None = None

    @property
    def needs_force(self) -> bool:
        """Whether the push would be refused DATA_LOSS without force."""
        return bool(held(self.losses))


async def preview(world: World, organisation: str, id: str, *, text: str, asked: str | None) -> Preview:
    """What a push would do, whatever it loses. Declares nothing; stores the Model, under its hash, to ask about it.

    Refuses a version that is not greater than the last, as the push would.
    """
    known = await state(world, SERVICE, organisation, id)
    service = services.existing(known)
    name = versions.next_version(service.pushed.name, asked)
    judged = await _judge(world, service, text)
    if judged.model is None:
        return Preview(judged)
    private = environment_id(id, "private")
    if judged.unchanged and not await _failed(world, private):
        return Preview(judged, up_to_date=True)
    sha = await world.blobs.put(model.encode(judged.model))
    answer, broken = await asyncio.gather(foretold(world, private, sha), breaks.of_service(world, id, sha))
    judged = replace(judged, problems=tuple(placed(text, each) for each in answer.problems))
    return Preview(
        judged,
        losses=tuple(losses_of(answer)),
        steps=tuple(answer.steps),
        version=None if judged.problems else name,
        breaks=None if judged.problems else broken,
    )


async def push(  # noqa: PLR0913 - what a push consists of
    world: World,
    organisation: str,
    id: str,
    *,
    text: str,
    notes: Sequence[str],
    asked: str | None,
    force: bool,
    cause: Cause,
) -> Recorded:
    """A new version for private. Refuses SCHEMA_INVALID, UNCHANGED, DEPLOYMENT_RUNNING and DATA_LOSS, in this order."""
    history = await world.log.load(SERVICE.subject(organisation, id))
    if done := earlier(history, cause):
        return done
    service = services.existing(services.fold(SERVICE.events(history)))  # type: ignore[arg-type] # facts of a service
    kept = versions.release_notes(notes)
    name = versions.next_version(service.pushed.name, asked)
    judged = await _judge(world, service, text)
    if judged.model is None:
        raise pushes.broken(judged.problems)
    private = environment_id(id, "private")
    if judged.unchanged and not await _failed(world, private):
        raise pushes.up_to_date(service.slug, service.pushed.name)
    await settled(world, private, what=service.slug)
    version = Version(
        name,
        sdl_sha=await world.blobs.put(text.encode()),
        model_sha=await world.blobs.put(model.encode(judged.model)),
    )
    await accepted(world, private, "private", version, force=force, text=text)
    recorded = await decide(
        world,
        SERVICE,
        organisation,
        id,
        cause=cause,
        verb=lambda known: pushes.push(
            known, after=service.pushed.name, version=version, notes=kept, changes=judged.changes, forced=force
        ),
    )
    assert recorded is not None, "a push always says something"
    return recorded


async def publish(
    world: World, organisation: str, id: str, *, force: bool, cause: Cause
) -> tuple[str, Recorded | None]:
    """What runs on private goes to demo: the version's name, and the fact; None when it is there already."""
    history = await world.log.load(SERVICE.subject(organisation, id))
    if done := earlier(history, cause):
        return str(done.envelope.data["version"]), done
    service = services.existing(services.fold(SERVICE.events(history)))  # type: ignore[arg-type] # facts of a service
    private = await running(world, environment_id(id, "private"), "private", what=service.slug)
    demo = await settled(world, environment_id(id, "demo"), what=service.slug)
    version = service.versions[private["running_version"]]
    if demo["running_version"] == version.name == service.published.name:
        return version.name, None
    await accepted(world, demo["id"], "demo", version, force=force)
    await breaks.accepted(world, id, demo, version.name, version.model_sha, force=force)
    fact = await decide(
        world,
        SERVICE,
        organisation,
        id,
        cause=cause,
        verb=lambda known: pushes.publish(known, version=version, forced=force),
    )
    return version.name, fact


async def running(world: World, environment: str, kind: str, *, what: str) -> Row:
    """An environment in which something serves calls. Refuses NOT_DEPLOYED."""
    await caught_up(world)
    async with world.database.reading() as connection:
        row = await stored.environment(connection, environment)
    if row is None or row["running_version"] is None:
        raise pushes.nothing_there(what, kind)
    return row


async def settled(world: World, environment: str, *, what: str) -> Row:
    """An environment whose last deployment has ended. Waits up to 2 s for that, then refuses DEPLOYMENT_RUNNING."""
    await caught_up(world)
    loop = asyncio.get_running_loop()
    until = loop.time() + SETTLE_SECONDS
    while True:
        seen = world.runner.position
        async with world.database.reading() as connection:
            row = await stored.environment(connection, environment)
        if row is None:
            raise not_found("Environment", environment)
        if row["declaration"] == row["settled"]:
            return row
        left = until - loop.time()
        if left <= 0:
            raise pushes.running(what, row["kind"], row["version"])
        await world.runner.wait_for(seen + 1, left)


async def accepted(
    world: World, environment: str, kind: str, version: Version, *, force: bool, text: str | None = None
) -> None:
    """Ask what deploying the version would lose. Refuses what the data forbid, and losses without `force`."""
    told = await foretold(world, environment, version.model_sha, None if text is not None else version.name)
    if told.problems and text is not None:
        raise pushes.broken([placed(text, each) for each in told.problems])
    if told.problems:
        raise rolling.forbidden(kind, version.name, await problems_of(world, version, told))
    # What is removed but empty needs no force: otherwise the first push of every service would.
    lost = held(losses_of(told))
    if lost and not force:
        raise pushes.losing(kind, lost)


async def problems_of(world: World, version: Version, told: ToldLosses) -> list[Problem]:
    """What the data forbid, at its place in the schema text of the version."""
    if not told.problems:
        return []
    text = (await world.blobs.get(version.sdl_sha)).decode()
    return [placed(text, each) for each in told.problems]


async def _judge(world: World, service: Service, text: str) -> Judged:
    previous = model.decode(await world.blobs.get(service.pushed.model_sha))
    before = (await world.blobs.get(service.pushed.sdl_sha)).decode()
    # A large text takes a while; others must not wait for it.
    meant = await asyncio.to_thread(sdl.parse, text, service=service.id, previous=previous, previous_text=before)
    if not isinstance(meant, Model):
        return Judged(problems=meant)
    same = model.encode(meant) == model.encode(previous)
    return Judged(
        model=meant,
        changes=diff.changes(previous, meant),
        unchanged=same,
        told=telling.told(previous, meant),
    )


async def _failed(world: World, environment: str) -> bool:
    """Whether the last deployment ended without serving what was declared: then the same schema is a new attempt."""
    await caught_up(world)
    async with world.database.reading() as connection:
        row = await stored.environment(connection, environment)
    return row is not None and row["declaration"] == row["settled"] and row["version"] != row["running_version"]


async def foretold(world: World, environment: str, model_sha: str, version: str | None = None) -> ToldLosses:
    """What a deployment of the Model would do to the environment, counted now. Refuses when nobody can say it.

    `version` is its name if it is a version already: going back is another thing than going on.
    """
    question = AskedLoss(environment=environment, model_sha=model_sha, version=version)
    try:
        return await rpc.request(world.broker, LOSS, question, ToldLosses, LOSS_SECONDS)
    except Refused as refusal:
        if refusal.reason not in {"NO_RESPONDER", "TIMEOUT"}:
            raise
        message = "The provisioner cannot say at the moment what would be lost; nothing was changed."
        raise Refused(SERVICE_UNAVAILABLE, message, "Try again in a moment.", reason="NOTHING_DONE") from refusal


def losses_of(told: ToldLosses) -> list[Loss]:
    """What would no longer be served, also where there is none of it at present."""
    return [Loss(each.path, each.rows) for each in told.losses]


def held(losses: Sequence[Loss]) -> list[Loss]:
    """The losses of something. What is removed but empty is none."""
    return [loss for loss in losses if loss.rows > 0]


def placed(text: str, problem: ToldProblem) -> Problem:
    """A problem at its place in the schema text."""
    return pushes.placed(text, type=problem.type, field=problem.field, code=problem.code, message=problem.message)
