"""Grants: roles of people in a project (User2Project, P 3.12). They are facts of the project."""

from __future__ import annotations

from common.errors import conflict, forbidden, not_found
from contracts import registry as said
from contracts.access import RANK, Role
from registry.domain.projects import Grant, Project, existing, grant_id


def grant(project: Project | None, *, user: str, role: Role, held: Role) -> said.ProjectRoleGranted:
    """A role for a user who has none. `held` is the granter's own: nobody gives more than he has."""
    known = existing(project)
    if (earlier := known.grants.get(user)) is not None:
        raise conflict(
            f"The user is already {earlier.role} of project {known.slug!r}.",
            "Use updateUserProjectRole to change the role.",
            details={"grant": earlier.id},
        )
    _not_above(held, role)
    return said.ProjectRoleGranted(project=known.id, grant=grant_id(known.id, user), user=user, role=role)


def change(
    project: Project | None, *, id: str, role: Role, held: Role, operator: bool
) -> said.ProjectRoleGranted | None:
    """Another role under the same grant. Refuses to lower the last admin, except for operators."""
    known = existing(project)
    grant = by_id(known, id)
    if grant.role == role:
        return None
    _not_above(held, role)
    _keep_an_admin(known, grant, operator=operator)
    return said.ProjectRoleGranted(project=known.id, grant=grant.id, user=grant.user, role=role)


def withdraw(project: Project | None, *, id: str, operator: bool) -> said.ProjectRoleWithdrawn:
    """The role goes. Refuses to take the last admin away, except for operators."""
    known = existing(project)
    grant = by_id(known, id)
    _keep_an_admin(known, grant, operator=operator)
    return said.ProjectRoleWithdrawn(project=known.id, grant=grant.id, user=grant.user)


def by_id(project: Project, id: str) -> Grant:
    """The grant of this id."""
    for grant in project.grants.values():
        if grant.id == id:
            return grant
    raise not_found("User2Project", id)


def _not_above(held: Role, role: Role) -> None:
    if RANK[role] > RANK[held]:
        raise forbidden(f"You are {held} and cannot make somebody {role}.", "Ask an admin of the project.")


def _keep_an_admin(project: Project, leaving: Grant, *, operator: bool) -> None:
    if operator or leaving.role != "admin":
        return
    if not any(grant.role == "admin" for grant in project.grants.values() if grant != leaving):
        raise conflict(f"The user is the last admin of project {project.slug!r}.", "Make somebody else admin first.")
