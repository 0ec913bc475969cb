"""People and webhooks from the command line: invited, billed, told; against the whole product."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.sealing import purpose_key
from registry.domain import invitations
from tests.support import made
from tests.support.desk import Desk
from tests.support.made import PASSWORD, Person, short
from tests.support.stack import Stack


@pytest.fixture(scope="module")
def owner(stack: Stack) -> Person:
    return made.person(stack)


@pytest.fixture
def mortise(owner: Person, tmp_path: Path) -> Desk:
    return Desk(owner.stack.url, owner.token, tmp_path)


@pytest.fixture
def nobody(owner: Person, tmp_path: Path) -> Desk:
    return Desk(owner.stack.url, "", tmp_path)


def secret(stack: Stack, invitation: str) -> str:
    """What stands in the message; the stack of these tests has no mail server, but its key is ours."""
    key = bytes.fromhex((stack.data / "secret.key").read_text().strip())
    return invitations.secret(purpose_key(key, "invitation"), invitation, 1)


def test_somebody_is_invited_joins_gets_another_role_and_is_removed(owner: Person, mortise: Desk, nobody: Desk) -> None:
    org, name = mortise.told("org", "create", "-n", f"House {short()}")["slug"], f"ann{short()}"
    mail = f"{name}@example.org"
    invited = mortise.told("invite", "member", mail, "-r", "guest", "-o", org)

    joined = nobody.told("invite", "accept", secret(owner.stack, invited["id"]), "-u", name, "-p", PASSWORD)

    assert (joined["user"]["email"], joined["clientKey"]) == (mail, None)
    assert mortise.told("member", "role", name, "member", "-o", org)["role"] == "member"
    members = mortise.told("member", "list", "-o", org)
    assert {each["user"]["username"]: each["role"] for each in members}[name] == "member"
    assert mortise.told("member", "remove", mail, "-o", org, "--force")["removed"]


def test_a_withdrawn_invitation_opens_nothing(owner: Person, mortise: Desk, nobody: Desk) -> None:
    invited = mortise.told("invite", "member", f"{short()}@example.org", "-o", owner.organisation)

    assert mortise.refused("invite", "resend", invited["id"])["reason"] == "THROTTLED"
    assert "withdrawn" in mortise.said("invite", "withdraw", invited["id"])
    words = ("invite", "accept", secret(owner.stack, invited["id"]), "-u", short(), "-p", PASSWORD)
    assert nobody.refused(*words)["code"] == "NOT_FOUND"


def test_a_client_accepts_and_sees_the_project(owner: Person, mortise: Desk, nobody: Desk) -> None:
    project, mail = owner.project()["slug"], f"{short()}@grand.example"
    invited = mortise.told("invite", "client", project, mail, "-n", "Grand Hotel")

    joined = nobody.told("invite", "accept", secret(owner.stack, invited["id"]), "-u", f"c{short()}", "-p", PASSWORD)

    assert joined["clientKey"].startswith("mck_")
    assert [each["email"] for each in mortise.told("invite", "list", "-p", project)] == [mail]
    sign_in = "mutation($e: String!, $p: String!) { signIn(email: $e, password: $p) { token } }"
    token = owner.stack.asked(sign_in, {"e": mail, "p": PASSWORD}, token="")["signIn"]["token"]
    assert Desk(owner.stack.url, token, mortise.place).told("project", "info", project)["slug"] == project


def test_billing_details_keep_what_is_not_said_again(owner: Person, mortise: Desk) -> None:
    of = ("-o", owner.organisation)
    first = ("-n", "Grand B.V.", "--street", "Kade 1", "--city", "Amsterdam", "--country", "NL", "--tax-id", "NL1")
    mortise.told("org", "billing", "set", *of, *first, "-e", "bills@grand.example")

    changed = mortise.told("org", "billing", "set", *of, "--city", "Utrecht")

    assert (changed["legalName"], changed["city"], changed["taxId"]) == ("Grand B.V.", "Utrecht", "NL1")
    assert "Utrecht" in mortise.said("org", "billing", "show", *of)


def test_a_webhook_is_added_looked_at_and_removed(owner: Person, mortise: Desk) -> None:
    of = ("-o", owner.organisation)
    added = mortise.told("webhook", "add", "https://receiver.invalid/", "-t", "none", *of)
    hook = added["webhook"]["id"]

    assert added["secret"].startswith("whsec_")
    assert mortise.told("webhook", "rotate", hook)["secret"] != added["secret"]
    assert mortise.told("webhook", "disable", hook)["disabled"] == "requested"
    assert "disabled: requested" in mortise.said("webhook", "info", hook)
    assert mortise.refused("webhook", "add", "https://127.0.0.1/", *of)["reason"] == "INVALID_URL"
    assert mortise.told("webhook", "remove", hook, "--force")["removed"]
    assert mortise.told("webhook", "list", *of) == []
