"""Who may not call: every kind of credential at every kind of environment in every access mode."""

from typing import Any, Literal

import pytest

from common.errors import Refused
from contracts.access import Principal
from gateway.domain.admission import Admitted, admit, control_credential, presented
from gateway.domain.directory import Holder, Key, Route

Kind = Literal["private", "demo", "dev", "stage", "prod"]


def route(kind: Kind) -> Route:
    instance: dict[str, Any] = {"instance": None, "project": None}
    if kind in ("dev", "stage", "prod"):
        instance = {"instance": "i1", "project": "p1"}
    shared = {
        "environment": "e1",
        "service": "sv1",
        "organisation": "o1",
        "version": "1",
        "model_sha": "m",
        "database": "d",
    }
    return Route(kind=kind, **shared, **instance)


def person(role: Any = None, organisation: str = "o1", *, operator: bool = False, grants: Any = None) -> Principal:
    organisations = {organisation: role} if role else {}
    return Principal(
        kind="user", id="u1", via="token", credential="t1", operator=operator, organisations=organisations,
        grants=grants or {},
    )  # fmt: skip


HOLDERS: dict[str, Holder | None] = {
    "nobody": None,
    "service key": Key("k1", "service", "sv1", None),
    "service key of another": Key("k2", "service", "sv2", None),
    "project key": Key("k3", "project", "p1", None),
    "project key of another": Key("k4", "project", "p2", None),
    "client key": Key("k5", "client", "p1", "c1"),
    "client key of another": Key("k6", "client", "p2", "c2"),
    "owner": person("owner"),
    "member": person("member"),
    "guest": person("guest"),
    "project admin, guest": person("guest", grants={"project:p1": "admin"}),
    "member of another": person("owner", "o2"),
    "operator": person(operator=True),
}
WHO = list(HOLDERS)
KINDS: tuple[Kind, ...] = ("private", "demo", "dev", "stage", "prod")

BY_KEY: dict[str, set[Kind]] = {
    "service key": {"private"},
    "project key": {"dev", "stage", "prod"},
    "client key": {"prod"},
}
MEMBERS = {"owner", "member", "operator"}


def may(mode: str, kind: Kind, who: str) -> bool:
    """The table, said in words: the keys' scopes, the organisation's members, and everybody."""
    if kind in BY_KEY.get(who, set()):
        return True
    return mode == "public" or (mode == "organisation" and who in MEMBERS)


@pytest.mark.parametrize("mode", ["key", "organisation", "public"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("who", WHO)
def test_who_may_call_and_who_may_not(mode: str, kind: Kind, who: str) -> None:
    if may(mode, kind, who):
        admit(route(kind), mode, HOLDERS[who])
        return
    with pytest.raises(Refused) as refused:
        admit(route(kind), mode, HOLDERS[who])
    assert refused.value.code == ("UNAUTHENTICATED" if who == "nobody" else "FORBIDDEN")
    assert refused.value.hint


def test_the_calls_of_a_client_key_are_the_clients() -> None:
    assert admit(route("prod"), "key", HOLDERS["client key"]) == Admitted("k5", "c1")
    assert admit(route("prod"), "public", HOLDERS["client key"]) == Admitted("k5", "c1")


def test_a_key_of_somebody_else_at_an_open_door_pays_for_nothing() -> None:
    assert admit(route("prod"), "public", HOLDERS["client key of another"]) == Admitted()


@pytest.mark.parametrize(
    ("ours", "theirs", "credential"),
    [
        (None, None, None),
        ("mpk_a", None, "mpk_a"),
        ("Bearer mpk_a", None, "mpk_a"),
        ("mpk_a", "Bearer mck_b", "mpk_a"),
        (None, "Bearer mck_b", "mck_b"),
        (None, "bearer  msk_c ", "msk_c"),
        (None, "mss_d", "mss_d"),
        (None, "Bearer eyJhbGciOi", None),
        (None, "Basic bXBrX2E=", None),
        ("", "Bearer pfy_e", "pfy_e"),
        ("anything", None, "anything"),
    ],
)
def test_our_own_header_wins_and_the_services_users_keep_theirs(
    ours: str | None, theirs: str | None, credential: str | None
) -> None:
    assert presented(ours, theirs) == credential


@pytest.mark.parametrize(
    ("header", "credential"),
    [
        (None, None),
        ("Bearer pfy_a", "pfy_a"),
        ("bearer mss_b", "mss_b"),
        ("Basic x", "Basic x"),
        ("pfy_a", "pfy_a"),
        ("Bearer", ""),
        ("", ""),
    ],
)
def test_a_header_that_opens_nothing_is_still_a_credential_and_never_makes_its_sender_anonymous(
    header: str | None, credential: str | None
) -> None:
    assert control_credential(header) == credential
