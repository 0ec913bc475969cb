"""The last deployment of an environment, taken back; and what that would do."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from ariadne import MutationType, QueryType

from common.errors import FORBIDDEN, Refused, bad_input
from contracts import registry as said
from registry.api.context import Call, root
from registry.api.instances import environment_row
from registry.api.nodes import Node, environment
from registry.api.rolling import request_node
from registry.domain import undoing
from registry.domain.approvals import GUARDED
from registry.execute import undoing as act
from registry.execute.judged import misfits
from registry.store import services as stored
from registry.store.rows import Row

ENTRIES_MAX: Final = 10_000

query = QueryType()
mutation = MutationType()


@query.field("previewUndo")
@root
async def preview_undo(call: Call, *, limit: int, **named: str) -> Node:
    """For developers of the service (private, demo) or editors of the project; values of prod for its admins."""
    if not 0 <= limit <= ENTRIES_MAX:
        raise bad_input(f"limit is {limit}.", f"Use 0 to {ENTRIES_MAX}.", field="limit")
    row = await environment_row(call, named["environment"], "editor")
    seen = await act.foresee(call.world, row, limit=limit)
    told = seen.told
    return {
        "environment": row["kind"],
        "from": told.version,
        "to": told.to,
        "version": seen.version,
        "needsApproval": seen.needs_approval,
        "changes": [change.model_dump() for change in seen.changes],
        "returns": [each.model_dump() for each in told.returns],
        "misfits": [asdict(each) for each in undoing.shown(misfits(told), values=await _reads(call, row))],
        "token": told.listed,
        "steps": [step.model_dump() for step in told.steps],
    }


@mutation.field("undoDeployment")
@root
async def undo_deployment(call: Call, *, token: str | None = None, force: bool | None = False, **named: str) -> Node:
    """For developers of the service (private, demo) or editors of the project."""
    row, cause = await environment_row(call, named["environment"], "editor"), await call.cause()
    done = await act.done_before(call.world, row, cause)
    if done is None:
        done = await act.undo(call.world, row, token=token, force=bool(force), who=call.caller.id, cause=cause)
    await call.wrote(done)
    now = await environment_row(call, row["id"], "editor")
    asked = None
    if done is not None and done.envelope.type == said.PromotionRequested.TYPE:
        async with call.world.database.reading() as connection:
            found = await stored.request(connection, done.envelope.data["request"])
        asked = None if found is None else request_node(found)
    return {"environment": environment(now), "version": now["version"], "request": asked}


async def _reads(call: Call, row: Row) -> bool:
    """Whether the caller may read the environment's data: of prod its admins alone may, as in an export."""
    if row["kind"] != GUARDED:
        return True
    try:
        await environment_row(call, row["id"], "admin")
    except Refused as refused:
        if refused.code != FORBIDDEN:
            raise
        return False
    return True
