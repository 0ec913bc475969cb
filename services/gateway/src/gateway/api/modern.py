"""`/{endpoint}/graphql`: the data API as GraphQL over HTTP describes it."""

from __future__ import annotations

from typing import Final

from common.errors import Refused
from contracts.calls import CallClass
from gateway.api import data, http, page
from gateway.api.data import Shell, Visit
from gateway.api.http import Asked, Reply
from gateway.domain import bodies
from gateway.domain.bodies import GRAPHQL_JSON, BadBody, Params

_JSON_ACCEPTED: Final = frozenset({"application/json", "application/*", "*/*"})
_GRAPHQL_TYPE: Final = f"{GRAPHQL_JSON}; charset=utf-8"


class Modern:
    """The door `/{endpoint}/graphql`."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def __call__(self, asked: Asked) -> Reply:
        """Answer a call. POST runs an operation; GET runs a query or shows a page."""
        endpoint = asked.path.split("/", 2)[1]
        route = await data.find(self._shell.lookup, asked, endpoint)
        if asked.method not in ("POST", "GET", "HEAD"):
            return http.method_not_allowed(asked, "GET, HEAD, POST")
        if asked.method != "POST" and "query" not in asked.query:
            return Reply(page.page(route), content_type="text/html; charset=utf-8", headers=page.HEADERS)
        visit = Visit(self._shell, route, asked.request_id)
        try:
            reply, outcome = await self._answer(asked, visit)
        except Refused as refusal:
            reply, outcome = http.refused(refusal), visit.refused(refusal)
            if refusal.reason == "METHOD":
                reply = http.refused(refusal, 405, {"Allow": "POST"})
        return http.counted(reply, await visit.done(outcome, reply.status, len(reply.body)))

    async def _answer(self, asked: Asked, visit: Visit) -> tuple[Reply, CallClass]:
        visit.admitted = await data.admission(self._shell.lookup, asked, visit.route)
        visit.enter()
        content_type = accepted(asked.header("accept"))
        params = await _params(asked, visit)
        answer = await visit.run(params, "http", reading=asked.method != "POST")
        status = 200 if answer.refusal is None else status_of(content_type)
        return Reply(answer.body, status, content_type), answer.outcome


async def _params(asked: Asked, visit: Visit) -> Params:
    if asked.method != "POST":
        visit.bytes_in = len(asked.request.path_qs)
        return bodies.from_url(asked.query)
    bodies.require_json(asked.header("content-type") or "")
    body = await asked.body()
    visit.bytes_in = len(body)
    return bodies.params(bodies.load(body))


def status_of(content_type: str) -> int:
    """The status of a well-formed request that cannot be run: the newer content type tells by status."""
    return 400 if content_type == _GRAPHQL_TYPE else 200


def accepted(accept: str | None) -> str:
    """The content type of the answer. Raises BadBody (406) when the caller takes neither."""
    if not accept:
        return http.JSON_TYPE
    offered = [part.split(";")[0].strip().lower() for part in accept.split(",")]
    for kind in offered:
        if kind == GRAPHQL_JSON:
            return _GRAPHQL_TYPE
        if kind in _JSON_ACCEPTED:
            return http.JSON_TYPE
    raise BadBody(406, f"Nothing of {accept[:100]!r} can be answered.", f"Accept {GRAPHQL_JSON} or {bodies.JSON}.")
