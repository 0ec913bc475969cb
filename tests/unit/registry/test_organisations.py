"""Organisations and their members."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import Refused
from contracts import registry as said
from contracts.access import OrganisationRole
from registry.domain import organisations
from registry.domain.organisations import Organisation, OrganisationEvent

REGISTERED = said.OrganisationRegistered(organisation="o", name="Acme", slug="acme", founder="ada")


def acme(*events: OrganisationEvent) -> Organisation:
    known = organisations.fold([REGISTERED, *events])
    assert known is not None
    return known


def test_the_founder_owns_it() -> None:
    assert acme().members == {"ada": "owner"}


def test_a_member_is_added_once() -> None:
    added = organisations.add_member(acme(), user="bob", role="member")

    with pytest.raises(Refused) as refused:
        organisations.add_member(acme(added), user="bob", role="owner")
    assert refused.value.reason == "CONFLICT"


def test_the_same_role_again_says_nothing() -> None:
    assert organisations.change_role(acme(), user="ada", role="owner") is None


def test_a_stranger_has_no_role_to_change() -> None:
    with pytest.raises(Refused) as refused:
        organisations.change_role(acme(), user="bob", role="owner")
    assert refused.value.code == "NOT_FOUND"


def test_the_last_owner_stays() -> None:
    with pytest.raises(Refused):
        organisations.remove_member(acme(), user="ada")
    with pytest.raises(Refused):
        organisations.change_role(acme(), user="ada", role="guest")

    two = acme(organisations.add_member(acme(), user="bob", role="owner"))
    assert organisations.remove_member(two, user="ada").user == "ada"


def test_nothing_can_be_done_to_an_organisation_that_is_not_there() -> None:
    with pytest.raises(Refused) as refused:
        organisations.add_member(None, user="bob", role="member")
    assert refused.value.code == "NOT_FOUND"


ROLES: st.SearchStrategy[OrganisationRole] = st.sampled_from(["owner", "member", "guest"])
STEP = st.tuples(st.sampled_from(["add", "change", "remove"]), st.sampled_from(["ada", "bob", "cyd"]), ROLES)


@given(st.lists(STEP, max_size=30))
def test_whatever_is_tried_somebody_owns_it(steps: list[tuple[str, str, OrganisationRole]]) -> None:
    known = acme()
    for verb, user, role in steps:
        try:
            event: OrganisationEvent | None
            if verb == "add":
                event = organisations.add_member(known, user=user, role=role)
            elif verb == "change":
                event = organisations.change_role(known, user=user, role=role)
            else:
                event = organisations.remove_member(known, user=user)
        except Refused:
            continue
        known = organisations.evolve(known, event) if event else known

    assert known.owners
