"""Previews: clones of an instance's environments under a lease that ends by itself.

A preview is part of its instance's history: its name is unique there, and it goes when the instance goes. How many
there are in a project is judged by claims: each preview holds one of the project's slots.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

from common.claims import Claim
from common.errors import BAD_USER_INPUT, Refused, bad_input, not_found
from contracts import previews as said
from contracts.access import Role
from contracts.masks import Mask
from contracts.moments import iso
from contracts.names import PREVIEW, environment_id
from registry.domain import wording
from registry.domain.instances import Instance, Preview, Target, existing
from registry.domain.services import Version

LEASE_MINUTES: Final = 24 * 60
LEASE_MINUTES_MAX: Final = 7 * 24 * 60
"""Counted from the moment in which it is asked for, at each extension anew."""
PROJECT_MAX: Final = 10
"""Previews of a project at the same time."""
NEEDED: Final[dict[Target, Role]] = {"dev": "editor", "stage": "editor", "prod": "admin"}
"""Role on the project that a clone takes, and its extension. To delete one takes an editor, whatever its source is."""
NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")


def create(  # noqa: PLR0913 - what somebody asks for
    instance: Instance | None,
    *,
    id: str,
    name: str,
    source: Target,
    masks: Sequence[Mask],
    slot: int,
    version: Version,
    expires_at: str,
) -> said.PreviewCreated:
    """A clone of an environment. Refuses NAME_TAKEN; the masks were checked, the version runs there."""
    known = existing(instance)
    if any(each.name == name for each in known.previews.values()):
        message = f"The instance has a preview {name!r} already."
        raise bad_input(message, "Choose another name, or delete it first.", reason="NAME_TAKEN", field="name")
    return said.PreviewCreated(
        instance=known.id,
        organisation=known.organisation,
        project=known.project,
        service=known.service,
        preview=id,
        environment=environment_id(id, PREVIEW),
        name=name,
        source=source,
        masks=tuple(masks),
        slot=slot,
        version=version.name,
        sdl_sha=version.sdl_sha,
        model_sha=version.model_sha,
        expires_at=expires_at,
    )


def extend(instance: Instance | None, *, id: str, now: str, expires_at: str) -> said.PreviewExtended | None:
    """The lease ends at another time, maybe earlier. Refuses a preview that is gone, or whose lease has ended."""
    known, preview = existing(instance), there(instance, id)
    if preview.expires_at <= now:
        raise bad_input(f"The lease of {preview.name!r} has ended.", "Create it anew.", reason="LEASE_ENDED")
    if preview.expires_at == expires_at:
        return None
    return said.PreviewExtended(
        instance=known.id,
        organisation=known.organisation,
        project=known.project,
        service=known.service,
        preview=id,
        expires_at=expires_at,
    )


def delete(instance: Instance | None, *, id: str) -> said.PreviewDeleted:
    """Somebody wants it gone."""
    return _deleted(existing(instance), there(instance, id), "deleted")


def lapse(instance: Instance | None, *, id: str, now: str) -> said.PreviewDeleted | None:
    """Its lease has ended; None when it is gone already, or was extended meanwhile."""
    preview = instance.previews.get(id) if instance is not None and not instance.removed else None
    if instance is None or preview is None or preview.expires_at > now:
        return None
    return _deleted(instance, preview, "lease_ended")


def there(instance: Instance | None, id: str) -> Preview:
    """A preview of the instance. Refuses NOT_FOUND."""
    preview = existing(instance).previews.get(id)
    if preview is None:
        raise unknown(id)
    return preview


def unknown(id: str) -> Refused:
    """The refusal of a preview that is not there, or that the caller may not see."""
    return not_found("Preview", id)


def slot_claim(project: str, preview: str, slot: int) -> Claim:
    """One of a project's places for previews."""
    return Claim(f"preview:{project}", str(slot), f"preview.{preview}")


def slot_claims(instance: Instance | None) -> tuple[Claim, ...]:
    """The places that an instance's previews hold."""
    if instance is None:
        return ()
    return tuple(slot_claim(instance.project, each.id, each.slot) for each in instance.previews.values())


def free_slot(taken: Iterable[int], instance: Instance | None) -> int:
    """The first place that is free, as far as the project's and this instance's previews tell. Refuses TOO_MANY."""
    known = {*taken, *(each.slot for each in instance.previews.values())} if instance else {*taken}
    free = next((slot for slot in range(1, PROJECT_MAX + 1) if slot not in known), None)
    if free is None:
        raise Refused(
            BAD_USER_INPUT,
            f"The project has {PROJECT_MAX} previews already.",
            "Delete one of them, or wait until a lease ends.",
            reason="TOO_MANY",
        )
    return free


def name_of(text: str) -> str:
    """A name for a preview."""
    if not NAME.fullmatch(text):
        raise bad_input(
            f"{wording.shortened(text)!r} is no name for a preview.",
            "Use 1 to 40 lower-case letters, digits and inner dashes, such as 'pr-42'.",
            reason="INVALID_NAME",
            field="name",
        )
    return text


def source_of(environment: str) -> Target:
    """An environment that can be cloned."""
    for target in NEEDED:
        if target == environment:
            return target
    message = f"{environment} cannot be cloned."
    raise bad_input(message, f"Clone one of {', '.join(NEEDED)}.", reason="NO_SUCH_SOURCE", field="source")


def lease(minutes: int | None, now: datetime) -> str:
    """When a lease that begins now ends, RFC 3339 in UTC."""
    asked = LEASE_MINUTES if minutes is None else minutes
    if not 1 <= asked <= LEASE_MINUTES_MAX:
        raise bad_input(
            f"A lease of {asked} minutes is not possible.",
            f"Ask for 1 to {LEASE_MINUTES_MAX} minutes (7 days), and extend it later.",
            reason="LEASE_TOO_LONG" if asked > 0 else "LEASE_TOO_SHORT",
            field="leaseMinutes",
        )
    return iso(now + timedelta(minutes=asked))


def disclosed(source: Target, masks: Sequence[Mask], *, unmasked: bool) -> None:
    """Nobody clones prod as it is without saying so. Refuses UNMASKED."""
    if source == "prod" and not masks and not unmasked:
        raise bad_input(
            "A clone of prod without masks shows everybody who may call it what prod holds.",
            "Mask what nobody should see, or say `unmasked`.",
            reason="UNMASKED",
            field="masks",
        )


def _deleted(known: Instance, preview: Preview, reason: Literal["deleted", "lease_ended"]) -> said.PreviewDeleted:
    return said.PreviewDeleted(
        instance=known.id,
        organisation=known.organisation,
        project=known.project,
        service=known.service,
        preview=preview.id,
        environment=preview.environment,
        reason=reason,
    )
