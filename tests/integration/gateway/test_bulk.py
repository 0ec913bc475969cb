"""All data out of an environment and in again, at the real door: the same bytes, one moment, nothing by halves."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson
import pytest

from tests.support.bulk import Bulk, exported, imported, refused, text, told
from tests.support.door import Door
from tests.support.filled import contents, meaning
from tests.support.naive.models import service

SDL = """
type Band @model {
  id: ID! @isUnique
  createdAt: DateTime!
  name: String! @isUnique
  founded: DateTime
  rating: Float
  members: Int
  active: Boolean @defaultValue(value: "true")
  genre: Genre
  genres: [Genre!]
  tags: [String!]!
  moments: [DateTime!]
  extra: Json
  extras: [Json!]
  albums: [Album!]! @relation(name: "BandAlbums")
  fans: [Fan!]! @relation(name: "BandFans")
  likes: [Band!]! @relation(name: "Likes")
  leader: Fan @relation(name: "Leader")
  parent: Band @relation(name: "Tree")
  children: [Band!]! @relation(name: "Tree")
}
type Album @model {
  id: ID! @isUnique
  title: String!
  band: Band! @relation(name: "BandAlbums")
}
type Fan @model {
  id: ID! @isUnique
  nick: String
  bands: [Band!]! @relation(name: "BandFans")
  leads: Band @relation(name: "Leader")
  spouse: Fan @relation(name: "Marriage")
}
enum Genre { METAL INDIE }
"""


@pytest.fixture
async def bulk(door: Door) -> Bulk:
    live = await door.environment(SDL, "dev")
    key, id_ = await door.key("project", str(live.project), organisation=live.organisation)
    return Bulk(door, live, key, id_)


LINES = [
    {
        "_typeName": "Band",
        "id": "b1",
        "createdAt": "2016-11-20T10:11:12.345Z",
        "updatedAt": "2017-01-02T03:04:05.006Z",
        "name": 'Ärger "im" \\ Haus\n, und so',
        "founded": "1999-12-31T23:59:59.999Z",
        "rating": 1e-07,
        "members": -2147483648,
        "active": False,
        "genre": "METAL",
        "genres": ["INDIE", "METAL"],
        "tags": ["a,b", 'c"d', "", "e\\f", "{}", "null", "\u2028"],
        "moments": ["2016-01-01T00:00:00.001Z"],
        "extra": {"a": [1, {"b": None}], "text": "x\ny"},
        "extras": [{"a": 1}, [2, 3]],
    },
    {"_typeName": "Band", "id": "b2", "name": "", "tags": []},
    {"_typeName": "Album", "id": "a1", "title": "First", "bandId": "b1"},
    {"_typeName": "Fan", "id": "f1", "nick": "Ann"},
    {"_typeName": "Fan", "id": "f2"},
    [{"_typeName": "Fan", "id": "f1", "fieldName": "bands"}, {"_typeName": "Band", "id": "b1", "fieldName": "fans"}],
    [{"_typeName": "Band", "id": "b1", "fieldName": "likes"}, {"_typeName": "Band", "id": "b2", "fieldName": "likes"}],
    [{"_typeName": "Band", "id": "b2", "fieldName": None}, {"_typeName": "Fan", "id": "f2", "fieldName": "leads"}],
    [
        {"_typeName": "Band", "id": "b2", "fieldName": "parent"},
        {"_typeName": "Band", "id": "b1", "fieldName": "children"},
    ],
    [{"_typeName": "Fan", "id": "f1", "fieldName": "spouse"}, {"_typeName": "Fan", "id": "f2", "fieldName": "spouse"}],
]


async def test_what_goes_out_comes_in_again_as_the_same_bytes(bulk: Bulk) -> None:
    done = await imported(bulk, LINES)
    assert (done["stage"], done["nodes"], done["edges"], done["problems"]) == ("done", 5, 5, [])

    first = await exported(bulk)
    lines = [orjson.loads(line) for line in first.splitlines()]
    assert lines[0] == {"mortise": "data", "format": 1, "types": ["Band", "Album", "Fan"], "together": []}
    assert lines[1] == LINES[0]
    assert lines[-1] == {"mortise": "end", "nodes": 5, "edges": 5}

    assert (await bulk.drop()).json() == {"removed": 5}
    assert len((await exported(bulk)).splitlines()) == 2
    await imported(bulk, first)
    assert await exported(bulk) == first


async def test_a_sheet_comes_in_again_as_the_same_bytes_with_rows_that_point_at_later_ones(bulk: Bulk) -> None:
    await imported(bulk, LINES)
    sheets = {name: await exported(bulk, form="csv", type=name) for name in ("Band", "Album", "Fan")}
    rows = list(csv.DictReader(io.StringIO(sheets["Fan"].decode())))
    assert list(rows[0]) == ["id", "createdAt", "updatedAt", "nick", "spouseId"]
    assert [(row["id"], row["spouseId"]) for row in rows] == [("f1", "f2"), ("f2", "f1")]

    assert (await bulk.drop()).status_code == 200
    for name in ("Fan", "Band", "Album"):
        done = await imported(bulk, sheets[name], lines=1, form="csv", mode="append", type=name)
        assert (done["stage"], done["problems"]) == ("done", [])

    for name, sheet in sheets.items():
        assert await exported(bulk, form="csv", type=name) == sheet


async def test_every_problem_is_told_with_its_line_its_field_and_its_value(bulk: Bulk) -> None:
    wrong = [
        b'{"_typeName":"Band","id":"b1","name":"x","tags":["a"]}',
        b'{"_typeName":"Band","id":"b 2","name":7,"members":2147483648,"genre":"POP","tags":"a"}',
        b'{"_typeName":"Band","id":"b3","founded":"yesterday","rating":true,"genres":["METAL","POP"],"nick":1}',
        b'{"_typeName":"Singer","id":"s1"}',
        b'{"_typeName":"Album","id":"a1","title":"T"}',
        b'[{"_typeName":"Band","id":"b1","fieldName":"albums"},{"_typeName":"Fan","id":"f1","fieldName":null}]',
        b"{",
        b'{"_typeName":"Band","id":"b1","name":"again","extra":1}',
    ]
    begun = told(await bulk.post(mode="append"))

    checked = told(await bulk.post(b"\n".join(wrong), transfer=begun["transfer"]))

    found = {(one["line"], one.get("field")): one for one in checked["problems"]}
    assert set(found) == {
        *((2, name) for name in ("id", "name", "members", "genre", "tags")),
        *((3, name) for name in ("name", "founded", "rating", "genres", "nick")),
        (4, "_typeName"),
        (5, "bandId"),
        (6, "fieldName"),
        (7, None),
        *((8, name) for name in ("id", "extra")),
    }
    assert (found[2, "members"]["value"], found[2, "members"]["message"]) == ("2147483648", "is beyond 32 bits")
    assert found[8, "id"]["message"] == "stands on line 1 already"
    ended = refused(await bulk.post(transfer=checked["transfer"], end="true"))
    assert ended["extensions"]["reason"] == "IMPORT_INVALID"
    assert len((await exported(bulk)).splitlines()) == 2


async def test_no_more_than_a_hundred_problems_are_told(bulk: Bulk) -> None:
    begun = told(await bulk.post(mode="append"))

    checked = told(await bulk.post(text([{"_typeName": "Nothing"}] * 150), transfer=begun["transfer"]))

    assert [one["line"] for one in checked["problems"]] == list(range(1, 101))


async def test_a_sheet_that_is_none_is_told_with_its_line(bulk: Bulk) -> None:
    begun = told(await bulk.post(form="csv", type="Fan", mode="append"))

    for sheet, line, why in (
        (b"id,nick\nf1,Ann\nf2,\xff\n", 3, "is not UTF-8"),
        (b'id,nick\nf1,"Ann\n', 2, "a quote stands where none can be"),
        (b"id,nick\nf1\n", 2, "has 1 cells, and the first line 2"),
        (b"id,name\nf1,Ann\n", 1, "is no column of Fan"),
        (b"id,id\nf1,f1\n", 1, "stands twice in the first line"),
    ):
        taken = told(await bulk.post(sheet, transfer=begun["transfer"]))
        problem = taken["problems"][0]
        assert (problem["line"], problem["message"].startswith(why)) == (line, True), problem


async def rows_stage(bulk: Bulk, **asked: str) -> str:
    """The token of an import that may store."""
    begun = told(await bulk.post(**{"mode": "append", **asked}))
    ended = told(await bulk.post(transfer=begun["transfer"], end="true", confirm=bulk.live.endpoint))
    assert ended["stage"] == "rows"
    return str(ended["transfer"])


@pytest.mark.parametrize(
    ("line", "field", "why"),
    [
        ({"_typeName": "Band", "id": "b1", "name": "other"}, "id", "is that of another Band with other values"),
        ({"_typeName": "Band", "id": "b9", "name": 'ÄRGER "IM" \\ haus\n, und so'}, "name", "is that of another Band"),
        ({"_typeName": "Album", "id": "a9", "title": "T", "bandId": "nobody"}, "bandId", "is no Band that is there"),
        (
            [{"_typeName": "Fan", "id": "f9", "fieldName": "bands"}, {"_typeName": "Band", "id": "b1"}],
            "id",
            "is no Fan",
        ),
        (
            [{"_typeName": "Album", "id": "a1", "fieldName": "band"}, {"_typeName": "Band", "id": "b2"}],
            "band",
            "of this Album leads elsewhere already",
        ),
        (
            [{"_typeName": "Fan", "id": "f1", "fieldName": "leads"}, {"_typeName": "Band", "id": "b2"}],
            "leader",
            "of this Band leads elsewhere already",
        ),
        (
            [{"_typeName": "Fan", "id": "f3", "fieldName": "spouse"}, {"_typeName": "Fan", "id": "f2"}],
            "spouse",
            "of this Fan leads elsewhere already",
        ),
    ],
)
async def test_what_the_database_cannot_hold_is_told_with_its_line_and_nothing_of_the_piece_is_stored(
    bulk: Bulk, line: Any, field: str, why: str
) -> None:
    await imported(bulk, LINES)
    await imported(bulk, [{"_typeName": "Fan", "id": "f3"}])
    before = await exported(bulk)
    fine = {"_typeName": "Fan", "id": "fine"}

    answer = await bulk.post(text([fine, line]), transfer=await rows_stage(bulk))

    (problem,) = refused(answer)["extensions"]["problems"]
    assert (problem["line"], problem["field"]) == (2, field)
    assert problem["message"].startswith(why)
    assert await exported(bulk) == before


async def test_a_piece_that_comes_twice_does_no_harm_and_its_token_says_where_to_go_on(bulk: Bulk) -> None:
    first, second = text(LINES[:5]), text(LINES[5:])
    token = await rows_stage(bulk)

    once = told(await bulk.post(first, transfer=token))
    again = told(await bulk.post(first, transfer=token))

    assert (once["line"], once["nodes"]) == (6, 5)
    assert (again["line"], again["nodes"]) == (6, 0)
    one = told(await bulk.post(second, transfer=once["transfer"]))
    two = told(await bulk.post(second, transfer=once["transfer"]))
    assert (one["line"], one["edges"], two["edges"]) == (11, 5, 0)
    assert len((await exported(bulk)).splitlines()) == 12


async def test_rows_without_an_id_get_one_that_stays_the_same_when_they_come_again(bulk: Bulk) -> None:
    sheet = b'name,tags\nOne,[]\n"Two, or\n2","[""x""]"\n'
    token = await rows_stage(bulk, form="csv", type="Band")

    for _ in range(2):
        taken = told(await bulk.post(sheet, transfer=token))

    assert taken["line"] == 5
    rows = list(csv.DictReader(io.StringIO((await exported(bulk, form="csv", type="Band")).decode())))
    assert [(row["name"], row["tags"], row["active"]) for row in rows] == [
        ("One", "[]", ""),
        ("Two, or\n2", '["x"]', ""),
    ]
    answer = await bulk.door.call(bulk.live, "{ allBands(orderBy: id_ASC) { id name } }", key=bulk.key)
    assert [one["id"] for one in answer.json()["data"]["allBands"]] == [row["id"] for row in rows]


async def test_replacing_a_type_says_what_it_takes_away_and_is_refused_where_others_need_it(bulk: Bulk) -> None:
    await imported(bulk, LINES)

    fans = told(await bulk.post(form="csv", type="Fan", mode="replace"))
    bands = refused(await bulk.post(form="csv", type="Band", mode="replace"))

    assert (fans["present"], fans["cut"]) == (2, {"Band.fans": 1, "Band.leader": 1})
    assert bands["extensions"]["reason"] == "CONFLICT"
    assert bands["extensions"]["field"] == "Album.band"
    sheet = b"id,nick,spouseId\nf9,Zoe,\n"
    done = await imported(bulk, sheet, form="csv", type="Fan", mode="replace")
    assert done["nodes"] == 1
    rows = list(csv.DictReader(io.StringIO((await exported(bulk, form="csv", type="Fan")).decode())))
    assert [row["id"] for row in rows] == ["f9"]


async def test_taking_data_away_needs_its_endpoint_and_on_prod_force(door: Door) -> None:
    live = await door.environment(SDL, "prod")
    key, _ = await door.key("project", str(live.project), organisation=live.organisation)
    prod = Bulk(door, live, key)
    await imported(prod, LINES, mode="append")
    before = await exported(prod)

    assert refused(await prod.drop())["extensions"]["reason"] == "FORCE_NEEDED"
    assert refused(await prod.drop(force=True, confirm="yes"))["extensions"]["reason"] == "CONFIRMATION_NEEDED"
    begun = told(await prod.post(mode="replace"))
    ended = await prod.post(transfer=begun["transfer"], end="true", confirm=live.endpoint)
    assert refused(ended)["extensions"]["reason"] == "FORCE_NEEDED"
    assert await exported(prod) == before

    assert (await prod.drop(force=True)).json() == {"removed": 5}


async def test_an_export_shows_one_moment_and_goes_on_after_a_break_with_the_same_bytes(bulk: Bulk) -> None:
    many = [{"_typeName": "Fan", "id": f"f{n:05}", "nick": "x" * 500} for n in range(8_000)]
    await imported(bulk, many, lines=4_000)
    asked = bulk.door.http.stream("GET", f"/{bulk.live.endpoint}/export", headers=bulk.headers)
    async with asked as answer:
        snapshot = answer.headers["mortise-snapshot"]
        first = await anext(answer.aiter_raw(10_000))
        # Written while the export is under way: it is of another moment.
        await imported(bulk, [{"_typeName": "Fan", "id": "f00000a", "nick": "late"}])

    rest = await exported(bulk, offset=str(len(first)), snapshot=snapshot)
    whole = first + rest

    assert len(whole.splitlines()) == 8_002
    assert b"late" not in whole
    assert b"late" in await exported(bulk)


async def test_a_snapshot_that_is_gone_is_refused_and_so_is_an_offset_without_one(bulk: Bulk) -> None:
    gone = refused(await bulk.export(offset="5", snapshot="00000003-0000001B-1"))
    lacking = refused(await bulk.export(offset="5"))

    assert gone["extensions"]["reason"] == "SNAPSHOT_GONE"
    assert "snapshot" in lacking["message"]


async def test_a_caller_who_takes_nothing_holds_nobody_up(bulk: Bulk) -> None:
    await imported(bulk, [{"_typeName": "Fan", "id": f"f{n:05}", "nick": "x" * 2_000} for n in range(3_000)])
    async with bulk.door.http.stream("GET", f"/{bulk.live.endpoint}/export", headers=bulk.headers):
        for _ in range(3):
            answer = await bulk.door.call(bulk.live, "{ allFans(first: 1) { id } }", key=bulk.key)
            assert answer.status_code == 200
            assert len((await exported(bulk)).splitlines()) == 3_002


async def test_types_that_need_each_other_come_in_together(door: Door) -> None:
    live = await door.environment(
        """
        type Head @model { id: ID! @isUnique
          body: Body! @relation(name: "Whole")
          owned: [Body!]! @relation(name: "Owner")
          self: Head! @relation(name: "Same")
          selves: [Head!]! @relation(name: "Same") }
        type Body @model { id: ID! @isUnique  name: String
          head: Head! @relation(name: "Whole")
          owner: Head! @relation(name: "Owner") }
        """,
        "dev",
    )
    key, _ = await door.key("project", str(live.project), organisation=live.organisation)
    whole = Bulk(door, live, key)
    lines = [
        {"_typeName": "Body", "id": "b1", "name": "n", "ownerId": "h2"},
        {"_typeName": "Head", "id": "h1", "bodyId": "b1", "selfId": "h2"},
        {"_typeName": "Body", "id": "b2", "ownerId": "h2"},
        {"_typeName": "Head", "id": "h2", "bodyId": "b2", "selfId": "h1"},
        {"_typeName": "Body", "id": "b3", "ownerId": "h1"},
    ]

    done = await imported(whole, lines)

    why = "is required, and has no partner"
    assert done["problems"] == [{"type": "Body", "id": "b3", "field": "head", "message": why}]
    file = await exported(whole)
    assert orjson.loads(file.splitlines()[0])["together"] == [["Head", "Body"]]
    assert (await whole.drop()).json() == {"removed": 5}
    await imported(whole, file)
    assert await exported(whole) == file


async def test_what_an_import_replaces_is_taken_away_once(bulk: Bulk) -> None:
    await imported(bulk, LINES)
    begun = told(await bulk.post(mode="replace"))
    again = {"transfer": begun["transfer"], "end": "true", "confirm": bulk.live.endpoint}

    rows = told(await bulk.post(**again))
    taken = told(await bulk.post(text(LINES[:2]), transfer=rows["transfer"]))
    repeated = told(await bulk.post(**again))

    assert (taken["nodes"], repeated["stage"]) == (2, "rows")
    assert len((await exported(bulk)).splitlines()) == 4


async def test_what_was_done_to_data_is_in_the_log_with_who_and_how_much_and_every_request_is_a_call(
    bulk: Bulk,
) -> None:
    await imported(bulk, LINES, mode="replace")
    await exported(bulk)
    await bulk.drop()

    found = await bulk.facts()

    told_ = [(one.type.split(".")[3], one.data) for one in found]
    assert [name for name, _ in told_] == ["import_begun", "imported", "exported", "dropped"]
    assert all(one.actor.type == "key" and one.actor.id == bulk.key_id for one in found)
    assert (told_[1][1]["nodes"], told_[1][1]["edges"]) == (5, 5)
    assert (told_[2][1]["nodes"], told_[2][1]["complete"], told_[3][1]["removed"]) == (5, True, 5)
    calls = await bulk.door.calls(bulk.live.place.id, 7)
    assert sorted(call["operation"] for call in calls) == ["drop", "export", *["import"] * 5]
    assert {(call["class"], call["credential"], call["client"]) for call in calls} == {("ok", bulk.key_id, None)}


@pytest.mark.parametrize("seed", range(4))
async def test_random_data_of_a_random_schema_comes_in_again_as_the_same_bytes(door: Door, seed: int) -> None:
    schema = service(seed)
    live = await door.environment(schema.sdl(), "dev")
    key, _ = await door.key("project", str(live.project), organisation=live.organisation)
    random = Bulk(door, live, key)
    lines = contents(schema, seed)

    await imported(random, lines)
    first = await exported(random)

    found = [orjson.loads(line) for line in first.splitlines()]
    assert meaning(schema, found) == meaning(schema, lines)
    assert (await random.drop()).status_code == 200
    await imported(random, first, lines=1_000 if found[0]["together"] else 5)
    assert await exported(random) == first
