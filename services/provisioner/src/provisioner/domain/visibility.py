"""Who may see an environment, and who may change its data: roles on its project, or its organisation (C 1.5)."""

from __future__ import annotations

from contracts.access import Path, Principal, at_least, effective_role


def sees_project(principal: Principal, *, organisation: str, project: str, restricted: bool) -> bool:
    """Whether the caller may see what runs in the project."""
    path = Path(organisation=organisation, restricted=restricted, elements=(f"project:{project}",))
    return at_least(effective_role(path, principal), "viewer")


def sees_service(principal: Principal, *, organisation: str) -> bool:
    """Whether the caller may see what runs of the service itself: members of its organisation, no guests."""
    if principal.kind != "user":
        return False
    return principal.operator or principal.organisations.get(organisation) in {"owner", "member"}


def changes_project(principal: Principal, *, organisation: str, project: str, restricted: bool) -> bool:
    """Whether the caller may change data of what runs in the project: its editors."""
    path = Path(organisation=organisation, restricted=restricted, elements=(f"project:{project}",))
    return at_least(effective_role(path, principal), "editor")


def changes_service(principal: Principal, *, organisation: str) -> bool:
    """Whether the caller may change data of the service's own environments: whoever may see them develops it."""
    return sees_service(principal, organisation=organisation)
