"""Who may do what."""

from __future__ import annotations

import pytest

from common.errors import Refused
from contracts.access import ANONYMOUS, INVALID, OrganisationRole, Principal, Role
from registry.domain import rights


def person(role: OrganisationRole | None = None, *, grant: Role | None = None, operator: bool = False) -> Principal:
    return Principal(
        kind="user",
        id="u",
        operator=operator,
        organisations={"o": role} if role else {},
        grants={"project:p": grant} if grant else {},
    )


@pytest.mark.parametrize("principal", [ANONYMOUS, INVALID])
def test_who_is_nobody_is_told_so(principal: Principal) -> None:
    with pytest.raises(Refused) as refused:
        rights.signed_in(principal)

    assert refused.value.code == "UNAUTHENTICATED"
    assert rights.service_role(principal, "o") is None
    assert rights.organisation_role(principal, "o") is None


@pytest.mark.parametrize(
    ("role", "organisation", "service"),
    [("owner", "admin", "admin"), ("member", "viewer", "editor"), ("guest", "viewer", None), (None, None, None)],
)
def test_roles_in_an_organisation(
    role: OrganisationRole | None, organisation: Role | None, service: Role | None
) -> None:
    assert rights.organisation_role(person(role), "o") == organisation
    assert rights.service_role(person(role), "o") == service
    assert rights.service_role(person(role), "another") is None


@pytest.mark.parametrize(
    ("role", "grant", "open_project", "restricted"),
    [
        ("owner", None, "admin", "admin"),
        ("member", None, "viewer", None),
        ("member", "editor", "editor", "editor"),
        ("guest", None, None, None),
        ("guest", "viewer", "viewer", "viewer"),
        (None, "admin", "admin", "admin"),
        (None, None, None, None),
    ],
)
def test_roles_in_a_project(
    role: OrganisationRole | None, grant: Role | None, open_project: Role | None, restricted: Role | None
) -> None:
    who = person(role, grant=grant)

    assert rights.project_role(who, organisation="o", project="p", restricted=False) == open_project
    assert rights.project_role(who, organisation="o", project="p", restricted=True) == restricted


def test_operators_are_admins_everywhere() -> None:
    who = person(operator=True)

    assert rights.operator(who) is who
    assert rights.service_role(who, "any") == "admin"
    assert rights.project_role(who, organisation="any", project="any", restricted=True) == "admin"
    with pytest.raises(Refused):
        rights.operator(person("owner"))


def test_what_one_may_not_see_does_not_exist() -> None:
    with pytest.raises(Refused) as hidden:
        rights.need(None, "viewer", what="Project", ref="p")
    with pytest.raises(Refused) as seen:
        rights.need("viewer", "editor", what="Project", ref="p")

    assert (hidden.value.code, seen.value.code) == ("NOT_FOUND", "FORBIDDEN")
    assert rights.need("admin", "editor", what="Project", ref="p") == "admin"
