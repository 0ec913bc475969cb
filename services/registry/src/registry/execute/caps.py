"""Commands about caps, and the question to the gateway how much of them is used."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Final

from pydantic import BaseModel

from common import rpc
from common.errors import SERVICE_UNAVAILABLE, Refused
from common.log import Cause, Recorded
from contracts import quotas
from contracts.quotas import Quota
from registry.domain import caps
from registry.domain.caps import Changed, Place
from registry.execute.deciding import CAPS, World, decide

USAGE: Final = "ask.gateway.usage"
USAGE_SECONDS: Final = 5.0


class AskedUsage(BaseModel):
    """The question to the gateway: what an environment uses."""

    environment: str
    position: int


class ToldUsage(BaseModel):
    """The answer; without meaning where nothing is deployed (`live`)."""

    live: bool = False
    counted: bool = False
    calls: int = 0
    limited: int = 0
    called_at_ms: int | None = None
    asleep: bool = False
    database_bytes: int | None = None


@cache
def table() -> Mapping[str, Quota]:
    """What environments may have, by kind. Raises ValueError that names a wrong variable."""
    return quotas.configured(os.environ)


async def cap(world: World, place: Place, changed: Changed, *, cause: Cause) -> Recorded | None:
    quota = quotas.of_kind(table(), place.kind)
    return await decide(
        world,
        CAPS,
        place.organisation,
        place.environment,
        cause=cause,
        verb=lambda known: caps.cap(known, place, changed, quota),
    )


async def grant(world: World, place: Place, changed: Changed, *, cause: Cause) -> Recorded | None:
    return await decide(
        world,
        CAPS,
        place.organisation,
        place.environment,
        cause=cause,
        verb=lambda known: caps.grant(known, place, changed),
    )


async def usage(world: World, environment: str) -> ToldUsage | None:
    """What an environment uses; None when nobody can tell."""
    question = AskedUsage(environment=environment, position=world.runner.position)
    try:
        return await rpc.request(world.broker, USAGE, question, ToldUsage, USAGE_SECONDS)
    except Refused as refused:
        if refused.code != SERVICE_UNAVAILABLE:
            raise
        return None
