"""Commands about previews: clone an environment, lengthen its lease, delete it; and the end of leases (DESIGN 2.13)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from common import clock
from common.claims import Claim
from common.errors import Refused
from common.events import Actor
from common.ids import derived
from common.log import Cause, Recorded
from contracts import masks as masking
from contracts import model
from contracts.masks import Mask
from contracts.names import environment_id
from registry.domain import previews
from registry.domain.instances import Instance, Target
from registry.domain.services import Version
from registry.execute import pushes
from registry.execute.deciding import INSTANCE, World, caught_up, decide
from registry.store import previews as stored
from registry.store.rows import Row

LEASES: Final = Actor(type="system", id="registry", via="leases")
SLOT_TRIES: Final = previews.PROJECT_MAX
"""How often another place is tried when somebody else was faster."""


@dataclass(frozen=True)
class Wanted:
    """A clone that somebody asks for."""

    name: str
    source: Target
    masks: tuple[Mask, ...]
    minutes: int | None
    """Of its lease."""


def named(cause: Cause) -> str:
    """The id of the preview that a command makes."""
    return derived("preview", cause.causation_id)


async def create(world: World, row: Row, wanted: Wanted, *, what: str, cause: Cause) -> Recorded | None:
    """Declare a clone of what runs in the source; its id is `named`. `what` is the service's slug.

    Refuses NOT_DEPLOYED, masks that do not fit the version that runs there, NAME_TAKEN, TOO_MANY.
    """
    expires_at = previews.lease(wanted.minutes, clock.now())
    try:
        there = await pushes.running(world, environment_id(row["id"], wanted.source), wanted.source, what=what)
    except Refused as refused:
        refused.field = "source" if refused.field else None
        raise
    version = Version(there["running_version"], there["running_sdl_sha"], there["running_model_sha"])
    masking.checked(model.decode(await world.blobs.get(version.model_sha)), wanted.masks)

    async def once() -> Recorded | None:
        await caught_up(world)
        async with world.database.reading() as connection:
            taken = await stored.slots(connection, row["project"])
        return await decide(
            world,
            INSTANCE,
            row["organisation"],
            row["id"],
            cause=cause,
            verb=lambda known: previews.create(
                known,
                id=named(cause),
                name=wanted.name,
                source=wanted.source,
                masks=wanted.masks,
                slot=previews.free_slot(taken, known),
                version=version,
                expires_at=expires_at,
            ),
            claims=lambda known: (previews.slot_claim(row["project"], named(cause), previews.free_slot(taken, known)),),
        )

    for _ in range(SLOT_TRIES):
        try:
            return await once()
        except Refused as refused:
            # Somebody else took this place after we looked.
            if refused.reason != "CONFLICT":
                raise
    return await once()


async def extend(world: World, row: Row, preview: Row, *, minutes: int | None, cause: Cause) -> Recorded | None:
    """The lease ends so many minutes from now."""
    now = clock.now()
    expires_at = previews.lease(minutes, now)
    return await decide(
        world,
        INSTANCE,
        row["organisation"],
        row["id"],
        cause=cause,
        verb=lambda known: previews.extend(known, id=preview["id"], now=clock.text(now), expires_at=expires_at),
    )


async def delete(world: World, row: Row, preview: Row, *, cause: Cause) -> Recorded | None:
    """The preview goes, with its data."""
    return await decide(
        world,
        INSTANCE,
        row["organisation"],
        row["id"],
        cause=cause,
        verb=lambda known: previews.delete(known, id=preview["id"]),
        releases=lambda known: _slot(known, preview["id"]),
    )


async def sweep(world: World) -> None:
    """End leases whose time has come. Every replica may do this: the log accepts one end of each."""
    now = clock.now()
    async with world.database.reading() as connection:
        due = await stored.due(connection, now)
    for preview in due:
        command = derived("registry", "lease", preview["id"], clock.text(preview["expires_at"]))
        await _lapse(world, preview, now=clock.text(now), cause=Cause(LEASES, command, command))


async def _lapse(world: World, preview: Row, *, now: str, cause: Cause) -> None:
    await decide(
        world,
        INSTANCE,
        preview["organisation"],
        preview["instance"],
        cause=cause,
        verb=lambda known: previews.lapse(known, id=preview["id"], now=now),
        releases=lambda known: _slot(known, preview["id"]),
    )


def _slot(instance: Instance | None, preview: str) -> tuple[Claim, ...]:
    held = f"preview.{preview}"
    return tuple(each for each in previews.slot_claims(instance) if each.owner == held)
