"""What the provisioner says: what exists and what runs (aggregate `environment`, one per environment)."""

from __future__ import annotations

from typing import ClassVar

from common.events import Event


class MigrationPlanned(Event):
    """How an environment gets from the Model it runs to the declared one, decided before anything is touched."""

    TYPE: ClassVar[str] = "mortise.provisioner.environment.migration_planned.v1"
    environment: str
    deployment: str
    """Id of the event that declared the version."""
    kind: str
    service: str
    instance: str | None = None
    project: str | None = None
    from_version: str | None = None
    from_model_sha: str | None = None
    version: str
    model_sha: str
    sdl_sha: str
    plan_sha: str
    """The plan's document in BLOBS."""
    steps: int
    destructive: bool
    undoes: str | None = None
    """The deployment that is taken back: id of the event that declared it."""
    kept: int = 0
    """Things that the plan puts into the trash."""


class EnvironmentReady(Event):
    """The environment serves this version. Carries all the gateway needs to route to it."""

    TYPE: ClassVar[str] = "mortise.provisioner.environment.ready.v1"
    environment: str
    deployment: str
    kind: str
    service: str
    instance: str | None = None
    project: str | None = None
    version: str
    model_sha: str
    sdl_sha: str
    database: str
    first: bool
    """True at the environment's first deployment: from now on it is live."""


class DeploymentFailed(Event):
    """A deployment did not succeed; what ran before still runs."""

    TYPE: ClassVar[str] = "mortise.provisioner.environment.deployment_failed.v1"
    environment: str
    deployment: str
    kind: str
    service: str
    instance: str | None = None
    project: str | None = None
    version: str
    code: str
    reason: str


class EnvironmentRemoved(Event):
    """Database and role are gone."""

    TYPE: ClassVar[str] = "mortise.provisioner.environment.removed.v1"
    environment: str
    kind: str
    service: str
    instance: str | None = None
    project: str | None = None


class TrashRestored(Event):
    """Something from the trash is part of what runs again (aggregate: trash, id = the environment's)."""

    TYPE: ClassVar[str] = "mortise.provisioner.trash.restored.v1"
    environment: str
    item: str
    """Name of the thing in the trash."""
    path: str
    """`Type` or `Type.field`, as it was called when it was removed."""
    restored: int
    """Rows or values."""
    left: int
    """Those that do not fit; they stay in the trash."""


class TrashEmptied(Event):
    """What a deployment removed was kept for its time and is gone (aggregate: trash, id = the environment's)."""

    TYPE: ClassVar[str] = "mortise.provisioner.trash.emptied.v1"
    environment: str
    deployment: str
    """Id of the event that declared the version."""
    items: tuple[str, ...]
    """Names of the things in the trash that were dropped."""
