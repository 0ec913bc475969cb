"""Who may see an environment: viewers of its project, or for a service's own its organisation (C 1.5)."""

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
