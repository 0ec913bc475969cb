"""Projects, grants and clients."""

from __future__ import annotations

import pytest

from common.errors import Refused
from contracts import registry as said
from contracts.access import Role
from proof import rating
from registry.domain import clients, grants, projects
from registry.domain.projects import Patch, Project, ProjectEvent, grant_id

CREATED = projects.create(
    None,
    id="p",
    organisation="o",
    name="Shop",
    slug="shop",
    description=" All we sell ",
    restricted=False,
    creator="ada",
)


def shop(*events: ProjectEvent) -> Project:
    known = projects.fold([CREATED, *events])
    assert known is not None
    return known


def patch(**given: object) -> Patch:
    return Patch(given=frozenset(given), **given)  # type: ignore[arg-type] # what a client may send


def test_the_creator_is_admin() -> None:
    assert shop().roles == {"ada": "admin"}
    assert shop().description == "All we sell"


@pytest.mark.parametrize("name", ["ab", "x" * 35])
def test_a_name_outside_the_limits_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        projects.create(
            None,
            id="p",
            organisation="o",
            name=name,
            slug="shop",
            description=None,
            restricted=False,
            creator="ada",
        )


def test_an_empty_patch_says_nothing() -> None:
    assert projects.update(shop(), patch()) is None
    assert projects.update(shop(), patch(name="Shop", restricted=False)) is None


def test_a_patch_changes_what_it_names_and_no_more() -> None:
    renamed = projects.update(shop(), patch(name="Store"))

    assert renamed == said.ProjectRenamed(
        project="p", organisation="o", name="Store", slug="shop", description="All we sell"
    )


def test_null_clears_a_description_and_nothing_else() -> None:
    cleared = projects.update(shop(), patch(description=None))

    assert cleared is not None
    assert cleared.description is None
    for member in ("name", "slug", "restricted"):
        with pytest.raises(Refused) as refused:
            projects.update(shop(), patch(**{member: None}))
        assert refused.value.field == member


def test_a_project_in_use_is_not_deleted_and_says_what_uses_it() -> None:
    with pytest.raises(Refused) as refused:
        projects.delete(shop(), instances=["music-store", "mail"])

    assert refused.value.reason == "CONFLICT"
    assert refused.value.details == {"instances": ["music-store", "mail"]}


def test_a_deleted_project_is_not_found() -> None:
    gone = shop(projects.delete(shop(), instances=[]))

    with pytest.raises(Refused) as refused:
        projects.update(gone, patch(name="Store"))
    assert refused.value.code == "NOT_FOUND"


# --- grants -------------------------------------------------------------------------------------------------------


def test_a_user_has_one_grant() -> None:
    given = grants.grant(shop(), user="bob", role="viewer", held="admin")

    with pytest.raises(Refused) as refused:
        grants.grant(shop(given), user="bob", role="editor", held="admin")
    assert refused.value.reason == "CONFLICT"
    assert refused.value.details == {"grant": given.grant}


@pytest.mark.parametrize(("held", "role"), [("editor", "admin"), ("viewer", "editor")])
def test_nobody_gives_more_than_he_has(held: Role, role: Role) -> None:
    with pytest.raises(Refused) as refused:
        grants.grant(shop(), user="bob", role=role, held=held)
    assert refused.value.code == "FORBIDDEN"


def test_the_last_admin_stays_except_for_operators() -> None:
    ada = grant_id("p", "ada")

    with pytest.raises(Refused):
        grants.withdraw(shop(), id=ada, operator=False)
    with pytest.raises(Refused):
        grants.change(shop(), id=ada, role="viewer", held="admin", operator=False)
    assert grants.withdraw(shop(), id=ada, operator=True).user == "ada"


def test_of_two_admins_one_may_go() -> None:
    two = shop(grants.grant(shop(), user="bob", role="admin", held="admin"))

    left = shop(
        grants.grant(shop(), user="bob", role="admin", held="admin"),
        grants.withdraw(two, id=grant_id("p", "ada"), operator=False),
    )
    assert left.roles == {"bob": "admin"}


def test_a_changed_grant_keeps_its_id() -> None:
    given = grants.grant(shop(), user="bob", role="viewer", held="admin")
    changed = grants.change(shop(given), id=given.grant, role="editor", held="admin", operator=False)

    assert changed is not None
    assert changed.grant == given.grant
    assert shop(given, changed).roles["bob"] == "editor"
    assert grants.change(shop(given), id=given.grant, role="viewer", held="admin", operator=False) is None


def test_an_unknown_grant_is_not_found() -> None:
    with pytest.raises(Refused) as refused:
        grants.withdraw(shop(), id="nothing", operator=False)
    assert refused.value.code == "NOT_FOUND"


# --- clients ------------------------------------------------------------------------------------------------------


def added(currency: str = "EUR") -> said.ClientAdded:
    return clients.add(
        None, id="c", organisation="o", project="p", name=" Acme ", email=None, currency=currency, time_zone="UTC"
    )


def test_a_client_pays_in_a_currency_that_exists() -> None:
    assert added().name == "Acme"
    for currency in ("eur", "XXX", ""):
        with pytest.raises(Refused) as refused:
            added(currency)
        assert refused.value.field == "currency"


def test_what_a_client_pays_in_can_be_billed() -> None:
    for currency in clients.CURRENCIES:
        assert rating.exponent(currency) in (0, 2, 3)


def test_clients_names_differ_by_more_than_case() -> None:
    assert (
        clients.name_claim("ACMÉ", project="p", client="c").id == clients.name_claim("acme", project="p", client="d").id
    )


def test_a_removed_client_is_not_found() -> None:
    known = clients.fold([added(), clients.remove(clients.fold([added()]))])

    with pytest.raises(Refused) as refused:
        clients.remove(known)
    assert refused.value.code == "NOT_FOUND"
