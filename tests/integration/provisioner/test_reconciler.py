"""From declared to running: every declaration ends, well or badly, and what runs is what was declared last and well."""

from __future__ import annotations

import asyncio
import itertools

import asyncpg
import pytest

from contracts import provisioner as heard
from contracts.names import database, environment_id
from provisioner.execute.cluster import Cluster
from tests.support.declared import Declarer
from tests.support.stack import Stack
from tests.support.waiting import until

AGE = "type Note @model { id: ID! @isUnique text: String age: Int! }"
LESS = "type Note @model { id: ID! @isUnique age: Int! }"


async def rows(cluster: Cluster, environment: str, statement: str) -> list[asyncpg.Record]:
    async with cluster.connected(environment) as connection:
        return list(await connection.fetch(statement))


async def run(cluster: Cluster, environment: str, statement: str) -> None:
    async with cluster.connected(environment) as connection:
        await connection.execute(statement)


async def test_a_new_service_gets_private_and_demo(registry: Declarer) -> None:
    service = await registry.service()
    environments = await asyncio.gather(registry.ready(service, "private"), registry.ready(service, "demo"))

    for environment in environments:
        planned, ready = registry.events(environment)
        assert (planned.type, ready.type) == (heard.MigrationPlanned.TYPE, heard.EnvironmentReady.TYPE)
        assert ready.causationid == planned.id
        assert ready.data["first"] is True
        assert ready.data["database"] == database(environment)
        assert planned.actor.id == "provisioner"


async def test_a_push_goes_to_private_and_a_publication_to_demo(registry: Declarer, served: Cluster) -> None:
    service = await registry.service()
    await registry.ready(service, "demo")
    pushed = await registry.push(service, "0.0.2", AGE)
    private = await registry.ready(service, "private", "0.0.2")
    published = await registry.publish(service, "0.0.2", AGE)
    demo = await registry.ready(service, "demo", "0.0.2")

    planned = registry.events(private)[2]
    assert (planned.causationid, planned.data["deployment"]) == (pushed.envelope.id, pushed.envelope.id)
    assert planned.correlationid == pushed.envelope.correlationid
    assert planned.data["from_version"] == "0.0.1"
    assert registry.events(private)[3].data["first"] is False
    assert registry.events(demo)[2].causationid == published.envelope.id
    for environment in (private, demo):
        assert len(await rows(served, environment, "select c2, c3 from app.t1")) == 0


async def test_an_instance_gets_dev_and_what_is_promoted(registry: Declarer, served: Cluster) -> None:
    service, project = await registry.service(), await registry.project()
    instance = await registry.instance(service, project)
    dev = await registry.ready(instance, "dev")
    await registry.promote(instance, service, project, "prod", "0.0.1")
    prod = await registry.ready(instance, "prod")

    assert environment_id(instance, "stage") not in (await served.found()).databases
    assert {dev, prod} <= (await served.found()).databases
    ready = registry.events(prod)[-1].data
    assert (ready["instance"], ready["project"], ready["kind"]) == (instance, project, "prod")


async def test_a_refused_deployment_leaves_the_old_version_and_the_next_one_is_tried(
    registry: Declarer, served: Cluster
) -> None:
    service = await registry.service()
    private = await registry.ready(service, "private")
    await run(served, private, "insert into app.t1 (id, created_at, updated_at, c2) values ('n', now(), now(), 'x')")

    await registry.push(service, "0.0.2", AGE)
    refused = await registry.outcome(private, "0.0.2")

    assert isinstance(refused, heard.DeploymentFailed)
    assert (refused.code, "Note.age is required" in refused.reason) == ("2007", True)
    assert [row["c2"] for row in await rows(served, private, "select c2 from app.t1")] == ["x"]
    await registry.push(service, "0.0.3", "type Note @model { id: ID! @isUnique text: String! }")
    await registry.ready(service, "private", "0.0.3")
    assert registry.events(private)[-2].data["from_version"] == "0.0.1"


async def test_losing_data_takes_force(registry: Declarer, served: Cluster) -> None:
    service = await registry.service()
    private = await registry.ready(service, "private")
    await run(served, private, "insert into app.t1 (id, created_at, updated_at, c2) values ('n', now(), now(), 'x')")
    text = "type Note @model { id: ID! @isUnique }"
    sha = (await registry.shas(service, text))["model_sha"]

    told = await registry.losses(private, sha)
    await registry.push(service, "0.0.2", text)
    refused = await registry.outcome(private, "0.0.2")
    await registry.push(service, "0.0.3", text, forced=True)
    await registry.ready(service, "private", "0.0.3")

    assert [(each.path, each.rows) for each in told.losses] == [("Note.text", 1)]
    assert isinstance(refused, heard.DeploymentFailed)
    assert (refused.code, "Note.text (1)" in refused.reason) == ("DATA_LOSS", True)


