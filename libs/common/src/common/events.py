"""The envelope of a fact: CloudEvents 1.0 in structured mode, one JSON body (DESIGN 2.4, MA 3.2).

An event class is a frozen pydantic model with its wire name in `TYPE`. `Envelope` carries everything that the audit
leaf needs; `encode` refuses an envelope that would not.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any, ClassVar, Final, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, JsonValue

LARGEST_BODY_BYTES: Final = 32 * 1024
"""Larger documents belong into BLOBS (DESIGN 2.7)."""


class Event(BaseModel):
    """A fact in the past tense. Adding an optional field keeps `TYPE`; anything else is a new `TYPE` (`.v<N+1>`)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    TYPE: ClassVar[str]
    """`mortise.<context>.<aggregate>.<fact>.v<N>`"""


class Actor(BaseModel):
    """Who did it: opaque ids only, never an e-mail."""

    model_config = ConfigDict(frozen=True)

    type: Literal["user", "key", "service", "system", "unauthenticated"]
    id: str
    via: str | None = None
    """How the actor proved itself: `session`, `token`, `key`, `bootstrap`, `reconciler` ..."""
    client_ip: str | None = None
    """Sealed token (common.sealing), never clear text."""
    user_agent: str | None = None
    """Sealed token."""


class Change(BaseModel):
    """The value of a field before and after; None where there was or is none."""

    model_config = ConfigDict(frozen=True)

    before: JsonValue = None
    after: JsonValue = None


AUTH_TYPES: Final = {
    "user": "user",
    "key": "api_key",
    "service": "service_account",
    "system": "system",
    "unauthenticated": "unauthenticated",
}


@cache
def schema_uri(event: type[Event]) -> str:
    """`schema://mortise/<context>/<aggregate>/<fact>/<N>#sha256-<hex>`: name and hash of the JSON schema of `data`.

    Titles and descriptions do not count: a reworded docstring is no other shape.
    """
    _, context, aggregate, fact, version = event.TYPE.split(".")
    shape = orjson.dumps(_bare(event.model_json_schema()), option=orjson.OPT_SORT_KEYS)
    return f"schema://mortise/{context}/{aggregate}/{fact}/{version[1:]}#sha256-{hashlib.sha256(shape).hexdigest()}"


def _bare(schema: Any) -> Any:
    match schema:
        case dict():
            return {key: _bare(value) for key, value in schema.items() if key not in _WORDS or isinstance(value, dict)}
        case list():
            return [_bare(value) for value in schema]
        case _:
            return schema


_WORDS: Final = frozenset({"title", "description"})


class Envelope(BaseModel):
    """One stored message of EVT."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: str
    """UUIDv7; also the Nats-Msg-Id."""
    type: str
    source: str
    """`/<service>`"""
    subject: str
    """`<context>.<aggregate>.<id>`"""
    time: str
    """When it happened: RFC 3339 UTC with milliseconds."""
    recordedtime: str
    """When it was written."""
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str
    """What `data` looks like: see `schema_uri`."""
    sequence: str
    """Version of the aggregate, zero padded to 12 digits, 1 for the first."""
    org: str
    """Organisation that owns the fact; `_` = the platform."""
    actor: Actor
    authtype: str
    """The actor's type in the words of the CloudEvents extension *authcontext*."""
    authid: str
    """The actor's id, for readers that know CloudEvents only."""
    outcome: Literal["success", "denied", "failed"] = "success"
    correlationid: str
    causationid: str
    """Id of the command or event that caused it."""
    requestid: str | None = None
    traceparent: str | None = None
    changes: dict[str, Change] = {}
    data: dict[str, Any]

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """The envelope of stored bytes. Raises ValueError when they are not one."""
        return cls.model_validate_json(body)

    def encode(self) -> bytes:
        """The bytes to store: sorted keys, absent members left out."""
        return orjson.dumps(self.model_dump(exclude_none=True, mode="json"), option=orjson.OPT_SORT_KEYS)

    @property
    def aggregate(self) -> str:
        """The aggregate's subject without organisation: `<context>.<aggregate>.<id>`."""
        return self.subject

    @property
    def version(self) -> int:
        """Version of the aggregate after this fact."""
        return int(self.sequence)
