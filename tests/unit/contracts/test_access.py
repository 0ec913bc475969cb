"""Who may do what: the one rule over organisation roles and grants (P 3.12)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.access import ANONYMOUS, INVALID, RANK, OrganisationRole, Path, Principal, Role, at_least, effective_role

ROLES: tuple[Role, ...] = ("viewer", "editor", "admin")
SHOP = Path(organisation="acme", elements=("project:shop", "tenant:live", "application:web"))


def user(
    organisations: dict[str, OrganisationRole] | None = None,
    grants: dict[str, Role] | None = None,
    *,
    operator: bool = False,
) -> Principal:
    return Principal(
        kind="user", id="u", organisations=organisations or {}, grants=grants or {}, operator=operator, via="token"
    )


@pytest.mark.parametrize("caller", [ANONYMOUS, INVALID])
def test_nobody_without_a_valid_credential_sees_anything(caller: Principal) -> None:
    assert effective_role(SHOP, caller) is None


def test_an_owner_of_the_organisation_is_admin_of_everything_in_it() -> None:
    assert effective_role(SHOP, user({"acme": "owner"})) == "admin"
    assert effective_role(SHOP.model_copy(update={"restricted": True}), user({"acme": "owner"})) == "admin"


def test_a_member_may_look_unless_the_project_is_restricted() -> None:
    assert effective_role(SHOP, user({"acme": "member"})) == "viewer"
    assert effective_role(SHOP.model_copy(update={"restricted": True}), user({"acme": "member"})) is None


def test_a_guest_and_a_stranger_see_grants_only() -> None:
    assert effective_role(SHOP, user({"acme": "guest"})) is None
    assert effective_role(SHOP, user({"other": "owner"})) is None
    assert effective_role(SHOP, user({"acme": "guest"}, {"tenant:live": "editor"})) == "editor"


def test_roles_flow_downwards_only() -> None:
    project = Path(organisation="acme", elements=("project:shop",))
    assert effective_role(project, user(grants={"application:web": "admin"})) is None
    assert effective_role(SHOP, user(grants={"project:shop": "admin"})) == "admin"


def test_an_operator_is_admin_everywhere() -> None:
    assert effective_role(SHOP, user(operator=True)) == "admin"


@given(st.dictionaries(st.sampled_from(SHOP.elements), st.sampled_from(ROLES)))
def test_the_highest_grant_on_the_way_counts(grants: dict[str, Role]) -> None:
    held = effective_role(SHOP, user(grants=grants))
    assert held == max(grants.values(), key=RANK.__getitem__, default=None)


@given(st.sampled_from(ROLES), st.sampled_from(ROLES))
def test_a_role_suffices_for_itself_and_everything_below(held: Role, needed: Role) -> None:
    assert at_least(held, needed) == (RANK[held] >= RANK[needed])
    assert not at_least(None, needed)
