"""Webhooks: who is told of which facts, at which address, signed with which secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from ipaddress import ip_address
from typing import Any, ClassVar, Final, assert_never
from urllib.parse import urlsplit

from common.errors import bad_input, conflict, not_found
from contracts import webhooks as said
from registry.domain import wording

URL_CHARS_MAX: Final = 2048
TYPES_MAX: Final = 50
MAX: Final = 20
"""Of one organisation."""
PATTERN: Final = re.compile(r"[a-z0-9_.*]{1,200}")
LEAST_FREE_PORT: Final = 1024
PORTS: Final = frozenset({80, 443})
PORT_MAX: Final = 65535

WebhookEvent = (
    said.WebhookAdded
    | said.WebhookChanged
    | said.WebhookSecretRotated
    | said.WebhookReplayed
    | said.WebhookDisabled
    | said.WebhookEnabled
    | said.WebhookRemoved
)


@dataclass(frozen=True)
class Webhook:
    """One subscription. `number` counts its secrets; `old_until` is when the one before stops to sign."""

    AUDITED: ClassVar = ("url", "types", "description", "number", "disabled", "removed")
    id: str
    organisation: str
    project: str | None
    url: str
    types: tuple[str, ...]
    description: str | None
    number: int = 1
    old_until: str | None = None
    disabled: str | None = None
    """Why; None while it is told."""
    removed: bool = False


def fold(history: Iterable[WebhookEvent]) -> Webhook | None:
    """The webhook that its facts make."""
    return reduce(evolve, history, None)


def evolve(webhook: Webhook | None, event: WebhookEvent) -> Webhook:
    """The webhook after one more fact."""
    if isinstance(event, said.WebhookAdded):
        return Webhook(event.webhook, event.organisation, event.project, event.url, event.types, event.description)
    assert webhook is not None, "a webhook is added before anything else happens to it"
    match event:
        case said.WebhookChanged():
            return replace(webhook, url=event.url, types=event.types, description=event.description)
        case said.WebhookSecretRotated():
            return replace(webhook, number=event.number, old_until=event.old_until)
        case said.WebhookReplayed():
            return webhook
        case said.WebhookDisabled():
            return replace(webhook, disabled=event.reason)
        case said.WebhookEnabled():
            return replace(webhook, disabled=None)
        case said.WebhookRemoved():
            return replace(webhook, removed=True)
        case _:
            assert_never(event)


def add(  # noqa: PLR0913 - what a webhook is made of
    webhook: Webhook | None,
    *,
    id: str,
    organisation: str,
    project: str | None,
    url: str,
    types: Sequence[str],
    description: str | None,
) -> said.WebhookAdded:
    """A new webhook. Refuses what is no address or no pattern of types."""
    assert webhook is None, "ids of new webhooks are fresh"
    return said.WebhookAdded(
        webhook=id,
        organisation=organisation,
        project=project,
        url=address(url),
        types=patterns(types),
        description=wording.description(description),
    )


def change(
    webhook: Webhook | None, *, url: str | None, types: Sequence[str] | None, description: str | None
) -> said.WebhookChanged | None:
    """Another address, other types, another description; None leaves each as it is."""
    known = existing(webhook)
    after = replace(
        known,
        url=known.url if url is None else address(url),
        types=known.types if types is None else patterns(types),
        description=known.description if description is None else wording.description(description),
    )
    if after == known:
        return None
    return said.WebhookChanged(
        webhook=known.id,
        organisation=known.organisation,
        url=after.url,
        types=after.types,
        description=after.description,
    )


def rotate(webhook: Webhook | None, *, old_until: str) -> said.WebhookSecretRotated:
    """Another secret; the present one signs as well until `old_until`."""
    known = existing(webhook)
    return said.WebhookSecretRotated(
        webhook=known.id, organisation=known.organisation, number=known.number + 1, old_until=old_until
    )


def replay(webhook: Webhook | None, *, after: int, last: int) -> said.WebhookReplayed:
    """Tell again what lies behind a position. Refuses positions that the log does not have."""
    known = existing(webhook)
    if not 0 <= after <= last:
        raise bad_input(f"The log has no position {after}.", f"Use 0 to {last}.", reason="NO_POSITION", field="after")
    return said.WebhookReplayed(webhook=known.id, organisation=known.organisation, after=after)


def disable(webhook: Webhook | None) -> said.WebhookDisabled | None:
    """Tell nothing more, because somebody says so."""
    known = existing(webhook)
    if known.disabled:
        return None
    return said.WebhookDisabled(webhook=known.id, organisation=known.organisation, reason="requested")


def give_up(webhook: Webhook | None, *, gone: bool, position: int) -> said.WebhookDisabled | None:
    """Tell nothing more, because the receiver does not take it; None when it is no longer told anyhow."""
    if webhook is None or webhook.removed or webhook.disabled:
        return None
    return said.WebhookDisabled(
        webhook=webhook.id,
        organisation=webhook.organisation,
        reason="gone" if gone else "failing",
        position=position,
    )


def enable(webhook: Webhook | None) -> said.WebhookEnabled | None:
    """Go on where it stopped."""
    known = existing(webhook)
    return said.WebhookEnabled(webhook=known.id, organisation=known.organisation) if known.disabled else None


def remove(webhook: Webhook | None) -> said.WebhookRemoved:
    """The webhook goes."""
    known = existing(webhook)
    return said.WebhookRemoved(webhook=known.id, organisation=known.organisation)


def room(webhooks_now: int) -> None:
    """Refuses CONFLICT when the organisation has as many webhooks as it may have."""
    if webhooks_now >= MAX:
        raise conflict(f"The organisation has {webhooks_now} webhooks.", "Remove one you no longer need.")


def existing(webhook: Webhook | None) -> Webhook:
    """The webhook, which must be there."""
    if webhook is None or webhook.removed:
        raise not_found("Webhook", webhook.id if webhook else "")
    return webhook


def address(text: str) -> str:
    """An address to post to. Whether it may be reached is found out when it is (DESIGN 8)."""
    shown = wording.shortened(text)
    if len(text) > URL_CHARS_MAX or any(char.isspace() or not char.isprintable() for char in text):
        raise bad_url(f"{shown!r} is not an address.")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise bad_url(f"{shown!r} is not an address.") from None
    if parts.scheme not in {"http", "https"} or not host or not text.isascii():
        raise bad_url(f"{shown!r} is not an address.")
    if parts.username is not None or parts.password is not None:
        raise bad_url("The address carries a user or a password.")
    if parts.fragment:
        raise bad_url(f"{shown!r} has a fragment, which no receiver sees.")
    if port is not None and port not in PORTS and not LEAST_FREE_PORT <= port <= PORT_MAX:
        raise bad_url(f"Port {port} is not for webhooks.")
    if _odd_number(host):
        raise bad_url(f"{wording.shortened(host)!r} is a number written in an odd way.")
    return text


def bad_url(message: str) -> Exception:
    """The refusal of an address."""
    hint = "Use https://, a host, and a port of 80, 443 or above 1023."
    return bad_input(message, hint, reason="INVALID_URL", field="url")


def patterns(types: Sequence[str]) -> tuple[str, ...]:
    """Patterns of event types, each once. Refuses none at all, and what no type can look like."""
    kept = tuple(dict.fromkeys(types))
    if not kept or len(kept) > TYPES_MAX:
        raise bad_input(
            f"{len(kept)} event types were given.", f"Name 1 to {TYPES_MAX}; '*' is all.", reason="TYPES", field="types"
        )
    for pattern in kept:
        if not PATTERN.fullmatch(pattern):
            raise bad_input(
                f"{wording.shortened(pattern)!r} is no event type.",
                "Use one such as 'mortise.registry.version.*'; '*' stands for any characters.",
                reason="INVALID_TYPE",
                field="types",
            )
    return kept


def concerns(project: str | None, data: dict[str, Any]) -> bool:
    """Whether a fact is for a webhook of that project: its data names it. Without a project every fact is."""
    return project is None or data.get("project") == project


def _odd_number(host: str) -> bool:
    """Whether a resolver might read the host as an address although it is not written as one: 127.1, 0x7f000001."""
    try:
        ip_address(host)
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2].lower()
        return last.isdecimal() or last.startswith("0x")
    return False
