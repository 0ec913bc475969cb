"""`POST /query`: one graph, answered by its owners (DESIGN 3, P 1.1)."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

import orjson
from graphql import (
    DocumentNode,
    GraphQLError,
    StringValueNode,
    Visitor,
    execute_sync,
    parse,
    validate,
    visit,
)

from common import clock, tracing
from common.errors import SERVICE_UNAVAILABLE, UNAUTHENTICATED, Refused, bad_input
from common.logs import observe
from common.rpc import Ask
from contracts.access import ANONYMOUS, INVALID, Principal
from gateway.api.http import POSITION, Asked, Reply, method_not_allowed, position_of
from gateway.domain import bodies, limits
from gateway.domain.admission import control_credential
from gateway.domain.bodies import GRAPHQL_JSON, Params
from gateway.domain.join import Said, error, joined, refused, said
from gateway.domain.merge import Graph
from gateway.domain.split import SELF, Part, Problems, Split, chosen, coerced, split
from gateway.execute.lookup import Lookup
from gateway.execute.owners import Owners, Question

REQUEST_SECONDS: Final = 10.0
REMEMBERED: Final = 1024
"""Documents kept parsed and validated."""
REMEMBERED_CHARACTERS_MAX: Final = 32 * 1024
"""Longer documents are not remembered."""
ERRORS_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what his request said besides the operation."""

    principal: Principal
    position: int
    idempotency_key: str | None


