"""Who may not call the data API: scopes of keys, access modes, and secrets that have ended, at the real door."""

from __future__ import annotations

import asyncio

import pytest

from contracts import provisioner as made
from contracts import registry as said
from contracts.model import encode
from contracts.names import database, endpoint, environment_id
from tests.support.door import NEVER, Door, Live

SDL = "type Note @model { id: ID! @isUnique text: String }"
QUERY = "{ allNotes { id } }"


async def status(door: Door, live: Live, key: str | None = None, **headers: str) -> int:
    return (
        await door.call(live, QUERY, key=key, headers={n.replace("_", "-"): v for n, v in headers.items()})
    ).status_code


@pytest.fixture(scope="module")
async def all_kinds(door: Door) -> dict[str, Live]:
    """Private and demo of one service; dev, stage and prod of one instance of it."""
    kinds = ("private", "demo", "dev", "stage", "prod")
    lives = {kind: await door.environment(SDL, kind) for kind in kinds}
    home = lives["dev"]
    for kind, live in lives.items():
        # They were made apart; the gateway is told that they belong together.
        live.organisation, live.service = home.organisation, home.service
        if live.project is not None:
            live.project, live.instance = home.project, home.instance
        await door.announce(live, "0.0.2")
        assert live.kind == kind
    return lives


@pytest.mark.parametrize(
    ("who", "opens"),
    [
        ("service", {"private"}),
        ("service of another", set()),
        ("project", {"dev", "stage", "prod"}),
        ("project of another", set()),
        ("client", {"prod"}),
        ("client of another", set()),
    ],
)
async def test_a_key_opens_what_its_scope_says_and_nothing_else(
    door: Door, all_kinds: dict[str, Live], who: str, opens: set[str]
) -> None:
    home = all_kinds["dev"]
    kind, _, another = who.partition(" of ")
    target = "somebody-else" if another else str(home.service if kind == "service" else home.project)
    key, _ = await door.key(kind, target, organisation=home.organisation, client="c1" if kind == "client" else None)

    found = {name for name, live in all_kinds.items() if await status(door, live, key) == 200}

    assert found == opens
    refused = next(live for name, live in all_kinds.items() if name not in opens)
    answer = await door.call(refused, QUERY, key=key)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("who", "code"),
    [("owner", 200), ("member", 200), ("guest", 403), ("stranger", 403), ("operator", 200), (None, 401)],
)
async def test_demo_is_for_members_of_the_services_organisation(
    door: Door, all_kinds: dict[str, Live], who: str | None, code: int
) -> None:
    demo = all_kinds["demo"]
    token = None
    if who is not None:
        theirs = "elsewhere" if who == "stranger" else demo.organisation
        role = who if who in ("owner", "member", "guest") else "member"
        user = await door.user(operator=True) if who == "operator" else await door.user(organisation=theirs, role=role)
        token = await door.token(user)

    assert await status(door, demo, token) == code
    # The same person has no key, and everything but demo wants one.
    assert await status(door, all_kinds["prod"], token) == (401 if token is None else 403)


async def test_an_environment_can_be_opened_to_everybody_and_closed_again(
    door: Door, all_kinds: dict[str, Live]
) -> None:
    stage = all_kinds["stage"]
    assert await status(door, stage) == 401
    for mode, code in (("public", 200), ("organisation", 401), ("key", 401)):
        changed = said.AccessChanged.model_validate(
            {"environment": stage.place.id, "organisation": stage.organisation, "mode": mode}
        )
        position = await door.say(stage.organisation, changed)
        assert await status(door, stage, Mortise_Position=str(position)) == code


async def test_a_key_that_was_just_issued_opens_without_waiting(door: Door, all_kinds: dict[str, Live]) -> None:
    home = all_kinds["dev"]
    for _ in range(20):
        key, _ = await door.key("project", str(home.project), organisation=home.organisation)
        assert await status(door, home, key) == 200


async def test_an_endpoint_that_was_just_announced_is_found_without_waiting(
    door: Door, all_kinds: dict[str, Live]
) -> None:
    home = all_kinds["dev"]
    assert home.place.model is not None
    sha = await door.blobs.put(encode(home.place.model))
    for number in range(10):
        id_ = environment_id(f"{home.service}-{number}", "dev")
        ready = made.EnvironmentReady(
            environment=id_, deployment="d", kind="dev", service=home.service, instance=home.instance,
            project=home.project, version="0.0.1", model_sha=sha, sdl_sha=sha, database=database(id_), first=True,
        )  # fmt: skip
        await door.say(home.organisation, ready)
        answer = await door.http.post(f"/{endpoint(id_)}/graphql", json={"query": QUERY})
        assert answer.status_code == 401


