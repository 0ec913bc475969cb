"""Personal data can be forgotten, large documents cannot be mistaken, passwords cost something."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets

import pytest
from nats.aio.client import Client

from common import passwords
from common.blobs import Blobs
from common.clock import new_id
from common.db import Database
from common.errors import Refused
from common.sealing import Sealer

KEY = bytes(range(32))


async def test_what_is_sealed_opens_in_every_process_with_the_same_key(database: Database) -> None:
    token = await Sealer(database.engine, KEY).seal(new_id(), "Zoë <zoe@example.org>")
    assert "zoe" not in token
    assert set(json.loads(token)) == {"sealed", "n", "c", "h"}
    assert await Sealer(database.engine, KEY).open(token) == "Zoë <zoe@example.org>"
    with pytest.raises(ValueError, match="does not open"):
        await Sealer(database.engine, bytes(32)).open(token)


async def test_equal_values_have_unlike_tokens_and_commitments(database: Database) -> None:
    sealer, person = Sealer(database.engine, KEY), new_id()
    one, other = [json.loads(await sealer.seal(person, "same")) for _ in range(2)]
    assert one["sealed"] == other["sealed"]
    assert all(one[part] != other[part] for part in ("n", "c", "h"))


async def test_a_forgotten_person_stays_forgotten(database: Database) -> None:
    sealer, person, somebody = Sealer(database.engine, KEY), new_id(), new_id()
    token, kept = await sealer.seal(person, "x"), await sealer.seal(somebody, "y")
    assert await sealer.destroy(person)
    assert not await sealer.destroy(person)
    assert await sealer.open(token) is None
    later = await sealer.seal(person, "again")
    for fresh in (sealer, Sealer(database.engine, KEY)):
        assert await fresh.open(token) is None
        assert await fresh.open(later) is None
        assert await fresh.open(kept) == "y"


async def test_many_processes_make_one_key_for_a_person(database: Database) -> None:
    person = new_id()
    tokens = await asyncio.gather(*(Sealer(database.engine, KEY).seal(person, str(n)) for n in range(8)))
    assert len({json.loads(token)["sealed"] for token in tokens}) == 1
    assert [await Sealer(database.engine, KEY).open(token) for token in tokens] == [str(n) for n in range(8)]


async def test_a_changed_token_is_not_opened(database: Database) -> None:
    sealer = Sealer(database.engine, KEY)
    parts = json.loads(await sealer.seal(new_id(), "x"))
    other = json.loads(await sealer.seal(new_id(), "x"))
    for name in ("n", "c", "h"):
        with pytest.raises(ValueError, match="sealed token"):
            await sealer.open(json.dumps({**parts, name: other[name]}))
    for text in ("", "{}", "[]", '{"sealed": 1}', "zoe@example.org"):
        with pytest.raises(ValueError, match="no sealed token"):
            await sealer.open(text)


async def test_a_password_fits_its_hash_and_no_other() -> None:
    kept = await passwords.hash("correct horse")
    assert kept.startswith("$argon2id$")
    assert await passwords.verify(kept, "correct horse")
    assert not await passwords.verify(kept, "correct horse ")
    assert not await passwords.verify("no hash", "x")


async def test_a_password_of_a_megabyte_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        await passwords.hash("x" * 1_000_000)
    assert refusal.value.reason == "TOO_LONG"


@pytest.mark.parametrize("size", [0, 1, 128 * 1024, 3_000_001])
async def test_a_document_comes_back_by_the_name_of_its_content(client: Client, size: int) -> None:
    blobs = Blobs(client)
    data = secrets.token_bytes(size)
    name = await blobs.put(data)
    assert name == hashlib.sha256(data).hexdigest()
    assert await blobs.get(name) == data
    assert await blobs.put(data) == name
    # Written in the layout that every NATS client reads.
    store = await client.jetstream().object_store("BLOBS")
    assert (await store.get(name)).data == data


async def test_the_same_document_put_by_many_at_once_is_whole(client: Client) -> None:
    blobs, data = Blobs(client), secrets.token_bytes(500_000)
    names = await asyncio.gather(*(blobs.put(data) for _ in range(10)))
    assert await blobs.get(names[0]) == data
    assert len(set(names)) == 1


async def test_a_document_that_is_not_there_or_damaged_is_said_so(client: Client) -> None:
    blobs = Blobs(client)
    for name in ("0" * 64, "short", "../" * 20):
        with pytest.raises(LookupError):
            await blobs.get(name)
    name = await blobs.put(secrets.token_bytes(300_000))
    encoded = base64.urlsafe_b64encode(name.encode()).decode()
    stored = await client.jetstream().get_last_msg("OBJ_BLOBS", f"$O.BLOBS.M.{encoded}")
    meta = json.loads(stored.data or b"")
    await client.jetstream().publish(f"$O.BLOBS.C.{meta['nuid']}", b"more")
    with pytest.raises(ValueError, match="damaged"):
        await blobs.get(name)
