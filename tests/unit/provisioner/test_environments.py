"""Every deployment is planned once and ends once; a removed environment stays removed."""

from __future__ import annotations

import pytest

from contracts import provisioner as said
from contracts.names import database
from provisioner.domain import environments
from provisioner.domain.diff import compare
from provisioner.domain.environments import Declared, Environment, Live, fold
from provisioner.domain.plan import Plan
from provisioner.domain.plan import plan as made_plan
from tests.support.schemas import model

EMPTY = model("type Note @model { id: ID! @isUnique }")


def declared(deployment: str = "d1", version: str = "0.0.1") -> Declared:
    return Declared(
        environment="00000000-0000-5000-8000-000000000001",
        organisation="o",
        kind="dev",
        service="s",
        instance="i",
        project="p",
        deployment=deployment,
        version=version,
        sdl_sha="sdl",
        model_sha=f"model of {version}",
        forced=False,
    )


def plan_of(wanted: Declared, start: str | None = None) -> Plan:
    return made_plan(
        compare(None, EMPTY),
        environment=wanted.environment,
        deployment=wanted.deployment,
        from_model_sha=start,
        model_sha=wanted.model_sha,
        forced=False,
    )


def planned(environment: Environment, wanted: Declared) -> said.MigrationPlanned:
    start = environment.live.model_sha if environment.live else None
    event = environments.plan(environment, wanted, plan_of(wanted, start), "plan")
    assert event is not None
    return event


def served(*wanted: Declared) -> list[environments.EnvironmentEvent]:
    """Facts of deployments that all went well."""
    facts: list[environments.EnvironmentEvent] = []
    for each in wanted:
        facts.append(planned(fold(facts), each))
        ready = environments.ready(fold(facts), each.deployment)
        assert ready is not None
        facts.append(ready)
    return facts


def test_the_first_deployment_makes_the_environment_live() -> None:
    wanted = declared()
    event = planned(Environment(), wanted)

    ready = environments.ready(fold([event]), "d1")

    assert ready is not None
    assert (ready.first, ready.version, ready.database) == (True, "0.0.1", database(wanted.environment))
    assert fold([event, ready]).live == Live("0.0.1", "sdl", "model of 0.0.1")


def test_a_later_deployment_says_what_it_starts_from() -> None:
    facts = served(declared())

    event = planned(fold(facts), declared("d2", "0.0.2"))

    assert (event.from_version, event.from_model_sha) == ("0.0.1", "model of 0.0.1")
    ready = environments.ready(fold([*facts, event]), "d2")
    assert ready is not None
    assert ready.first is False


def test_a_failed_deployment_leaves_what_ran() -> None:
    facts = served(declared())
    wanted = declared("d2", "0.0.2")
    facts.append(planned(fold(facts), wanted))

    failed = environments.fail(fold(facts), wanted, code="2007", reason="no")

    assert failed is not None
    after = fold([*facts, failed])
    assert (after.live, after.planned) == (Live("0.0.1", "sdl", "model of 0.0.1"), None)


def test_what_has_ended_is_not_said_again() -> None:
    wanted = declared()
    environment = fold(served(wanted))

    assert environments.plan(environment, wanted, plan_of(wanted, "model of 0.0.1"), "plan") is None
    assert environments.ready(environment, "d1") is None
    assert environments.fail(environment, wanted, code="x", reason="y") is None


def test_no_plan_is_made_while_another_has_not_ended() -> None:
    environment = fold([planned(Environment(), declared())])

    assert environments.plan(environment, declared("d2"), plan_of(declared("d2")), "plan") is None
    assert environments.ready(environment, "d2") is None


def test_a_plan_that_starts_elsewhere_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="starts from what runs"):
        environments.plan(fold(served(declared())), declared("d2"), plan_of(declared("d2")), "plan")


def test_nothing_is_deployed_after_the_removal_and_it_is_said_once() -> None:
    facts = served(declared())
    removed = environments.remove(fold(facts), declared())
    assert removed is not None
    environment = fold([*facts, removed])

    assert environments.remove(environment, declared()) is None
    assert environments.plan(environment, declared("d2"), plan_of(declared("d2")), "plan") is None
    assert environments.fail(environment, declared("d2"), code="x", reason="y") is None
