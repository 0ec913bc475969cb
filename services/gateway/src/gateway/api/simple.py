"""`/simple/v1/{endpoint}`: the data API in its old form, with its codes and its answers of status 200 (G 1, G 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from common.errors import FORBIDDEN, UNAUTHENTICATED, Refused
from gateway.api import data, http, page
from gateway.api.data import Shell, Visit
from gateway.api.http import Asked, Reply
from gateway.domain import bodies
from gateway.domain.admission import Admitted, admit
from gateway.domain.bodies import BadBody
from gateway.domain.directory import Route
from gateway.engine import INTROSPECTION

PATH: Final = "/simple/v1/"
NO_PERMISSION: Final = 3008
NOT_FOUND: Final = 3016
SCHEMA: Final = "schema.json"
RESERVED: Final[Mapping[str, str]] = {
    "permissions": "Insufficient permissions for this query",
    "import": "Insufficient permissions for bulk import",
    "export": "Insufficient permissions for bulk export",
}
"""Interfaces of the dialect that do not exist here, and what a caller hears of each who is not admitted."""


class Simple:
    """The door `/simple/v1/{endpoint}` and what lies behind it."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def __call__(self, asked: Asked) -> Reply:
        """Answer a call, or an array of them in the same order; a browser sees a page."""
        endpoint, _, rest = asked.path.removeprefix(PATH).partition("/")
        try:
            route = await data.find(self._shell.lookup, asked, endpoint)
        except Refused as refusal:
            if refusal.code != "NOT_FOUND":
                return _refused(asked, refusal)
            return _old(asked, NOT_FOUND, f"Project not found: '{endpoint[:100]}'")
        reply = await self._behind(asked, route, rest)
        return Reply(reply.body, reply.status, reply.content_type, {**reply.headers, "Request-Id": asked.request_id})

    async def _behind(self, asked: Asked, route: Route, rest: str) -> Reply:
        if rest in RESERVED:
            return await self._reserved(asked, route, rest)
        if rest == SCHEMA:
            return await self._schema(asked, route)
        if rest:
            return _old(asked, 0, f"Nothing is at {asked.path[:200]!r}.", 404)
        if asked.method in ("GET", "HEAD"):
            return Reply(page.page(route), content_type="text/html; charset=utf-8", headers=page.HEADERS)
        if asked.method != "POST":
            return http.method_not_allowed(asked, "GET, HEAD, POST")
        return await self._called(asked, route)

    async def _called(self, asked: Asked, route: Route) -> Reply:
        first = Visit(self._shell, route, asked.request_id)
        try:
            first.admitted = await self._admission(asked, route)
            first.enter()
            value = await _value(asked, first)
            entries = bodies.old_batch(value)
        except Refused as refusal:
            reply = _refused(asked, refusal)
            return http.counted(reply, await first.done(first.refused(refusal), reply.status, len(reply.body)))
        if entries is None:
            body, call = await self._one(asked, first, value)
            return http.counted(Reply(body), call)
        answers = []
        for number, entry in enumerate(entries):
            visit = Visit(self._shell, route, asked.request_id, admitted=first.admitted)
            visit.bytes_in = first.bytes_in // len(entries)
            visit.gate = first.gate
            answers.append(await self._one(asked, visit, entry, further=number > 0))
        body = b"[" + b",".join(body for body, _ in answers) + b"]"
        return http.counted(Reply(body), *(call for _, call in answers))

    async def _schema(self, asked: Asked, route: Route) -> Reply:
        """What the introspection that tools send is answered, to whom it would be answered (G 1)."""
        if asked.method not in ("GET", "HEAD"):
            return http.method_not_allowed(asked, "GET, HEAD")
        visit = Visit(self._shell, route, asked.request_id)
        try:
            visit.admitted = await self._admission(asked, route)
            visit.enter()
        except Refused as refusal:
            reply = _refused(asked, refusal)
            return http.counted(reply, await visit.done(visit.refused(refusal), reply.status, len(reply.body)))
        body, call = await self._one(asked, visit, {"query": INTROSPECTION})
        return http.counted(Reply(body), call)

    async def _reserved(self, asked: Asked, route: Route, name: str) -> Reply:
        """These want a root token, which nobody has: they are not there, and who may not call is told no more."""
        try:
            await self._admission(asked, route)
        except Refused:
            return _old(asked, NO_PERMISSION, RESERVED[name])
        return _old(asked, 0, f"'{name}' is not available.", 404)

    async def _one(self, asked: Asked, visit: Visit, value: Any, *, further: bool = False) -> tuple[bytes, str | None]:
        """The answer to one operation, recorded as one call, and the call's id. `further`: it was not let in yet."""
        try:
            if further:
                visit.enter()
            answer = await visit.run(bodies.old_params(value), "simple")
        except Refused as refusal:
            reply = _refused(asked, refusal)
            return reply.body, await visit.done(visit.refused(refusal), reply.status, len(reply.body))
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
            reply = _old(asked, 0, refusal.message, http.STATUS.get(refusal.code, 500))
            return Reply(
                reply.body, reply.status, reply.content_type, {**reply.headers, **http.later(refusal, reply.status)}
            )


def _old(asked: Asked, code: int, message: str, status: int = 200) -> Reply:
    body: dict[str, Any] = {"code": code} if code else {}
    body |= {"requestId": asked.request_id, "error": message}
    return Reply(orjson.dumps(body), status, headers={"Request-Id": asked.request_id})
