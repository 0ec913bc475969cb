"""Which version goes where, who has to agree, and what a project may call its environments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import Refused
from contracts import registry as said
from contracts.names import EnvironmentKind
from registry.domain import approvals, configuring, instances, projects, pushes, rolling, services
from registry.domain.instances import Instance, InstanceEvent
from registry.domain.problems import Problem
from registry.domain.projects import Project
from registry.domain.services import Service, ServiceEvent, Version

VERSIONS = [Version(f"0.0.{n}", str(n) * 64, str(n) * 64) for n in range(1, 6)]
NOON, LATER = "2026-11-20T12:00:00.000Z", "2026-11-27T12:00:00.000Z"


def service(*offered: int) -> Service:
    """Versions 0.0.1 to 0.0.5, of which these were published after the first, in this order."""
    told = services.documented(name="Music store", problem="p", solution="s", domain="Media", tags=[])
    history: list[ServiceEvent] = [
        services.create(
            None, id="s", organisation="o", slug="m", documentation=told, creator="ada", version=VERSIONS[0]
        )
    ]
    for number, version in enumerate(VERSIONS[1:], 2):
        known = services.fold(history)
        assert known is not None
        history.append(
            pushes.push(known, after=known.pushed.name, version=version, notes=("n",), changes=(), forced=False)
        )
        if number in offered:
            history.append(pushes.publish(known, version=version, forced=False))
    known = services.fold(history)
    assert known is not None
    return known


def refusal(of: Refused) -> tuple[str | None, str | None]:
    return of.reason, of.field


# --- rolls --------------------------------------------------------------------------------------------------------


def test_latest_is_what_is_on_demo_and_older_published_versions_can_be_had() -> None:
    known = service(3, 4)

    assert [rolling.wanted(known, name).name for name in ("latest", "0.0.1", "0.0.3")] == ["0.0.4", "0.0.1", "0.0.3"]
    with pytest.raises(Refused) as refused:
        rolling.wanted(known, "0.0.2")
    assert refusal(refused.value) == ("NOT_PUBLISHED", "version")
    assert refused.value.hint == "Published are: 0.0.4, 0.0.3, 0.0.1."


@pytest.mark.parametrize(
    ("before", "after", "direction", "passed"),
    [
        (None, "0.0.3", "FIRST", []),
        ("0.0.3", "0.0.3", "SAME", []),
        ("0.0.1", "0.0.3", "UPDATE", ["0.0.3", "0.0.2"]),
        ("0.0.5", "0.0.3", "ROLL_BACK", ["0.0.5", "0.0.4"]),
    ],
)
def test_a_roll_passes_the_versions_in_between(
    before: str | None, after: str, direction: str, passed: list[str]
) -> None:
    assert rolling.direction(service(), before, after) == direction
    assert rolling.passed(service(), before, after) == passed


@given(st.sampled_from(VERSIONS), st.sampled_from(VERSIONS))
def test_the_way_back_passes_what_the_way_there_passed(one: Version, other: Version) -> None:
    known = service()

    assert rolling.passed(known, one.name, other.name) == rolling.passed(known, other.name, one.name)


@pytest.mark.parametrize(
    ("source", "to", "skips"),
    [("dev", "prod", ("stage",)), ("dev", "stage", ()), ("demo", "dev", ()), ("prod", "dev", ())],
)
def test_a_promotion_skips_what_lies_between(
    source: EnvironmentKind, to: instances.Target, skips: tuple[str, ...]
) -> None:
    assert rolling.skipped(source, to) == skips


def test_what_data_forbid_is_told_whole() -> None:
    refused = rolling.forbidden("prod", "0.0.1", [Problem(3, 7, "Album", "title", 2007, "No titles.")])

    assert refused.message == "The data of prod forbid version 0.0.1: No titles."
    assert refused.details["problems"][0]["code"] == 2007


# --- the end of a service -----------------------------------------------------------------------------------------


def test_a_retired_service_is_taken_by_nobody_until_it_is_reinstated() -> None:
    known = service()
    retired = services.retire(known, reason=" Old. ")
    assert retired is not None
    known = services.evolve(known, retired)

    assert retired.reason == "Old."
    assert services.retire(known, reason=None) is None
    with pytest.raises(Refused) as refused:
        rolling.wanted(known, "latest")
    assert refused.value.reason == "RETIRED"
    back = services.reinstate(known)
    assert back is not None
    assert rolling.wanted(services.evolve(known, back), "latest") == VERSIONS[0]
    assert services.reinstate(service()) is None


# --- approvals ----------------------------------------------------------------------------------------------------


def instance(*events: InstanceEvent) -> Instance:
    added = instances.add(None, id="i", organisation="o", project="p", service="s", version=VERSIONS[0])
    known = instances.fold([added, *events])
    assert known is not None
    return known


def asked(
    known: Instance, *, id: str = "r", who: str = "ada", version: Version = VERSIONS[0]
) -> said.PromotionRequested:
    made = approvals.request(
        known, id=id, environment="prod", version=version, forced=True, requester=who, now=NOON, expires_at=LATER
    )
    assert made is not None
    return made


def test_what_was_asked_for_is_declared_when_another_person_agrees() -> None:
    known = instance(asked(instance()))

    approved = approvals.approve(known, id="r", by="bob", now=NOON)

    assert (approved.environment, approved.version, approved.forced, approved.request) == ("prod", "0.0.1", True, "r")
    assert instances.evolve(known, approved).requests == {}
    assert instances.evolve(known, approved).versions == {"dev": "0.0.1", "prod": "0.0.1"}


def test_the_same_request_of_the_same_person_is_made_once_and_another_takes_its_place() -> None:
    known = instance(asked(instance()))

    def again(now: str) -> said.PromotionRequested | None:
        return approvals.request(
            known,
            id="r2",
            environment="prod",
            version=VERSIONS[0],
            forced=True,
            requester="ada",
            now=now,
            expires_at=LATER,
        )

    assert again(NOON) is None
    assert again(LATER) is not None
    other = instance(asked(instance()), asked(known, id="r3", who="bob", version=VERSIONS[1]))
    assert other.requested == {"prod": "0.0.2"}
    with pytest.raises(Refused) as refused:
        approvals.approve(other, id="r", by="eve", now=NOON)
    assert refused.value.reason == "NOT_OPEN"


@pytest.mark.parametrize(
    ("by", "now", "reason"), [("ada", NOON, "OWN_REQUEST"), ("bob", LATER, "EXPIRED"), ("ada", LATER, "EXPIRED")]
)
def test_nobody_approves_his_own_request_or_one_that_has_ended(by: str, now: str, reason: str) -> None:
    known = instance(asked(instance()))

    with pytest.raises(Refused) as refused:
        approvals.approve(known, id="r", by=by, now=now)

    assert refused.value.reason == reason


def test_a_refused_request_is_over() -> None:
    known = instance(asked(instance()))

    over = approvals.refuse(known, id="r", by="bob", reason="Not on Friday.", now=NOON)

    assert (over.by, over.reason) == ("bob", "Not on Friday.")
    assert instances.evolve(known, over).requests == {}
    assert approvals.outcome("OPEN", LATER, LATER) == "EXPIRED"
    assert approvals.outcome("OPEN", LATER, NOON) == "OPEN"
    assert approvals.outcome("REFUSED", LATER, LATER) == "REFUSED"


# --- settings of a project ----------------------------------------------------------------------------------------


def shop() -> Project:
    known = projects.fold(
        [
            projects.create(
                None,
                id="p",
                organisation="o",
                name="Shop",
                slug="shop",
                description=None,
                restricted=False,
                creator="ada",
            )
        ]
    )
    assert known is not None
    return known


def test_settings_that_are_left_out_stay_and_the_same_again_says_nothing() -> None:
    first = configuring.configure(shop(), approvals=True, names={"dev": " Build "})
    assert first is not None
    known = projects.evolve(shop(), first)
    second = configuring.configure(known, approvals=None, names={"stage": "Check"})
    assert second is not None

    assert (second.approvals, second.environment_names.model_dump(exclude_none=True)) == (
        True,
        {"dev": "Build", "stage": "Check"},
    )
    assert configuring.configure(known, approvals=True, names={"dev": "Build"}) is None
    assert configuring.configure(known, approvals=None, names=None) is None


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ({"dev": "prod"}, "CONFLICT"),
        ({"stage": "DEMO"}, "CONFLICT"),
        ({"dev": "Same", "prod": "same"}, "CONFLICT"),
        ({"dev": "x" * 21}, "TOO_LONG"),
        ({"dev": " "}, "TOO_SHORT"),
    ],
)
def test_a_name_means_one_environment(names: dict[str, str | None], reason: str) -> None:
    with pytest.raises(Refused) as refused:
        configuring.configure(shop(), approvals=None, names=names)

    assert refused.value.reason == reason


def test_an_environment_may_be_called_by_its_own_name() -> None:
    assert configuring.configure(shop(), approvals=None, names={"prod": "Production"}) is not None
