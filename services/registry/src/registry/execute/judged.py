"""What the provisioner says an undo would do, and whether somebody has accepted it."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel

from common import rpc
from common.errors import BAD_USER_INPUT, SERVICE_UNAVAILABLE, Refused
from registry.domain import undoing
from registry.domain.undoing import Entry, Misfit, Undoing
from registry.execute.deciding import World
from registry.execute.pushes import ToldStep

UNDO: Final = "ask.provisioner.undo"
UNDO_SECONDS: Final = 7.0
"""Judging may take five (the provisioner stops then); the caller is answered within ten."""


class AskedUndo(BaseModel):
    """The question what an undo of the last deployment would do; `limit` entries of each place."""

    environment: str
    limit: int = 0


class ToldReturn(BaseModel):
    """Something that comes back from the trash."""

    path: str
    rows: int


class ToldEntry(BaseModel):
    """One thing that does not fit."""

    id: str
    other: str | None = None
    value: str | None = None


class ToldMisfit(BaseModel):
    """What does not fit at one place."""

    path: str
    what: str
    because: str
    rows: int
    entries: list[ToldEntry] = []


class ToldUndo(BaseModel):
    """The answer. `listed` names the list of what does not fit."""

    undoes: str
    version: str
    to: str
    model_sha: str
    listed: str
    returns: list[ToldReturn] = []
    misfits: list[ToldMisfit] = []
    steps: list[ToldStep] = []


async def judged(world: World, environment: str, *, limit: int = 0) -> ToldUndo:
    """Judged now. Refuses NOTHING_TO_UNDO, and SERVICE_UNAVAILABLE when nobody can say it."""
    try:
        question = AskedUndo(environment=environment, limit=limit)
        return await rpc.request(world.broker, UNDO, question, ToldUndo, UNDO_SECONDS)
    except Refused as refusal:
        if refusal.reason not in {"NO_RESPONDER", "TIMEOUT"}:
            raise
        message = "The provisioner cannot say at the moment what does not fit; nothing was changed."
        raise Refused(SERVICE_UNAVAILABLE, message, "Try again in a moment.", reason="NOTHING_DONE") from refusal


def misfits(told: ToldUndo) -> list[Misfit]:
    """What does not fit."""
    return [
        Misfit(
            each.path,
            each.what,
            each.because,
            each.rows,
            tuple(Entry(one.id, one.other, one.value) for one in each.entries),
        )
        for each in told.misfits
    ]


async def acceptable(world: World, environment: str, kind: str, undone: Undoing) -> None:
    """Ask again before an undo that was asked for is approved. Refuses NOT_LAST and LIST_CHANGED."""
    told = await judged(world, environment)
    if told.undoes != undone.deployment:
        raise Refused(
            BAD_USER_INPUT,
            f"What was to be undone is no longer the last deployment of {kind}.",
            "Refuse the request, and look at what would be undone now.",
            reason="NOT_LAST",
        )
    undoing.accepted(kind, misfits(told), token=undone.listed, listed=told.listed, force=undone.forced)
