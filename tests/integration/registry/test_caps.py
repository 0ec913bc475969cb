"""What an environment may have, as its owners cap it and operators grant it (C 1.4)."""

from __future__ import annotations

from contracts.names import environment_id
from tests.support.registered import House

LIMITS = """environmentLimits(environment: $e) {
  name ofKind { callsPerSecond burst callsPerDay databaseMegabytes sleepMinutes logDays }
  limits { callsPerSecond burst callsPerDay databaseMegabytes sleepMinutes logDays }
  granted { callsPerSecond callsPerDay databaseMegabytes } caps { callsPerSecond callsPerDay databaseMegabytes }
  usage { state } }"""
SHOW = f"query($e: ID!) {{ {LIMITS} }}"
CAP = "mutation($e: ID!, $i: LimitsInput!) { capEnvironment(environment: $e, input: $i) { caps { callsPerDay } } }"
GRANT = CAP.replace("capEnvironment", "grantEnvironment")
OUTSIDE = {
    "callsPerSecond": 10,
    "burst": 50,
    "callsPerDay": 10_000,
    "databaseMegabytes": 256,
    "sleepMinutes": 15,
    "logDays": 7,
}
NONE = dict.fromkeys(OUTSIDE)


async def test_caps_and_grants_are_read_back_with_what_holds(registry: House) -> None:
    owner = await registry.person()
    organisation = await registry.organisation(owner)
    service = await registry.service(organisation, owner)
    project = await registry.project(organisation, owner)
    instance = await registry.instance(project, service, owner)
    private, prod = environment_id(service, "private"), environment_id(instance, "prod")

    fresh = [(await registry.data(SHOW, {"e": one}, who=owner))["environmentLimits"] for one in (private, prod)]
    await registry.data(CAP, {"e": private, "i": {"callsPerSecond": 4}}, who=owner)
    await registry.data(CAP, {"e": prod, "i": {"callsPerDay": 100_000, "callsPerSecond": 50}}, who=owner)
    await registry.data(CAP, {"e": prod, "i": {"callsPerSecond": None}}, who=owner)
    too_high = await registry.refused(CAP, {"e": private, "i": {"callsPerDay": 10_001}}, who=owner)
    await registry.data(GRANT, {"e": private, "i": {"callsPerDay": 0, "databaseMegabytes": 1000}})
    now = [(await registry.data(SHOW, {"e": one}, who=owner))["environmentLimits"] for one in (private, prod)]

    assert [(each["name"], each["limits"], each["ofKind"], each["usage"]) for each in fresh] == [
        ("private", OUTSIDE, OUTSIDE, None),
        ("prod", NONE, NONE, None),
    ]
    assert (too_high["code"], too_high["reason"], too_high["field"]) == (
        "BAD_USER_INPUT",
        "ABOVE_LIMIT",
        "input.callsPerDay",
    )
    assert now[0]["limits"] == {
        **OUTSIDE,
        "callsPerSecond": 4,
        "burst": 20,
        "callsPerDay": None,
        "databaseMegabytes": 1000,
    }
    assert now[0]["granted"] == {"callsPerSecond": None, "callsPerDay": 0, "databaseMegabytes": 1000}
    assert now[1]["limits"] == {**NONE, "callsPerDay": 100_000}
    assert now[1]["caps"] == {"callsPerSecond": None, "callsPerDay": 100_000, "databaseMegabytes": None}
