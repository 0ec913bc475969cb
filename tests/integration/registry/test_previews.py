"""Previews declared: who may clone what, how many there are, and the end of a lease without anybody's doing."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from common import clock
from contracts import previews as said
from registry.execute import previews as act
from registry.execute.deciding import INSTANCE
from tests.support.registered import OPERATOR, SCHEMA, House
from tests.support.waiting import until

CREATE = """mutation($input: CreatePreviewInput!) { createPreview(input: $input) {
  id name source expiresAt creator { id } masks { type field rule value }
  environment { id name version access } instance { id } } }"""
SHOWN = "query($i: ID!) { instance(id: $i) { environments { name } previews { id name expiresAt } } }"
TITLE = {"type": "Album", "field": "title", "rule": "HASH"}


async def an_instance(house: House) -> tuple[str, str, str]:
    """Organisation, project, and an instance whose dev serves albums."""
    organisation = await house.organisation()
    service = await house.service(organisation)
    await house.push(service, SCHEMA)
    await house.data("mutation($s: ID!) { promoteService(id: $s) { name } }", {"s": service})
    await house.settle(service)
    project = await house.project(organisation)
    return organisation, project, await house.instance(project, service)


async def create(house: House, instance: str, name: str = "pr-1", **more: Any) -> dict[str, Any]:
    wanted = {"input": {"instance": instance, "name": name, **more}}
    made: dict[str, Any] = (await house.data(CREATE, wanted))["createPreview"]
    return made


async def facts(house: House, organisation: str, instance: str) -> list[str]:
    history = await house.world.log.load(INSTANCE.subject(organisation, instance))
    return [each.envelope.type.rsplit(".", 2)[1] for each in history.events]


async def test_a_preview_is_an_environment_with_a_lease(lossless: House) -> None:
    _, _, instance = await an_instance(lossless)

    made = await create(lossless, instance, masks=[TITLE], leaseMinutes=90)
    shown = (await lossless.data(SHOWN, {"i": instance}))["instance"]

    assert made["environment"]["name"] == "preview"
    assert (made["environment"]["version"], made["environment"]["access"]) == ("0.0.2", "key")
    assert (made["source"], made["creator"]["id"], made["instance"]["id"]) == ("dev", OPERATOR.id, instance)
    assert made["masks"] == [{**TITLE, "value": None}]
    left = clock.parse(made["expiresAt"]) - clock.now()
    assert timedelta(minutes=85) < left <= timedelta(minutes=90)
    assert [each["name"] for each in shown["environments"]] == ["dev", "stage", "prod"]
    assert [each["id"] for each in shown["previews"]] == [made["id"]]


async def test_a_repeat_makes_no_second_preview(lossless: House) -> None:
    _, _, instance = await an_instance(lossless)
    wanted = {"input": {"instance": instance, "name": "pr-1"}}

    one = await lossless.data(CREATE, wanted, key="once")
    again = await lossless.data(CREATE, wanted, key="once")
    other = await lossless.refused(CREATE, wanted)

    assert one == again
    assert (other["reason"], other["field"]) == ("NAME_TAKEN", "input.name")


@pytest.mark.parametrize(
    ("wanted", "reason", "field"),
    [
        ({"masks": [{**TITLE, "field": "titel"}]}, "UNKNOWN_FIELD", "input.masks"),
        ({"masks": [{**TITLE, "rule": "NULL"}]}, "REQUIRED", "input.masks"),
        ({"source": "demo"}, "NO_SUCH_SOURCE", "input.source"),
        ({"source": "stage"}, "NOT_DEPLOYED", "input.source"),
        ({"source": "prod"}, "UNMASKED", "input.masks"),
        ({"leaseMinutes": 10081}, "LEASE_TOO_LONG", "input.leaseMinutes"),
        ({"name": "Not A Name"}, "INVALID_NAME", "input.name"),
    ],
)
async def test_what_cannot_be_cloned_is_said_before_anything_is_made(
    lossless: House, shared: tuple[str, str, str], wanted: dict[str, Any], reason: str, field: str | None
) -> None:
    organisation, _, instance = shared
    before = await facts(lossless, organisation, instance)

    refused = await lossless.refused(CREATE, {"input": {"instance": instance, "name": "pr-1", **wanted}})

    assert (refused["reason"], refused.get("field")) == (reason, field)
    assert await facts(lossless, organisation, instance) == before


@pytest.fixture(scope="module")
async def shared(registry: House) -> tuple[str, str, str]:
    """An instance that nobody changes."""
    return await an_instance(registry)


async def test_a_project_has_ten_previews_at_most_whoever_comes_at_once(lossless: House) -> None:
    _, _, instance = await an_instance(lossless)
    documents = [{"input": {"instance": instance, "name": f"pr-{n}"}} for n in range(13)]

    answers = await asyncio.gather(*(lossless.running.ask(CREATE, each, principal=OPERATOR) for each in documents))
    refused = [each.errors[0]["extensions"]["reason"] for each in answers if each.errors]
    made = [each.data["createPreview"]["id"] for each in answers if not each.errors and each.data]
    await lossless.data("mutation($p: ID!) { deletePreview(id: $p) }", {"p": made[0]})

    assert (len(made), refused) == (10, ["TOO_MANY"] * 3)
    assert (await create(lossless, instance, "again"))["name"] == "again"


async def test_a_lease_ends_by_itself(lossless: House, monkeypatch: pytest.MonkeyPatch) -> None:
    organisation, _, instance = await an_instance(lossless)
    short = await create(lossless, instance, "short", leaseMinutes=60)
    long = await create(lossless, instance, "long", leaseMinutes=60)
    extend = "mutation($p: ID!, $m: Int) { extendPreview(id: $p, leaseMinutes: $m) { expiresAt } }"
    longer = (await lossless.data(extend, {"p": long["id"], "m": 10000}))["extendPreview"]["expiresAt"]
    assert longer > long["expiresAt"]

    monkeypatch.setattr(clock, "_SHIFT", timedelta(minutes=61))

    async def one_is_left() -> bool:
        shown = (await lossless.data(SHOWN, {"i": instance}))["instance"]
        return [each["name"] for each in shown["previews"]] == ["long"]

    await until(one_is_left)
    history = await lossless.world.log.load(INSTANCE.subject(organisation, instance))
    last = history.events[-1].envelope
    assert (last.type, last.actor.via) == (said.PreviewDeleted.TYPE, "leases")
    assert (last.data["preview"], last.data["reason"]) == (short["id"], "lease_ended")
    assert last.changes["leases"].after == {"long": longer}
    # Replicas that come late find that it is so already.
    await asyncio.gather(act.sweep(lossless.world), act.sweep(lossless.world))
    assert (await facts(lossless, organisation, instance)).count("preview_deleted") == 1


async def test_an_instance_goes_with_its_previews_and_their_places(lossless: House) -> None:
    _, project, instance = await an_instance(lossless)
    service = (await lossless.data("query($i: ID!) { instance(id: $i) { service { id } } }", {"i": instance}))[
        "instance"
    ]
    made = [await create(lossless, instance, f"pr-{n}") for n in range(10)]

    await lossless.data("mutation($i: ID!) { removeInstance(id: $i) }", {"i": instance})
    gone = await lossless.refused("query($p: ID!) { preview(id: $p) { id } }", {"p": made[0]["id"]})
    other = await lossless.instance(project, service["service"]["id"])

    assert gone["code"] == "NOT_FOUND"
    assert (await create(lossless, other))["name"] == "pr-1"


async def test_versions_go_their_way_beside_a_preview(lossless: House) -> None:
    _, _, instance = await an_instance(lossless)
    made = await create(lossless, instance)
    await lossless.data('mutation($i: ID!) { rollInstance(id: $i, version: "0.0.1") { id } }', {"i": instance})
    await lossless.settle(instance)

    for document in (
        "mutation($i: ID!) { promoteInstance(id: $i, from: preview, to: dev) { id } }",
        "mutation($i: ID!) { promoteInstance(id: $i, from: dev, to: preview) { id } }",
        "mutation($i: ID!) { rollInstance(id: $i, environment: preview) { id } }",
    ):
        assert (await lossless.refused(document, {"i": instance}))["reason"] == "NO_SUCH_WAY"
    shown = await lossless.data("query($p: ID!) { preview(id: $p) { environment { version } } }", {"p": made["id"]})
    assert shown["preview"]["environment"]["version"] == "0.0.2"


async def test_a_preview_is_opened_as_other_environments_are(lossless: House) -> None:
    _, _, instance = await an_instance(lossless)
    made = await create(lossless, instance)
    opened = await lossless.data(
        "mutation($e: ID!) { setAccess(environment: $e, mode: organisation) { id access } }",
        {"e": made["environment"]["id"]},
    )
    assert opened["setAccess"] == {"id": made["environment"]["id"], "access": "organisation"}


async def test_prod_is_cloned_by_admins_and_deleted_by_editors(lossless: House) -> None:
    organisation, project, instance = await an_instance(lossless)
    await lossless.data("mutation($i: ID!) { promoteInstance(id: $i, from: dev, to: prod) { id } }", {"i": instance})
    await lossless.settle(instance)
    editor = await lossless.person(organisation, "guest")
    await lossless.data(
        "mutation($p: ID!, $u: ID!) { addUserToProject(projectID: $p, userID: $u, role: editor) { id } }",
        {"p": project, "u": editor.id},
    )
    wanted = {"input": {"instance": instance, "name": "prod", "source": "prod", "masks": [TITLE]}}

    refused = await lossless.refused(CREATE, wanted, who=editor)
    made = (await lossless.data(CREATE, wanted))["createPreview"]
    longer = "mutation($p: ID!) { extendPreview(id: $p) { id } }"
    kept = await lossless.refused(longer, {"p": made["id"]}, who=editor)
    await lossless.data("mutation($p: ID!) { deletePreview(id: $p) }", {"p": made["id"]}, who=editor)

    assert (refused["code"], kept["code"]) == ("FORBIDDEN", "FORBIDDEN")
