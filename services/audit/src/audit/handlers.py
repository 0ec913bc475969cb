"""What audit does of itself: sign every few seconds, raise the alarm once, check itself when an operator asks."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from audit.domain.leaves import STREAM
from audit.execute import history as execute
from audit.store import history as store
from common import rpc
from common.logs import observe
from common.reader import Reader
from common.service import Runtime

CHECKPOINT_SECONDS: Final = 5.0
ALARM_SECONDS: Final = 1.0


class Check(BaseModel):
    """An operator's wish to have the whole history derived again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stream: bool = False
    """Compare every byte copy with the stream as well."""


async def start(runtime: Runtime) -> None:
    """Lay out the heads, sign regularly, listen to operators."""
    async with runtime.database.transaction() as connection:
        await store.lay_out_heads(connection)
    writer = execute.scribe(runtime)
    history = runtime.runners[store.HISTORY_PROJECTION.name]
    told: set[str] = set()

    async def checkpoint() -> None:
        # One process signs: the one that applies. And nobody signs a history that is in doubt.
        if not history.leading or history.trouble is not None:
            return
        head = await execute.sign(writer)
        recorded = await execute.publish(writer, head) if head else None
        if head and recorded:
            observe("audit.checkpoint", size=head.size, root=head.root.hex(), position=recorded.position)

    async def watch() -> None:
        why = history.trouble
        if why is None or why in told:
            return
        observe("audit.tamper_found", outcome="stopped", level="error", index=history.position, why=why)
        await execute.alarm(writer, history.position, why)
        told.add(why)

    async def check(wish: Check) -> dict[str, Any]:
        good, fault = await execute.fsck(runtime.database, Reader(runtime.nats, STREAM, 0) if wish.stream else None)
        return {"records": good, "fault": dataclasses.asdict(fault) if fault else None}

    rpc.serve(runtime.broker, "ask.audit.check", Check, check, queue="audit")
    runtime.every(CHECKPOINT_SECONDS, "audit.checkpoint", checkpoint)
    runtime.every(ALARM_SECONDS, "audit.watch", watch)
