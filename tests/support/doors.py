"""The three public doors that take GraphQL, and how each of them says no."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from tests.support.made import Person
from tests.support.stack import Stack

ANSWER_SECONDS_MAX: Final = 3.0
ANSWER_BYTES_MAX: Final = 64 * 1024


@dataclass(frozen=True)
class Door:
    """Where requests are sent, and a field with a selection that can be asked there."""

    stack: Stack
    path: str
    headers: Mapping[str, str]
    field: str

    def send(self, body: bytes, **headers: str) -> httpx.Response:
        sent = {"content-type": "application/json", **self.headers}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        began = time.monotonic()
        answer = self.stack.http.post(self.path, content=body, headers=sent)
        assert time.monotonic() - began < ANSWER_SECONDS_MAX
        assert len(answer.content) < ANSWER_BYTES_MAX, answer.text[:500]
        return answer

    def ask(self, query: str, variables: Mapping[str, Any] | None = None, **more: Any) -> httpx.Response:
        return self.send(json.dumps({"query": query, "variables": variables or {}, **more}).encode())


def doors_of(maker: Person) -> dict[str, Door]:
    """The control API as its user, and both forms of the data API of a service of his."""
    service = maker.service()
    endpoint = maker.pushed(service)["endpoint"]
    key = {"authorization": f"Bearer {service['key']}"}
    return {
        "control": Door(maker.stack, "/query", {"authorization": f"Bearer {maker.token}"}, "services"),
        "data": Door(maker.stack, f"/{endpoint}/graphql", key, "allBands"),
        "simple": Door(maker.stack, f"/simple/v1/{endpoint}", key, "allBands"),
    }


def coded(answer: httpx.Response) -> Any:
    """The code of a refusal, in whatever form the door has it; fails for an answer that is none."""
    told = answer.json()
    if "errors" in told:
        (first, *_) = told["errors"]
        assert first["message"], told
        return first.get("extensions", {}).get("code") or first.get("code") or "invalid"
    assert told["error"], told
    return told.get("code", "syntax")
