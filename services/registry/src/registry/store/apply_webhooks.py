"""Facts about webhooks, as rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common import clock
from common.events import Event
from common.log import Recorded
from contracts import webhooks as said
from registry.store.tables_people import webhooks


async def webhook_added(connection: AsyncConnection, recorded: Recorded, event: said.WebhookAdded) -> None:
    at = clock.parse(recorded.envelope.time)
    row = {
        "id": event.webhook,
        "organisation": event.organisation,
        "project": event.project,
        "url": event.url,
        "types": list(event.types),
        "description": event.description,
        "number": 1,
        "old_until": None,
        "disabled": None,
        "after": recorded.position,
        "start": recorded.position,
        "started_at": at,
        "changed": recorded.position,
        "created_at": at,
        "updated_at": at,
    }
    await connection.execute(sa.insert(webhooks).values(row))


async def webhook_changed(connection: AsyncConnection, recorded: Recorded, event: said.WebhookChanged) -> None:
    values = {"url": event.url, "types": list(event.types), "description": event.description}
    await _set(connection, recorded, event.webhook, values)


async def secret_rotated(connection: AsyncConnection, recorded: Recorded, event: said.WebhookSecretRotated) -> None:
    values = {"number": event.number, "old_until": clock.parse(event.old_until)}
    await _set(connection, recorded, event.webhook, values)


async def webhook_replayed(connection: AsyncConnection, recorded: Recorded, event: said.WebhookReplayed) -> None:
    at = clock.parse(recorded.envelope.time)
    values = {"after": event.after, "start": recorded.position, "started_at": at}
    await _set(connection, recorded, event.webhook, values)


async def webhook_disabled(connection: AsyncConnection, recorded: Recorded, event: said.WebhookDisabled) -> None:
    await _set(connection, recorded, event.webhook, {"disabled": event.reason})


async def webhook_enabled(connection: AsyncConnection, recorded: Recorded, event: said.WebhookEnabled) -> None:
    await _set(connection, recorded, event.webhook, {"disabled": None})


async def webhook_removed(connection: AsyncConnection, _recorded: Recorded, event: said.WebhookRemoved) -> None:
    await connection.execute(sa.delete(webhooks).where(webhooks.c.id == event.webhook))


async def _set(connection: AsyncConnection, recorded: Recorded, id: str, values: dict[str, Any]) -> None:
    at = {"updated_at": clock.parse(recorded.envelope.time), "changed": recorded.position}
    await connection.execute(sa.update(webhooks).where(webhooks.c.id == id).values(**values, **at))


APPLY: Final[Mapping[type[Event], Callable[[AsyncConnection, Recorded, Any], Awaitable[None]]]] = {
    said.WebhookAdded: webhook_added,
    said.WebhookChanged: webhook_changed,
    said.WebhookSecretRotated: secret_rotated,
    said.WebhookReplayed: webhook_replayed,
    said.WebhookDisabled: webhook_disabled,
    said.WebhookEnabled: webhook_enabled,
    said.WebhookRemoved: webhook_removed,
}
