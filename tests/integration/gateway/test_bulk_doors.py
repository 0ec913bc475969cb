"""Who may not take data out, bring it in or drop it: more is asked than for a call, at the real door."""

from __future__ import annotations

import pytest

from contracts import registry as said
from tests.support.bulk import Bulk, refused
from tests.support.door import Door, Live

SDL = "type Note @model { id: ID! @isUnique text: String }"
KINDS = ("private", "demo", "dev", "stage", "prod")
WHO = {
    "nobody": set(),
    "a key that does not exist": set(),
    "service key": {"private"},
    "project key": {"dev", "stage", "prod"},
    "client key": set(),
    "project key of another": set(),
    "owner": {*KINDS},
    "member": {"private", "demo"},
    "guest": set(),
    "stranger": set(),
    "viewer": set(),
    "editor": {"dev", "stage"},
    "admin": {"dev", "stage", "prod"},
    "operator": {*KINDS},
}


@pytest.fixture(scope="module")
async def places(door: Door) -> dict[str, Live]:
    """Private and demo of one service; dev, stage and prod of one instance of it."""
    lives = {kind: await door.environment(SDL, kind) for kind in KINDS}
    home = lives["dev"]
    for live in lives.values():
        live.organisation, live.service = home.organisation, home.service
        if live.project is not None:
            live.project, live.instance = home.project, home.instance
        await door.announce(live, "0.0.2")
    return lives


async def credential(door: Door, home: Live, who: str) -> str | None:
    """What somebody presents."""
    target = {"service key": home.service, "project key of another": "another"}.get(who, home.project)
    match who:
        case "nobody":
            return None
        case "a key that does not exist":
            return "mpk_nobody-ever-got-this-one"
        case "service key" | "project key" | "client key" | "project key of another":
            kind = who.split(maxsplit=1)[0]
            client = "c1" if kind == "client" else None
            return (await door.key(kind, str(target), organisation=home.organisation, client=client))[0]
        case "operator":
            return await door.token(await door.user(operator=True))
        case "stranger" | "viewer" | "editor" | "admin":
            user = await door.user(organisation="elsewhere")
        case _:
            user = await door.user(organisation=home.organisation, role=who)
    if who in {"viewer", "editor", "admin"}:
        grant = {"project": str(home.project), "grant": "g", "user": user, "role": who}
        await door.say(home.organisation, said.ProjectRoleGranted.model_validate(grant))
    return await door.token(user)


async def allowed(bulk: Bulk, act: str) -> bool:
    """Whether the door lets somebody through."""
    match act:
        case "export":
            answer = await bulk.export()
        case "import":
            answer = await bulk.post()
        case _:
            answer = await bulk.drop(force=True)
    if answer.status_code == 200:
        return True
    code = "UNAUTHENTICATED" if bulk.key is None or bulk.key.startswith("mpk_nobody") else "FORBIDDEN"
    assert refused(answer)["extensions"]["code"] == code, answer.text
    return False


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("act", ["export", "import", "drop"])
async def test_who_may_not(door: Door, places: dict[str, Live], act: str, who: str) -> None:
    key = await credential(door, places["dev"], who)

    found = {kind for kind, live in places.items() if await allowed(Bulk(door, live, key), act)}

    assert found == WHO[who]


async def test_an_environment_that_is_open_to_all_gives_nobody_all_its_data(door: Door) -> None:
    live = await door.environment(SDL, "dev")
    await door.open_to_all(live)

    for act in ("export", "import", "drop"):
        assert not await allowed(Bulk(door, live, None), act)


async def test_what_is_asked_wrongly_is_refused_before_anything_is_touched(door: Door, places: dict[str, Live]) -> None:
    key = await credential(door, places["dev"], "project key")
    bulk, path = Bulk(door, places["dev"], key), f"/{places['dev'].endpoint}"

    statuses = {
        (await door.http.post(f"{path}/export", headers=bulk.headers)).status_code,
        (await door.http.get(f"{path}/import", headers=bulk.headers)).status_code,
        (await door.http.get(f"{path}/drop", headers=bulk.headers)).status_code,
    }

    assert statuses == {405}
    assert refused(await bulk.export(form="xml"))["message"].startswith("`form` is ndjson or csv")
    assert refused(await bulk.export(form="csv", type="Nothing"))["extensions"]["reason"] == "UNKNOWN_TYPE"
    assert refused(await bulk.post(b"{}", transfer="made.up"))["extensions"]["reason"] == "UNKNOWN_TRANSFER"
    assert refused(await bulk.post(mode="merge"))["message"].startswith("`mode` is append or replace")
    assert refused(await bulk.drop(confirm=""))["extensions"]["reason"] == "CONFIRMATION_NEEDED"
    token = (await bulk.post()).json()["transfer"]
    elsewhere = Bulk(door, places["stage"], key)
    assert refused(await elsewhere.post(b"{}", transfer=token))["extensions"]["reason"] == "UNKNOWN_TRANSFER"
    large = await bulk.post(b"x" * (8 * 1024 * 1024 + 1), transfer=token)
    assert large.status_code == 413
    assert refused(await bulk.post(b"\n" * 10_001, transfer=token))["extensions"]["reason"] == "TOO_LONG"
    assert (await door.http.get("/0123456789abcdef0123456789abcdef/export")).status_code == 404
