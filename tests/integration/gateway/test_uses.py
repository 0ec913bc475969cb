"""Which calls count as the use of a personal access token, as the gateway tells it to whoever reads ACCESS."""

from __future__ import annotations

from common.clock import new_id, secret
from common.stream import Stream
from contracts import registry as said
from contracts.uses import MINUTE_MS, SUBJECT, TokenUses
from tests.support.door import NEVER, Door
from tests.support.waiting import until

SDL = "type Note @model { id: ID! @isUnique text: String }"
QUERY = "{ allNotes { id } }"
PAST = "2020-01-01T00:00:00.000Z"


async def issued(door: Door, user: str, expires_at: str | None = None) -> tuple[str, str]:
    """The secret of a new token, and its id."""
    value, id_ = secret("pfy_"), new_id()
    hashed = door.hash(value)
    await door.say(
        "_",
        said.TokenCreated(
            token=id_, user=user, name="t", prefix=value[:8], token_hash=hashed, expires_at=expires_at
        ),
    )  # fmt: skip
    return value, id_


async def told(door: Door) -> list[tuple[str, int]]:
    """Tokens that were told of and their minutes, in order."""
    messages = await Stream(door.client, "ACCESS").history(SUBJECT)
    uses = [TokenUses.model_validate_json(message.body) for message in messages]
    return [(token, each.minute_ms) for each in uses for token in each.tokens]


async def last_told(door: Door) -> dict[str, int]:
    """What has been told once a token that is used only now is among it: the worker tells in order."""
    value, id_ = await issued(door, await door.user())
    await door.query("{ __typename }", Authorization=f"Bearer {value}")

    async def there() -> bool:
        return id_ in dict(await told(door))

    await until(there)
    return dict(await told(door))


async def test_only_what_was_let_in_counts_at_both_doors(door: Door) -> None:
    demo = await door.environment(SDL, "demo")
    member = await door.user(organisation=demo.organisation)
    stranger = await door.user(organisation="elsewhere")
    control, control_id = await issued(door, member)
    modern, modern_id = await issued(door, member, NEVER)
    simple, simple_id = await issued(door, member)
    outside, outside_id = await issued(door, stranger)
    expired, expired_id = await issued(door, member, PAST)
    revoked, revoked_id = await issued(door, member)
    position = str(await door.say("_", said.TokenRevoked(token=revoked_id, user=member)))

    await door.query("{ __typename }", Authorization=f"Bearer {control}")
    assert (await door.call(demo, QUERY, key=modern)).status_code == 200
    old = {"x-user-authorization": simple}
    assert (await door.http.post(f"/simple/v1/{demo.endpoint}", json={"query": QUERY}, headers=old)).status_code == 200
    assert (await door.call(demo, QUERY, key=outside)).status_code == 403
    for ended in (expired, revoked):
        assert (await door.call(demo, QUERY, key=ended, headers={"mortise-position": position})).status_code == 401
        await door.query("{ __typename }", Authorization=f"Bearer {ended}", Mortise_Position=position)

    found = await last_told(door)
    assert {control_id, modern_id, simple_id} <= found.keys()
    assert not {outside_id, expired_id, revoked_id} & found.keys()


async def test_a_token_in_constant_use_is_told_of_once_a_minute(door: Door) -> None:
    value, id_ = await issued(door, await door.user())
    for _ in range(3):
        for _ in range(20):
            await door.query("{ __typename }", Authorization=f"Bearer {value}")
        await last_told(door)

    minutes = [minute for token, minute in await told(door) if token == id_]
    assert minutes
    assert len(minutes) == len(set(minutes))
    assert all(minute % MINUTE_MS == 0 for minute in minutes)


async def test_keys_and_sessions_are_not_told_of(door: Door) -> None:
    live = await door.environment(SDL, "dev")
    key, key_id = await door.key("project", str(live.project), organisation=live.organisation)
    value, session = secret("mss_"), new_id()
    started = said.SessionStarted(
        session=session, user=await door.user(), token_hash=door.hash(value), expires_at=NEVER
    )
    await door.say("_", started)
    assert (await door.call(live, QUERY, key=key)).status_code == 200
    await door.query("{ __typename }", Authorization=f"Bearer {value}")

    assert not {key_id, session} & (await last_told(door)).keys()
