"""What a caller may see, as conditions of a query: `rights` and `effective_role` said in SQL (P 3.1, 3.12)."""

from __future__ import annotations

import sqlalchemy as sa

from contracts.access import OrganisationRole, Principal
from registry.store.tables import members, organisations, projects, services, users

Condition = sa.ColumnElement[bool]


def organisation(principal: Principal) -> Condition:
    """Those the caller belongs to."""
    if principal.operator:
        return sa.true()
    return organisations.c.id.in_(list(principal.organisations))


def project(principal: Principal) -> Condition:
    """Those the caller holds a role in: as owner, as member unless restricted, or by a grant."""
    if principal.operator:
        return sa.true()
    granted = [element.removeprefix("project:") for element in principal.grants if element.startswith("project:")]
    return sa.or_(
        projects.c.organisation.in_(_organisations(principal, "owner")),
        sa.and_(projects.c.organisation.in_(_organisations(principal, "member")), sa.not_(projects.c.restricted)),
        projects.c.id.in_(granted),
    )


def service(principal: Principal) -> Condition:
    """Those of the organisations in which the caller develops."""
    if principal.operator:
        return sa.true()
    return services.c.organisation.in_(_organisations(principal, "owner", "member"))


def user(principal: Principal) -> Condition:
    """Those the caller shares an organisation with, and himself."""
    if principal.operator:
        return sa.true()
    shared = sa.select(members.c.user_id).where(members.c.organisation.in_(list(principal.organisations)))
    return sa.or_(users.c.id == principal.id, users.c.id.in_(shared))


def _organisations(principal: Principal, *roles: OrganisationRole) -> list[str]:
    return [organisation for organisation, role in principal.organisations.items() if role in roles]
