"""Whatever is killed and whoever refuses: a webhook takes every fact, in the order of the log, and none is left out."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some

from common import clock
from registry.domain.deliveries import Course
from registry.store import webhooks as stored
from tests.support.receiver import Receiver, receiver
from tests.support.registered import House, short
from tests.support.telling import delivering, hooked, projects
from tests.support.waiting import until

Lives = some.lists(
    some.tuples(some.integers(0, 4), some.integers(0, 3)),
    min_size=1,
    max_size=5,
)
"""For each life of the deliverer: facts said before it is killed, and how many more are taken before that."""


@given(lives=Lives, seed=some.integers(0, 2**16), refusing=some.sampled_from((0.0, 0.3, 0.6)))
@settings(
    max_examples=8,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_over_restarts_every_fact_is_taken_in_order_and_repeats_are_repeats(
    registry: House, lives: list[tuple[int, int]], seed: int, refusing: float
) -> None:
    organisation = await registry.organisation()
    said: list[str] = []
    dice = random.Random(seed)  # noqa: S311 - a test that can be repeated
    async with receiver() as hook:
        hook.answer = lambda _: dice.choice((500, 503, 429, 302, 404)) if dice.random() < refusing else 200
        await hooked(registry, organisation=organisation, url=hook.url)
        for facts, more in lives:
            async with delivering(registry):
                said += await projects(registry, organisation, facts)
                # Killed in the middle: a request may be under way, and its answer is then known to nobody.
                await _taken(hook, min(len(set(hook.taken)) + more, len(said)))
        async with delivering(registry):
            await _taken(hook, len(said))

    seen = [told.fact["data"]["project"] for told in hook.told]
    assert list(dict.fromkeys(seen)) == said, "first tellings follow the log, and none is missing"
    places = [said.index(project) for project in seen]
    assert all(later >= earlier for earlier, later in pairwise(places)), "a repeat is of the last one told, not older"
    assert list(dict.fromkeys(hook.taken)) == list(dict.fromkeys(told.id for told in hook.told))


async def _taken(hook: Receiver, wanted: int) -> None:
    await until(lambda: len(set(hook.taken)) >= wanted, 30)


async def test_ten_webhooks_half_of_them_dead_are_told_over_restarts(registry: House) -> None:
    organisation = await registry.organisation()
    async with receiver() as hook, receiver() as dead:
        dead.answer = lambda _: 500
        for number in range(5):
            await hooked(registry, organisation=organisation, url=f"{hook.url}/{number}")
            await hooked(registry, organisation=organisation, url=f"{dead.url}/{number}")
        said: list[str] = []
        for _ in range(3):
            async with delivering(registry):
                said += await projects(registry, organisation, 5)
        async with delivering(registry):
            await until(lambda: len({(each.path, each.id) for each in hook.told}) == 5 * len(said), 30)

    for number in range(5):
        seen = [each.fact["data"]["project"] for each in hook.told if each.path.endswith(f"/{number}")]
        assert list(dict.fromkeys(seen)) == said
    assert {each.fact["data"]["project"] for each in dead.told} == {said[0]}


async def test_when_nobody_knows_how_far_an_old_webhook_was_only_young_facts_are_told_again(
    registry: House, hook: Receiver
) -> None:
    organisation = await registry.organisation()
    webhook = await hooked(registry, organisation=organisation, url=hook.url)
    async with delivering(registry):
        await projects(registry, organisation, 2)
        await hook.count(2)
    for days, told in ((4, 2), (2, 4)):
        async with registry.world.database.transaction() as connection:
            await connection.exec_driver_sql("delete from webhook_courses where webhook = $1", (webhook.id,))
        async with delivering(registry, now=partial(_ahead, timedelta(days=days))):
            await until(lambda: _known(registry, webhook.id))
            if told > 2:
                await hook.count(told)
        assert len(hook.told) == told


async def test_a_process_that_leads_no_more_cannot_set_a_webhook_back(registry: House) -> None:
    webhook, start = short(), Course(5, 1)
    for said, kept in (
        (start, start),
        (Course(7, 1), Course(7, 1)),
        (Course(6, 1), Course(7, 1)),
        (Course(2, 3), Course(2, 3)),
        (Course(9, 1), Course(2, 3)),
    ):
        async with registry.world.database.transaction() as connection:
            await stored.keep(connection, webhook, said)
            assert await stored.course(connection, webhook) == kept


def _ahead(much: timedelta) -> datetime:
    return clock.now() + much


async def _known(registry: House, id: str) -> bool:
    """Whether it is known again how far the webhook was told."""
    async with registry.world.database.reading() as connection:
        return await stored.course(connection, id) is not None