class Control:
    """The door `/query`."""

    def __init__(self, owners: Owners, lookup: Lookup, *, development: bool) -> None:
        self._owners = owners
        self._lookup = lookup
        self._development = development
        self._known: OrderedDict[str, DocumentNode | list[GraphQLError]] = OrderedDict()
        self._known_of: Graph | None = None

    async def __call__(self, asked: Asked) -> Reply:
        """Answer one operation."""
        if asked.method != "POST":
            return method_not_allowed(asked, "POST")
        began = time.perf_counter()
        bodies.require_json(asked.header("content-type") or "")
        params = bodies.params(bodies.load(await asked.body()))
        caller = await self._caller(asked)
        status, position, name = 200, caller.position, "-"
        try:
            parts, answers, position = await self._answers(asked, caller, params)
            body, name = joined(parts, answers), ",".join(field.name for field in parts.fields)
        except Problems as problems:
            body = {"errors": [_formatted(problem) for problem in problems.problems[:ERRORS_MAX]], "data": None}
            status = 400 if GRAPHQL_JSON in (asked.header("accept") or "") else 200
        except Refused as refusal:
            body = {"errors": [error(refusal)], "data": None}
        took = (time.perf_counter() - began) * 1000
        outcome = "ok" if "errors" not in body else "errors" if body["data"] is not None else "refused"
        user = caller.principal.id
        observe("gateway.query", outcome=outcome, took_ms=took, request=asked.request_id, fields=name[:200], user=user)
        kind = GRAPHQL_JSON if GRAPHQL_JSON in (asked.header("accept") or "") else bodies.JSON
        headers = {POSITION: str(position)}
        return Reply(orjson.dumps(body), status, f"{kind}; charset=utf-8", headers)

    async def _caller(self, asked: Asked) -> Caller:
        position = position_of(asked)
        key = asked.header("idempotency-key")
        # One that was not UTF-8 has lost what made it unlike others.
        if key is not None and (not 0 < len(key) <= 200 or "\ufffd" in key):  # noqa: PLR2004 - longer than any id
            raise bodies.BadBody(400, "Idempotency-Key has 1 to 200 characters in UTF-8.")
        await self._lookup.wait_for(position)
        return Caller(await self._principal(asked), position, key)

    async def _principal(self, asked: Asked) -> Principal:
        secret = control_credential(asked.header("authorization"))
        if secret is None:
            return ANONYMOUS
        holder = await self._lookup.holder(secret)
        self._lookup.accepted(holder)
        return holder if isinstance(holder, Principal) else INVALID

    async def _answers(self, asked: Asked, caller: Caller, params: Params) -> tuple[Split, list[Said], int]:
        graph = self._owners.graph
        document = self._document(graph, params.query)
        operation = chosen(document, params.operation_name)
        variables = dict(params.variables)
        values = coerced(graph.schema, operation, variables)
        parts = split(graph, document, operation, values)
        limits.check(graph.schema, document, operation, values.coerced, len(parts.fields))
        key = caller.idempotency_key or (clock.new_id() if parts.kind == "mutation" else None)
        ask = Ask(
            query="",
            operation_name=parts.name,
            principal=caller.principal.model_dump(mode="json"),
            request_id=asked.request_id,
            idempotency_key=key,
            client_ip=asked.remote,
            user_agent=(asked.header("user-agent") or "")[:500] or None,
            traceparent=tracing.onward(asked.header("traceparent")),
        )
        deadline = asyncio.get_running_loop().time() + REQUEST_SECONDS
        question = Question(parts.kind, ask, variables, deadline, key or "")
        answers, position = await self._asked(graph, parts, question, caller)
        return parts, answers, position

    async def _asked(self, graph: Graph, parts: Split, question: Question, caller: Caller) -> tuple[list[Said], int]:
        """Queries together, parts of a mutation one after another until one fails that must not."""

        async def one(part: Part, position: int) -> tuple[Said, int]:
            if part.owner == SELF:
                return self._introspected(graph, part, question, caller.principal), 0
            return await self._owners.ask(part, question, position)

        position = caller.position
        if parts.kind == "query":
            found = await asyncio.gather(*(one(part, position) for part in parts.parts))
            return [answer for answer, _ in found], max([position, *(seen for _, seen in found)])
        answers: list[Said] = []
        for part in parts.parts:
            answer, seen = await one(part, position)
            answers.append(answer)
            position = max(position, seen)
            if answer.stops:
                break
        return answers, position

    def _introspected(self, graph: Graph, part: Part, question: Question, principal: Principal) -> Said:
        if principal.kind != "user" and not self._development:
            refusal = Refused(
                UNAUTHENTICATED, "The schema is shown to authenticated callers.", "Sign in, or send a token."
            )
            return refused(part, refusal)
        used = {name: question.variables[name] for name in part.variables if name in question.variables}
        result = execute_sync(graph.schema, parse(part.query), variable_values=used)
        return said(part, result.data, [dict(problem.formatted) for problem in result.errors or ()])

    def _document(self, graph: Graph, text: str) -> DocumentNode:
        """The parsed and validated document. Raises Problems, Refused. What is known of a text is kept, good or bad."""
        if graph is not self._known_of:
            self._known.clear()
            self._known_of = graph
        known = self._known.get(text)
        if known is None:
            known = _checked(graph, text)
            if len(text) <= REMEMBERED_CHARACTERS_MAX:
                self._known[text] = known
                if len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
        else:
            self._known.move_to_end(text)
        if isinstance(known, list):
            unread = self._owners.check()
            if unread is not None:  # it is we who do not know yet what the caller knows
                raise Refused(SERVICE_UNAVAILABLE, f"Not ready: {unread}.", "Try again in a moment.")
            # One that is kept and raised again would hold every request it was ever raised for.
            raise Problems(known)
        return known


def _checked(graph: Graph, text: str) -> DocumentNode | list[GraphQLError]:
    """The document, or all that is wrong with it. Raises Refused when the document is too large to be looked at."""
    try:
        document = parse(text, max_tokens=limits.TOKENS_MAX)
        limits.roughly(document)
        _refuse_nul(document, text)
        problems = validate(graph.schema, document, max_errors=ERRORS_MAX)
    except GraphQLError as problem:
        return [problem.with_traceback(None)]
    except RecursionError:
        raise bad_input("The document is nested too deeply.", reason="LIMIT_EXCEEDED") from None
    return problems or document


class _Nul(Visitor):
    def enter_string_value(self, node: StringValueNode, *_: object) -> None:
        if "\0" in node.value:
            raise GraphQLError("A text contains the character U+0000.", node)


def _refuse_nul(document: DocumentNode, text: str) -> None:
    if "\\u" in text or "\0" in text:
        visit(document, _Nul())


def _formatted(problem: GraphQLError) -> dict[str, Any]:
    found: dict[str, Any] = {"message": limits.told(problem.message)}
    if problem.locations:
        found["locations"] = [{"line": at.line, "column": at.column} for at in problem.locations]
    return {**found, "extensions": {"code": "BAD_USER_INPUT", **(problem.extensions or {})}}
