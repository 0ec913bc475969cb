"""`/simple/v1/{endpoint}`: the data API in its old form, with its codes and its answers of status 200 (G 1, G 7)."""

from __future__ import annotations

from typing import Any

import orjson

from common.errors import FORBIDDEN, UNAUTHENTICATED, Refused
from gateway.api import data, http
from gateway.api.data import Shell, Visit
from gateway.api.http import Asked, Reply
from gateway.domain import bodies, outcomes
from gateway.domain.admission import Admitted, admit
from gateway.domain.bodies import BadBody
from gateway.domain.directory import Route

PATH = "/simple/v1/"
NO_PERMISSION = 3008
NOT_FOUND = 3016


class Simple:
    """The door `/simple/v1/{endpoint}`."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def __call__(self, asked: Asked) -> Reply:
        """Answer a call, or an array of them in the same order."""
        if asked.method != "POST":
            return http.method_not_allowed(asked, "POST")
        endpoint = asked.path.removeprefix(PATH)
        headers = {"Request-Id": asked.request_id}
        try:
            route = await data.find(self._shell.lookup, asked, endpoint)
        except Refused as refusal:
            if refusal.code != "NOT_FOUND":
                raise
            return _old(asked, NOT_FOUND, f"Project not found: '{endpoint[:100]}'", headers=headers)
        first = Visit(self._shell, route, asked.request_id)
        try:
            first.admitted = await self._admission(asked, route)
            value = await _value(asked, first)
            entries = bodies.old_batch(value)
        except Refused as refusal:
            reply = _refused(asked, refusal)
            return http.counted(reply, await first.done(outcomes.of_refusal(refusal), reply.status, len(reply.body)))
        if entries is None:
            body, call = await self._one(asked, first, value)
            return http.counted(Reply(body, headers=headers), call)
        answers = []
        for entry in entries:
            visit = Visit(self._shell, route, asked.request_id, admitted=first.admitted)
            visit.bytes_in = first.bytes_in // len(entries)
            answers.append(await self._one(asked, visit, entry))
        body = b"[" + b",".join(body for body, _ in answers) + b"]"
        return http.counted(Reply(body, headers=headers), *(call for _, call in answers))

    async def _one(self, asked: Asked, visit: Visit, value: Any) -> tuple[bytes, str | None]:
        """The answer to one operation, recorded as one call, and the call's id."""
        try:
            answer = await visit.run(bodies.old_params(value), "simple")
        except Refused as refusal:
            reply = _refused(asked, refusal)
            return reply.body, await visit.done(outcomes.of_refusal(refusal), reply.status, len(reply.body))
        return answer.body, await visit.done(answer.outcome, 200, len(answer.body))

    async def _admission(self, asked: Asked, route: Route) -> Admitted:
        """Who calls; a credential that is not valid counts as none (G 1)."""
        lookup = self._shell.lookup
        secret = data.credential(asked.headers)
        holder = await lookup.holder(secret) if secret is not None else None
        admitted = admit(route, lookup.directory.mode(route), holder)
        lookup.accepted(holder)
        return admitted


async def _value(asked: Asked, visit: Visit) -> Any:
    bodies.require_json(asked.header("content-type") or bodies.JSON)
    body = await asked.body()
    visit.bytes_in = len(body)
    return bodies.load(body)


def _refused(asked: Asked, refusal: Refused) -> Reply:
    match refusal:
        case BadBody():
            # Only what an intermediary must understand, too, has a status of its own; the rest was always 200 here.
            status = refusal.status if refusal.status in (413, 415) else 200
            return _old(asked, refusal.old, refusal.message, status)
        case Refused(code=code) if code in (UNAUTHENTICATED, FORBIDDEN):
            return _old(asked, NO_PERMISSION, "Insufficient Permissions")
        case _:
            return _old(asked, 0, refusal.message, http.STATUS.get(refusal.code, 500))


def _old(asked: Asked, code: int, message: str, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    body: dict[str, Any] = {"code": code} if code else {}
    body |= {"requestId": asked.request_id, "error": message}
    return Reply(orjson.dumps(body), status, headers=headers or {"Request-Id": asked.request_id})
