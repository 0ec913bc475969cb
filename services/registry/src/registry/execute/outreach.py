"""The background work by which others hear of facts: messages to people, requests to webhooks, promises kept."""

from __future__ import annotations

from typing import Final

from common.outbound import Outbound, networks
from common.service import Runtime, StartFailed
from common.settings import Settings
from registry.execute import invitations
from registry.execute.deciding import World
from registry.execute.deliveries import Deliverer
from registry.execute.mail import Channel, LogChannel, Server, SmtpChannel
from registry.execute.notices import Herald
from registry.store.webhooks import DELIVERIES

TURN_SECONDS: Final = 1.0
FORGET_SECONDS: Final = 3600.0


async def prepare(runtime: Runtime, world: World) -> None:
    """Tables that are no read model, and the promises of invitations."""
    async with runtime.database.transaction() as connection:
        await connection.run_sync(DELIVERIES.create_all)
    runtime.every(TURN_SECONDS, "registry.honoured", lambda: invitations.sweep(world))


def begin(runtime: Runtime, world: World) -> None:
    """Tell people and webhooks from now on. Raises StartFailed when the settings do not say how."""
    herald = Herald(world, channel(runtime.settings), url=runtime.settings.public_url)
    outbound = Outbound(networks(runtime.settings.outbound_allow))
    deliverer = Deliverer(world, runtime.nats, outbound)
    runtime.every(TURN_SECONDS, "registry.notices", herald.turn)
    runtime.every(FORGET_SECONDS, "registry.forgotten", deliverer.forget)
    runtime.tasks.create_task(deliverer.run(), name="webhooks")


def channel(settings: Settings) -> Channel:
    """How people are reached: by SMTP if an operator named a server, else by the log of the process."""
    if settings.smtp_url is None:
        return LogChannel(development=settings.development)
    try:
        return SmtpChannel(Server.read(settings.smtp_url, settings.mail_from))
    except ValueError as error:
        raise StartFailed(str(error)) from None
