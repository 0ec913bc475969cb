"""Previews from declared to running and gone: by themselves, with their instance, and beside what their source does."""

from __future__ import annotations

from typing import Any

from common.clock import new_id
from contracts import previews as said
from contracts import provisioner as heard
from contracts.masks import Mask
from contracts.model import digest, encode
from contracts.names import database, environment_id
from provisioner.execute.cluster import Cluster
from tests.support.declared import Declarer
from tests.support.waiting import until

TEXT = "type Note @model { id: ID! @isUnique text: String }"
HASHED = Mask(type="Note", field="text", rule="hash")
NOTE = "insert into app.t1 (id, created_at, updated_at, c2) values ($1, now(), now(), $2)"


async def an_instance(registry: Declarer, served: Cluster) -> dict[str, Any]:
    """A service in a project, with one note on dev."""
    service, project = await registry.service(TEXT), await registry.project()
    instance = await registry.instance(service, project)
    async with served.connected(await registry.ready(instance, "dev")) as connection:
        await connection.execute(NOTE, "n1", "secret")
    return {"instance": instance, "project": project, "service": service}


async def declare(registry: Declarer, where: dict[str, Any], *masks: Mask, id: str | None = None) -> str:
    """A preview of dev; its id."""
    preview = id or new_id()
    sha = digest(encode(registry.models[where["service"]]))
    event = said.PreviewCreated(
        **where,
        organisation=registry.organisation,
        preview=preview,
        environment=environment_id(preview, "preview"),
        name=preview,
        source="dev",
        masks=masks,
        slot=1,
        version="0.0.1",
        sdl_sha=sha,
        model_sha=sha,
        expires_at="2099-01-01T00:00:00.000Z",
    )
    await registry.append("instance", where["instance"], event)
    return preview


async def delete(registry: Declarer, where: dict[str, Any], preview: str) -> None:
    environment = environment_id(preview, "preview")
    gone = {"preview": preview, "environment": environment, "reason": "deleted", "organisation": registry.organisation}
    await registry.append("instance", where["instance"], said.PreviewDeleted(**where, **gone))


async def notes(served: Cluster, environment: str) -> list[str]:
    async with served.connected(environment) as connection:
        return [row["c2"] for row in await connection.fetch("select c2 from app.t1 order by id")]


async def test_a_preview_is_made_told_and_taken_down(registry: Declarer, served: Cluster) -> None:
    where = await an_instance(registry, served)
    plain, masked = await declare(registry, where), await declare(registry, where, HASHED)
    clone, secret = await registry.ready(plain, "preview"), await registry.ready(masked, "preview")

    assert await notes(served, clone) == ["secret"]
    assert [len(each) for each in await notes(served, secret)] == [32]
    planned, ready = registry.events(secret)
    assert (planned.type, ready.type) == (heard.MigrationPlanned.TYPE, heard.EnvironmentReady.TYPE)
    assert (ready.data["kind"], ready.data["instance"], ready.data["first"]) == ("preview", where["instance"], True)
    answer = await registry.ask(
        "query($e: ID!) { environment(id: $e) { name state version deployments { plan { kind subject reason } } } }",
        registry.person("owner"),
        e=secret,
    )
    assert answer.data is not None
    seen = answer.data["environment"]
    assert (seen["name"], seen["state"], seen["version"]) == ("preview", "ready", "0.0.1")
    assert {"kind": "copy rows", "subject": "Note", "reason": "masked: text as hash"} in seen["deployments"][0]["plan"]
    listed = "query($i: ID!) { environments(instance: $i) { name } }"
    answer = await registry.ask(listed, registry.person("owner"), i=where["instance"])
    assert answer.data == {"environments": [{"name": each} for each in ("dev", "stage", "prod")]}

    await delete(registry, where, plain)
    await registry.removed(clone)
    await registry.remove_instance(where["instance"], where["service"], where["project"])
    await registry.removed(secret)
    assert not {clone, secret} & (await served.found()).databases


async def test_a_source_that_moved_on_is_cloned_as_it_is_or_not_at_all(registry: Declarer, served: Cluster) -> None:
    """What the preview was declared with is what ran when somebody asked; the mask must fit what runs now."""
    where = await an_instance(registry, served)
    wider = TEXT.replace("text: String", "text: String more: Int")
    without = "type Note @model { id: ID! @isUnique more: Int }"
    await registry.push(where["service"], "0.0.2", wider)
    await registry.promote(**where, environment="dev", version="0.0.2")
    await registry.ready(where["instance"], "dev", "0.0.2")
    later = await registry.ready(await declare(registry, where), "preview", "0.0.2")
    await registry.push(where["service"], "0.0.3", without, forced=True)
    await registry.promote(**where, environment="dev", version="0.0.3", forced=True)
    await registry.ready(where["instance"], "dev", "0.0.3")
    never = environment_id(await declare(registry, where, HASHED), "preview")
    refused = await registry.outcome(never, "0.0.1")

    async with served.connected(later) as connection:
        assert await connection.fetchval("select count(*) from app.t1 where c3 is null") == 1
    assert isinstance(refused, heard.DeploymentFailed)
    assert (refused.code, "Note.text is not there" in refused.reason) == ("UNKNOWN_FIELD", True)


async def test_a_clone_that_was_cut_off_begins_anew(registry: Declarer, served: Cluster) -> None:
    where = await an_instance(registry, served)
    preview = new_id()
    environment = environment_id(preview, "preview")
    left = database(environment)
    async with served.connected() as server:
        await server.execute(f'create role "{left}" login')
        await server.execute(f'create database "{left}"')

    await declare(registry, where, id=preview)

    assert await registry.ready(preview, "preview") == environment
    assert await notes(served, environment) == ["secret"]


async def test_a_preview_waits_for_the_deployment_of_its_source(registry: Declarer, served: Cluster) -> None:
    where = await an_instance(registry, served)
    dev = environment_id(where["instance"], "dev")

    async def nobody_works_on_it() -> bool:
        async with served.alone(dev) as alone:
            return alone is not None

    await until(nobody_works_on_it)
    async with served.alone(dev) as alone:
        assert alone is not None
        preview = await declare(registry, where)
        service = await registry.service()
        await registry.ready(service, "private")
        assert registry.events(environment_id(preview, "preview")) == []
    assert await notes(served, await registry.ready(preview, "preview")) == ["secret"]
