"""Organisations: what people, projects and services belong to, and who owns them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import ClassVar, assert_never

from common.claims import Claim
from common.errors import conflict, not_found
from contracts import registry as said
from contracts.access import OrganisationRole
from registry.domain import wording

OrganisationEvent = said.OrganisationRegistered | said.MemberAdded | said.MemberRoleChanged | said.MemberRemoved


@dataclass(frozen=True)
class Organisation:
    """An organisation and the roles in it, by user."""

    AUDITED: ClassVar = ("name", "slug", "members")
    id: str
    name: str
    slug: str
    members: Mapping[str, OrganisationRole] = field(default_factory=dict)

    @property
    def owners(self) -> frozenset[str]:
        """Those who may do everything in it."""
        return frozenset(user for user, role in self.members.items() if role == "owner")


def fold(history: Iterable[OrganisationEvent]) -> Organisation | None:
    """The organisation that its facts make."""
    return reduce(evolve, history, None)


def evolve(organisation: Organisation | None, event: OrganisationEvent) -> Organisation:
    """The organisation after one more fact."""
    if isinstance(event, said.OrganisationRegistered):
        return Organisation(event.organisation, event.name, event.slug, {event.founder: "owner"})
    assert organisation is not None, "an organisation is registered before anything else happens to it"
    members = dict(organisation.members)
    match event:
        case said.MemberAdded() | said.MemberRoleChanged():
            members[event.user] = event.role
        case said.MemberRemoved():
            members.pop(event.user, None)
        case _:
            assert_never(event)
    return replace(organisation, members=members)


def slug_claim(slug: str, organisation: str) -> Claim:
    """A slug is one organisation's on the whole platform."""
    return Claim("organisation.slug", slug, f"organisation.{organisation}")


def register(
    organisation: Organisation | None, *, id: str, name: str, slug: str, founder: str
) -> said.OrganisationRegistered:
    """A new organisation, owned by its founder. Refuses what is no name or slug."""
    assert organisation is None, "ids of new organisations are fresh"
    return said.OrganisationRegistered(
        organisation=id,
        name=wording.line(name, field="name", chars=wording.TITLE_CHARS),
        slug=wording.slug(slug),
        founder=founder,
    )


def add_member(organisation: Organisation | None, *, user: str, role: OrganisationRole) -> said.MemberAdded:
    """One more member. Refuses CONFLICT when he is one already."""
    known = existing(organisation)
    if user in known.members:
        raise conflict(
            f"The user is already {known.members[user]} of {known.name!r}.", "Use updateMemberRole to change the role."
        )
    return said.MemberAdded(organisation=known.id, user=user, role=role)


def change_role(
    organisation: Organisation | None, *, user: str, role: OrganisationRole
) -> said.MemberRoleChanged | None:
    """Another role for a member. Refuses to take the last owner away."""
    known = existing(organisation)
    _must_belong(known, user)
    if known.members[user] == role:
        return None
    _keep_an_owner(known, user)
    return said.MemberRoleChanged(organisation=known.id, user=user, role=role)


def remove_member(organisation: Organisation | None, *, user: str) -> said.MemberRemoved:
    """A member leaves. Refuses to take the last owner away."""
    known = existing(organisation)
    _must_belong(known, user)
    _keep_an_owner(known, user)
    return said.MemberRemoved(organisation=known.id, user=user)


def existing(organisation: Organisation | None) -> Organisation:
    """The organisation, which must be there."""
    if organisation is None:
        raise not_found("Organisation", "")
    return organisation


def _must_belong(organisation: Organisation, user: str) -> None:
    if user not in organisation.members:
        raise not_found("Member", user)


def _keep_an_owner(organisation: Organisation, leaving: str) -> None:
    if organisation.owners == {leaving}:
        raise conflict(f"The user is the last owner of {organisation.name!r}.", "Make somebody else an owner first.")
