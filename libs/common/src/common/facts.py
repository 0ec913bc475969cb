"""What may become a fact: the checks before anything is published to the event log.

What is appended stays for ever and is hashed into the audit tree, so it is looked at once more, whoever wrote it.
"""

from __future__ import annotations

import re
from typing import Any, Final

import orjson
from pydantic import ValidationError

from common.errors import BAD_USER_INPUT, Refused
from common.events import LARGEST_BODY_BYTES, Envelope, Event

TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
"""One token of a subject, and every id."""
TYPE: Final = re.compile(r"mortise\.([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)\.[a-z][a-z0-9_]*\.v[1-9][0-9]*")


def check(envelope: Envelope, event: Event, expect: int) -> None:
    """Refuse a fact whose audit leaf would miss something. Raises ValueError: only our own code can err."""
    problems: list[str] = []
    kind = TYPE.fullmatch(envelope.type)
    if kind is None:
        problems.append(f"type {envelope.type!r} is not mortise.<context>.<aggregate>.<fact>.v<N>")
    elif list(kind.groups()) != envelope.subject.split(".")[:2]:
        problems.append(f"type {envelope.type!r} does not belong to {envelope.subject!r}")
    if envelope.version < 1 or (envelope.version == 1) != (expect == 0):
        problems.append(f"version {envelope.version} cannot follow position {expect}")
    named = {"source": envelope.source[1:], "actor": envelope.actor.id}
    problems += [f"{name} is empty" for name, value in named.items() if not value]
    for name in ("correlationid", "causationid"):
        if not TOKEN.fullmatch(getattr(envelope, name)):
            problems.append(f"{name} {getattr(envelope, name)!r} is no id")
    try:
        if type(event).model_validate(envelope.data) != event:
            problems.append("the fact reads back as another one")
    except ValidationError as error:
        problems.append(f"the fact cannot be read back: {error}")
    if problems:
        message = f"{envelope.type} for {envelope.subject} is not written: {'; '.join(problems)}"
        raise ValueError(message)


def encoded(envelope: Envelope) -> bytes:
    """The bytes to store. Raises Refused for what is too large, or cannot stand in JSON and PostgreSQL."""
    try:
        body = envelope.encode()
        sizes = {name: len(orjson.dumps(envelope.model_dump(mode="json")[name])) for name in ("data", "changes")}
    except (TypeError, ValueError) as error:
        message = f"A value of {envelope.subject} is not valid Unicode."
        raise Refused(BAD_USER_INPUT, message, reason="INVALID_TEXT") from error
    for name, size in sizes.items():
        if size > LARGEST_BODY_BYTES:
            message = f"{envelope.subject}: {name} has {size} bytes; a fact carries {LARGEST_BODY_BYTES} at most."
            raise Refused(BAD_USER_INPUT, message, "Shorten the texts.", reason="TOO_LONG")
    if b"\\u0000" in body and _has_nul(orjson.loads(body)):
        message = f"A value of {envelope.subject} contains the character NUL."
        raise Refused(BAD_USER_INPUT, message, "Remove it.", reason="INVALID_TEXT")
    return body


def _has_nul(value: Any) -> bool:
    match value:
        case str():
            return "\0" in value
        case dict():
            return any(_has_nul(key) or _has_nul(inner) for key, inner in value.items())
        case list():
            return any(map(_has_nul, value))
        case _:
            return False
