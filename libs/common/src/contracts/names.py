"""Ids and names that several services derive alike, so that none has to be looked up or agreed on.

An environment's endpoint is the 32 hex digits of its id; its database, role and password follow from the id too, so a
database's name is the proof of who owns it (DESIGN 2.12).
"""

from __future__ import annotations

import uuid
from typing import Final, Literal

from common.ids import derived

PLATFORM: Final = "_"
"""The organisation token of facts that belong to the platform itself."""

EnvironmentKind = Literal["private", "demo", "dev", "stage", "prod", "preview"]
SERVICE_ENVIRONMENTS: Final[tuple[EnvironmentKind, ...]] = ("private", "demo")
INSTANCE_ENVIRONMENTS: Final[tuple[EnvironmentKind, ...]] = ("dev", "stage", "prod")
PREVIEW: Final[EnvironmentKind] = "preview"
"""A clone of one of an instance's environments. It belongs to itself: the owner of its environment is the preview."""

LONG_NAMES: Final[dict[str, EnvironmentKind]] = {"development": "dev", "staging": "stage", "production": "prod"}


def environment_id(owner: str, kind: str) -> str:
    """The environment `kind` of a service (private, demo), an instance (dev, stage, prod) or a preview (preview)."""
    return derived("environment", owner, kind)


def endpoint(environment: str) -> str:
    """The path segment of an environment: 32 hex digits."""
    return environment.replace("-", "")


def environment_of_endpoint(segment: str) -> str | None:
    """The environment id an endpoint names, or None when it is not 32 lower-case hex digits."""
    if len(segment) != 32 or not set(segment) <= set("0123456789abcdef"):  # noqa: PLR2004 - a UUID has 32
        return None
    return str(uuid.UUID(segment))


def database(environment: str) -> str:
    """The database of an environment. Its role has the same name."""
    return f"env_{endpoint(environment)}"


def environment_kind(name: str) -> str:
    """The short name of an environment; long names are accepted, unknown ones returned as they are."""
    return LONG_NAMES.get(name.lower(), name.lower())
