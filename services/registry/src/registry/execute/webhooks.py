"""Commands about webhooks."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from common import clock
from common.commands import earlier
from common.ids import derived
from common.log import Cause, Recorded
from common.outbound import permitted
from common.sealing import purpose_key
from contracts import webhooks as said
from registry.domain import deliveries, webhooks
from registry.execute.deciding import Aggregate, World, decide
from registry.execute.people import Secret
from registry.store import webhooks as stored
from registry.store.rows import Row

WEBHOOK: Final[Aggregate[webhooks.Webhook]] = Aggregate(
    "webhook",
    {
        each.TYPE: each
        for each in (
            said.WebhookAdded,
            said.WebhookChanged,
            said.WebhookSecretRotated,
            said.WebhookReplayed,
            said.WebhookDisabled,
            said.WebhookEnabled,
            said.WebhookRemoved,
        )
    },
    webhooks.fold,
)
PURPOSE: Final = "webhook"


def signing_key(world: World) -> bytes:
    """From which the secrets of all webhooks follow: there is nothing to store."""
    return purpose_key(world.secret_key, PURPOSE)


async def add(world: World, organisation: str, *, project: str | None, given: dict[str, Any], cause: Cause) -> Secret:
    """A new webhook and its secret; a repeat of the command shows none. Refuses CONFLICT past `webhooks.MAX`."""
    new = derived("webhook", cause.causation_id)
    reachable(world, given["url"])
    repeated = await _done(world, organisation, new, cause)
    if not repeated:
        async with world.database.reading() as connection:
            webhooks.room(len(await stored.of_organisation(connection, organisation)))
    recorded = await decide(
        world,
        WEBHOOK,
        organisation,
        new,
        cause=cause,
        verb=lambda webhook: webhooks.add(
            webhook,
            id=new,
            organisation=organisation,
            project=project,
            url=given["url"],
            types=given["types"],
            description=given.get("description"),
        ),
    )
    assert recorded is not None, "an addition always says something"
    return Secret(recorded, new, None if repeated else deliveries.secret(signing_key(world), new, 1))


def reachable(world: World, url: str) -> None:
    """Refuse an address that is written out and closed; names are looked up when it matters, before each request."""
    host = urlsplit(webhooks.address(url)).hostname or ""
    with contextlib.suppress(ValueError):
        if not permitted(ip_address(host), world.outbound_open):
            raise webhooks.bad_url("The address lies in a private network.")


async def change(
    world: World, row: Row, *, url: str | None, types: Sequence[str] | None, description: str | None, cause: Cause
) -> Recorded | None:
    if url is not None:
        reachable(world, url)
    return await decide(
        world,
        WEBHOOK,
        row["organisation"],
        row["id"],
        cause=cause,
        verb=lambda webhook: webhooks.change(webhook, url=url, types=types, description=description),
    )


async def rotate(world: World, row: Row, *, cause: Cause) -> Secret:
    """Another secret; the present one signs as well for a day. A repeat of the command shows none."""
    repeated = await _done(world, row["organisation"], row["id"], cause)
    until = clock.text(clock.now() + deliveries.OLD_SECRET_LIFE)
    recorded = await decide(
        world,
        WEBHOOK,
        row["organisation"],
        row["id"],
        cause=cause,
        verb=lambda webhook: webhooks.rotate(webhook, old_until=until),
    )
    assert recorded is not None, "a rotation always says something"
    number = int(recorded.envelope.data["number"])
    return Secret(recorded, row["id"], None if repeated else deliveries.secret(signing_key(world), row["id"], number))


async def replay(world: World, row: Row, *, after: int, cause: Cause) -> Recorded | None:
    last = await world.log.last_position()
    return await decide(
        world,
        WEBHOOK,
        row["organisation"],
        row["id"],
        cause=cause,
        verb=lambda webhook: webhooks.replay(webhook, after=after, last=last),
    )


async def switch(world: World, row: Row, *, on: bool, cause: Cause) -> Recorded | None:
    verb = webhooks.enable if on else webhooks.disable
    return await decide(world, WEBHOOK, row["organisation"], row["id"], cause=cause, verb=verb)


async def remove(world: World, row: Row, *, cause: Cause) -> Recorded | None:
    return await decide(world, WEBHOOK, row["organisation"], row["id"], cause=cause, verb=webhooks.remove)


async def give_up(world: World, organisation: str, id: str, *, gone: bool, position: int, cause: Cause) -> None:
    """Stop telling, because the receiver does not take it."""
    await decide(
        world,
        WEBHOOK,
        organisation,
        id,
        cause=cause,
        verb=lambda webhook: webhooks.give_up(webhook, gone=gone, position=position),
    )


async def _done(world: World, organisation: str, id: str, cause: Cause) -> bool:
    """Whether this very command was carried out before."""
    return earlier(await world.log.load(WEBHOOK.subject(organisation, id)), cause) is not None
