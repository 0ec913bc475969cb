"""Update, roll back, promotion and approval: said before it is done, done once."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.access import Principal
from contracts.names import environment_id
from tests.support.registered import OPERATOR, SCHEMA, House

WIDER = SCHEMA.replace("title: String!", "title: String! year: Int")
PREVIEW = """query($i: ID!, $v: String! = "latest", $e: EnvironmentName! = dev) {
  previewRoll(instance: $i, version: $v, environment: $e) {
    environment from version direction upToDate needsApproval needsForce skips
    passes { name notes } changes { kind path } losses { path rows } problems { code line } steps { number } } }"""
PREVIEW_PROMOTION = """query($i: ID!, $from: EnvironmentName!, $to: EnvironmentName!) {
  previewPromotion(instance: $i, from: $from, to: $to) { from version direction skips upToDate needsApproval } }"""
ROLL = """mutation($i: ID!, $v: String! = "latest", $e: EnvironmentName! = dev, $f: Boolean) {
  rollInstance(id: $i, version: $v, environment: $e, force: $f) { environments { name version }
    requests { id state version requester { id } answeredBy { id } reason } } }"""
PROMOTE = """mutation($i: ID!, $from: EnvironmentName!, $to: EnvironmentName!) {
  promoteInstance(id: $i, from: $from, to: $to) { environments { name version }
    requests { id state version environment requester { id } answeredBy { id } reason } } }"""


async def published(house: House) -> tuple[str, str]:
    """A service with versions 0.0.1, 0.0.2 and 0.0.3, the last on demo; 0.0.2 was never published. Its instance."""
    organisation = await house.organisation()
    service = await house.service(organisation)
    instance = await house.instance(await house.project(organisation), service)
    await house.push(service, SCHEMA)
    await house.push(service, WIDER, notes=["Years", "for all"])
    await publish(house, service)
    return service, instance


async def publish(house: House, service: str) -> None:
    await house.data("mutation($s: ID!) { promoteService(id: $s) { name } }", {"s": service})
    await house.settle(service)


async def rolled(house: House, instance: str, **more: Any) -> dict[str, str | None]:
    data = await house.data(ROLL, {"i": instance, **more})
    await house.settle(instance)
    return {each["name"]: each["version"] for each in data["rollInstance"]["environments"]}


async def test_an_instance_is_rolled_to_the_latest_version_and_back(lossless: House) -> None:
    _, instance = await published(lossless)

    assert await rolled(lossless, instance) == {"dev": "0.0.3", "stage": None, "prod": None}
    assert await rolled(lossless, instance, v="0.0.1", e="stage") == {"dev": "0.0.3", "stage": "0.0.1", "prod": None}
    assert await rolled(lossless, instance, v="0.0.1") == {"dev": "0.0.1", "stage": "0.0.1", "prod": None}


async def test_a_preview_says_which_versions_are_passed_and_what_callers_will_notice(lossless: House) -> None:
    _, instance = await published(lossless)

    forth = (await lossless.data(PREVIEW, {"i": instance}))["previewRoll"]
    await rolled(lossless, instance)
    back = (await lossless.data(PREVIEW, {"i": instance, "v": "0.0.1"}))["previewRoll"]
    first = (await lossless.data(PREVIEW, {"i": instance, "v": "0.0.1", "e": "prod"}))["previewRoll"]

    assert (forth["from"], forth["version"], forth["direction"]) == ("0.0.1", "0.0.3", "UPDATE")
    assert forth["passes"] == [{"name": "0.0.3", "notes": ["Years", "for all"]}, {"name": "0.0.2", "notes": ["note"]}]
    assert ("TYPE_ADDED", "Album") in {(each["kind"], each["path"]) for each in forth["changes"]}
    assert (back["from"], back["version"], back["direction"]) == ("0.0.3", "0.0.1", "ROLL_BACK")
    assert [each["name"] for each in back["passes"]] == ["0.0.3", "0.0.2"]
    assert ("TYPE_REMOVED", "Album") in {(each["kind"], each["path"]) for each in back["changes"]}
    assert (first["from"], first["direction"], first["passes"], first["changes"]) == (None, "FIRST", [], [])


async def test_rolling_back_loses_nothing_without_force_and_the_preview_said_so(lossless: House) -> None:
    _, instance = await published(lossless)
    await rolled(lossless, instance)
    lossless.losses = [{"path": "Album", "rows": 7}, {"path": "Mood", "rows": 0}]
    before = await lossless.world.log.last_position()

    seen = (await lossless.data(PREVIEW, {"i": instance, "v": "0.0.1"}))["previewRoll"]
    refused = await lossless.refused(ROLL, {"i": instance, "v": "0.0.1"})

    assert (seen["losses"], seen["needsForce"]) == (lossless.losses, True)
    assert (refused["reason"], refused["rows"]) == ("DATA_LOSS", 7)
    assert await lossless.world.log.last_position() == before
    assert (await rolled(lossless, instance, v="0.0.1", f=True))["dev"] == "0.0.1"
    assert lossless.asked[-1]["environment"] == environment_id(instance, "dev")


async def test_what_the_data_forbid_is_refused_with_force_too_and_says_how_to_go_on(lossless: House) -> None:
    _, instance = await published(lossless)
    lossless.problems = [{"code": 2007, "type": "Album", "field": "title", "message": "Rows have no title."}]

    seen = (await lossless.data(PREVIEW, {"i": instance}))["previewRoll"]
    refused = await lossless.refused(ROLL, {"i": instance, "f": True})

    assert seen["problems"] == [{"code": 2007, "line": 3}]
    assert (refused["reason"], refused["field"]) == ("SCHEMA_INVALID", "version")
    assert refused["problems"][0]["message"] == "Rows have no title."
    assert "@migrationValue" in refused["hint"]


async def test_a_roll_to_what_runs_changes_nothing_and_is_no_error(lossless: House) -> None:
    _, instance = await published(lossless)
    await rolled(lossless, instance)
    before = await lossless.world.log.last_position()

    seen = (await lossless.data(PREVIEW, {"i": instance}))["previewRoll"]

    assert (seen["upToDate"], seen["direction"], seen["changes"]) == (True, "SAME", [])
    assert (await rolled(lossless, instance))["dev"] == "0.0.3"
    assert await lossless.world.log.last_position() == before


@pytest.mark.parametrize(
    ("more", "code", "reason"),
    [
        ({"v": "0.0.2"}, "BAD_USER_INPUT", "NOT_PUBLISHED"),
        ({"v": "9.9.9"}, "NOT_FOUND", None),
        ({"v": "newest"}, "NOT_FOUND", None),
        ({"e": "demo"}, "BAD_USER_INPUT", "NO_SUCH_WAY"),
    ],
)
async def test_only_published_versions_are_rolled_and_only_to_environments_of_instances(
    lossless: House, more: dict[str, str], code: str, reason: str | None
) -> None:
    _, instance = await published(lossless)

    for document in (ROLL, PREVIEW):
        refused = await lossless.refused(document, {"i": instance, **more})
        assert (refused["code"], refused.get("reason")) == (code, reason)


async def test_the_repeat_of_a_roll_answers_the_same_though_another_version_is_the_latest(lossless: House) -> None:
    service, instance = await published(lossless)
    first = await lossless.data(ROLL, {"i": instance}, key="roll-1")
    await lossless.settle(instance)
    await lossless.push(service, SCHEMA)
    await publish(lossless, service)

    assert await lossless.data(ROLL, {"i": instance}, key="roll-1") == first


async def test_a_promotion_says_what_it_skips(lossless: House) -> None:
    _, instance = await published(lossless)

    seen = (await lossless.data(PREVIEW_PROMOTION, {"i": instance, "from": "dev", "to": "prod"}))["previewPromotion"]
    near = (await lossless.data(PREVIEW_PROMOTION, {"i": instance, "from": "dev", "to": "stage"}))["previewPromotion"]
    update = (await lossless.data(PREVIEW_PROMOTION, {"i": instance, "from": "demo", "to": "dev"}))["previewPromotion"]

    assert (seen["version"], seen["skips"], seen["direction"]) == ("0.0.1", ["stage"], "FIRST")
    assert near["skips"] == []
    assert (update["from"], update["version"], update["direction"]) == ("0.0.1", "0.0.3", "UPDATE")


# --- retired services ---------------------------------------------------------------------------------------------

RETIRE = "mutation($s: ID!, $r: String) { retireService(id: $s, reason: $r) { retired retiredReason } }"
REINSTATE = "mutation($s: ID!) { reinstateService(id: $s) { retired retiredReason } }"


async def test_a_retired_service_is_taken_by_nobody_and_what_runs_lives_on(lossless: House) -> None:
    service, instance = await published(lossless)
    other = await lossless.project(await lossless.organisation())

    retired = (await lossless.data(RETIRE, {"s": service, "r": "Use the other one."}))["retireService"]
    add = "mutation($p: ID!, $s: ID!) { addService(projectId: $p, serviceId: $s) { id } }"

    assert retired == {"retired": True, "retiredReason": "Use the other one."}
    assert (await lossless.refused(add, {"p": other, "s": service}))["reason"] == "RETIRED"
    for document in (ROLL, PREVIEW):
        assert (await lossless.refused(document, {"i": instance}))["reason"] == "RETIRED"
    assert (await lossless.refused(PROMOTE, {"i": instance, "from": "demo", "to": "dev"}))["reason"] == "RETIRED"
    assert await lossless.data(PROMOTE, {"i": instance, "from": "dev", "to": "stage"})
    await lossless.settle(instance)
    assert await lossless.data(RETIRE, {"s": service}) == {"retireService": retired}
    assert (await lossless.data(REINSTATE, {"s": service}))["reinstateService"] == {
        "retired": False,
        "retiredReason": None,
    }
    assert (await rolled(lossless, instance))["dev"] == "0.0.3"
    assert await lossless.data(add, {"p": other, "s": service})


# --- versions -----------------------------------------------------------------------------------------------------


async def test_a_version_says_who_pushed_it_when_it_was_published_and_where_it_runs(lossless: House) -> None:
    owner = await lossless.person()
    organisation = await lossless.organisation(owner)
    service = await lossless.service(organisation, owner)
    project, closed = [await lossless.project(organisation, owner, restricted=hidden) for hidden in (False, True)]
    for each in (project, closed):
        await lossless.instance(each, service, owner)
    member = await lossless.person(organisation)
    await lossless.push(service, SCHEMA, member)
    shown = """query($s: ID!) { service(id: $s) { versions { name notes pushedBy { id } publishedAt
      runsOn { environment instance project { id } } changes { criticality } } } }"""

    async def seen(who: Principal) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await lossless.data(shown, {"s": service}, who=who))["service"]["versions"]
        return found

    new, first = await seen(owner)

    assert (new["name"], new["notes"], new["pushedBy"]["id"], new["publishedAt"]) == (
        "0.0.2",
        ["note"],
        member.id,
        None,
    )
    assert [each["environment"] for each in new["runsOn"]] == ["private"]
    assert {each["criticality"] for each in new["changes"]} == {"SAFE", "BREAKING"}
    assert (first["pushedBy"]["id"], first["publishedAt"] is not None) == (owner.id, True)
    assert [each["environment"] for each in first["runsOn"]] == ["demo", "dev", "dev"]
    assert {each["project"]["id"] for each in first["runsOn"][1:]} == {project, closed}
    assert [each["project"]["id"] for each in (await seen(member))[1]["runsOn"][1:]] == [project]


# --- approvals ----------------------------------------------------------------------------------------------------

CONFIGURE = """mutation($p: ID!, $i: ConfigureProjectInput!) { configureProject(id: $p, input: $i) {
  approvals environmentNames { dev stage prod } } }"""
APPROVE = """mutation($r: ID!) { approvePromotion(id: $r) { environments { name version }
  requests { id state answeredBy { id } } } }"""
REFUSE = """mutation($r: ID!, $why: String) { refusePromotion(id: $r, reason: $why) {
  id state reason answeredBy { id } } }"""


async def careful(house: House) -> tuple[str, str, Principal, Principal]:
    """An instance in a project that demands approvals, an editor and another admin of it."""
    organisation = await house.organisation()
    service = await house.service(organisation)
    project = await house.project(organisation)
    instance = await house.instance(project, service)
    await house.data(CONFIGURE, {"p": project, "i": {"approvals": True}})
    people = [await house.person(organisation, "guest") for _ in range(2)]
    for who, role in zip(people, ("editor", "admin"), strict=True):
        await house.data(
            "mutation($p: ID!, $u: ID!, $r: Role!) { addUserToProject(projectID: $p, userID: $u, role: $r) { id } }",
            {"p": project, "u": who.id, "r": role},
        )
    return project, instance, people[0], people[1]


TO_PROD = {"from": "dev", "to": "prod"}


async def asked_for(house: House, instance: str, who: Principal) -> dict[str, Any]:
    made = (await house.data(PROMOTE, {"i": instance, **TO_PROD}, who=who))["promoteInstance"]
    assert {each["name"]: each["version"] for each in made["environments"]}["prod"] is None
    request: dict[str, Any] = made["requests"][0]
    return request


async def test_what_goes_to_prod_of_a_careful_project_waits_for_a_second_person(lossless: House) -> None:
    _, instance, editor, admin = await careful(lossless)

    seen = await lossless.data(PREVIEW_PROMOTION, {"i": instance, **TO_PROD})
    request = await asked_for(lossless, instance, editor)
    again = await asked_for(lossless, instance, editor)
    lossless.losses = [{"path": "Greeting", "rows": 1}]
    lossy = await lossless.refused(APPROVE, {"r": request["id"]}, who=admin)
    lossless.losses = []
    approved = (await lossless.data(APPROVE, {"r": request["id"]}, who=admin, key="yes"))["approvePromotion"]
    await lossless.settle(instance)

    assert seen["previewPromotion"]["needsApproval"]
    assert (request["state"], request["version"], request["requester"]["id"]) == ("OPEN", "0.0.1", editor.id)
    assert again["id"] == request["id"]
    assert lossy["reason"] == "DATA_LOSS"
    assert approved["requests"] == [{"id": request["id"], "state": "APPROVED", "answeredBy": {"id": admin.id}}]
    assert {each["name"]: each["version"] for each in approved["environments"]}["prod"] == "0.0.1"
    assert (await lossless.data(APPROVE, {"r": request["id"]}, who=admin, key="yes"))["approvePromotion"] == approved
    assert (await lossless.refused(APPROVE, {"r": request["id"]}, who=admin))["reason"] == "NOT_OPEN"
    assert await lossless.data(PROMOTE, {"i": instance, "from": "dev", "to": "stage"}, who=editor)


async def test_nobody_approves_what_he_asked_for_and_editors_approve_nothing(lossless: House) -> None:
    _, instance, editor, admin = await careful(lossless)
    request = await asked_for(lossless, instance, admin)

    own = await lossless.refused(APPROVE, {"r": request["id"]}, who=admin)
    low = await lossless.refused(APPROVE, {"r": request["id"]}, who=editor)
    meddling = await lossless.refused(REFUSE, {"r": request["id"]}, who=editor)

    assert (own["code"], own["reason"]) == ("FORBIDDEN", "OWN_REQUEST")
    assert {low["code"], meddling["code"]} == {"FORBIDDEN"}


async def test_a_roll_to_prod_is_no_way_round_an_approval(lossless: House) -> None:
    _, instance, editor, admin = await careful(lossless)

    made = (await lossless.data(ROLL, {"i": instance, "e": "prod"}, who=editor))["rollInstance"]
    refused = (await lossless.data(REFUSE, {"r": made["requests"][0]["id"], "why": "Not on Friday."}, who=admin))[
        "refusePromotion"
    ]

    assert {each["name"]: each["version"] for each in made["environments"]}["prod"] is None
    assert (refused["state"], refused["reason"]) == ("REFUSED", "Not on Friday.")
    assert (await lossless.refused(APPROVE, {"r": refused["id"]}, who=admin))["reason"] == "NOT_OPEN"


async def test_a_request_is_taken_back_by_whoever_asked_and_replaced_by_a_later_one(lossless: House) -> None:
    _, instance, editor, admin = await careful(lossless)

    first = await asked_for(lossless, instance, editor)
    other = await asked_for(lossless, instance, admin)
    taken = (await lossless.data(REFUSE, {"r": other["id"]}, who=admin))["refusePromotion"]
    shown = "query($i: ID!) { instance(id: $i) { requests { id state } } }"

    assert (await lossless.refused(APPROVE, {"r": first["id"]}, who=OPERATOR))["reason"] == "NOT_OPEN"
    assert taken["state"] == "WITHDRAWN"
    assert (await lossless.data(shown, {"i": instance}))["instance"]["requests"] == [
        {"id": other["id"], "state": "WITHDRAWN"},
        {"id": first["id"], "state": "REPLACED"},
    ]


async def test_a_project_calls_its_environments_as_it_likes(lossless: House) -> None:
    project = await lossless.project(await lossless.organisation())

    names = {"dev": "Entwicklung", "stage": "Abnahme"}
    made = (await lossless.data(CONFIGURE, {"p": project, "i": {"environmentNames": names}}))["configureProject"]
    back = (await lossless.data(CONFIGURE, {"p": project, "i": {"environmentNames": {"dev": None}}}))[
        "configureProject"
    ]
    taken = await lossless.refused(CONFIGURE, {"p": project, "i": {"environmentNames": {"stage": "Production"}}})
    empty = await lossless.refused(CONFIGURE, {"p": project, "i": {"environmentNames": {"stage": " "}}})

    assert made == {"approvals": False, "environmentNames": {**names, "prod": "prod"}}
    assert back["environmentNames"] == {"dev": "dev", "stage": "Abnahme", "prod": "prod"}
    assert (taken["reason"], taken["field"]) == ("CONFLICT", "input.environmentNames.stage")
    assert empty["reason"] == "TOO_SHORT"
