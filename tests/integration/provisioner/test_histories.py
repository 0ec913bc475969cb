"""Versions deployed one after another and the last one deployed at once arrive at the same catalogue."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings

from contracts.model import Model
from provisioner.execute.cluster import Cluster
from tests.support.environments import Place
from tests.support.histories import histories


@given(versions=histories())
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # each example makes three databases: shrinking would take minutes
)
async def test_every_road_leads_to_the_same_catalogue(cluster: Cluster, versions: tuple[Model, ...]) -> None:
    if not versions:
        return
    stepwise, direct, skipping = [await Place(cluster).made() for _ in range(3)]
    try:
        for version in versions:
            assert await stepwise.deploy(version, forced=True) is None
        assert await direct.deploy(versions[-1]) is None
        assert await skipping.deploy(versions[0]) is None
        assert await skipping.deploy(*versions, forced=True) is None

        expected = await direct.catalogue()
        assert await stepwise.catalogue() == expected
        assert await skipping.catalogue() == expected
        for back in reversed(versions):
            assert await stepwise.deploy(back, forced=True) is None
        assert await direct.deploy(versions[0], forced=True) is None
        assert await stepwise.catalogue() == await direct.catalogue()
    finally:
        for place in (stepwise, direct, skipping):
            await place.gone()
