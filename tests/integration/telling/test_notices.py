"""People are told by message: over a real SMTP conversation, at least once, or by a line of the log."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import structlog

from common import clock
from common.log import Subject
from contracts.access import Principal
from contracts.billing import InvoiceFinalized
from registry.domain.notices import Message
from registry.execute import invitations as act
from registry.execute.mail import Channel, LogChannel, Server, SmtpChannel
from registry.execute.notices import Herald
from registry.store import invitations as stored
from tests.support.inside import NOBODY, say
from tests.support.postbox import Postbox, certificate, postbox
from tests.support.receiver import Receiver
from tests.support.registered import PASSWORD, House, short
from tests.support.telling import delivering, hooked, shown
from tests.support.waiting import until

INVITE = "mutation($o: ID!, $e: String!) { inviteMember(organisation: $o, email: $e, role: member) { id } }"
SENDER = "Mortise <no-reply@mortise.example>"


@pytest.fixture
async def box() -> AsyncIterator[Postbox]:
    async with postbox() as here:
        yield here


@pytest.fixture
async def quiet(registry: House) -> House:
    """Whatever earlier tests left to be told is told to nobody."""
    await told(registry, LogChannel(development=False))
    return registry


async def told(
    house: House,
    channel: Channel,
    *,
    turns: int = 2,
    url: str | None = None,
    now: Callable[[], datetime] = clock.now,
) -> Herald:
    """What is due now is told; the first turn only looks how long the log is."""
    herald = Herald(house.world, channel, url=url, now=now)
    for _ in range(turns):
        await herald.turn()
    return herald


async def invited(house: House, organisation: str) -> tuple[str, str]:
    """Address and id of somebody who is invited."""
    address = f"{short()}@example.org"
    made = await house.data(INVITE, {"o": organisation, "e": address})
    return address, made["inviteMember"]["id"]


def smtp(box: Postbox) -> SmtpChannel:
    return SmtpChannel(Server.read(f"smtp://127.0.0.1:{box.port}", SENDER))


def invoice(organisation: str, project: str, client: str | None, number: int) -> InvoiceFinalized:
    words = dict.fromkeys(
        (
            *("issuer", "time_zone", "period_from", "period_to", "subtotal", "tax_rate", "tax", "platform_share"),
            *("issued", "document_sha"),
        ),
        "x",
    )
    others = {
        "invoice": clock.new_id(),
        "number": f"INV-2027-{number:06}",
        "issuer_name": "Issuer",
        "organisation": organisation,
        "project": project,
        "client": client,
        "client_name": "Acme",
        "currency": "EUR",
        "period": "2027-01",
        "calls": 1,
        "total": "12.50",
        "makers": (),
        "due": "2027-03-01",
        "cutoff": 1,
        "incomplete": (),
        "document_bytes": 1,
    }
    return InvoiceFinalized.model_validate({**words, **others})


async def due(house: House) -> int:
    async with house.world.database.reading() as connection:
        return len(await stored.notices_due(connection, clock.now() - timedelta(days=6)))


async def test_an_invitation_arrives_and_what_it_says_works(quiet: House, box: Postbox) -> None:
    organisation = await quiet.organisation()
    address, _ = await invited(quiet, organisation)

    await told(quiet, smtp(box), url="https://mortise.example")

    message = box.messages[0]
    text = message.get_content()
    assert box.recipients == [address]
    assert (message["to"], message["from"]) == (address, SENDER)
    assert message["message-id"].endswith("@mortise.example>")
    assert "https://mortise.example" in text
    secret = text.split("mortise invite accept ")[1].split()[0]
    accept = "mutation($t: String!, $i: AcceptInvitationInput) { acceptInvitation(token: $t, input: $i) { kind } }"
    person = {"username": f"n{short()}", "password": PASSWORD}
    assert await quiet.data(accept, {"t": secret, "i": person}, who=NOBODY)


async def test_each_message_is_sent_once_by_whoever_looks_later(quiet: House, box: Postbox) -> None:
    await invited(quiet, await quiet.organisation())

    for _ in range(2):
        await told(quiet, smtp(box))

    assert len(box.messages) == 1
    assert await due(quiet) == 0


async def test_a_process_that_ends_before_it_could_say_so_sends_it_again_under_the_same_id(
    quiet: House, box: Postbox
) -> None:
    class Ends(SmtpChannel):
        async def send(self, notice: str, to: str, message: Message) -> None:
            await super().send(notice, to, message)
            raise KeyboardInterrupt

    await invited(quiet, await quiet.organisation())
    with pytest.raises(KeyboardInterrupt):
        await told(quiet, Ends(Server.read(f"smtp://127.0.0.1:{box.port}", SENDER)))
    await told(quiet, smtp(box))

    assert len({each["message-id"] for each in box.messages}) == 1
    assert len(box.messages) == 2


async def test_a_server_that_is_away_is_asked_again_later(quiet: House, box: Postbox) -> None:
    await invited(quiet, await quiet.organisation())
    await invited(quiet, await quiet.organisation())
    box.refuse = {"CONNECT": "421 not now"}
    now = [clock.now()]
    herald = await told(quiet, smtp(box), now=lambda: now[0])
    assert await due(quiet) == 2

    box.refuse = {}
    await herald.turn()
    assert box.messages == [], "what was tried a moment ago waits"
    now[0] += timedelta(seconds=10)
    await herald.turn()

    assert len(box.messages) == 2


async def test_one_recipient_who_is_refused_holds_up_nobody(quiet: House, box: Postbox) -> None:
    organisation = await quiet.organisation()
    _, first = await invited(quiet, organisation)
    box.refuse = {"RCPT": "550 no such person"}
    await told(quiet, smtp(box))
    box.refuse = {}
    await invited(quiet, organisation)
    await told(quiet, smtp(box))

    assert len(box.messages) == 1
    assert await due(quiet) == 0
    assert await _given_up(quiet, organisation, first) == "the recipient was refused (550)"


async def test_what_cannot_be_sent_for_three_days_is_given_up_and_said(quiet: House, box: Postbox) -> None:
    organisation = await quiet.organisation()
    _, invitation = await invited(quiet, organisation)
    box.refuse = {"RCPT": "450 greylisted"}

    await told(quiet, smtp(box), now=lambda: clock.now() + timedelta(days=3, seconds=1))

    assert await due(quiet) == 0
    assert await _given_up(quiet, organisation, invitation) == "the recipient was refused (450)"


async def test_a_withdrawn_invitation_is_not_sent(quiet: House, box: Postbox) -> None:
    _, invitation = await invited(quiet, await quiet.organisation())
    await quiet.data("mutation($id: ID!) { withdrawInvitation(id: $id) { id } }", {"id": invitation})

    await told(quiet, smtp(box))

    assert box.messages == []
    assert await due(quiet) == 0


async def test_somebody_who_was_forgotten_is_told_nothing(quiet: House, box: Postbox) -> None:
    organisation = await quiet.organisation()
    _, invitation = await invited(quiet, organisation)
    assert await quiet.world.sealer.destroy(invitation)

    await told(quiet, smtp(box))

    assert box.messages == []
    assert await _given_up(quiet, organisation, invitation) == "nobody to tell"


async def test_a_message_that_breaks_what_sends_it_holds_up_nobody(quiet: House, box: Postbox) -> None:
    class Stumbles(SmtpChannel):
        async def send(self, notice: str, to: str, message: Message) -> None:
            if to == first:
                raise IndexError
            await super().send(notice, to, message)

    organisation = await quiet.organisation()
    first, _ = await invited(quiet, organisation)
    second, _ = await invited(quiet, organisation)

    await told(quiet, Stumbles(Server.read(f"smtp://127.0.0.1:{box.port}", SENDER)))

    assert box.recipients == [second]
    assert await due(quiet) == 1


async def test_owners_hear_of_a_failed_deployment(quiet: House, box: Postbox) -> None:
    organisation = await quiet.organisation()
    owner = await quiet.person(organisation, "owner")
    await quiet.person(organisation, "member")
    address = (await quiet.data("{ me { email } }", who=owner))["me"]["email"]
    service = await quiet.service(organisation, name="Guest Book")
    quiet.losses = []
    await quiet.data(
        "mutation($i: PushServiceInput!) { pushService(input: $i) { name } }",
        {"i": {"service": service, "schema": "type A @model {\n  id: ID! @isUnique\n}\n", "notes": ["n"]}},
    )
    await quiet.settle(service, failing=True)

    await told(quiet, smtp(box))

    assert sorted(box.recipients) == sorted([address, "operator@example.org"])
    assert box.messages[0]["subject"] == "Deployment of Guest Book 0.0.2 to private failed"
    assert "BROKEN: It broke." in box.messages[0].get_content()


async def test_owners_hear_of_a_webhook_that_was_given_up_unless_it_works_again(
    quiet: House, box: Postbox, hook: Receiver
) -> None:
    owner = await quiet.person()
    organisation = await quiet.organisation(owner)
    hook.answer = lambda _: 410
    webhooks = [await hooked(quiet, owner, organisation=organisation, url=hook.url) for _ in range(2)]
    async with delivering(quiet):
        await quiet.project(organisation, owner)
        for webhook in webhooks:
            await until(partial(_disabled, quiet, webhook.id, owner))
    await quiet.data("mutation($id: ID!) { enableWebhook(id: $id) { id } }", {"id": webhooks[0].id}, who=owner)

    await told(quiet, smtp(box))

    assert box.recipients == [(await quiet.data("{ me { email } }", who=owner))["me"]["email"]]
    assert f"mortise webhook enable {webhooks[1].id}" in box.messages[0].get_content()
    assert hook.url in box.messages[0].get_content()


async def test_an_invoice_reaches_whoever_pays_it(quiet: House, box: Postbox) -> None:
    organisation = await quiet.organisation()
    project = await quiet.project(organisation)
    add = "mutation($p: ID!, $i: AddClientInput!) { addClient(projectId: $p, input: $i) { client { id } } }"
    acme = {"name": "Acme", "email": "pay@acme.example"}
    client = (await quiet.data(add, {"p": project, "i": acme}))["addClient"]["client"]["id"]
    details = {"legalName": "L", "street": "S", "city": "C", "country": "NL", "email": "bills@our.example"}
    await quiet.data(
        "mutation($o: ID!, $i: BillingDetailsInput!) { setBillingDetails(organisation: $o, input: $i) { city } }",
        {"o": organisation, "i": details},
    )
    for number, payer in ((1, client), (2, None)):
        fact = invoice(organisation, project, payer, number)
        issuer = organisation if payer else "_"
        recorded = await say(quiet.running.admin, Subject(issuer, "billing", "invoice", fact.invoice), fact)
        assert await quiet.world.runner.wait_for(recorded.position, 5)

    await told(quiet, smtp(box))

    assert box.recipients == ["pay@acme.example", "bills@our.example"]
    assert box.messages[0]["subject"] == "Invoice INV-2027-000001 of Issuer"
    assert "Total: 12.50 EUR" in box.messages[0].get_content()


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
async def test_account_and_message_go_over_tls(quiet: House, tmp_path: Path, scheme: str) -> None:
    server, client = certificate(tmp_path)
    async with postbox(tls=server, from_the_start=scheme == "smtps") as box:
        box.account = ("mortise", "p@ss:word")
        url = f"{scheme}://mortise:p%40ss%3Aword@127.0.0.1:{box.port}"
        await invited(quiet, await quiet.organisation())
        await told(quiet, SmtpChannel(Server.read(url, SENDER), context=ssl.create_default_context()))
        assert box.messages == [], "a certificate that nobody vouches for is not trusted"
        await told(quiet, SmtpChannel(Server.read(url, SENDER), context=client))

    assert box.protected == [True]


async def test_a_server_without_starttls_gets_neither_password_nor_message(quiet: House, box: Postbox) -> None:
    await invited(quiet, await quiet.organisation())

    await told(quiet, SmtpChannel(Server.read(f"smtp+starttls://u:p@127.0.0.1:{box.port}", SENDER)))

    assert box.messages == []
    assert await due(quiet) == 1
    await told(quiet, smtp(box))


@pytest.mark.parametrize("development", [False, True])
async def test_the_log_shows_the_secret_in_development_only(quiet: House, *, development: bool) -> None:
    address, invitation = await invited(quiet, await quiet.organisation())
    secret = act.secret_of(quiet.world, invitation, 1)
    with structlog.testing.capture_logs() as lines:
        await told(quiet, LogChannel(development=development))

    text = json.dumps(lines, default=str)
    assert [each["event"] for each in lines if each["event"] == "notice.sent"] == ["notice.sent"]
    assert (secret in text, address in text) == (development, development)


async def _given_up(house: House, organisation: str, invitation: str) -> str:
    """Why the message about an invitation was given up, as the log of facts says."""
    async with house.world.database.engine.connect() as connection:
        query = "select id from notices where about->>'invitation' = $1"
        rows = await connection.exec_driver_sql(query, (invitation,))
        notice = rows.scalar_one()
    history = await house.world.log.load(Subject(organisation, "registry", "notice", notice))
    assert [each.envelope.type for each in history.events] == ["mortise.registry.notice.given_up.v1"]
    return str(history.events[0].envelope.data["reason"])


async def _disabled(house: House, webhook: str, who: Principal) -> bool:
    return (await shown(house, webhook, who))["disabled"] is not None
