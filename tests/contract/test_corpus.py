"""Every fact ever stored can be read by the code of today (C11, C12).

`corpus/` holds one stored body of each type, written once by the code that introduced it and never again: `make golden`
adds files for new types only.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from common.events import Actor, Change, Envelope, Event, schema_uri
from tests.contract.test_events import EVENTS

CORPUS = Path(__file__).parent / "corpus"


def sample(kind: Any, name: str) -> Any:
    """A plain value of a field's type."""
    if get_origin(kind) is tuple:
        return [sample(get_args(kind)[0], name)]
    choices = get_args(kind)
    if choices:
        return sample(choices[0], name) if isinstance(choices[0], type) or get_args(choices[0]) else choices[0]
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {field: sample(inner.annotation, field) for field, inner in kind.model_fields.items()}
    return {str: f"a {name}", int: 1, bool: True}[kind]


def written(event: type[Event]) -> bytes:
    """A stored body as the code of today writes it."""
    data = {field: sample(inner.annotation, field) for field, inner in event.model_fields.items()}
    _, context, aggregate, _, _ = event.TYPE.split(".")
    envelope = Envelope(
        id="019300000000-7000-8000-000000000001",
        type=event.TYPE,
        source=f"/{context}",
        subject=f"{context}.{aggregate}.one",
        time="2026-11-20T10:00:00.000Z",
        recordedtime="2026-11-20T10:00:00.001Z",
        sequence="000000000001",
        org="acme",
        dataschema=schema_uri(event),
        actor=Actor(type="user", id="u", via="token"),
        authtype="user",
        authid="u",
        correlationid="c",
        causationid="d",
        changes={"name": Change(after="a name")},
        data=data,
    )
    return envelope.encode()


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TYPE)
def test_a_stored_fact_of_every_type_can_still_be_read(event: type[Event]) -> None:
    path = CORPUS / f"{event.TYPE}.json"
    if os.environ.get("GOLDEN") == "accept" and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written(event) + b"\n")
    envelope = Envelope.decode(path.read_bytes())

    fact = event.model_validate(envelope.data)

    kept = json.loads(fact.model_dump_json())
    assert {name: kept[name] for name in envelope.data} == envelope.data, "a field of a stored fact is no longer read"
    assert envelope.encode() == path.read_bytes().rstrip(b"\n"), "an envelope no longer reads back as it was stored"


def test_every_stored_type_still_has_its_class() -> None:
    assert {path.stem for path in CORPUS.glob("*.json")} == {event.TYPE for event in EVENTS}
