"""What callers send is kept once per service, and looked at when another model is to answer it."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from common.stream import Stream
from contracts.documents import BREAKS, STREAM, ToldBreaks, subject
from contracts.model import encode
from tests.support.door import Door, Live
from tests.support.schemas import model
from tests.support.waiting import until

NOTE = "type Note @model { id: ID! @isUnique text: String colour: String }"
NARROW = "type Note @model { id: ID! @isUnique text: String }"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


async def kept(door: Door, live: Live) -> list[str]:
    """The texts that are kept of a service."""
    held = await Stream(door.client, STREAM).history(subject(live.service, "*"))
    return [message.body.decode() for message in held]


async def asked(door: Door, live: Live, sent: list[dict[str, Any]], after: str) -> ToldBreaks:
    question = {"service": live.service, "model": after, "sent": sent}
    answer = await door.client.request(BREAKS, orjson.dumps(question), 10)
    return ToldBreaks.model_validate(orjson.loads(answer.data)["value"])


async def test_a_text_is_kept_once_however_often_it_is_sent_and_is_looked_at_later(door: Door) -> None:
    live = await door.environment(NOTE, "dev")
    await door.open_to_all(live)
    colours, texts = "query Colours { allNotes { ...C } } fragment C on Note { tint: colour }", "{ allNotes { text } }"
    refused, schema = "{ allNotes { shoe } }", "{ __schema { queryType { name } } }"
    for text in (colours, texts, refused, schema, colours, texts, colours):
        await door.call(live, text)

    async def told() -> bool:
        return {colours, texts} <= {*await kept(door, live)}

    await until(told)
    texts_kept = await kept(door, live)
    assert live.place.model is not None
    before = await door.blobs.put(encode(live.place.model))
    after = await door.blobs.put(encode(model(NARROW, live.place.model)))
    sent = [{"digest": digest(text), "models": [before]} for text in (colours, texts, "{ never }")]
    found = await asked(door, live, sent, after)
    same = await asked(door, live, sent, before)

    assert sorted(texts_kept) == sorted({*texts_kept})
    assert not {refused, schema} & {*texts_kept}
    (broken,) = found.broken
    assert (broken.digest, broken.model, broken.names) == (digest(colours), before, ("Colours",))
    assert [each.coordinate for each in broken.reasons] == ["Note.colour"]
    assert found.unknown == same.unknown == (digest("{ never }"),)
    assert same.broken == ()


async def test_a_model_that_is_not_there_is_no_reason_to_say_that_nothing_breaks(door: Door) -> None:
    live = await door.environment(NOTE, "dev")
    await door.open_to_all(live)
    text = "{ allNotes { id colour } }"
    await door.call(live, text)

    question = {"service": live.service, "model": "0" * 64, "sent": [{"digest": digest(text), "models": ["1" * 64]}]}
    answer = orjson.loads((await door.client.request(BREAKS, orjson.dumps(question), 10)).data)

    assert answer["error"]["code"] == "SERVICE_UNAVAILABLE"
