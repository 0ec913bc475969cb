"""Approvals: what goes to prod of a careful project is asked for by one person and agreed to by another."""

from __future__ import annotations

from typing import Final

from common.errors import BAD_USER_INPUT, FORBIDDEN, Refused, not_found
from contracts import registry as said
from registry.domain import undoing, wording
from registry.domain.instances import Instance, Request, Target, existing, promote
from registry.domain.services import Version
from registry.domain.undoing import Undoing

GUARDED: Final[Target] = "prod"
"""The environment for which approval is demanded."""
OPEN_DAYS: Final = 7
"""A request that nobody answers ends by itself."""


def request(  # noqa: PLR0913 - what somebody asks for
    instance: Instance | None,
    *,
    id: str,
    environment: Target,
    version: Version,
    forced: bool,
    requester: str,
    now: str,
    expires_at: str,
    undone: Undoing | None = None,
) -> said.PromotionRequested | None:
    """Somebody wants the version there; None when the same person asks for the same and nobody has answered yet.

    Takes the place of an open request for the environment.
    """
    known = existing(instance)
    last = known.requests.get(environment)
    wanted = (version, requester, forced, undone)
    if last and is_open(last, now) and (last.version, last.requester, last.forced, last.undone) == wanted:
        return None
    return said.PromotionRequested(
        instance=known.id,
        organisation=known.organisation,
        project=known.project,
        service=known.service,
        request=id,
        environment=environment,
        version=version.name,
        sdl_sha=version.sdl_sha,
        model_sha=version.model_sha,
        forced=forced,
        requester=requester,
        expires_at=expires_at,
        undoes=undone.deployment if undone else None,
        listed=undone.listed if undone else None,
    )


def approve(instance: Instance | None, *, id: str, by: str, now: str) -> said.InstancePromoted:
    """The version that was asked for is declared. Refuses NOT_OPEN, EXPIRED, and whoever asked for it himself."""
    known = existing(instance)
    asked = pending(known, id, now)
    if asked.requester == by:
        raise Refused(
            FORBIDDEN,
            "You asked for this promotion yourself.",
            "Another admin of the project has to approve it.",
            reason="OWN_REQUEST",
        )
    made = promote(known, environment=asked.environment, version=asked.version, forced=asked.forced, request=asked.id)
    return made if asked.undone is None else undoing.marked(made, asked.undone)


def refuse(instance: Instance | None, *, id: str, by: str, reason: str | None, now: str) -> said.PromotionRefused:
    """The request ends without a promotion. Refuses NOT_OPEN and EXPIRED."""
    known = existing(instance)
    asked = pending(known, id, now)
    kept = wording.line(reason, field="reason", chars=wording.SENTENCE_CHARS) if reason is not None else None
    return said.PromotionRefused(
        instance=known.id,
        organisation=known.organisation,
        project=known.project,
        service=known.service,
        request=asked.id,
        by=by,
        reason=kept,
    )


def pending(instance: Instance, id: str, now: str) -> Request:
    """A request that waits for an answer; `now` is RFC 3339 in UTC. Refuses NOT_OPEN and EXPIRED."""
    asked = next((each for each in instance.requests.values() if each.id == id), None)
    if asked is None:
        raise Refused(
            BAD_USER_INPUT,
            "The request was answered already, or another one took its place.",
            "Look at the requests of the instance.",
            reason="NOT_OPEN",
        )
    if not is_open(asked, now):
        raise Refused(BAD_USER_INPUT, f"The request ended at {asked.expires_at}.", "Ask again.", reason="EXPIRED")
    return asked


def is_open(request: Request, now: str) -> bool:
    """Whether the request can still be answered; times of one form compare as texts."""
    return now < request.expires_at


def outcome(state: str, expires_at: str, now: str) -> str:
    """How a request stands: an open one whose time has passed is EXPIRED without anybody saying so."""
    return "EXPIRED" if state == "OPEN" and now >= expires_at else state


def unknown(id: str) -> Refused:
    """The refusal of a request that is not there, or that the caller may not see."""
    return not_found("PromotionRequest", id)
