"""Rights: who may do what, from what the gateway says about the caller (DESIGN 3, P 3.12)."""

from __future__ import annotations

from common.errors import FORBIDDEN, UNAUTHENTICATED, Refused, not_found
from contracts.access import Path, Principal, Role, at_least, effective_role


def signed_in(principal: Principal) -> Principal:
    """The caller, who must be a person. Refuses UNAUTHENTICATED."""
    if principal.kind == "user":
        return principal
    if principal.kind == "invalid":
        raise Refused(UNAUTHENTICATED, "The credential is unknown, expired or revoked.", "Sign in again.")
    raise Refused(UNAUTHENTICATED, "This needs a signed-in user.", "Send `Authorization: Bearer <token>`.")


def operator(principal: Principal) -> Principal:
    """The caller, who must run the platform."""
    if not signed_in(principal).operator:
        raise Refused(FORBIDDEN, "Only operators may do this.")
    return principal


def organisation_role(principal: Principal, organisation: str) -> Role | None:
    """What the caller may do with the organisation itself: owners change it, members and guests see it."""
    if principal.kind != "user":
        return None
    if principal.operator or principal.organisations.get(organisation) == "owner":
        return "admin"
    return "viewer" if organisation in principal.organisations else None


def service_role(principal: Principal, organisation: str) -> Role | None:
    """What the caller may do with services: every developer of the maker's organisation creates and pushes (C 1.2)."""
    if principal.kind != "user":
        return None
    if principal.operator:
        return "admin"
    match principal.organisations.get(organisation):
        case "owner":
            return "admin"
        case "member":
            return "editor"
        case _:
            return None


def project_role(principal: Principal, *, organisation: str, project: str, restricted: bool) -> Role | None:
    """What the caller may do in a project."""
    path = Path(organisation=organisation, restricted=restricted, elements=(f"project:{project}",))
    return effective_role(path, principal)


def may_develop(principal: Principal, organisation: str) -> bool:
    """Whether the caller may create projects and services in the organisation: everybody there but guests."""
    return service_role(principal, organisation) is not None


def need(held: Role | None, needed: Role, *, what: str, ref: str) -> Role:
    """The role held, if it suffices. What one may not see does not exist; what one sees but may not do is FORBIDDEN."""
    if held is None:
        raise not_found(what, ref)
    if not at_least(held, needed):
        raise Refused(FORBIDDEN, f"You are {held} of {what.lower()} {ref!r}; this needs {needed}.")
    return held
