"""What the registry says about previews: clones of an instance's environments under a lease (aggregate `instance`)."""

from __future__ import annotations

from typing import ClassVar, Literal

from common.events import Event
from contracts.masks import Mask


class PreviewCreated(Event):
    """A clone of one of the instance's environments is to be there until its lease ends (aggregate: instance)."""

    TYPE: ClassVar[str] = "mortise.registry.instance.preview_created.v1"
    instance: str
    organisation: str
    project: str
    service: str
    preview: str
    environment: str
    """Id of the clone's environment."""
    name: str
    """Unique in the instance as long as the preview is there."""
    source: Literal["dev", "stage", "prod"]
    masks: tuple[Mask, ...]
    slot: int
    """Which of the project's places for previews it holds, from 1."""
    version: str
    """What ran in the source; the clone gets what runs there when it is made."""
    sdl_sha: str
    model_sha: str
    expires_at: str


class PreviewExtended(Event):
    """The lease of a preview ends at another time."""

    TYPE: ClassVar[str] = "mortise.registry.instance.preview_extended.v1"
    instance: str
    organisation: str
    project: str
    service: str
    preview: str
    expires_at: str


class PreviewDeleted(Event):
    """The clone is to go: somebody wanted it, or its lease has ended."""

    TYPE: ClassVar[str] = "mortise.registry.instance.preview_deleted.v1"
    instance: str
    organisation: str
    project: str
    service: str
    preview: str
    environment: str
    reason: Literal["deleted", "lease_ended"]
