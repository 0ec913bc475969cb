"""Routes and models: a deployment is served as soon as it is announced, and an old model never gives wrong answers."""

from __future__ import annotations

import asyncio

import pytest

from contracts import provisioner as made
from tests.support.door import Door

CREATE = "mutation ($name: String!) { createNote(text: $name) { id text } }"


MUSIC = """
type Band @model { id: ID! @isUnique slug: String! @isUnique name: String! albums: [Album!]! @relation(name: "Albums") }
type Album @model { id: ID! @isUnique title: String! band: Band! @relation(name: "Albums") }
"""


def notes(*more: str) -> str:
    """A schema of one type, with more string fields in later versions."""
    return f"type Note @model {{ id: ID! @isUnique text: String {' '.join(f'{name}: String' for name in more)} }}"


async def test_an_environment_answers_as_soon_as_it_is_announced(door: Door) -> None:
    live = await door.environment(notes(), "dev")
    assert live.project is not None
    key, _ = await door.key("project", live.project, organisation=live.organisation)

    created = await door.call(live, CREATE, {"name": "Ærø"}, key=key)

    assert created.status_code == 200
    assert created.json()["data"]["createNote"]["text"] == "Ærø"
    listed = await door.call(live, "{ allNotes { text } _allNotesMeta { count } }", key=key)
    assert listed.json() == {"data": {"allNotes": [{"text": "Ærø"}], "_allNotesMeta": {"count": 1}}}


async def test_nested_data_of_several_types_is_written_and_read(door: Door) -> None:
    live = await door.environment(MUSIC, "dev")
    key, _ = await door.key("project", live.project or "", organisation=live.organisation)
    band = await door.call(live, 'mutation { createBand(slug: "a", name: "A") { id } }', key=key)
    id_ = band.json()["data"]["createBand"]["id"]
    album = 'mutation ($b: ID!) { createAlbum(title: "One", bandId: $b) { band { name albums { title } } } }'

    answer = await door.call(live, album, {"b": id_}, key=key)

    assert answer.json() == {"data": {"createAlbum": {"band": {"name": "A", "albums": [{"title": "One"}]}}}}


async def test_a_new_field_can_be_used_by_whoever_knows_of_the_deployment(door: Door) -> None:
    live = await door.environment(notes(), "dev")
    key, _ = await door.key("project", live.project or "", organisation=live.organisation)
    assert (await door.call(live, "{ allNotes { colour } }", key=key)).json()["errors"]

    position = await door.deploy(live, notes("colour"), "0.0.2")
    answer = await door.call(live, "{ allNotes { colour } }", key=key, headers={"Mortise-Position": str(position)})

    assert answer.json() == {"data": {"allNotes": []}}


async def test_a_model_that_moved_under_a_worker_is_caught_up_with_and_the_call_runs_once_more(door: Door) -> None:
    live = await door.environment(notes("colour"), "dev")
    key, _ = await door.key("project", live.project or "", organisation=live.organisation)
    query = "{ allNotes { text } }"
    assert (await door.call(live, query, key=key)).json() == {"data": {"allNotes": []}}

    # The database has moved and the announcement is on its way: the write below meets the new model in the database.
    await door.migrate(live, notes(), forced=True)
    calls = [asyncio.create_task(door.call(live, CREATE, {"name": "x"}, key=key)) for _ in range(5)]
    await door.announce(live, "0.0.2")
    answers = [await call for call in calls]

    for answer in answers:
        body = answer.json()
        assert answer.status_code in (200, 503), body
        if answer.status_code == 200 and "errors" not in body:
            assert body["data"]["createNote"]["text"] == "x"
    after = await door.call(live, CREATE, {"name": "y"}, key=key)
    assert after.json()["data"]["createNote"]["text"] == "y"


async def test_a_removed_environment_is_gone_for_whoever_calls_next(door: Door) -> None:
    live = await door.environment(notes(), "dev")
    key, _ = await door.key("project", live.project or "", organisation=live.organisation)
    position = await door.say(
        live.organisation,
        made.EnvironmentRemoved(environment=live.place.id, kind="dev", service=live.service, instance=live.instance),
    )

    answer = await door.call(live, "{ allNotes { id } }", key=key, headers={"Mortise-Position": str(position)})

    assert answer.status_code == 404
    assert answer.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("path", ["/" + "0" * 32 + "/graphql", "/ABC/graphql", "/%00/graphql", "/../graphql"])
async def test_what_is_no_endpoint_is_not_found(door: Door, path: str) -> None:
    answer = await door.http.post(path, json={"query": "{ a }"})

    assert answer.status_code == 404


async def test_building_a_schema_of_three_hundred_types_does_not_stall_other_environments(door: Door) -> None:
    wide = "".join(
        f"type T{n} @model {{ id: ID! @isUnique a: String b: Int c: Float d: Boolean }}\n" for n in range(300)
    )
    small = await door.environment(notes(), "dev")
    key, _ = await door.key("project", small.project or "", organisation=small.organisation)
    large = await door.environment(wide, "dev")
    other, _ = await door.key("project", large.project or "", organisation=large.organisation)
    await door.call(small, "{ allNotes { id } }", key=key)
    loop = asyncio.get_running_loop()

    building = asyncio.create_task(door.call(large, "{ allT0s { id } }", key=other))
    slowest = 0.0
    while not building.done():
        began = loop.time()
        assert (await door.call(small, "{ allNotes { id } }", key=key)).status_code == 200
        slowest = max(slowest, loop.time() - began)

    assert (await building).json() == {"data": {"allT0s": []}}
    assert slowest < 1.0
