"""The life of one environment as facts: planned, ready, failed, removed; and what may be said next.

Every deployment is planned once and ends once. `None` from a decision means that it is already so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, assert_never

from contracts import provisioner as said
from contracts.masks import Mask
from contracts.names import database
from provisioner.domain.plan import Plan

EnvironmentEvent = said.MigrationPlanned | said.EnvironmentReady | said.DeploymentFailed | said.EnvironmentRemoved
EVENTS: Final = (said.MigrationPlanned, said.EnvironmentReady, said.DeploymentFailed, said.EnvironmentRemoved)


@dataclass(frozen=True, slots=True)
class Clone:
    """Where an environment that is a clone has its schema and data from."""

    source: str
    """Id of the environment that is cloned."""
    masks: tuple[Mask, ...]


@dataclass(frozen=True, slots=True)
class Declared:
    """What somebody wants to run in an environment."""

    environment: str
    organisation: str
    kind: str
    service: str
    instance: str | None
    project: str | None
    deployment: str
    """Id of the event that declared it."""
    version: str
    sdl_sha: str
    model_sha: str
    forced: bool
    clone: Clone | None = None
    undoes: str | None = None
    """The deployment that is taken back: id of the event that declared it."""
    listed: str | None = None
    """What was seen beforehand of what does not fit; None where whatever there is was accepted."""


@dataclass(frozen=True, slots=True)
class Live:
    """What serves calls."""

    version: str
    sdl_sha: str
    model_sha: str


@dataclass(frozen=True, slots=True)
class Environment:
    """What the facts of an environment come to."""

    live: Live | None = None
    planned: said.MigrationPlanned | None = None
    """The plan that has not ended yet."""
    served: said.MigrationPlanned | None = None
    """The plan of what is live."""
    settled: frozenset[str] = frozenset()
    """Deployments that ended, well or badly."""
    removed: bool = False


def evolve(environment: Environment, event: EnvironmentEvent) -> Environment:
    """The environment after a fact."""
    match event:
        case said.MigrationPlanned():
            return replace(environment, planned=event)
        case said.EnvironmentReady():
            live = Live(event.version, event.sdl_sha, event.model_sha)
            settled = environment.settled | {event.deployment}
            return replace(environment, live=live, planned=None, served=environment.planned, settled=settled)
        case said.DeploymentFailed():
            return replace(environment, planned=None, settled=environment.settled | {event.deployment})
        case said.EnvironmentRemoved():
            return replace(environment, live=None, planned=None, removed=True)
        case _:
            assert_never(event)


def fold(events: Iterable[EnvironmentEvent]) -> Environment:
    """The environment after all its facts."""
    environment = Environment()
    for event in events:
        environment = evolve(environment, event)
    return environment


def open_for(environment: Environment, deployment: str) -> bool:
    """Whether the deployment is still to be brought to its end."""
    return not environment.removed and deployment not in environment.settled


def plan(environment: Environment, declared: Declared, made: Plan, plan_sha: str) -> said.MigrationPlanned | None:
    """How the declared version is reached from what runs now."""
    if not open_for(environment, declared.deployment) or environment.planned is not None:
        return None
    live = environment.live
    assert (live.model_sha if live else None) == made.from_model_sha, "the plan starts from what runs"
    return said.MigrationPlanned(
        environment=declared.environment,
        deployment=declared.deployment,
        kind=declared.kind,
        service=declared.service,
        instance=declared.instance,
        project=declared.project,
        from_version=live.version if live else None,
        from_model_sha=live.model_sha if live else None,
        version=declared.version,
        model_sha=declared.model_sha,
        sdl_sha=declared.sdl_sha,
        plan_sha=plan_sha,
        steps=len(made.steps),
        destructive=made.destructive,
        undoes=made.undoes,
        kept=len(made.kept),
    )


def last(environment: Environment) -> said.MigrationPlanned | None:
    """The deployment that can be undone: the last one, where something ran before it."""
    served = environment.served
    return None if environment.removed or served is None or served.from_model_sha is None else served


def ready(environment: Environment, deployment: str) -> said.EnvironmentReady | None:
    """The planned version serves."""
    planned = environment.planned
    if not open_for(environment, deployment) or planned is None or planned.deployment != deployment:
        return None
    return said.EnvironmentReady(
        environment=planned.environment,
        deployment=deployment,
        kind=planned.kind,
        service=planned.service,
        instance=planned.instance,
        project=planned.project,
        version=planned.version,
        model_sha=planned.model_sha,
        sdl_sha=planned.sdl_sha,
        database=database(planned.environment),
        first=environment.live is None,
    )


def fail(environment: Environment, declared: Declared, *, code: str, reason: str) -> said.DeploymentFailed | None:
    """The deployment ended without success; what ran before still runs."""
    if not open_for(environment, declared.deployment):
        return None
    return said.DeploymentFailed(
        environment=declared.environment,
        deployment=declared.deployment,
        kind=declared.kind,
        service=declared.service,
        instance=declared.instance,
        project=declared.project,
        version=declared.version,
        code=code,
        reason=reason,
    )


def remove(environment: Environment, declared: Declared) -> said.EnvironmentRemoved | None:
    """Database and role are gone."""
    if environment.removed:
        return None
    return said.EnvironmentRemoved(
        environment=declared.environment,
        kind=declared.kind,
        service=declared.service,
        instance=declared.instance,
        project=declared.project,
    )
