"""The event log as a file: for each message a line of JSON with its place, then its bytes. Pure.

    {"position":1,"subject":"evt._.registry.user.u1","id":"0198…","size":812}
    …812 bytes and a line feed…

The file is compressed with gzip. Positions begin at 1 and leave nothing out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import orjson

from common.stream import Message


def record(message: Message) -> bytes:
    """One message."""
    place = {"position": message.position, "subject": message.subject, "id": message.id, "size": len(message.body)}
    return b"%b\n%b\n" % (orjson.dumps(place), message.body)


def records(file: BinaryIO) -> Iterator[Message]:
    """The messages of a file, in order. Raises ValueError where one is torn or out of place."""
    expected = 1
    while line := file.readline():
        try:
            place = orjson.loads(line)
            position, size = int(place["position"]), int(place["size"])
            subject, id_ = str(place["subject"]), str(place["id"])
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise ValueError(f"no place of a message where position {expected} is due: {error!r}") from None
        body = file.read(size + 1)
        if position != expected or len(body) != size + 1 or not body.endswith(b"\n"):
            raise ValueError(f"position {position} where {expected} is due, {len(body) - 1} bytes of {size}")
        yield Message(position, subject, id_, body[:-1])
        expected += 1
