"""The read model is a function of the log."""

from __future__ import annotations

from common.rebuild import rebuild
from contracts import provisioner as heard
from contracts import registry as said
from registry.store.projection import APPLY, REGISTRY
from tests.support.registered import SCHEMA, House


def test_the_projection_acts_on_every_fact_of_the_registry() -> None:
    facts = {event for event in vars(said).values() if isinstance(event, type) and getattr(event, "TYPE", None)}

    assert facts <= set(APPLY)
    assert {heard.EnvironmentReady, heard.DeploymentFailed, heard.EnvironmentRemoved} <= set(APPLY)


async def test_replayed_from_zero_it_is_the_same(lossless: House) -> None:
    owner = await lossless.person()
    organisation = await lossless.organisation(owner)
    project = await lossless.project(organisation, owner)
    service = await lossless.service(organisation, owner)
    instance = await lossless.instance(project, service, owner)
    await lossless.push(service, SCHEMA, owner)
    await lossless.data(
        'mutation($p: ID!) { addClient(projectId: $p, input: {name: "Acme"}) { client { id } } }',
        {"p": project},
        who=owner,
    )
    await lossless.data(
        """mutation($p: ID!, $i: ID!, $s: ID!) {
          configureProject(id: $p, input: {approvals: true, environmentNames: {dev: "Build"}}) { id }
          promoteInstance(id: $i, from: dev, to: prod) { id }
          retireService(id: $s) { id } }""",
        {"p": project, "i": instance, "s": service},
        who=owner,
    )
    other = await lossless.project(organisation, owner)
    await lossless.data("mutation($s: ID!) { reinstateService(id: $s) { id } }", {"s": service}, who=owner)
    removed = await lossless.instance(other, service, owner)
    await lossless.data("mutation($i: ID!) { removeInstance(id: $i) }", {"i": removed}, who=owner)
    whole = """{ services(search: "nobody") { slug rank retired versions { name publishedAt pushedBy { id } } }
      projects { slug approvals environmentNames { dev } clients { name } instances { requests { state } } } }"""
    before = await lossless.data(whole, who=owner)

    report = await rebuild(REGISTRY, lossless.world.database, lossless.running.runtime.nats)

    assert report.told()["equal"], report.told()
    assert await lossless.data(whole, who=owner) == before


async def test_nothing_of_the_registrys_own_was_parked(lossless: House) -> None:
    parked = await lossless.world.runner.parked()

    assert [row for row in parked if ".registry." in str(row["aggregate"])] == []