async def test_problems_are_told_before_a_version_is_declared(registry: Declarer, served: Cluster) -> None:
    service = await registry.service()
    private = await registry.ready(service, "private")
    await run(served, private, "insert into app.t1 (id, created_at, updated_at) values ('n', now(), now())")
    sha = (await registry.shas(service, AGE))["model_sha"]

    told = await registry.losses(private, sha)

    assert [(each.code, each.type, each.field) for each in told.problems] == [(2007, "Note", "age")]
    assert (await registry.losses(environment_id("nobody", "dev"), sha)).problems == []
    assert [(each.kind, each.subject, each.grade) for each in told.changes] == [("added", "Note.age", "hazardous")]
    assert [each.model_dump() for each in told.steps] == [
        {
            "number": 1,
            "phase": "switch",
            "kind": "add column",
            "subject": "Note.age",
            "reason": "new field",
            "grade": "hazardous",
            "locks": ["Note: access exclusive"],
        }
    ]


async def test_the_plan_of_a_large_table_is_in_phases_and_ends_ready(registry: Declarer, served: Cluster) -> None:
    service = await registry.service()
    private = await registry.ready(service, "private")
    text = 'type Note @model { id: ID! @isUnique text: String! @isUnique @migrationValue(value: "none") }'
    sha = (await registry.shas(service, text))["model_sha"]
    small = await registry.losses(private, sha)
    await run(
        served,
        private,
        "insert into app.t1 (id, created_at, updated_at, c2) "
        "select 'n' || n, now(), now(), nullif('text ' || n, 'text 1') from generate_series(1, 20000) as n",
    )

    large = await registry.losses(private, sha)
    await registry.push(service, "0.0.2", text)
    await registry.ready(service, "private", "0.0.2")

    assert {step.phase for step in small.steps} == {"switch"}
    assert [phase for phase, _ in itertools.groupby(large.steps, key=lambda step: step.phase)] == [
        "prepare",
        "switch",
        "finish",
    ]
    found = await rows(served, private, "select count(*) from app.t1 where c2 = 'none'")
    assert found[0][0] == 1
    unfinished = "select from pg_constraint where not convalidated or conname like '~%'"
    await until(lambda: nothing(served, private, unfinished))


async def nothing(cluster: Cluster, environment: str, query: str) -> bool:
    return not await rows(cluster, environment, query)


async def test_many_declarations_at_once_all_end_in_order(registry: Declarer) -> None:
    service = await registry.service()
    for number in range(2, 7):
        field = f"f{number}: Int"
        await registry.push(
            service, f"0.0.{number}", f"type Note @model {{ id: ID! @isUnique text: String {field} }}", forced=True
        )
    private = await registry.ready(service, "private", "0.0.6")

    ready = [each for each in registry.events(private) if each.type == heard.EnvironmentReady.TYPE]
    assert [each.data["version"] for each in ready] == [f"0.0.{number}" for number in range(1, 7)]


async def test_what_is_removed_loses_database_and_role(registry: Declarer, served: Cluster) -> None:
    service, project = await registry.service(), await registry.project()
    instance = await registry.instance(service, project)
    dev = await registry.ready(instance, "dev")
    removal = await registry.remove_instance(instance, service, project)
    await registry.removed(dev)
    private, demo = await registry.ready(service, "private"), await registry.ready(service, "demo")
    await registry.remove_service(service)
    for environment in (private, demo):
        await registry.removed(environment)

    found = await served.found()
    assert not {dev, private, demo} & (found.databases | found.roles)
    assert registry.events(dev)[-1].causationid == removal.envelope.id
    # Stage and prod were never deployed: nothing is said of them.
    assert registry.events(environment_id(instance, "stage")) == []


async def test_a_connected_client_does_not_stop_a_removal(registry: Declarer, served: Cluster) -> None:
    service = await registry.service()
    private = await registry.ready(service, "private")
    async with served.connected(private) as connection:
        await registry.remove_service(service)
        await registry.removed(private)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await connection.fetch("select 1")


async def test_a_killed_provisioner_finishes_what_it_began(registry: Declarer, serving: Stack) -> None:
    services = [await registry.service() for _ in range(3)]
    serving.kill("provisioner-0")

    for service in services:
        for kind in ("private", "demo"):
            environment = await registry.ready(service, kind)
            assert [each.type for each in registry.events(environment)] == [
                heard.MigrationPlanned.TYPE,
                heard.EnvironmentReady.TYPE,
            ]


async def test_databases_that_went_down_are_worked_on_when_they_are_back(registry: Declarer, serving: Stack) -> None:
    serving.kill("postgres")
    service = await registry.service()

    assert await registry.ready(service, "private")


async def swept(cluster: Cluster, environment: str) -> None:
    """Wait until nothing of the environment is left: every look is a round trip to the server."""
    async with asyncio.timeout(20):
        found = await cluster.found()
        while environment in found.databases | found.roles:
            found = await cluster.found()


async def test_a_removed_environment_that_was_left_behind_goes_at_the_next_start(
    registry: Declarer, serving: Stack, served: Cluster
) -> None:
    service = await registry.service()
    private = await registry.ready(service, "private")
    await registry.remove_service(service)
    await registry.removed(private)
    stranger = environment_id("nobody declared this", "dev")
    async with served.connected() as server:
        await served.ensure(server, private)
        await served.ensure(server, stranger)

    serving.kill("provisioner-0")
    await registry.ready(await registry.service(), "private")

    await swept(served, private)
    assert stranger in (await served.found()).databases
    async with served.connected() as server:
        await served.remove(server, stranger)
