"""An undo that is declared: carried out by a provisioner that serves, killed meanwhile; and a trash that is emptied."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import nats
import pytest

from common import clock
from common.blobs import Blobs
from common.db import Database
from common.log import Log, Recorded, Subject
from contracts import provisioner as heard
from contracts import registry as said
from contracts.model import Model, digest, encode
from provisioner.domain.trash import DAYS
from provisioner.execute.cluster import Cluster
from provisioner.execute.yard import Yard, emptied, lying
from tests.support.declared import Declarer
from tests.support.inside import service_dsn
from tests.support.stack import Stack

WITH_YEARS = "type Band @model { id: ID! @isUnique name: String year: Int }"
WITHOUT = "type Band @model { id: ID! @isUnique name: String }"
ROW = "insert into app.t1 (id, created_at, updated_at, c2, c3) values ('b', now(), now(), 'Ann', 1999)"
SINCE = "insert into app.t1 (id, created_at, updated_at, c2) values ('c', now(), now(), 'Bob')"


@pytest.fixture
async def yard(serving: Stack, served: Cluster) -> AsyncIterator[Yard]:
    """The trash, looked at beside the provisioner that serves."""
    client = await nats.connect(serving.nats_url)
    database = Database(service_dsn(serving, "provisioner"), "provisioner")
    yield Yard(Log(client, "provisioner"), Blobs(client), database, served)
    await database.engine.dispose()
    await client.close()


async def removed(registry: Declarer, served: Cluster) -> tuple[str, str, Model, Recorded]:
    """A service with a row whose year a push has removed: its id, private, the Model before, the push."""
    service = await registry.service(WITH_YEARS)
    private = await registry.ready(service, "private")
    older = registry.models[service]
    async with served.connected(private) as connection:
        await connection.execute(ROW)
    pushed = await registry.push(service, "0.0.2", WITHOUT, forced=True)
    await registry.ready(service, "private", "0.0.2")
    return service, private, older, pushed


async def undo(registry: Declarer, service: str, older: Model, undoes: str, version: str = "0.0.3") -> Recorded:
    sha = digest(encode(older))
    event = said.VersionPushed(
        service=service,
        organisation=registry.organisation,
        version=version,
        sdl_sha=sha,
        model_sha=sha,
        notes=("n",),
        changes=(),
        forced=True,
        undoes=undoes,
    )
    return await registry.append("service", service, event)


async def test_a_provisioner_that_is_killed_in_the_middle_of_an_undo_finishes_it(
    registry: Declarer, serving: Stack, served: Cluster
) -> None:
    service, private, older, pushed = await removed(registry, served)

    def planned() -> heard.MigrationPlanned | None:
        last = registry.events(private)[-1]
        return heard.MigrationPlanned.model_validate(last.data) if last.type == heard.MigrationPlanned.TYPE else None

    async with served.connected(private) as connection:
        await connection.execute(SINCE)
        async with connection.transaction():
            await connection.execute("lock table app.t1 in access share mode")
            await undo(registry, service, older, pushed.envelope.id)
            plan = await registry.until(planned)
            serving.kill("provisioner-0")
            assert await connection.fetchval("select count(*) from pg_attribute where attname = 'c3'") == 0
        assert (plan.undoes, plan.version) == (pushed.envelope.id, "0.0.3")

        await registry.ready(service, "private", "0.0.3")
        rows = await connection.fetch("select id, c2, c3 from app.t1 order by id")
        assert [tuple(row) for row in rows] == [("b", "Ann", 1999), ("c", "Bob", None)]


async def test_what_is_no_longer_the_last_deployment_is_not_undone(registry: Declarer, served: Cluster) -> None:
    service, private, older, pushed = await removed(registry, served)
    await registry.push(service, "0.0.3", WITHOUT.replace("name: String", "name: String town: String"))
    await registry.ready(service, "private", "0.0.3")

    await undo(registry, service, older, pushed.envelope.id, "0.0.4")
    outcome = await registry.outcome(private, "0.0.4")

    assert isinstance(outcome, heard.DeploymentFailed)
    assert outcome.code == "NOT_LAST"


async def test_a_version_that_was_undone_is_none_on_the_way(registry: Declarer, served: Cluster) -> None:
    filled = WITHOUT.replace("name: String", 'name: String @migrationValue(value: "x")')
    service, project = await registry.service(WITHOUT), await registry.project()
    older = registry.models[service]
    instance = await registry.instance(service, project)
    dev = await registry.ready(instance, "dev")
    async with served.connected(dev) as connection:
        await connection.execute(SINCE)
    pushed = await registry.push(service, "0.0.2", filled, forced=True)
    await registry.ready(service, "private", "0.0.2")
    await undo(registry, service, older, pushed.envelope.id)
    await registry.ready(service, "private", "0.0.3")

    registry.models[service] = older
    await registry.promote(instance, service, project, "dev", "0.0.3")
    await registry.ready(instance, "dev", "0.0.3")

    async with served.connected(dev) as connection:
        assert await connection.fetchval("select c2 from app.t1") == "Bob"


async def test_the_trash_is_emptied_when_its_time_is_over_and_no_sooner(
    registry: Declarer, served: Cluster, yard: Yard
) -> None:
    _, private, _, pushed = await removed(registry, served)
    (kept,) = await lying(yard, private)

    await emptied(yard, kept.kept_until - timedelta(seconds=1))
    before = await lying(yard, private)
    await emptied(yard, kept.kept_until)
    await emptied(yard, kept.kept_until)

    assert (kept.kept.subject, kept.rows, kept.version) == ("Band.year", 1, "0.0.2")
    assert kept.kept_until - kept.removed_at == timedelta(days=DAYS)
    assert kept.removed_at <= clock.now()
    assert [each.kept for each in before] == [kept.kept]
    async with served.connected(private) as connection:
        assert await connection.fetchval("select count(*) from pg_tables where schemaname = 'trash'") == 0
    history = await yard.log.load(Subject(registry.organisation, "provisioner", "trash", private))
    facts = [heard.TrashEmptied.model_validate(each.envelope.data) for each in history.events]
    assert [(each.deployment, each.items) for each in facts] == [(pushed.envelope.id, (kept.kept.name,))]
