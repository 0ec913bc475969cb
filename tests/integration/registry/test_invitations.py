"""Invitations and billing details: who gets in by a secret, and what nobody learns on the way."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import pytest

from common import clock
from common.events import Actor
from common.log import Cause
from contracts import people as said
from contracts.access import Principal
from registry.domain import invitations as domain
from registry.execute import invitations as act
from registry.execute.accounts import ACCOUNT
from registry.execute.deciding import decide
from registry.execute.invitations import INVITATION
from tests.support.inside import NOBODY
from tests.support.registered import PASSWORD, House, short

INVITE = """mutation($o: ID!, $e: String!, $r: OrganisationRole!) {
  inviteMember(organisation: $o, email: $e, role: $r) {
    id kind email status role user { id } invitedBy { id } organisation { id } } }"""
INVITE_CLIENT = """mutation($p: ID!, $i: InviteClientInput!) { inviteClient(projectId: $p, input: $i) {
  id kind email status role project { id } client { id name email } } }"""
ACCEPT = """mutation($t: String!, $i: AcceptInvitationInput) { acceptInvitation(token: $t, input: $i) {
  kind user { id username email } organisationName projectName
  clientKey { secret key { id kind client { id } } } } }"""
LIST = "query($o: ID, $p: ID) { invitations(organisation: $o, project: $p) { id email status } }"
MEMBERS = "query($o: ID!) { organisation(id: $o) { members { role user { id } } } }"
WITHDRAW = "mutation($id: ID!) { withdrawInvitation(id: $id) { status } }"
RESEND = "mutation($id: ID!) { resendInvitation(id: $id) { status } }"


@dataclass
class Home:
    """An organisation and its owner."""

    house: House
    id: str
    owner: Principal

    async def invited(self, email: str | None = None, role: str = "member") -> tuple[str, str]:
        """Id and secret of a new invitation."""
        wanted = {"o": self.id, "e": email or f"{short()}@example.org", "r": role}
        made = (await self.house.data(INVITE, wanted, who=self.owner))["inviteMember"]
        return made["id"], act.secret_of(self.house.world, made["id"], 1)

    async def roles(self) -> dict[str, str]:
        """Role by user."""
        found = await self.house.data(MEMBERS, {"o": self.id}, who=self.owner)
        return {each["user"]["id"]: each["role"] for each in found["organisation"]["members"]}

    async def statuses(self) -> list[str]:
        found = await self.house.data(LIST, {"o": self.id}, who=self.owner)
        return [each["status"] for each in found["invitations"]]


@pytest.fixture(scope="module")
async def owner(registry: House) -> Principal:
    return await registry.person()


@pytest.fixture
async def home(registry: House, owner: Principal) -> Home:
    return Home(registry, await registry.organisation(owner), owner)


def newcomer() -> dict[str, str]:
    return {"username": f"n{short()}", "password": PASSWORD}


async def test_a_stranger_becomes_a_member_with_a_password_and_can_sign_in(home: Home) -> None:
    address = f"{short()}@example.org"
    _, secret = await home.invited(address, "guest")

    accepted = (await home.house.data(ACCEPT, {"t": secret, "i": newcomer()}, who=NOBODY))["acceptInvitation"]

    assert (accepted["kind"], accepted["user"]["email"], accepted["clientKey"]) == ("member", address, None)
    assert (await home.roles())[accepted["user"]["id"]] == "guest"
    assert await home.statuses() == ["accepted"]
    sign_in = "mutation($e: String!, $p: String!) { signIn(email: $e, password: $p) { user { id } } }"
    session = await home.house.data(sign_in, {"e": address, "p": PASSWORD}, who=NOBODY)
    assert session["signIn"]["user"]["id"] == accepted["user"]["id"]


async def test_somebody_with_an_account_signs_in_and_accepts_as_himself(home: Home) -> None:
    person = await home.house.person()
    address = (await home.house.data("{ me { email } }", who=person))["me"]["email"]
    _, secret = await home.invited(address)

    first = await home.house.refused(ACCEPT, {"t": secret, "i": newcomer()}, who=NOBODY)
    accepted = await home.house.data(ACCEPT, {"t": secret}, who=person)

    assert (first["code"], first["reason"]) == ("UNAUTHENTICATED", "SIGN_IN")
    assert accepted["acceptInvitation"]["user"]["id"] == person.id
    assert (await home.roles())[person.id] == "member"


async def test_the_answer_does_not_say_whether_anybody_has_the_address(home: Home) -> None:
    known = (await home.house.data("{ me { email } }", who=await home.house.person()))["me"]["email"]
    mine = (await home.house.data("{ me { email } }", who=home.owner))["me"]["email"]
    answers = []
    for address in (known, mine, f"{short()}@example.org"):
        made = (await home.house.data(INVITE, {"o": home.id, "e": address, "r": "member"}, who=home.owner))[
            "inviteMember"
        ]
        assert made.pop("email") == address
        answers.append({**made, "id": None})

    assert answers[0] == answers[1] == answers[2]


async def test_a_secret_opens_once(home: Home) -> None:
    _, secret = await home.invited()
    wanted, key = {"t": secret, "i": newcomer()}, short()
    first = (await home.house.data(ACCEPT, wanted, who=NOBODY, key=key))["acceptInvitation"]

    by_another = await home.house.refused(ACCEPT, {"t": secret}, who=await home.house.person())
    by_nobody = await home.house.refused(ACCEPT, wanted, who=NOBODY)
    repeated = (await home.house.data(ACCEPT, wanted, who=NOBODY, key=key))["acceptInvitation"]

    assert by_another == by_nobody
    assert by_nobody["code"] == "NOT_FOUND"
    assert repeated == first
    assert set(await home.roles()) == {home.owner.id, first["user"]["id"]}


async def test_an_invitation_that_is_sent_again_under_its_key_is_one_invitation(home: Home) -> None:
    wanted, key = {"o": home.id, "e": f"{short()}@example.org", "r": "member"}, short()

    made = [await home.house.data(INVITE, wanted, who=home.owner, key=key) for _ in range(2)]

    assert made[0] == made[1]
    assert len(await home.statuses()) == 1


async def test_of_many_who_accept_at_once_one_gets_in(home: Home) -> None:
    _, secret = await home.invited()
    people = [await home.house.person() for _ in range(3)]

    answers = await asyncio.gather(
        *(home.house.running.ask(ACCEPT, {"t": secret}, principal=person) for person in people)
    )

    assert sum(answer.errors is None for answer in answers) == 1
    assert len(await home.roles()) == 2


async def test_withdrawn_replaced_and_invented_secrets_are_refused_alike(home: Home) -> None:
    first, withdrawn = await home.invited()
    assert (await home.house.data(WITHDRAW, {"id": first}, who=home.owner))["withdrawInvitation"][
        "status"
    ] == "withdrawn"
    refusals = []
    for secret in (withdrawn, "inv_" + "x" * 43, "x", ""):
        refused = await home.house.running.ask(ACCEPT, {"t": secret, "i": newcomer()}, principal=NOBODY)
        assert refused.errors
        refusals.append({**refused.errors[0], "path": None})

    assert all(each == refusals[0] for each in refusals)
    assert len(await home.roles()) == 1


async def test_it_is_not_sent_again_at_once(home: Home) -> None:
    first, _ = await home.invited()

    refused = await home.house.refused(RESEND, {"id": first}, who=home.owner)

    assert refused["reason"] == "THROTTLED"
    assert 1 <= refused["retryAfterSeconds"] <= 61


async def test_a_promise_that_was_cut_off_is_kept_later(home: Home) -> None:
    """The process ended between the fact that it was accepted and the fact that he is a member."""
    world, person = home.house.world, await home.house.person()
    invitation, secret = await home.invited()
    accepted = await decide(
        world,
        INVITATION,
        home.id,
        invitation,
        cause=Cause(Actor(type="user", id=person.id, via="session"), clock.new_id(), clock.new_id()),
        verb=lambda known: domain.accept(known, user=person.id, token_hash=act.hash_of(world, secret), at=clock.now()),
    )
    assert accepted is not None
    assert await world.runner.wait_for(accepted.position, 5)
    assert person.id not in await home.roles()

    for _ in range(2):
        await act.sweep(world, left_alone=timedelta(seconds=-1))
        assert await world.runner.wait_for(await world.log.last_position(), 5)

    assert (await home.roles())[person.id] == "member"
    facts = [each.envelope.type for each in (await world.log.load(INVITATION.subject(home.id, invitation))).events]
    assert facts[1:] == [said.InvitationAccepted.TYPE, said.InvitationHonoured.TYPE]


async def test_who_is_a_member_already_stays_what_he_is(home: Home) -> None:
    person = await home.house.person(home.id, "guest")
    _, secret = await home.invited(role="owner")

    accepted = await home.house.data(ACCEPT, {"t": secret}, who=person)

    assert accepted["acceptInvitation"]["user"]["id"] == person.id
    assert (await home.roles())[person.id] == "guest"


async def test_the_first_owner_can_be_neither_removed_nor_lowered_while_he_is_the_last(home: Home) -> None:
    _, secret = await home.invited(role="member")
    await home.house.data(ACCEPT, {"t": secret, "i": newcomer()}, who=NOBODY)
    mine = {"o": home.id, "u": home.owner.id}
    remove = "mutation($o: ID!, $u: ID!) { removeMember(organisation: $o, userID: $u) }"
    lower = "mutation($o: ID!, $u: ID!) { updateMemberRole(organisation: $o, userID: $u, role: guest) { role } }"

    for document in (remove, lower):
        assert (await home.house.refused(document, mine, who=home.owner))["reason"] == "CONFLICT"


async def test_a_client_follows_his_project_and_gets_his_key_once(home: Home) -> None:
    house = home.house
    project = await house.project(home.id, home.owner)
    other = await house.project(home.id, home.owner)
    address = f"{short()}@example.org"
    wanted = {"p": project, "i": {"email": address, "name": "Acme", "currency": "USD"}}
    made = (await house.data(INVITE_CLIENT, wanted, who=home.owner))["inviteClient"]
    secret = act.secret_of(house.world, made["id"], 1)

    accepted = (await house.data(ACCEPT, {"t": secret, "i": newcomer()}, who=NOBODY))["acceptInvitation"]

    assert made["client"]["name"] == "Acme"
    key = accepted["clientKey"]
    assert key["secret"]
    assert (key["key"]["kind"], key["key"]["client"]["id"]) == ("client", made["client"]["id"])
    client = Principal(kind="user", id=accepted["user"]["id"], via="session")
    seen = await house.data("{ projects { id } organisations { id } }", who=client)
    assert seen == {"projects": [{"id": project}], "organisations": []}
    assert other not in {each["id"] for each in seen["projects"]}
    again = await house.data(ACCEPT, {"t": secret}, who=client)
    assert again["acceptInvitation"]["clientKey"] is None or again["acceptInvitation"]["clientKey"]["secret"] is None
    listed = await house.data(LIST, {"p": project}, who=home.owner)
    assert [(each["email"], each["status"]) for each in listed["invitations"]] == [(address, "accepted")]


async def test_no_fact_and_no_table_holds_address_or_secret(home: Home) -> None:
    address = f"{short()}@example.org"
    invitation, secret = await home.invited(address)
    history = await home.house.world.log.load(INVITATION.subject(home.id, invitation))
    async with home.house.world.database.engine.connect() as connection:
        rows = await connection.exec_driver_sql("select i::text from invitations i")
        tables = " ".join(rows.scalars())
        notices = " ".join((await connection.exec_driver_sql("select n::text from notices n")).scalars())

    for text in (address, secret):
        assert all(text.encode() not in event.body for event in history.events)
        assert text not in tables
        assert text not in notices


# --- billing details ----------------------------------------------------------------------------------------------

SET = """mutation($o: ID!, $i: BillingDetailsInput!) { setBillingDetails(organisation: $o, input: $i) {
  legalName street postalCode city country taxId email currency timeZone } }"""
DETAILS = {
    "legalName": "Grand Hotel B.V.",
    "street": "Kade 1",
    "postalCode": "1011 AB",
    "city": "Amsterdam",
    "country": "nl",
    "taxId": "nl001234567b01",
    "email": "bills@grand.example",
    "currency": "EUR",
    "timeZone": "Europe/Amsterdam",
}


async def test_billing_details_are_kept_sealed_and_shown_to_owners(home: Home) -> None:
    shown = (await home.house.data(SET, {"o": home.id, "i": DETAILS}, who=home.owner))["setBillingDetails"]
    read = "query($o: ID!) { billingDetails(organisation: $o) { legalName country taxId } }"
    history = await home.house.world.log.load(ACCOUNT.subject(home.id, home.id))

    assert shown == {**DETAILS, "country": "NL", "taxId": "NL001234567B01"}
    assert (await home.house.data(read, {"o": home.id}, who=home.owner))["billingDetails"]["legalName"] == (
        "Grand Hotel B.V."
    )
    for text in ("Grand Hotel", "Kade 1", "1011 AB", "Amsterdam B", "NL0012", "bills@grand"):
        assert text.encode() not in history.events[0].body
    assert history.events[0].envelope.data["currency"] == "EUR"


async def test_billing_details_are_null_until_they_are_set(home: Home) -> None:
    read = "query($o: ID!) { billingDetails(organisation: $o) { country } }"

    assert await home.house.data(read, {"o": home.id}, who=home.owner) == {"billingDetails": None}


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("legalName", "", "TOO_SHORT"),
        ("country", "Netherlands", "UNKNOWN_COUNTRY"),
        ("currency", "XTS!", "UNKNOWN_CURRENCY"),
        ("timeZone", "Mars/Base", "UNKNOWN_TIME_ZONE"),
        ("email", "nobody", "INVALID_EMAIL"),
        ("taxId", "??", "INVALID_TAX_ID"),
    ],
)
async def test_what_cannot_stand_on_an_invoice_is_refused_by_its_field(
    home: Home, field: str, value: str, reason: str
) -> None:
    refused = await home.house.refused(SET, {"o": home.id, "i": {**DETAILS, field: value}}, who=home.owner)

    assert (refused["reason"], refused["field"]) == (reason, f"input.{field}")
