"""From a stored message to its leaf: the canonical JSON whose hash stands in the tree (MA 7.2).

Total on purpose: a message that is no envelope, or one with a value that has no canonical form, still gets a leaf.
Its hash of the stored bytes vouches for everything that the readable members leave out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from proof import canonical

STREAM: Final = "EVT"
LOG: Final = "mortise/evt"
"""Origin of the log: the first line of every checkpoint and the name of its key."""
UNREADABLE: Final = "unreadable"
"""Type, id prefix and source of what is no envelope."""
_SUBJECT_TOKENS: Final = 5
_TRACE_TOKENS: Final = 4
_LARGEST_LEAF_BYTES: Final = 8 * 1024


@dataclass(frozen=True)
class Stored:
    """One message as the stream holds it."""

    position: int
    """Stream sequence; the first is 1."""
    subject: str
    body: bytes


@dataclass(frozen=True)
class Leaf:
    """What the history keeps of a message besides its bytes."""

    index: int
    data: bytes
    """The bytes that are hashed."""
    id: str
    type: str
    subject: str
    """`<context>.<aggregate>.<id>`"""
    org: str
    """From the stream's subject: only a service may publish there, whatever a body says."""
    actor_type: str
    actor_id: str
    outcome: str
    time: str
    recorded: str
    request_id: str | None


def leaf(stored: Stored, log: str = LOG) -> Leaf:
    """The leaf of a message. Index is position - 1: the stream never forgets."""
    envelope = _envelope(stored.body)
    org, subject = _placed(stored.subject)
    base: dict[str, Any] = {
        "v": 1,
        "log": log,
        "stream": STREAM,
        "seq": stored.position,
        "subject": stored.subject,
        "data_sha256": hashlib.sha256(stored.body).hexdigest(),
    }
    actor = envelope.get("actor")
    actor = actor if isinstance(actor, Mapping) else {}
    return Leaf(
        index=stored.position - 1,
        data=_written(base, _described(envelope, actor, subject)),
        id=_word(envelope, "id") or f"{UNREADABLE}-{stored.position}",
        type=_word(envelope, "type") or UNREADABLE,
        subject=subject,
        org=org,
        actor_type=_word(actor, "type") or "system",
        actor_id=_word(actor, "id") or UNREADABLE,
        outcome=_word(envelope, "outcome") or "success",
        time=_word(envelope, "time") or "",
        recorded=_word(envelope, "recordedtime") or "",
        request_id=_word(envelope, "requestid"),
    )


def _written(base: dict[str, Any], described: dict[str, Any]) -> bytes:
    try:
        data = canonical.encode({**base, **described})
        if len(data) <= _LARGEST_LEAF_BYTES:
            return data
    except canonical.NotCanonical:
        pass  # the bare leaf below is the answer: a history that stops on an odd letter is no history
    return canonical.encode(base)


def _described(envelope: Mapping[str, Any], actor: Mapping[str, Any], subject: str) -> dict[str, Any]:
    """The readable members; absent ones are left out, never null."""
    kind, target = subject.split(".")[1:] if subject.count(".") == 2 else ("", "")  # noqa: PLR2004 - three tokens
    members = {
        "id": _word(envelope, "id"),
        "type": _word(envelope, "type"),
        "source": _word(envelope, "source"),
        "time": _word(envelope, "time"),
        "recorded": _word(envelope, "recordedtime"),
        "actor": {key: actor[key] for key in ("type", "id", "via") if isinstance(actor.get(key), str)},
        "org": _word(envelope, "org"),
        "action": _action(_word(envelope, "type")),
        "targets": [{"type": kind, "id": target}] if target else None,
        "outcome": _word(envelope, "outcome"),
        "request_id": _word(envelope, "requestid"),
        "trace_id": _trace(_word(envelope, "traceparent")),
        "before_sha256": _side(envelope.get("changes"), "before"),
        "after_sha256": _side(envelope.get("changes"), "after"),
        "sd": {short: found for short, field in _PERSONAL.items() if (found := _commitment(_word(actor, field)))},
    }
    return {key: value for key, value in members.items() if value}


_PERSONAL: Final = {"ip": "client_ip", "ua": "user_agent"}


def _envelope(body: bytes) -> Mapping[str, Any]:
    try:
        envelope = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return envelope if isinstance(envelope, Mapping) else {}


def _placed(subject: str) -> tuple[str, str]:
    """Organisation and aggregate of `evt.<org>.<context>.<aggregate>.<id>`."""
    tokens = subject.split(".")
    return (tokens[1], ".".join(tokens[2:])) if len(tokens) == _SUBJECT_TOKENS else ("_", subject)


def _word(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) and value and "\0" not in value else None


def _action(type_: str | None) -> str | None:
    """`billing.subscription.plan_assigned` of `mortise.billing.subscription.plan_assigned.v1`."""
    if type_ is None:
        return None
    name, _, version = type_.removeprefix("mortise.").rpartition(".")
    return name if version.startswith("v") and version[1:].isdigit() else type_


def _trace(parent: str | None) -> str | None:
    tokens = (parent or "").split("-")
    return tokens[1] if len(tokens) == _TRACE_TOKENS else None


def _side(changes: object, side: str) -> str | None:
    """Hash of `{field: value}` before or after; None when nothing changed or a value has no canonical form."""
    if not isinstance(changes, Mapping) or not changes:
        return None
    values = {field: change.get(side) for field, change in changes.items() if isinstance(change, Mapping)}
    try:
        return hashlib.sha256(canonical.encode(values)).hexdigest()
    except canonical.NotCanonical:
        return None


def _commitment(token: str | None) -> str | None:
    """The salted commitment inside a sealed token; it dies with the person's key."""
    try:
        parts = orjson.loads(token or "null")
    except orjson.JSONDecodeError:
        return None
    found = parts.get("h") if isinstance(parts, Mapping) else None
    return found if isinstance(found, str) else None
