"""What the log knows of an environment, and which databases fit to it."""

from __future__ import annotations

import json

import pytest

from common.backup import facts
from common.backup.databases import Copy
from common.backup.facts import Folded, Known
from common.backup.taking import described, left_out, stale
from common.stream import Message
from contracts import provisioner

ENVIRONMENT = "887d0f2d-4e1f-5590-b2c9-0e67f2d9e4d5"


def known(*said: tuple[str, str]) -> Known:
    """An environment after facts: type and Model."""
    folded = Folded()
    subject = f"evt.o1.provisioner.environment.{ENVIRONMENT}"
    for position, (type_, model) in enumerate(said, 1):
        body = json.dumps({"type": type_, "data": {"environment": ENVIRONMENT, "model_sha": model}}).encode()
        folded.take([Message(position, subject, "", body)])
    return folded.environments[ENVIRONMENT]


def test_the_facts_are_those_that_the_provisioner_says() -> None:
    said = (provisioner.MigrationPlanned, provisioner.EnvironmentReady, provisioner.DeploymentFailed)

    assert tuple(event.TYPE for event in said) == (facts.PLANNED, facts.READY, facts.FAILED)
    assert provisioner.EnvironmentRemoved.TYPE == facts.REMOVED


@pytest.mark.parametrize(
    ("said", "fitting", "strange"),
    [
        ([(facts.PLANNED, "m1"), (facts.READY, "m1")], {"m1"}, {None, "m2"}),
        ([(facts.PLANNED, "m1"), (facts.READY, "m1"), (facts.PLANNED, "m2")], {"m1", "m2"}, {"m3"}),
        ([(facts.READY, "m1"), (facts.PLANNED, "m2"), (facts.FAILED, "m2")], {"m1"}, {"m2"}),
        ([(facts.READY, "m1"), (facts.PLANNED, "m2"), (facts.READY, "m2")], {"m2"}, {"m1"}),
    ],
    ids=["it serves", "a migration is under way", "one has failed", "one has ended"],
)
def test_a_database_is_before_or_after_a_migration_that_the_log_knows(
    said: list[tuple[str, str]], fitting: set[str | None], strange: set[str | None]
) -> None:
    environment = known(*said)

    assert environment.live
    assert {model for model in fitting | strange if environment.fits(model)} == fitting


def test_what_serves_nothing_or_was_removed_is_not_copied() -> None:
    assert not known((facts.PLANNED, "m1")).live
    assert not known((facts.READY, "m1"), (facts.REMOVED, "")).live


def test_a_fact_that_is_not_known_here_makes_the_environment_be_copied_again() -> None:
    environment = known((facts.READY, "m1"), ("mortise.provisioner.environment.slept.v1", ""))

    assert (environment.serves, environment.position) == ("m1", 2)
    assert stale(environment, Copy(1, "p", "m1", 1, {}))
    assert not stale(environment, Copy(2, "p", "m1", 1, {}))
    assert stale(environment, None)


def test_bytes_that_are_no_envelope_are_passed_over() -> None:
    folded = Folded()
    folded.take([Message(1, f"evt.o1.provisioner.environment.{ENVIRONMENT}", "", b"\xff")])
    folded.take([Message(2, "evt.o1.registry.user.u1", "", b"{}")])

    assert folded.position == 2
    assert folded.live() == {}


def test_a_database_that_does_not_fit_is_backed_up_with_a_warning() -> None:
    environment = known((facts.READY, "m1"))

    assert described(ENVIRONMENT, environment, Copy(1, "p", "m1", 1, {})).warning is None
    assert "m9" in str(described(ENVIRONMENT, environment, Copy(1, "p", "m9", 1, {})).warning)
    assert "no database" in str(described(ENVIRONMENT, environment, Copy(1, None, None, 0, {})).warning)


def test_environments_that_come_and_go_around_the_position_are_named() -> None:
    folded = Folded(
        environments={
            "made": Known(1, underway="m1"),
            "live": Known(2, serves="m1"),
            "gone": Known(3, serves="m1", removed=True),
            "long gone": Known(4, serves="m1", removed=True),
        }
    )

    found = left_out(folded, {"gone"})

    assert sorted(found) == ["gone", "made"]
    assert "removed while" in found["gone"]
    assert "anew" in found["made"]
