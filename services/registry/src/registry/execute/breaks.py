"""Asks who really calls what, and whether it stays valid: before a push is shown, and before callers would notice.

An environment is asked about only if the version it runs and the new one differ in a way that a call could notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from common import rpc
from common.errors import SERVICE_UNAVAILABLE, Refused
from common.logs import observe
from contracts import model
from contracts.documents import BREAKS, USES, AskedBreaks, AskedUses, ToldBreaks, ToldUses
from contracts.model import Model
from registry.domain import breaks, diff
from registry.domain.breaks import Breaks
from registry.execute.deciding import World
from registry.store import services as stored
from registry.store.rows import Row

USES_SECONDS: Final = 3.0
"""Billing waits up to two for calls that were just made."""
BREAKS_SECONDS: Final = 4.5
"""The gateway looks for three."""


async def of_service(world: World, service: str, model_sha: str) -> Breaks:
    """What callers of all environments of a service and its instances would meet if the model ran there."""
    async with world.database.reading() as connection:
        rows = await stored.running_of(connection, service)
    return await _breaks(world, service, rows, model_sha, everywhere=True)


async def of_environment(world: World, service: str, environment: str, model_sha: str) -> Breaks:
    """What callers of one environment would meet if the model ran there."""
    async with world.database.reading() as connection:
        row = await stored.environment(connection, environment)
    rows = [row] if row is not None and row["running_model_sha"] else []
    return await _breaks(world, service, rows, model_sha, everywhere=False)


async def accepted(world: World, service: str, here: Row, version: str, model_sha: str, *, force: bool) -> None:
    """Refuses BREAKS_CALLERS, or NOTHING_DONE when nobody can say; nothing with `force`."""
    if force:
        return
    seen = await of_environment(world, service, here["id"], model_sha)
    if not seen.checked:
        raise breaks.unsaid()
    if seen.certain:
        raise breaks.breaking(here["kind"], version, seen)


async def _breaks(world: World, service: str, rows: Sequence[Row], model_sha: str, *, everywhere: bool) -> Breaks:
    running = {row["id"]: row["running_model_sha"] for row in rows}
    noticing = await _noticing(world, set(running.values()), model_sha)
    running = {environment: sha for environment, sha in running.items() if sha in noticing}
    if not running:
        return Breaks()
    try:
        asked = AskedUses(service=service, environments=() if everywhere else tuple(running))
        uses = await rpc.request(world.broker, USES, asked, ToldUses, USES_SECONDS)
        return await _judged(world, service, uses, running, model_sha)
    except Refused as refusal:
        if refusal.code != SERVICE_UNAVAILABLE:
            raise
        observe("registry.breaks", outcome="unknown", level="warning", service=service, problem=refusal.message)
        return breaks.UNKNOWN


async def _judged(world: World, service: str, uses: ToldUses, running: Mapping[str, str], model_sha: str) -> Breaks:
    sent = breaks.sent(uses, running)
    if not sent:
        return breaks.found(uses, running, sent, ToldBreaks())
    question = AskedBreaks(service=service, model=model_sha, sent=sent)
    told = await rpc.request(world.broker, BREAKS, question, ToldBreaks, BREAKS_SECONDS)
    return breaks.found(uses, running, sent, told)


async def _noticing(world: World, befores: Iterable[str], after: str) -> set[str]:
    """The models whose callers could notice the other one."""
    others = sorted(sha for sha in befores if sha != after)
    if not others:
        return set()
    new = await _model(world, after)
    return {sha for sha in others if any(_grave(await _model(world, sha), new))}


def _grave(before: Model, after: Model) -> Iterable[bool]:
    return (change.criticality != diff.SAFE for change in diff.changes(before, after))


async def _model(world: World, sha: str) -> Model:
    return model.decode(await world.blobs.get(sha))
