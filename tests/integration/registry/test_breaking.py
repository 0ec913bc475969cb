"""A version that breaks what callers send is told of before it is pushed, and refused where they would meet it."""

from __future__ import annotations

from typing import Any

from contracts.access import Principal
from contracts.documents import BREAKS, USES
from contracts.names import environment_id
from registry.store import services
from tests.support.registered import OPERATOR, SCHEMA, House

WIDER = SCHEMA.replace("title: String!", "title: String! year: Int")
PREVIEW_PUSH = """query($s: ID!, $t: String!) { previewPush(service: $s, schema: $t) { needsForce breaks {
  checked operations unchecked uncheckedCalls findings { hash names certain calls reasons { coordinate }
    callers { projectName clientName keyName environment calls lastSeen } } } } }"""
PREVIEW = """query($i: ID!, $v: String! = "latest", $e: EnvironmentName! = dev) {
  previewRoll(instance: $i, version: $v, environment: $e) { needsForce breaks { checked findings { calls } } } }"""
ROLL = """mutation($i: ID!, $v: String! = "latest", $e: EnvironmentName! = dev, $f: Boolean) {
  rollInstance(id: $i, version: $v, environment: $e, force: $f) { requests { id state } } }"""
PUBLISH = "mutation($s: ID!, $f: Boolean) { promoteService(id: $s, force: $f) { name } }"
APPROVE = "mutation($id: ID!) { approvePromotion(id: $id) { id } }"
CLIENT = """mutation($p: ID!) { addClient(projectId: $p, input: {name: "Grand Hotel"}) { client { id } } }"""
GONE = {"coordinate": "Album.year", "message": "Gone.", "certain": True}


async def used(house: House) -> tuple[str, str, str]:
    """A service whose `WIDER` version runs on demo and on dev of an instance: service, project, instance."""
    organisation = await house.organisation()
    service = await house.service(organisation)
    await house.push(service, WIDER)
    await house.data(PUBLISH, {"s": service, "f": True})
    await house.settle(service)
    project = await house.project(organisation, name="Hotel")
    return service, project, await house.instance(project, service)


async def calls(house: House, environment: str, *, certain: bool = True, **more: Any) -> None:
    """Somebody called an operation there a thousand times that breaks without `year`."""
    async with house.world.database.reading() as connection:
        row = await services.environment(connection, environment)
    assert row is not None
    use = {"digest": "d1", "environment": environment, "kind": row["kind"], "instance": None, "project": None}
    use |= {"organisation": "o1", "client": None, "credential": None, "calls": 1000, "last_ms": 1_795_000_020_000}
    house.uses = [*house.uses, use | more]
    reasons = [GONE | {"certain": certain}]
    broken = {"digest": "d1", "model": row["running_model_sha"], "names": ["Years"], "reasons": reasons}
    house.broken = [*house.broken, broken]


async def test_a_push_is_told_who_would_break_and_is_not_refused_for_it(lossless: House) -> None:
    service, project, instance = await used(lossless)
    client = (await lossless.data(CLIENT, {"p": project}))["addClient"]["client"]["id"]
    await calls(lossless, environment_id(instance, "dev"), project=project, instance=instance, client=client)
    lossless.uses.append(lossless.uses[0] | {"digest": "d2", "calls": 7})
    lossless.unknown = ["d2"]

    seen = (await lossless.data(PREVIEW_PUSH, {"s": service, "t": SCHEMA}))["previewPush"]
    pushed = await lossless.push(service, SCHEMA)

    caller = {"projectName": "Hotel", "clientName": "Grand Hotel", "keyName": None, "environment": "dev"}
    found = {"hash": "d1", "names": ["Years"], "certain": True, "calls": 1000}
    assert not seen["needsForce"]
    assert seen["breaks"] == {
        "checked": True,
        "operations": 1,
        "unchecked": 1,
        "uncheckedCalls": 7,
        "findings": [
            found
            | {
                "reasons": [{"coordinate": "Album.year"}],
                "callers": [caller | {"calls": 1000, "lastSeen": "2026-11-18T11:07:00.000Z"}],
            }
        ],
    }
    assert pushed == "0.0.3"


async def test_a_member_of_another_organisation_is_told_counts_alone(lossless: House) -> None:
    service, project, instance = await used(lossless)
    await calls(lossless, environment_id(instance, "dev"), project=project, instance=instance, client="c1")
    of = await lossless.data("query($s: ID!) { service(id: $s) { organisation { id } } }", {"s": service})
    maker = await lossless.person(of["service"]["organisation"]["id"])
    restricted = "mutation($p: ID!) { updateProject(id: $p, input: {restricted: true}) { id } }"
    await lossless.data(restricted, {"p": project})

    seen = await lossless.data(PREVIEW_PUSH, {"s": service, "t": SCHEMA}, who=maker)

    (caller,) = seen["previewPush"]["breaks"]["findings"][0]["callers"]
    assert (caller["projectName"], caller["clientName"], caller["calls"]) == (None, None, 1000)


