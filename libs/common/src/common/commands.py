"""Decide and append exactly once: the one way a command becomes a fact.

The receipt of a command is the fact itself: `causationid` in the aggregate's own history. A caller that creates an
aggregate therefore derives the aggregate's id from the command id (`ids.derived`), so that the repeat of a create looks
into the same history; then no second table of receipts can ever disagree with the log (C03).
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from weakref import WeakValueDictionary

from common.claims import Claim, NameClaimed, NameReleased
from common.errors import conflict
from common.events import Change, Event
from common.log import BatchUse, Cause, Conflict, Entry, History, Log, Recorded, Subject

ATTEMPTS: Final = 6
"""The first and five more."""
PLATFORM: Final = "_"

Claims = Sequence[Claim] | Callable[[History], Sequence[Claim]]
Changes = Mapping[str, Change] | Callable[[History, Event], Mapping[str, Change]]

_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


async def execute(  # noqa: PLR0913 - one command, told whole
    log: Log,
    subject: Subject,
    *,
    cause: Cause,
    decide: Callable[[History], Event | None],
    claims: Claims = (),
    releases: Claims = (),
    changes: Changes | None = None,
) -> Recorded | None:
    """Append what `decide` says of the aggregate's history; None when it says that it is already so.

    A repeat (an event of the history has this `causation_id`) returns the earlier fact and decides nothing. `decide` is
    called again on the new history when somebody else was first; after five conflicts the command is Refused CONFLICT.
    `claims` are taken and `releases` given back in one batch; a claim that another owner holds is Refused CONFLICT.
    `changes` may be a function of the history before and the decided event.
    """
    # Commands of one process on one aggregate wait for each other instead of colliding in the log.
    turn = _turns.setdefault(subject.text, asyncio.Lock())
    for attempt in range(ATTEMPTS):
        try:
            async with turn:
                return await _once(log, subject, cause, decide, claims, releases, changes)
        except Conflict:
            await asyncio.sleep(random.uniform(0.0, 0.01 * 2**attempt))  # noqa: S311 - jitter, no secret
    message = f"{subject.aggregate} {subject.id} is being changed by others."
    raise conflict(message, "Try again.")


def earlier(history: History, cause: Cause) -> Recorded | None:
    """The fact this very command has already led to."""
    return next((event for event in history.events if event.envelope.causationid == cause.causation_id), None)


def claim_subject(claim: Claim, org: str) -> Subject:
    """Where a claim lies: with the organisation if its scope names it, else with the platform (`_`)."""
    owned = org in re.split(r"[^A-Za-z0-9_-]+", claim.scope)
    return Subject(org if owned else PLATFORM, "registry", "claim", claim.id)


async def _once(  # noqa: PLR0913, PLR0917 - one attempt of execute
    log: Log,
    subject: Subject,
    cause: Cause,
    decide: Callable[[History], Event | None],
    claims: Claims,
    releases: Claims,
    changes: Changes | None,
) -> Recorded | None:
    history = await log.load(subject)
    done = earlier(history, cause)
    if done is not None:
        return done
    event = decide(history)
    if event is None:
        return None
    told = changes(history, event) if callable(changes) else changes or {}
    fact = Entry(subject, event, history.position, history.version + 1, told)
    wanted = claims(history) if callable(claims) else claims
    given_back = releases(history) if callable(releases) else releases
    kept = {claim.id for claim in wanted} & {claim.id for claim in given_back}
    taken = [entry for claim in wanted if claim.id not in kept for entry in await _take(log, subject.org, claim)]
    freed = [entry for claim in given_back if claim.id not in kept for entry in await _free(log, subject.org, claim)]
    if not taken and not freed:
        return await log.append(fact, cause)
    use: BatchUse = "rename" if taken and freed else "claim+fact"
    return (await log.append_batch([*freed, *taken, fact], cause, use=use))[-1]


async def _take(log: Log, org: str, claim: Claim) -> list[Entry]:
    where = claim_subject(claim, org)
    history = await log.load(where)
    holder = _holder(history)
    if holder == claim.owner:
        return []
    if holder is not None:
        message = f"{claim.name!r} is already taken."
        raise conflict(message, "Choose another name.")
    event = NameClaimed(scope=claim.scope, owner=claim.owner)
    return [Entry(where, event, history.position, history.version + 1)]


async def _free(log: Log, org: str, claim: Claim) -> list[Entry]:
    where = claim_subject(claim, org)
    history = await log.load(where)
    if _holder(history) != claim.owner:
        return []
    event = NameReleased(scope=claim.scope, owner=claim.owner)
    return [Entry(where, event, history.position, history.version + 1)]


def _holder(history: History) -> str | None:
    """Who holds a claim: nobody when it was never taken or was given back last."""
    if not history.events:
        return None
    last = history.events[-1].envelope
    return str(last.data["owner"]) if last.type == NameClaimed.TYPE else None
