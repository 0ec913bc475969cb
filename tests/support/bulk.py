"""Callers of the doors for data in and out: they go through the stages of an import as a program would."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from common.events import Envelope
from common.stream import Stream
from tests.support.door import Door, Live


@dataclass
class Bulk:
    """Somebody with a key or a token, at one environment."""

    door: Door
    live: Live
    key: str | None
    key_id: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """What he proves to be his."""
        return {"x-user-authorization": self.key} if self.key else {}

    async def export(self, **asked: str) -> httpx.Response:
        return await self.door.http.get(f"/{self.live.endpoint}/export", params=asked, headers=self.headers)

    async def post(self, data: bytes = b"", /, **asked: str) -> httpx.Response:
        """A step of an import."""
        path = f"/{self.live.endpoint}/import"
        return await self.door.http.post(path, params=asked, content=data, headers=self.headers)

    async def drop(self, **said: Any) -> httpx.Response:
        path = f"/{self.live.endpoint}/drop"
        return await self.door.http.post(path, json={"confirm": self.live.endpoint, **said}, headers=self.headers)

    async def facts(self) -> list[Envelope]:
        """What the log says of data that went out of this environment or came in, in order."""
        messages = await Stream(self.door.client, "EVT").history(f"evt.{self.live.organisation}.gateway.>")
        found = [Envelope.decode(message.body) for message in messages]
        return [one for one in found if one.data["environment"] == self.live.place.id]


def text(lines: Iterable[Any]) -> bytes:
    """NDJSON of values."""
    return b"".join(orjson.dumps(line) + b"\n" for line in lines)


async def exported(bulk: Bulk, **asked: str) -> bytes:
    """A whole export."""
    answer = await bulk.export(**asked)
    assert answer.status_code == 200, answer.text
    return answer.content


async def imported(bulk: Bulk, file: bytes | Sequence[Any], *, lines: int = 1_000_000, **asked: str) -> dict[str, Any]:
    """A whole import in pieces of so many lines; what its end answers."""
    data = file if isinstance(file, bytes) else text(file)
    rows = data.splitlines(keepends=True)
    head: list[bytes] = []
    if asked.get("form") == "csv":
        rows = _records(rows)
        head, rows = rows[:1], rows[1:]
    at = told(await bulk.post(**asked))
    while at["transfer"]:
        for first in range(0, len(rows), lines):
            piece = b"".join(head + rows[first : first + lines])
            at = told(await bulk.post(piece, transfer=at["transfer"]))
            assert not at["problems"], at["problems"]
        at = told(await bulk.post(transfer=at["transfer"], end="true", confirm=bulk.live.endpoint))
    return at


def told(answer: httpx.Response) -> dict[str, Any]:
    """The body of an answer that is no refusal."""
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refused(answer: httpx.Response) -> dict[str, Any]:
    """The first error of a refusal."""
    assert answer.status_code >= 400, answer.text
    found: dict[str, Any] = answer.json()["errors"][0]
    return found


def _records(lines: list[bytes]) -> list[bytes]:
    """Lines of a sheet, put together where a line break stands in quotes."""
    found = [b""]
    for line in lines:
        found[-1] += line
        if found[-1].count(b'"') % 2 == 0:
            found.append(b"")
    return found[:-1]
