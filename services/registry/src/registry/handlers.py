"""What the registry does on its own: makes the first operator, and clears up what two commands at once left behind."""

from __future__ import annotations

import os
from typing import Final

from common import variables
from common.events import Actor
from common.ids import derived
from common.log import Cause
from common.service import Runtime, StartFailed
from registry.execute import caps, instances, operator, outreach, previews
from registry.execute.deciding import World, world
from registry.store import services
from registry.store.guesses import GUESSES

SWEEP_SECONDS: Final = 1.0


async def start(runtime: Runtime) -> None:
    """All that the registry does on its own."""
    here = await quiet(runtime)
    outreach.begin(runtime, here)


async def quiet(runtime: Runtime) -> World:
    """Tables that are no read model, the operator, and the sweeps; nobody outside is told anything.

    Raises StartFailed for a quota that cannot be read.
    """
    try:
        caps.table()
    except ValueError as problem:
        raise StartFailed(str(problem)) from None
    async with runtime.database.transaction() as connection:
        await connection.run_sync(GUESSES.create_all)
    here = world(runtime)
    await operator.ensure(here, variables.read(os.environ))
    runtime.every(SWEEP_SECONDS, "registry.swept", lambda: sweep(here))
    runtime.every(SWEEP_SECONDS, "registry.leases", lambda: previews.sweep(here))
    await outreach.prepare(runtime, here)
    return here


async def sweep(world: World) -> None:
    """Remove instances whose project or service was removed in the moment in which they were added.

    Both commands looked and saw nothing of the other. Every replica may do this: the log accepts one removal.
    """
    async with world.database.reading() as connection:
        rows = await services.left_behind(connection)
    for row in rows:
        command = derived("registry", "sweep", row["id"])
        cause = Cause(Actor(type="system", id="registry", via="sweep"), command, command)
        await instances.remove(world, row, cause=cause)
