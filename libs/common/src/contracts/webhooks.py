"""What the registry says about webhooks: who is told of which facts, and when telling was given up."""

from __future__ import annotations

from typing import ClassVar, Literal

from common.events import Event


class WebhookAdded(Event):
    """Facts behind this one are told to an address, as far as they match (aggregate: webhook)."""

    TYPE: ClassVar[str] = "mortise.registry.webhook.added.v1"
    webhook: str
    organisation: str
    project: str | None = None
    """Only facts whose data names this project; None = all of the organisation."""
    url: str
    types: tuple[str, ...]
    """Event types; `*` stands for any characters."""
    description: str | None = None


class WebhookChanged(Event):
    """Address, types or description are others; the event carries the whole new state."""

    TYPE: ClassVar[str] = "mortise.registry.webhook.changed.v1"
    webhook: str
    organisation: str
    url: str
    types: tuple[str, ...]
    description: str | None = None


class WebhookSecretRotated(Event):
    """The signing secret has another number; the one before signs as well until `old_until`."""

    TYPE: ClassVar[str] = "mortise.registry.webhook.secret_rotated.v1"
    webhook: str
    organisation: str
    number: int
    """The secret follows from the webhook and this number; the first was 1."""
    old_until: str


class WebhookReplayed(Event):
    """Facts behind a position of the log are told again, in order."""

    TYPE: ClassVar[str] = "mortise.registry.webhook.replayed.v1"
    webhook: str
    organisation: str
    after: int


class WebhookDisabled(Event):
    """Nothing is told any more; where it stopped is kept."""

    TYPE: ClassVar[str] = "mortise.registry.webhook.disabled.v1"
    webhook: str
    organisation: str
    reason: Literal["requested", "failing", "gone"]
    """`failing`: the same fact was refused for three days; `gone`: the receiver answered 410."""
    position: int | None = None
    """Of the fact that could not be told."""


class WebhookEnabled(Event):
    """Telling goes on where it stopped."""

    TYPE: ClassVar[str] = "mortise.registry.webhook.enabled.v1"
    webhook: str
    organisation: str


class WebhookRemoved(Event):
    """The webhook is gone."""

    TYPE: ClassVar[str] = "mortise.registry.webhook.removed.v1"
    webhook: str
    organisation: str
