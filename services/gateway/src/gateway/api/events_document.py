"""`GET /asyncapi.json`: what events there are and what they look like; the same everywhere, so anybody may read it."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Final

import orjson

from contracts import asyncapi
from gateway.api import http
from gateway.api.http import Asked, Reply

PATH: Final = "/asyncapi.json"


class Document:
    """The door; the document is made when somebody asks for the first time."""

    def __init__(self) -> None:
        self._made: Reply | None = None

    async def __call__(self, asked: Asked) -> Reply:
        """The document."""
        if asked.method != "GET":
            return http.method_not_allowed(asked, "GET")
        if self._made is None:
            self._made = await asyncio.to_thread(_make)
        return self._made


def _make() -> Reply:
    body = orjson.dumps(asyncapi.document(), option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256(body).hexdigest()[:32]
    return Reply(body, headers={"Cache-Control": "max-age=300", "ETag": f'"{digest}"'})
