"""Webhooks end to end: declared by the API, told over real sockets, signed, retried, given up, replayed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from common import clock
from common.log import Subject
from registry.domain.deliveries import Pace
from tests.support.receiver import Receiver, receiver
from tests.support.registered import House, short
from tests.support.telling import QUICK, delivering, hooked, projects, shown
from tests.support.waiting import until


def genuine() -> Any:
    """The check that the guide shows to those who are told."""
    guide = (Path(__file__).parents[3] / "docs" / "how-to" / "webhooks.md").read_text()
    shown: dict[str, Any] = {}
    exec(guide.split("```python\n")[1].split("```")[0], shown)  # noqa: S102 - our own guide
    return shown["genuine"]


async def test_a_fact_is_told_with_its_id_and_signed_with_the_secret_that_was_shown(
    registry: House, hook: Receiver
) -> None:
    organisation = await registry.organisation()
    webhook = await hooked(registry, organisation=organisation, url=hook.url)
    async with delivering(registry):
        project = (await projects(registry, organisation, 1))[0]
        await hook.count(1)

    told = hook.told[0]
    stored = await registry.world.log.load(Subject(organisation, "registry", "project", project))
    assert told.body == stored.events[0].body
    assert told.id == told.fact["id"]
    assert told.signed_with(webhook.secret)
    assert genuine()(webhook.secret, told.headers, told.body)
    assert not genuine()(webhook.secret, told.headers, told.body + b" ")
    assert abs(int(told.headers["webhook-timestamp"]) - clock.now().timestamp()) < 60
    assert told.headers["content-type"].startswith("application/cloudevents+json")


async def test_only_facts_of_the_own_organisation_and_of_the_named_types_are_told(
    registry: House, hook: Receiver
) -> None:
    mine, others = await registry.organisation(), await registry.organisation()
    await hooked(registry, organisation=mine, url=hook.url, types=["mortise.registry.project.*"])
    async with delivering(registry):
        await projects(registry, others, 2)
        await registry.service(mine)
        made = await projects(registry, mine, 2)
        await hook.count(2)

    assert [each.fact["data"]["project"] for each in hook.told] == made
    assert {each.fact["org"] for each in hook.told} == {mine}


async def test_a_webhook_of_a_project_hears_of_that_project_only(registry: House, hook: Receiver) -> None:
    organisation = await registry.organisation()
    mine, other = await projects(registry, organisation, 2)
    await hooked(registry, project=mine, url=hook.url, types=["*"])
    add = 'mutation($p: ID!) { addClient(projectId: $p, input: {name: "Acme"}) { client { id } } }'
    async with delivering(registry):
        await registry.data(add, {"p": other})
        await registry.data(add, {"p": mine})
        await hook.count(1)

    assert {each.fact["data"]["project"] for each in hook.told} == {mine}
    assert [each.fact["type"] for each in hook.told] == ["mortise.registry.client.added.v1"]


async def test_addresses_of_people_are_told_sealed(registry: House, hook: Receiver) -> None:
    organisation = await registry.organisation()
    await hooked(registry, organisation=organisation, url=hook.url, types=["*invitation*"])
    address = f"{short()}@example.org"
    invite = "mutation($o: ID!, $e: String!) { inviteMember(organisation: $o, email: $e, role: member) { email } }"
    async with delivering(registry):
        assert (await registry.data(invite, {"o": organisation, "e": address}))["inviteMember"]["email"] == address
        await hook.count(1)

    assert address.encode() not in hook.told[0].body
    assert "sealed" in hook.told[0].fact["data"]["email"]


async def test_a_refused_fact_is_told_again_before_any_later_one(registry: House, hook: Receiver) -> None:
    organisation = await registry.organisation()
    webhook = await hooked(registry, organisation=organisation, url=hook.url)
    hook.answer = lambda _: 503 if len(hook.told) <= 3 else 200
    async with delivering(registry):
        made = await projects(registry, organisation, 2)
        await hook.count(2)
        await until(lambda: len(hook.taken) == 2)

        async def written_down() -> bool:
            return len((await shown(registry, webhook.id))["attempts"]) == len(hook.told)

        await until(written_down)

    ids = [each.id for each in hook.told]
    assert ids[:4] == [ids[0]] * 4
    assert [each.fact["data"]["project"] for each in hook.told[3:]] == made
    log = (await shown(registry, webhook.id))["attempts"]
    assert [(each["attempt"], each["status"]) for each in reversed(log)][:5] == [
        *((1, 503), (2, 503), (3, 503), (4, 200), (1, 200)),
    ]


async def test_a_dead_and_a_silent_receiver_keep_nobody_waiting(registry: House, hook: Receiver) -> None:
    organisation = await registry.organisation()
    async with receiver() as silent, receiver() as dead:
        silent.silent = True
        gone = dead.url
        webhooks = [await hooked(registry, organisation=organisation, url=url) for url in (silent.url, gone, hook.url)]
    async with receiver() as silent:
        silent.silent = True
        await registry.data(
            "mutation($id: ID!, $url: String!) { updateWebhook(id: $id, input: {url: $url}) { id } }",
            {"id": webhooks[0].id, "url": silent.url},
        )
        async with delivering(registry, seconds_max=30.0):
            await projects(registry, organisation, 10)
            await hook.count(10)

            assert len(silent.told) == 1
            assert (await shown(registry, webhooks[1].id))["attempts"][0]["error"] == "no connection"


async def test_an_answer_that_never_ends_is_left_after_a_while(registry: House, hook: Receiver) -> None:
    organisation = await registry.organisation()
    webhook = await hooked(registry, organisation=organisation, url=hook.url)
    hook.silent = True
    async with delivering(registry, seconds_max=0.2):
        await projects(registry, organisation, 1)
        await hook.asked(2)

    log = (await shown(registry, webhook.id))["attempts"]
    assert {each["error"] for each in log} == {"no answer in time"}


async def test_after_three_days_it_is_disabled_said_and_goes_on_where_it_stopped(
    registry: House, hook: Receiver
) -> None:
    owner = await registry.person()
    organisation = await registry.organisation(owner)
    webhook = await hooked(registry, organisation=organisation, url=hook.url)
    hook.answer = lambda _: 500
    now, pace = [clock.now()], Pace(first=timedelta(hours=20), longest=timedelta(days=1), window=timedelta(days=3))
    async with delivering(registry, pace=pace, now=lambda: now[0]):
        made = await projects(registry, organisation, 3)
        while (found := await shown(registry, webhook.id))["disabled"] is None:
            before = len(hook.told)
            now[0] += timedelta(hours=30)
            # What waits for a time of its own looks up when its organisation says something.
            await projects(registry, organisation, 1)
            await until(lambda so=before: len(hook.told) > so)
            if len(hook.told) >= 4:
                await until(lambda: _disabled(registry, webhook.id))

        assert found["disabled"] == "failing"
        assert {each.fact["data"]["project"] for each in hook.told} == {made[0]}
        hook.answer, hook.told = lambda _: 200, []
        await registry.data("mutation($id: ID!) { enableWebhook(id: $id) { disabled } }", {"id": webhook.id})
        await hook.count(3)

    assert [each.fact["data"]["project"] for each in hook.told[:3]] == made


async def test_a_receiver_that_is_gone_is_not_asked_again(registry: House, hook: Receiver) -> None:
    organisation = await registry.organisation()
    webhook = await hooked(registry, organisation=organisation, url=hook.url)
    hook.answer = lambda _: 410
    async with delivering(registry):
        await projects(registry, organisation, 2)
        await until(lambda: _disabled(registry, webhook.id))

    assert (await shown(registry, webhook.id))["disabled"] == "gone"
    assert len(hook.told) == 1


async def test_redirects_are_not_followed(registry: House, hook: Receiver) -> None:
    organisation = await registry.organisation()
    async with receiver() as elsewhere:
        hook.answer, hook.headers = lambda _: 307, {"Location": elsewhere.url}
        await hooked(registry, organisation=organisation, url=hook.url)
        async with delivering(registry):
            await projects(registry, organisation, 1)
            await hook.asked(2)

        assert elsewhere.told == []


async def test_an_old_secret_signs_beside_the_new_one_for_a_day(registry: House, hook: Receiver) -> None:
    organisation = await registry.organisation()
    webhook = await hooked(registry, organisation=organisation, url=hook.url)
    rotate = "mutation($id: ID!) { rotateWebhookSecret(id: $id) { secret } }"
    key = short()
    new = (await registry.data(rotate, {"id": webhook.id}, key=key))["rotateWebhookSecret"]["secret"]
    again = (await registry.data(rotate, {"id": webhook.id}, key=key))["rotateWebhookSecret"]["secret"]
    now = [clock.now()]
    async with delivering(registry, now=lambda: now[0]):
        await projects(registry, organisation, 1)
        await hook.count(1)
        now[0] += timedelta(hours=25)
        await projects(registry, organisation, 1)
        await hook.count(2)

    assert again is None
    assert hook.told[0].signed_with(new)
    assert hook.told[0].signed_with(webhook.secret)
    assert hook.told[1].signed_with(new)
    assert not hook.told[1].signed_with(webhook.secret)


async def test_facts_can_be_told_again_from_a_position(registry: House, hook: Receiver) -> None:
    organisation = await registry.organisation()
    before = await registry.world.log.last_position()
    early = await projects(registry, organisation, 2)
    webhook = await hooked(registry, organisation=organisation, url=hook.url)
    replay = "mutation($id: ID!, $after: Int!) { replayWebhook(id: $id, after: $after) { position } }"
    async with delivering(registry):
        late = await projects(registry, organisation, 1)
        await hook.count(1)
        await registry.data(replay, {"id": webhook.id, "after": before})
        await hook.count(4)

    assert [each.fact["data"]["project"] for each in hook.told] == [*late, *early, *late]
    refused = await registry.refused(replay, {"id": webhook.id, "after": 2_000_000_000})
    assert (refused["reason"], refused["field"]) == ("NO_POSITION", "after")


async def test_a_private_network_is_closed_until_an_operator_opens_it(registry: House, hook: Receiver) -> None:
    organisation = await registry.organisation()
    # A name is looked up when it is connected to, so only then is it known to mean this machine.
    webhook = await hooked(registry, organisation=organisation, url=hook.url)
    async with delivering(registry, allowed=""):
        await projects(registry, organisation, 1)
        await until(lambda: _tried(registry, webhook.id))
    assert {each["error"] for each in (await shown(registry, webhook.id))["attempts"]} == {"the address is not allowed"}
    assert hook.told == []

    async with delivering(registry):
        await hook.count(1)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://example.org/", "INVALID_URL"),
        ("https://user:word@example.org/", "INVALID_URL"),
        ("https://10.0.0.1/", "INVALID_URL"),
        ("https://[::ffff:10.0.0.1]/", "INVALID_URL"),
        ("https://169.254.169.254/latest", "INVALID_URL"),
        ("https://0x7f000001/", "INVALID_URL"),
        ("https://2130706433/", "INVALID_URL"),
        ("https://example.org:22/", "INVALID_URL"),
        ("https://example.org/#part", "INVALID_URL"),
        ("not an address", "INVALID_URL"),
    ],
)
async def test_an_address_that_nobody_may_be_told_at_is_refused(registry: House, url: str, reason: str) -> None:
    organisation = await registry.organisation()
    add = "mutation($input: AddWebhookInput!) { addWebhook(input: $input) { secret } }"
    wanted = {"input": {"organisation": organisation, "url": url, "types": ["*"]}}

    refused = await registry.refused(add, wanted)

    assert (refused["reason"], refused["field"]) == (reason, "input.url")


async def test_a_removed_webhook_is_told_nothing_more(registry: House, hook: Receiver) -> None:
    organisation = await registry.organisation()
    webhook = await hooked(registry, organisation=organisation, url=hook.url)
    async with receiver() as other:
        await hooked(registry, organisation=organisation, url=other.url)
        async with delivering(registry):
            await projects(registry, organisation, 1)
            await hook.count(1)
            await registry.data("mutation($id: ID!) { removeWebhook(id: $id) }", {"id": webhook.id})
            await projects(registry, organisation, 2)
            await other.count(3)

    assert len(hook.told) == 1
    assert (await registry.refused("query($id: ID!) { webhook(id: $id) { id } }", {"id": webhook.id}))["code"] == (
        "NOT_FOUND"
    )


async def test_an_organisation_has_so_many_webhooks_and_no_more(registry: House) -> None:
    organisation = await registry.organisation()
    add = "mutation($input: AddWebhookInput!) { addWebhook(input: $input) { webhook { id } } }"
    wanted = {"input": {"organisation": organisation, "url": "https://receiver.invalid/", "types": ["none"]}}
    for _ in range(20):
        await registry.data(add, wanted)

    assert (await registry.refused(add, wanted))["reason"] == "CONFLICT"


async def _disabled(registry: House, id: str) -> bool:
    return (await shown(registry, id))["disabled"] is not None


async def _tried(registry: House, id: str) -> bool:
    return len((await shown(registry, id))["attempts"]) > 0


def test_the_pace_of_these_tests_is_quicker_than_that_of_the_product() -> None:
    assert QUICK.first < Pace().first
    assert QUICK.window == Pace().window
