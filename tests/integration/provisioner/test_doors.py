"""Who may not see what runs: for every operation of the provisioner's part of the control API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from contracts.access import ANONYMOUS, INVALID, Principal
from contracts.names import environment_id
from provisioner.domain.plan import deployment_id
from tests.support.declared import Declarer

Who = Callable[[Declarer, "Town"], Principal]


@dataclass
class Town:
    """A service, and an instance of it in an open and in a restricted project."""

    service: str
    project: str
    instance: str
    closed: str
    closed_instance: str

    @property
    def private(self) -> str:
        return environment_id(self.service, "private")

    @property
    def dev(self) -> str:
        return environment_id(self.instance, "dev")

    @property
    def closed_dev(self) -> str:
        return environment_id(self.closed_instance, "dev")


@pytest.fixture(scope="module")
async def town(registry: Declarer) -> Town:
    service = await registry.service()
    project, closed = await registry.project(), await registry.project(restricted=True)
    made = Town(
        service,
        project,
        await registry.instance(service, project),
        closed,
        await registry.instance(service, closed),
    )
    await registry.ready(service, "private")
    await registry.ready(made.instance, "dev")
    await registry.ready(made.closed_instance, "dev")
    return made


def stranger(registry: Declarer, _: Town) -> Principal:
    return registry.person(None)


def guest(registry: Declarer, _: Town) -> Principal:
    return registry.person("guest")


def guest_elsewhere(registry: Declarer, _: Town) -> Principal:
    return registry.person("guest", {"project:another": "admin"})


def of_another_organisation(_: Declarer, __: Town) -> Principal:
    return Principal(kind="user", id="x", via="token", organisations={"another": "owner"})


OUTSIDERS = (stranger, guest, guest_elsewhere, of_another_organisation)
SIGNED_OUT = (ANONYMOUS, INVALID)

ONE = "query ($id: ID!) { environment(id: $id) { id state version endpoint deployments { status plan { kind } } } }"
OF_SERVICE = "query ($id: ID!) { environments(service: $id) { id name } }"
OF_INSTANCE = "query ($id: ID!) { environments(instance: $id) { id name state } }"
DEPLOYMENTS = "query ($id: ID!) { deployments(environment: $id) { id status version } }"
DEPLOYMENT = "query ($id: ID!) { deployment(id: $id) { id status plan { number phase kind grade } } }"


TRASH = "query ($id: ID!) { trash(environment: $id) { item } }"
RESTORE = 'mutation ($id: ID!) { restoreTrash(environment: $id, item: "t1_c2_00000000") { restored } }'


async def code(registry: Declarer, query: str, principal: Principal, **variables: Any) -> str | None:
    answer = await registry.ask(query, principal, **variables)
    return answer.errors[0]["extensions"]["code"] if answer.errors else None


async def deployment_of(registry: Declarer, environment: str) -> str:
    return deployment_id(environment, registry.events(environment)[0].data["deployment"])


@pytest.mark.parametrize("who", OUTSIDERS)
async def test_environment_is_not_found_by_those_who_may_not_see_it(registry: Declarer, town: Town, who: Who) -> None:
    principal = who(registry, town)

    for ref in (town.private, town.dev, town.closed_dev, "nothing"):
        assert await code(registry, ONE, principal, id=ref) == "NOT_FOUND"
    for principal in SIGNED_OUT:
        assert await code(registry, ONE, principal, id=town.dev) == "UNAUTHENTICATED"


@pytest.mark.parametrize("who", OUTSIDERS)
async def test_environments_are_not_found_by_those_who_may_not_see_them(
    registry: Declarer, town: Town, who: Who
) -> None:
    principal = who(registry, town)

    assert await code(registry, OF_SERVICE, principal, id=town.service) == "NOT_FOUND"
    for ref in (town.instance, town.closed_instance, town.service, "nothing"):
        assert await code(registry, OF_INSTANCE, principal, id=ref) == "NOT_FOUND"
    for principal in SIGNED_OUT:
        assert await code(registry, OF_SERVICE, principal, id=town.service) == "UNAUTHENTICATED"
        assert await code(registry, OF_INSTANCE, principal, id=town.instance) == "UNAUTHENTICATED"


@pytest.mark.parametrize("who", OUTSIDERS)
async def test_deployments_are_not_found_by_those_who_may_not_see_the_environment(
    registry: Declarer, town: Town, who: Who
) -> None:
    principal = who(registry, town)

    for ref in (town.private, town.dev, town.closed_dev):
        assert await code(registry, DEPLOYMENTS, principal, id=ref) == "NOT_FOUND"
    for principal in SIGNED_OUT:
        assert await code(registry, DEPLOYMENTS, principal, id=town.dev) == "UNAUTHENTICATED"


@pytest.mark.parametrize("who", OUTSIDERS)
async def test_deployment_is_not_found_by_those_who_may_not_see_the_environment(
    registry: Declarer, town: Town, who: Who
) -> None:
    principal = who(registry, town)

    for environment in (town.private, town.dev, town.closed_dev):
        ref = await deployment_of(registry, environment)
        assert await code(registry, DEPLOYMENT, principal, id=ref) == "NOT_FOUND"
    for principal in SIGNED_OUT:
        ref = await deployment_of(registry, town.dev)
        assert await code(registry, DEPLOYMENT, principal, id=ref) == "UNAUTHENTICATED"


@pytest.mark.parametrize("who", OUTSIDERS)
async def test_trash_is_not_found_by_those_who_may_not_see_the_environment(
    registry: Declarer, town: Town, who: Who
) -> None:
    principal = who(registry, town)

    for ref in (town.private, town.dev, town.closed_dev):
        assert await code(registry, TRASH, principal, id=ref) == "NOT_FOUND"
        assert await code(registry, RESTORE, principal, id=ref) == "NOT_FOUND"
    for principal in SIGNED_OUT:
        assert await code(registry, TRASH, principal, id=town.dev) == "UNAUTHENTICATED"
        assert await code(registry, RESTORE, principal, id=town.dev) == "UNAUTHENTICATED"


async def test_trash_is_restored_by_editors_of_the_project_and_developers_of_the_service(
    registry: Declarer, town: Town
) -> None:
    viewer = registry.person("guest", {f"project:{town.project}": "viewer"})
    editor = registry.person("guest", {f"project:{town.project}": "editor"})

    assert await code(registry, TRASH, viewer, id=town.dev) is None
    assert await code(registry, RESTORE, viewer, id=town.dev) == "FORBIDDEN"
    # Nothing lies there under that name; whoever is told so may restore what does.
    for principal, ref in ((editor, town.dev), (registry.person("member"), town.private)):
        answer = await registry.ask(RESTORE, principal, id=ref)
        assert answer.errors is not None
        assert "t1_c2_00000000" in answer.errors[0]["message"]


async def test_a_member_sees_all_but_restricted_projects_and_a_grant_opens_those(
    registry: Declarer, town: Town
) -> None:
    member = registry.person("member")
    granted = registry.person("guest", {f"project:{town.closed}": "viewer"})

    assert [await code(registry, ONE, member, id=ref) for ref in (town.private, town.dev, town.closed_dev)] == [
        None,
        None,
        "NOT_FOUND",
    ]
    assert [await code(registry, ONE, granted, id=ref) for ref in (town.private, town.dev, town.closed_dev)] == [
        "NOT_FOUND",
        "NOT_FOUND",
        None,
    ]


async def test_what_runs_is_told_to_who_may_see_it(registry: Declarer, town: Town) -> None:
    owner = registry.person("owner")

    own = await registry.ask(OF_SERVICE, owner, id=town.service)
    instances = await registry.ask(OF_INSTANCE, owner, id=town.instance)
    one = await registry.ask(ONE, owner, id=town.dev)
    listed = await registry.ask(DEPLOYMENTS, owner, id=town.dev)
    single = await registry.ask(DEPLOYMENT, owner, id=await deployment_of(registry, town.dev))

    for answer in (own, instances, one, listed, single):
        assert answer.errors is None
    assert own.data
    assert instances.data
    assert one.data
    assert listed.data
    assert single.data
    assert [each["name"] for each in own.data["environments"]] == ["private", "demo"]
    assert [(each["name"], each["state"]) for each in instances.data["environments"]] == [
        ("dev", "ready"),
        ("stage", "absent"),
        ("prod", "absent"),
    ]
    assert one.data["environment"]["endpoint"] == town.dev.replace("-", "")
    assert one.data["environment"]["deployments"] == [{"status": "DEPLOYED", "plan": [{"kind": "create table"}]}]
    assert [each["status"] for each in listed.data["deployments"]] == ["DEPLOYED"]
    assert single.data["deployment"]["plan"] == [
        {"number": 1, "phase": "switch", "kind": "create table", "grade": "safe"}
    ]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("query ($id: ID!) { environments { id } environment(id: $id) { id } }", "service"),
        ("query ($id: ID!) { environments(service: $id, instance: $id) { id } }", "service"),
        (
            "query ($id: ID!) { deployments(environment: $id, pagination: {limit: 501, offset: 0}) { id } }",
            "pagination.limit",
        ),
        (
            "query ($id: ID!) { deployments(environment: $id, pagination: {limit: 5, offset: -1}) { id } }",
            "pagination.offset",
        ),
    ],
)
async def test_senseless_arguments_are_refused(registry: Declarer, town: Town, query: str, field: str) -> None:
    answer = await registry.ask(query, registry.person("owner"), id=town.dev)

    assert answer.errors is not None
    assert answer.errors[0]["extensions"] | {"hint": ""} == {"code": "BAD_USER_INPUT", "field": field, "hint": ""}
