"""What the registry makes of uses that it is told of: the latest minute of each token, to filter and order by."""

from __future__ import annotations

from typing import Any

from contracts.access import Principal
from contracts.uses import MINUTE_MS, SUBJECT, TokenUses
from registry.store.uses import TOKEN_USES
from tests.support.registered import House

TOKEN = "mutation($n: String!) { createPersonalAccessToken(name: $n) { personalAccessToken { id } } }"
MINE = """query($f: [Filter!], $o: Order) { myPersonalAccessTokens(filters: $f, order: $o) {
  id name createdAt lastUsedAt } }"""
DAY_2099 = 4_070_908_800_000
"""The beginning of 2099 in UTC."""


async def tell(registry: House, minute_ms: int, *tokens: str, subject: str = SUBJECT) -> None:
    """Tell of uses as the gateway does, and go on once the registry has read it."""
    body = TokenUses(minute_ms=minute_ms, tokens=tokens).model_dump_json().encode()
    stored = await registry.running.admin.jetstream().publish(subject, body)
    assert await registry.running.runtime.runners[TOKEN_USES.name].wait_for(stored.seq, 10)


async def tokens(registry: House, person: Principal, number: int) -> list[str]:
    made = [await registry.data(TOKEN, {"n": f"t{each}"}, who=person) for each in range(number)]
    return [each["createPersonalAccessToken"]["personalAccessToken"]["id"] for each in made]


async def listed(registry: House, person: Principal, **how: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await registry.data(MINE, how, who=person))["myPersonalAccessTokens"]
    return found


async def test_the_latest_minute_stays_whatever_order_workers_tell_in(registry: House) -> None:
    person = await registry.person()
    (token,) = await tokens(registry, person, 1)
    assert (await listed(registry, person))[0]["lastUsedAt"] is None

    for minute in (DAY_2099, DAY_2099 + MINUTE_MS, DAY_2099 - MINUTE_MS):
        await tell(registry, minute, token)

    assert (await listed(registry, person))[0]["lastUsedAt"] == "2099-01-01T00:01:00.000Z"


async def test_no_use_is_shown_before_the_token_was_made(registry: House) -> None:
    person = await registry.person()
    (token,) = await tokens(registry, person, 1)
    await tell(registry, 0, token)

    (seen,) = await listed(registry, person)
    assert seen["lastUsedAt"] == seen["createdAt"]


async def test_tokens_can_be_filtered_and_ordered_by_their_last_use_and_unused_ones_come_last(registry: House) -> None:
    person = await registry.person()
    ids = await tokens(registry, person, 3)
    await tell(registry, DAY_2099, ids[1])
    await tell(registry, DAY_2099 + MINUTE_MS, ids[0])

    async def names(**how: Any) -> list[str]:
        return [each["name"] for each in await listed(registry, person, **how)]

    assert await names(o={"field": "lastUsedAt", "direction": "ASC"}) == ["t1", "t0", "t2"]
    assert await names(o={"field": "last_used_at", "direction": "DESC"}) == ["t0", "t1", "t2"]
    at = "2099-01-01T00:01:00.000Z"
    assert await names(f=[{"field": "last_used_at", "op": "LT", "value": at}]) == ["t1"]
    assert await names(f=[{"field": "last_used_at", "value": "2099-01-01"}]) == ["t1", "t0"]


async def test_accesses_of_another_kind_and_tokens_that_nobody_has_change_nothing(registry: House) -> None:
    person = await registry.person()
    (token,) = await tokens(registry, person, 1)
    await tell(registry, DAY_2099, token, subject="access.audit.tokens")
    await tell(registry, DAY_2099, "nobody's")

    assert (await listed(registry, person))[0]["lastUsedAt"] is None
    assert await registry.running.runtime.runners[TOKEN_USES.name].parked() == []


async def test_the_relay_list_shows_it_as_well(registry: House) -> None:
    person = await registry.person()
    (token,) = await tokens(registry, person, 1)
    await tell(registry, DAY_2099, token)

    found = await registry.data("{ personalAccessTokens { edges { node { lastUsedAt } } } }", who=person)
    assert found["personalAccessTokens"]["edges"] == [{"node": {"lastUsedAt": "2099-01-01T00:00:00.000Z"}}]