async def test_revoked_rotated_expired_and_mistyped_keys_are_refused_alike(
    door: Door, all_kinds: dict[str, Live]
) -> None:
    dev = all_kinds["dev"]
    project, organisation = str(dev.project), dev.organisation
    revoked, revoked_id = await door.key("project", project, organisation=organisation)
    rotated, rotated_id = await door.key("project", project, organisation=organisation)
    expired, _ = await door.key("project", project, organisation=organisation, expires_at="2020-01-01T00:00:00.000Z")
    lasting, _ = await door.key("project", project, organisation=organisation, expires_at=NEVER)
    assert [await status(door, dev, key) for key in (revoked, rotated, lasting)] == [200, 200, 200]

    await door.say(organisation, said.KeyRevoked(key=revoked_id, organisation=organisation))
    fresh = said.KeyRotated(key=rotated_id, organisation=organisation, prefix="mpk_", key_hash=door.hash("mpk_fresh"))
    position = str(await door.say(organisation, fresh))

    answers = [
        (await door.call(dev, QUERY, key=key, headers={"Mortise-Position": position}))
        for key in (revoked, rotated, expired, f"{lasting}x", "mpk_nothing")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert await status(door, dev, "mpk_fresh") == 200


async def test_a_disabled_persons_token_ends_at_once(door: Door, all_kinds: dict[str, Live]) -> None:
    demo = all_kinds["demo"]
    user = await door.user(organisation=demo.organisation)
    token = await door.token(user)
    assert await status(door, demo, token) == 200

    position = await door.say("_", said.UserDisabled(user=user))

    assert await status(door, demo, token, Mortise_Position=str(position)) == 401


async def test_our_header_wins_and_authorization_is_left_to_the_services_own_users(
    door: Door, all_kinds: dict[str, Live]
) -> None:
    dev = all_kinds["dev"]
    key, _ = await door.key("project", str(dev.project), organisation=dev.organisation)

    assert await status(door, dev, Authorization=f"Bearer {key}") == 200
    assert await status(door, dev, key, Authorization="Bearer eyJhbGciOi.of.somebody") == 200
    assert await status(door, dev, key, Authorization="Bearer mpk_wrong") == 200
    assert await status(door, dev, "mpk_wrong", Authorization=f"Bearer {key}") == 401
    assert await status(door, dev, Authorization="Bearer eyJhbGciOi.of.somebody") == 401


async def test_many_who_guess_at_once_are_all_refused_and_the_door_stays_open(
    door: Door, all_kinds: dict[str, Live]
) -> None:
    dev = all_kinds["dev"]
    key, _ = await door.key("project", str(dev.project), organisation=dev.organisation)

    guesses = await asyncio.gather(*(status(door, dev, f"mpk_guess{n}") for n in range(200)))

    assert set(guesses) == {401}
    assert await status(door, dev, key) == 200


async def test_while_the_log_is_away_known_callers_are_served_and_unknown_ones_are_not_called_wrong(
    door: Door, all_kinds: dict[str, Live]
) -> None:
    dev = all_kinds["dev"]
    key, _ = await door.key("project", str(dev.project), organisation=dev.organisation)
    assert await status(door, dev, key) == 200

    killing = asyncio.create_task(asyncio.to_thread(door.stack.kill, "nats-server"))
    known: set[int] = set()
    unknown: set[int] = set()
    while not killing.done():
        known.add(await status(door, dev, key))
        unknown.add(await status(door, dev, f"mpk_{len(unknown)}"))
    await killing

    assert known == {200}
    assert unknown <= {401, 503}
    assert await status(door, dev, key) == 200


# --- the old form -------------------------------------------------------------------------------------------------


async def old(door: Door, live: Live, key: str | None = None, position: int = 0) -> tuple[int, dict[str, object]]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    headers["Mortise-Position"] = str(position)
    answer = await door.http.post(f"/simple/v1/{live.endpoint}", json={"query": QUERY}, headers=headers)
    body: dict[str, object] = answer.json()
    return answer.status_code, body


async def test_in_the_old_form_a_wrong_credential_counts_as_none(door: Door, all_kinds: dict[str, Live]) -> None:
    dev, stage = all_kinds["dev"], all_kinds["stage"]
    key, _ = await door.key("project", str(dev.project), organisation=dev.organisation)
    foreign, _ = await door.key("project", "another", organisation=dev.organisation)

    assert (await old(door, dev, key))[1] == {"data": {"allNotes": []}}
    for wrong in (None, "mpk_wrong", foreign):
        code, body = await old(door, dev, wrong)
        assert (code, body["code"], body["error"]) == (200, 3008, "Insufficient Permissions")
        assert set(body) == {"code", "requestId", "error"}

    opened = said.AccessChanged(environment=stage.place.id, organisation=stage.organisation, mode="public")
    position = await door.say(stage.organisation, opened)
    assert (await old(door, stage, "mpk_wrong", position))[1] == {"data": {"allNotes": []}}
    await door.say(stage.organisation, opened.model_copy(update={"mode": "key"}))


async def test_in_the_old_form_an_unknown_service_is_3016(door: Door) -> None:
    answer = await door.http.post("/simple/v1/nowhere", json={"query": QUERY})

    assert answer.status_code == 200
    assert answer.json() == {
        "code": 3016,
        "requestId": answer.headers["request-id"],
        "error": "Project not found: 'nowhere'",
    }
