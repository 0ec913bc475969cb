"""From a schema text to a declared version, and from there through the environments."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.names import environment_id
from tests.support.registered import SCHEMA, House

PUSH = "mutation($input: PushServiceInput!) { pushService(input: $input) { name notes changes { criticality } } }"
PREVIEW = """query($s: ID!, $t: String!, $v: String) { previewPush(service: $s, schema: $t, version: $v) {
  problems { line column type field code message } changes { kind path } losses { path rows } version
  upToDate needsForce messages { type action name description subDescriptions { type action name } }
  steps { number phase kind subject reason grade locks } } }"""
PROMOTE_SERVICE = "mutation($s: ID!, $f: Boolean) { promoteService(id: $s, force: $f) { name } }"
PROMOTE = """mutation($i: ID!, $from: EnvironmentName!, $to: EnvironmentName!, $f: Boolean) {
  promoteInstance(id: $i, from: $from, to: $to, force: $f) { environments { name version } } }"""
SERVICE = "query($s: ID!) { service(id: $s) { privateVersion publishedVersion versions { name schema } } }"


def pushing(service: str, schema: str = SCHEMA, **more: Any) -> dict[str, object]:
    return {"input": {"service": service, "schema": schema, "notes": ["Albums"], **more}}


async def made(house: House) -> tuple[str, str]:
    organisation = await house.organisation()
    return organisation, await house.service(organisation)


async def test_a_push_makes_a_version_for_private_only(lossless: House) -> None:
    _, service = await made(lossless)

    pushed = (await lossless.data(PUSH, pushing(service)))["pushService"]
    known = (await lossless.data(SERVICE, {"s": service}))["service"]

    assert pushed["name"] == "0.0.2"
    assert pushed["notes"] == ["Albums"]
    assert {change["criticality"] for change in pushed["changes"]} == {"SAFE", "BREAKING"}
    assert (known["privateVersion"], known["publishedVersion"]) == ("0.0.2", "0.0.1")
    assert known["versions"][0] == {"name": "0.0.2", "schema": SCHEMA}
    assert lossless.asked[-1]["environment"] == environment_id(service, "private")


async def test_a_broken_schema_is_refused_with_all_its_problems(lossless: House) -> None:
    _, service = await made(lossless)
    text = "type Album @model {\n  id: ID! @isUnique\n  title: Foo\n  name: Bar\n}\n"

    refused = await lossless.refused(PUSH, pushing(service, text))
    preview = (await lossless.data(PREVIEW, {"s": service, "t": text}))["previewPush"]

    assert refused["reason"] == "SCHEMA_INVALID"
    assert refused["field"] == "input.schema"
    assert {(each["line"], each["column"]) for each in refused["problems"]} == {(3, 3), (4, 3)}
    assert preview["problems"] == refused["problems"]
    assert preview["version"] is None


async def test_a_dry_run_tells_everything_and_leaves_no_trace(lossless: House) -> None:
    _, service = await made(lossless)
    lossless.losses = [{"path": "Greeting", "rows": 12}]
    lossless.problems = [{"code": 2007, "type": "Album", "field": "title", "message": "Rows have no title."}]
    lossless.steps = [
        {
            "number": 1,
            "phase": "switch",
            "kind": "add table",
            "subject": "Album",
            "reason": "new type",
            "grade": "safe",
            "locks": ["Album: ACCESS EXCLUSIVE"],
        }
    ]
    before = await lossless.world.log.last_position()

    preview = (await lossless.data(PREVIEW, {"s": service, "t": SCHEMA}))["previewPush"]

    assert [(each["action"], each["type"], each["name"]) for each in preview["messages"]] == [
        ("Create", "Type", "Album"),
        ("Delete", "Type", "Greeting"),
        ("Delete", "Enum", "Mood"),
    ]
    assert [each["name"] for each in preview["messages"][0]["subDescriptions"]] == ["id", "title"]
    assert preview["steps"] == lossless.steps
    assert [(each["line"], each["code"]) for each in preview["problems"]] == [(3, 2007)]
    assert (preview["needsForce"], preview["upToDate"], preview["version"]) == (True, False, None)
    assert await lossless.world.log.last_position() == before
    assert (await lossless.data(SERVICE, {"s": service}))["service"]["privateVersion"] == "0.0.1"


async def test_a_dry_run_says_when_nothing_would_change_and_which_version_it_would_become(lossless: House) -> None:
    _, service = await made(lossless)
    current = (await lossless.data(SERVICE, {"s": service}))["service"]["versions"][0]["schema"]

    same = (await lossless.data(PREVIEW, {"s": service, "t": f"{current}\n\n"}))["previewPush"]
    other = (await lossless.data(PREVIEW, {"s": service, "t": SCHEMA, "v": "1.2.3"}))["previewPush"]
    refused = await lossless.refused(PREVIEW, {"s": service, "t": SCHEMA, "v": "0.0.1"})

    assert (same["upToDate"], same["version"], same["messages"], same["steps"]) == (True, None, [], [])
    assert (other["upToDate"], other["version"]) == (False, "1.2.3")
    assert (refused["code"], refused["reason"]) == ("BAD_USER_INPUT", "CONFLICT")


async def test_a_dry_run_after_a_failed_deployment_shows_the_new_attempt(lossless: House) -> None:
    _, service = await made(lossless)
    await lossless.data(PUSH, pushing(service))
    await lossless.settle(service, failing=True)

    preview = (await lossless.data(PREVIEW, {"s": service, "t": SCHEMA}))["previewPush"]

    assert (preview["upToDate"], preview["version"]) == (False, "0.0.3")


async def test_a_rename_is_done_once_also_when_it_stays_in_the_file(lossless: House) -> None:
    _, service = await made(lossless)
    await lossless.push(service, SCHEMA.replace("title: String!", "title: String! subtitle: String!"))
    swap = SCHEMA.replace(
        "title: String!",
        'title: String! @rename(oldName: "subtitle") subtitle: String! @rename(oldName: "title")',
    )
    swapped = (await lossless.data(PREVIEW, {"s": service, "t": swap}))["previewPush"]
    await lossless.push(service, swap)

    again = (await lossless.data(PREVIEW, {"s": service, "t": swap}))["previewPush"]
    later = (await lossless.data(PREVIEW, {"s": service, "t": swap + "enum Mood { CALM }"}))["previewPush"]

    assert {each["kind"] for each in swapped["changes"]} == {"FIELD_RENAMED"}
    assert again["upToDate"]
    assert [(each["kind"], each["path"]) for each in later["changes"]] == [("ENUM_ADDED", "Mood")]


async def test_the_same_schema_again_is_up_to_date(lossless: House) -> None:
    _, service = await made(lossless)
    await lossless.push(service, SCHEMA)

    refused = await lossless.refused(PUSH, pushing(service, SCHEMA + "\n\n"))

    assert (refused["code"], refused["reason"]) == ("BAD_USER_INPUT", "UNCHANGED")


async def test_after_a_failed_deployment_the_same_schema_is_a_new_attempt(lossless: House) -> None:
    _, service = await made(lossless)
    await lossless.data(PUSH, pushing(service))
    await lossless.settle(service, failing=True)

    assert (await lossless.data(PUSH, pushing(service)))["pushService"]["name"] == "0.0.3"


async def test_while_one_is_being_deployed_another_push_is_refused(lossless: House) -> None:
    _, service = await made(lossless)
    await lossless.data(PUSH, pushing(service))

    refused = await lossless.refused(PUSH, pushing(service, SCHEMA.replace("title", "name")))

    assert refused["reason"] == "DEPLOYMENT_RUNNING"
    assert refused["version"] == "0.0.2"


async def test_losing_data_needs_force_and_the_refusal_says_how_many_rows(lossless: House) -> None:
    _, service = await made(lossless)
    lossless.losses = [{"path": "Greeting", "rows": 12}]

    refused = await lossless.refused(PUSH, pushing(service))
    preview = (await lossless.data(PREVIEW, {"s": service, "t": SCHEMA}))["previewPush"]
    forced = await lossless.data(PUSH, pushing(service, force=True))

    assert refused["reason"] == "DATA_LOSS"
    assert (refused["losses"], refused["rows"]) == ([{"path": "Greeting", "rows": 12}], 12)
    assert preview["losses"] == [{"path": "Greeting", "rows": 12}]
    assert preview["version"] == "0.0.2"
    assert forced["pushService"]["name"] == "0.0.2"


async def test_what_is_removed_but_empty_is_no_loss(lossless: House) -> None:
    _, service = await made(lossless)
    lossless.losses = [{"path": "Greeting", "rows": 0}]

    preview = (await lossless.data(PREVIEW, {"s": service, "t": SCHEMA}))["previewPush"]

    assert preview["losses"] == [{"path": "Greeting", "rows": 0}]
    assert await lossless.data(PUSH, pushing(service))


async def test_what_the_data_forbid_no_force_allows(lossless: House) -> None:
    _, service = await made(lossless)
    lossless.problems = [{"code": 2007, "type": "Album", "field": "title", "message": "Rows have no title."}]

    refused = await lossless.refused(PUSH, pushing(service, force=True))

    assert refused["reason"] == "SCHEMA_INVALID"
    assert refused["problems"] == [
        {"line": 3, "column": 3, "type": "Album", "field": "title", "code": 2007, "message": "Rows have no title."}
    ]


@pytest.mark.parametrize(
    ("more", "field"),
    [({"notes": [" "]}, "input.notes"), ({"version": "0.0.1"}, "input.version"), ({"version": "x"}, "input.version")],
)
async def test_notes_and_a_greater_version_are_needed(lossless: House, more: dict[str, Any], field: str) -> None:
    _, service = await made(lossless)

    refused = await lossless.refused(PUSH, pushing(service, **more))

    assert (refused["code"], refused["field"]) == ("BAD_USER_INPUT", field)


async def test_the_repeat_of_a_push_returns_the_version_it_made(lossless: House) -> None:
    _, service = await made(lossless)

    first = await lossless.data(PUSH, pushing(service), key="push-1")
    again = await lossless.data(PUSH, pushing(service), key="push-1")

    assert again == first


async def test_promotion_publishes_what_runs_on_private(lossless: House) -> None:
    _, service = await made(lossless)
    await lossless.push(service, SCHEMA)

    promoted = await lossless.data(PROMOTE_SERVICE, {"s": service})
    await lossless.settle(service)
    again = await lossless.data(PROMOTE_SERVICE, {"s": service})

    assert promoted["promoteService"]["name"] == "0.0.2"
    assert again == promoted
    assert (await lossless.data(SERVICE, {"s": service}))["service"]["publishedVersion"] == "0.0.2"
    assert lossless.asked[-1]["environment"] == environment_id(service, "demo")


async def test_what_failed_on_private_is_not_published(lossless: House) -> None:
    _, service = await made(lossless)
    await lossless.data(PUSH, pushing(service))
    await lossless.settle(service, failing=True)

    assert (await lossless.data(PROMOTE_SERVICE, {"s": service}))["promoteService"]["name"] == "0.0.1"


async def test_a_version_walks_from_demo_to_prod(lossless: House) -> None:
    organisation, service = await made(lossless)
    instance = await lossless.instance(await lossless.project(organisation), service)
    await lossless.push(service, SCHEMA)
    await lossless.data(PROMOTE_SERVICE, {"s": service})
    await lossless.settle(service)

    async def promote(source: str, target: str) -> dict[str, str | None]:
        data = await lossless.data(PROMOTE, {"i": instance, "from": source, "to": target})
        await lossless.settle(instance)
        return {each["name"]: each["version"] for each in data["promoteInstance"]["environments"]}

    assert await promote("dev", "prod") == {"dev": "0.0.1", "stage": None, "prod": "0.0.1"}
    assert await promote("demo", "dev") == {"dev": "0.0.2", "stage": None, "prod": "0.0.1"}
    assert await promote("dev", "stage") == {"dev": "0.0.2", "stage": "0.0.2", "prod": "0.0.1"}
    assert await promote("stage", "prod") == {"dev": "0.0.2", "stage": "0.0.2", "prod": "0.0.2"}
    assert await promote("stage", "prod") == {"dev": "0.0.2", "stage": "0.0.2", "prod": "0.0.2"}


async def test_nothing_is_promoted_from_where_nothing_runs(lossless: House) -> None:
    organisation, service = await made(lossless)
    instance = await lossless.instance(await lossless.project(organisation), service)

    refused = await lossless.refused(PROMOTE, {"i": instance, "from": "stage", "to": "prod"})

    assert (refused["code"], refused["reason"]) == ("BAD_USER_INPUT", "NOT_DEPLOYED")


async def test_a_promotion_that_would_lose_data_needs_force(lossless: House) -> None:
    organisation, service = await made(lossless)
    instance = await lossless.instance(await lossless.project(organisation), service)
    lossless.losses = [{"path": "Album.title", "rows": 3}]
    way = {"i": instance, "from": "dev", "to": "prod"}

    assert (await lossless.refused(PROMOTE, way))["reason"] == "DATA_LOSS"
    assert await lossless.data(PROMOTE, {**way, "f": True})


async def test_a_large_broken_schema_costs_nothing(lossless: House) -> None:
    _, service = await made(lossless)

    refused = await lossless.refused(PUSH, pushing(service, "type A @model { id: ID! }\n" * 60_000))

    assert refused["reason"] == "SCHEMA_INVALID"
