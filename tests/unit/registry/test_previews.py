"""Previews as facts of their instance: one name at a time, a lease that ends once, and a place in the project."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from common.errors import Refused
from contracts import previews as said
from contracts import registry
from contracts.masks import Mask
from contracts.names import environment_id
from registry.domain import instances, previews
from registry.domain.instances import Instance, InstanceEvent
from registry.domain.services import Version

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
VERSION = Version("0.0.1", "sdl", "model")
ADDED = registry.InstanceAdded(
    instance="i", organisation="o", project="p", service="s", version="0.0.1", sdl_sha="sdl", model_sha="model"
)

REMOVED = registry.InstanceRemoved(instance="i", organisation="o", project="p", service="s")


def fold(*facts: InstanceEvent) -> Instance:
    found = instances.fold([ADDED, *facts])
    assert found is not None
    return found


def created(id: str = "a", name: str = "pr-1", slot: int = 1, before: Instance | None = None) -> said.PreviewCreated:
    return previews.create(
        before or fold(),
        id=id,
        name=name,
        source="dev",
        masks=(Mask(type="Guest", field="email", rule="hash"),),
        slot=slot,
        version=VERSION,
        expires_at=previews.lease(60, NOON),
    )


def test_a_preview_has_an_environment_of_its_own_and_a_lease() -> None:
    fact = created()

    assert fact.environment == environment_id("a", "preview")
    assert (fact.version, fact.model_sha, fact.expires_at) == ("0.0.1", "model", "2030-01-01T13:00:00.000Z")
    assert fold(fact).leases == {"pr-1": "2030-01-01T13:00:00.000Z"}


def test_a_name_is_taken_until_its_preview_is_gone() -> None:
    first = created()
    with pytest.raises(Refused) as refused:
        created("b", before=fold(first))
    gone = previews.delete(fold(first), id="a")

    assert (refused.value.reason, refused.value.field) == ("NAME_TAKEN", "name")
    assert created("b", before=fold(first, gone)).name == "pr-1"


def test_a_lease_ends_once_and_only_when_its_time_has_come() -> None:
    there = fold(created())
    early = previews.lapse(there, id="a", now="2030-01-01T12:59:59.999Z")
    ended = previews.lapse(there, id="a", now="2030-01-01T13:00:00.000Z")

    assert early is None
    assert ended is not None
    assert ended.reason == "lease_ended"
    assert previews.lapse(fold(created(), ended), id="a", now="2031-01-01T00:00:00.000Z") is None


def test_an_extension_wins_over_the_end_that_was_due() -> None:
    longer = previews.extend(
        fold(created()), id="a", now="2030-01-01T12:30:00.000Z", expires_at="2030-01-02T12:00:00.000Z"
    )
    assert longer is not None
    assert previews.lapse(fold(created(), longer), id="a", now="2030-01-01T13:00:00.000Z") is None


def test_a_lease_that_has_ended_is_not_extended() -> None:
    with pytest.raises(Refused) as refused:
        previews.extend(fold(created()), id="a", now="2030-01-01T13:00:00.000Z", expires_at="2030-01-02T12:00:00.000Z")
    assert refused.value.reason == "LEASE_ENDED"


@pytest.mark.parametrize(
    ("minutes", "reason"), [(0, "LEASE_TOO_SHORT"), (-5, "LEASE_TOO_SHORT"), (10081, "LEASE_TOO_LONG")]
)
def test_a_lease_has_bounds(minutes: int, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        previews.lease(minutes, NOON)
    assert (refused.value.reason, refused.value.field) == (reason, "leaseMinutes")


def test_a_lease_is_a_day_unless_somebody_says_otherwise() -> None:
    assert previews.lease(None, NOON) == "2030-01-02T12:00:00.000Z"


def test_nothing_can_be_done_to_a_preview_that_is_not_there() -> None:
    for act in (
        lambda: previews.delete(fold(), id="a"),
        lambda: previews.extend(fold(), id="a", now="", expires_at="x"),
        lambda: previews.delete(fold(created(), REMOVED), id="a"),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "NOT_FOUND"


def test_an_instance_gives_back_the_places_of_its_previews() -> None:
    both = fold(created(), created("b", "pr-2", 4, fold(created())))

    assert {(each.name, each.owner) for each in previews.slot_claims(both)} == {("1", "preview.a"), ("4", "preview.b")}
    assert previews.free_slot([1, 2], both) == 3
    with pytest.raises(Refused) as refused:
        previews.free_slot(range(1, previews.PROJECT_MAX + 1), None)
    assert refused.value.reason == "TOO_MANY"


@pytest.mark.parametrize("name", ["", "-a", "a-", "PR", "a b", "ü", "a" * 41, "a\n"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(Refused) as refused:
        previews.name_of(name)
    assert refused.value.reason == "INVALID_NAME"


@pytest.mark.parametrize("environment", ["private", "demo", "preview"])
def test_only_an_instances_own_environments_are_cloned(environment: str) -> None:
    with pytest.raises(Refused) as refused:
        previews.source_of(environment)
    assert refused.value.reason == "NO_SUCH_SOURCE"


def test_prod_is_cloned_without_masks_only_by_those_who_say_so() -> None:
    with pytest.raises(Refused) as refused:
        previews.disclosed("prod", (), unmasked=False)
    assert refused.value.reason == "UNMASKED"
    previews.disclosed("prod", (), unmasked=True)
    previews.disclosed("dev", (), unmasked=False)