async def test_a_roll_that_breaks_callers_is_refused_without_force(lossless: House) -> None:
    _, _, instance = await used(lossless)
    await calls(lossless, environment_id(instance, "dev"))
    before = await lossless.world.log.last_position()

    seen = (await lossless.data(PREVIEW, {"i": instance, "v": "0.0.1"}))["previewRoll"]
    refused = await lossless.refused(ROLL, {"i": instance, "v": "0.0.1"})

    assert seen == {"needsForce": True, "breaks": {"checked": True, "findings": [{"calls": 1000}]}}
    assert (refused["reason"], refused["calls"], refused["environment"]) == ("BREAKS_CALLERS", 1000, "dev")
    assert "force" in refused["hint"]
    assert await lossless.world.log.last_position() == before
    await lossless.data(ROLL, {"i": instance, "v": "0.0.1", "f": True})


async def test_what_may_break_by_its_variables_is_told_and_refuses_nothing(lossless: House) -> None:
    _, _, instance = await used(lossless)
    await calls(lossless, environment_id(instance, "dev"), certain=False)

    seen = (await lossless.data(PREVIEW, {"i": instance, "v": "0.0.1"}))["previewRoll"]
    await lossless.data(ROLL, {"i": instance, "v": "0.0.1"})

    assert seen == {"needsForce": False, "breaks": {"checked": True, "findings": [{"calls": 1000}]}}


async def test_demo_is_not_taken_from_those_who_try_the_service(lossless: House) -> None:
    service, _, _ = await used(lossless)
    await lossless.push(service, SCHEMA)
    await calls(lossless, environment_id(service, "demo"))

    assert (await lossless.refused(PUBLISH, {"s": service}))["reason"] == "BREAKS_CALLERS"
    await lossless.data(PUBLISH, {"s": service, "f": True})


async def test_while_nobody_can_say_what_breaks_nothing_is_done_without_force(lossless: House) -> None:
    service, _, instance = await used(lossless)
    await calls(lossless, environment_id(instance, "dev"))

    for away in (USES, BREAKS):
        lossless.away = {away}
        push = (await lossless.data(PREVIEW_PUSH, {"s": service, "t": SCHEMA}))["previewPush"]["breaks"]
        refused = await lossless.refused(ROLL, {"i": instance, "v": "0.0.1"})
        assert (push["checked"], push["findings"]) == (False, [])
        assert (refused["code"], refused["reason"]) == ("SERVICE_UNAVAILABLE", "NOTHING_DONE")
    await lossless.data(ROLL, {"i": instance, "v": "0.0.1", "f": True})


async def test_a_change_that_no_call_could_notice_asks_nobody(lossless: House) -> None:
    service, _, instance = await used(lossless)
    lossless.away = {USES, BREAKS}
    await lossless.push(service, WIDER.replace("year: Int", "year: Int label: String"))
    await lossless.data(PUBLISH, {"s": service})
    await lossless.settle(service)

    update = (await lossless.data(PREVIEW, {"i": instance}))["previewRoll"]["breaks"]
    first = (await lossless.data(PREVIEW, {"i": instance, "e": "prod"}))["previewRoll"]["breaks"]
    await lossless.data(ROLL, {"i": instance})

    assert update == first == {"checked": True, "findings": []}
    assert lossless.sent == []


async def test_an_approval_looks_again_unless_breaking_was_accepted(lossless: House) -> None:
    _, project, instance = await used(lossless)
    other = await _admin(lossless, project)
    await lossless.data(ROLL, {"i": instance, "v": "latest", "e": "prod"})
    await lossless.settle(instance)
    approvals = "mutation($p: ID!) { configureProject(id: $p, input: {approvals: true}) { id } }"
    await lossless.data(approvals, {"p": project})

    asked = (await lossless.data(ROLL, {"i": instance, "v": "0.0.1", "e": "prod"}))["rollInstance"]["requests"]
    await calls(lossless, environment_id(instance, "prod"))
    refused = await lossless.refused(APPROVE, {"id": asked[0]["id"]}, who=other)
    forced = (await lossless.data(ROLL, {"i": instance, "v": "0.0.1", "e": "prod", "f": True}))["rollInstance"]

    assert refused["reason"] == "BREAKS_CALLERS"
    await lossless.data(APPROVE, {"id": forced["requests"][0]["id"]}, who=other)


async def _admin(house: House, project: str) -> Principal:
    """Another admin of the project."""
    other = await house.person()
    grant = "mutation($p: ID!, $u: ID!) { addUserToProject(projectID: $p, userID: $u, role: admin) { id } }"
    await house.data(grant, {"p": project, "u": other.id}, who=OPERATOR)
    return other
