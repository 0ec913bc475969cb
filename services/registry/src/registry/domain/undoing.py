"""The last deployment of an environment is taken back: what is declared then, and what is refused before (C 1.4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from common.errors import BAD_USER_INPUT, Refused
from contracts import registry as said
from registry.domain import pushes
from registry.domain.services import Service, Version, existing

TOLD_MAX: Final = 10


@dataclass(frozen=True)
class Entry:
    """One thing that does not fit: a row, a value of it, or an edge to `other`."""

    id: str
    other: str | None
    value: str | None


@dataclass(frozen=True)
class Misfit:
    """What does not fit the earlier version at one place: `rows` of them, the first ones as `entries`."""

    path: str
    what: str
    because: str
    rows: int
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Undoing:
    """A deployment that is taken back, and what was seen of what does not fit; None for whatever there is."""

    deployment: str
    """Id of the event that declared it."""
    listed: str | None

    @property
    def forced(self) -> bool:
        """Whether whatever does not fit was accepted."""
        return self.listed is None


def shown(misfits: Iterable[Misfit], *, values: bool) -> list[Misfit]:
    """The list for somebody who may read the environment's data, or may not. What a row lacks is no value of it."""
    return [
        each
        if values or (each.what, each.because) == ("row", "unfit")
        else replace(each, entries=tuple(replace(one, value=None) for one in each.entries))
        for each in misfits
    ]


def accepted(environment: str, misfits: Sequence[Misfit], *, token: str | None, listed: str, force: bool) -> str | None:
    """What the undo is held to: `listed`, the list as it is now; None with `force`.

    Refuses DOES_NOT_FIT without the token of the list, and LIST_CHANGED when that is not the list any more.
    """
    if force:
        return None
    if not misfits or token == listed:
        return listed
    told = ", ".join(f"{each.path} ({each.rows})" for each in misfits[:TOLD_MAX])
    details = {
        "environment": environment,
        "misfits": [{"path": each.path, "rows": each.rows} for each in misfits],
        "token": listed,
    }
    if token is None:
        raise Refused(
            BAD_USER_INPUT,
            f"What was written to {environment} since does not all fit: {told}.",
            "Look at the list, then undo with its token, or with force. What does not fit is kept in the trash.",
            reason="DOES_NOT_FIT",
            details=details,
        )
    raise Refused(
        BAD_USER_INPUT,
        f"The list of what does not fit is another one than the token was given for: {told}.",
        "Look at the list again, then undo with its new token, or with force.",
        reason="LIST_CHANGED",
        field="token",
        details=details,
    )


def withdraw(
    service: Service | None, *, after: str, version: Version, undoing: Undoing, changes: Sequence[said.SchemaChange]
) -> said.VersionPushed:
    """A new version that is the earlier one again, for private, judged against version `after`.

    Refuses when another push came in between.
    """
    known = existing(service)
    notes = (f"Undoes {after}.",)
    pushed = pushes.push(known, after=after, version=version, notes=notes, changes=changes, forced=undoing.forced)
    return pushed.model_copy(update=_marked(undoing))


def unpublish(service: Service | None, *, version: Version, undoing: Undoing) -> said.VersionPublished:
    """The earlier version for demo."""
    return pushes.publish(service, version=version, forced=undoing.forced).model_copy(update=_marked(undoing))


def marked(promoted: said.InstancePromoted, undoing: Undoing) -> said.InstancePromoted:
    """The promotion of the earlier version as what it is."""
    return promoted.model_copy(update=_marked(undoing))


def _marked(undoing: Undoing) -> dict[str, str | None]:
    return {"undoes": undoing.deployment, "listed": undoing.listed}
