"""Answers one owner's part of the control API: Ariadne over its own read model (DESIGN 3, P 1.2).

Parsing and validating dominate a GraphQL call (2.3 ms against 0.05 ms, STACK 5), so both are remembered by text; the
gateway leaves values in variables to make texts repeat.
"""

from __future__ import annotations

import importlib.util
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from ariadne import SchemaBindable, make_executable_schema
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationType,
    execute,
    get_operation_ast,
    parse,
    validate,
)

from common import clock, ids, outage, tracing
from common.errors import BAD_USER_INPUT, INTERNAL, SERVICE_UNAVAILABLE, Refused
from common.events import Actor
from common.log import STREAM, Cause, Recorded
from common.logs import observe
from common.projection import Runner
from common.rpc import INTERNAL_MESSAGE, Answer, Ask

REMEMBERED: Final = 512
LONGEST_REMEMBERED: Final = 32 * 1024
TOKENS_MAX: Final = 20_000
ERRORS_MAX: Final = 20
WAIT_SECONDS: Final = 2.0


class Context:
    """What a resolver finds in `info.context`. Services add what they need in a subclass."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.principal = ask.principal
        self.request_id = ask.request_id
        self.position = ask.position
        """What the caller has seen or written: answers are not older than this."""

    def cause(self, response_key: str, actor: Actor) -> Cause:
        """The cause of what this field writes; with an Idempotency-Key a repeat has the same command id."""
        key = self.ask.idempotency_key
        who = str(self.principal.get("id", actor.id))
        command = ids.command_id(who, key, response_key) if key else clock.new_id()
        return Cause(actor, command, self.request_id, self.request_id, self.ask.traceparent)

    def wrote(self, recorded: Recorded | None) -> None:
        """The answer now has at least the position of `recorded`. To read it back, wait with `runner.wait_for`."""
        if recorded is not None:
            self.position = max(self.position, recorded.position)


def sdl(package: str) -> str:
    """The text of an owner's part: the common types and the package's own `api.graphql`."""
    return f"{_resource('contracts', 'common.graphql')}\n{_resource(package, 'api.graphql')}"


def load_schema(package: str, *bindables: SchemaBindable) -> GraphQLSchema:
    """The executable schema of an owner. Raises when a resolver names a field that the schema does not have."""
    return make_executable_schema(sdl(package), *bindables)


class Graph:
    """Executes operations on one schema. `runners` are the projections its resolvers read from."""

    def __init__(
        self,
        schema: GraphQLSchema,
        runners: Sequence[Runner],
        context_factory: Callable[[Ask], Context] = Context,
    ) -> None:
        self.schema = schema
        self._runners = [runner for runner in runners if runner.projection.stream == STREAM]
        self._context = context_factory
        self._known: OrderedDict[str, DocumentNode] = OrderedDict()

    async def answer(self, ask: Ask) -> Answer:
        """Execute one operation; every failure becomes an error of the answer (P 1.2)."""
        told = {"graphql.operation.name": ask.operation_name, "request.id": ask.request_id}
        with tracing.span("graph", told, kind=tracing.SERVER, parent=ask.traceparent) as span:
            onward = span.onward(ask.traceparent)
            answer = await self._answer(
                ask if onward == ask.traceparent else ask.model_copy(update={"traceparent": onward})
            )
            span.tell({"position": answer.position})
            if answer.errors:
                span.fail(str(answer.errors[0]["extensions"]["code"]))
        return answer

    async def _answer(self, ask: Ask) -> Answer:
        began = time.perf_counter()
        context = self._context(ask)
        try:
            document = self._document(ask.query)
            await self._caught_up(ask.position)
            seen = self._position()
            result = await self._execute(document, ask, context)
            errors = [_formatted(error, ask) for error in result.errors or ()]
            answer = Answer(data=result.data, errors=errors or None, position=max(seen, context.position))
        except Invalid as invalid:
            errors = [_formatted(error, ask) for error in invalid.errors]
            answer = Answer(errors=errors, position=ask.position)
        except Refused as refusal:
            errors = [{"message": refusal.message, "extensions": refusal.extensions()}]
            answer = Answer(errors=errors, position=ask.position)
        outcome = answer.errors[0]["extensions"]["code"] if answer.errors else "ok"
        observe(
            "graph.answered",
            outcome=outcome,
            took_ms=(time.perf_counter() - began) * 1000,
            operation=ask.operation_name,
            request_id=ask.request_id,
            position=answer.position,
        )
        return answer

    async def _execute(self, document: DocumentNode, ask: Ask, context: Context) -> ExecutionResult:
        operation = get_operation_ast(document, ask.operation_name)
        if operation is None:
            message = f"There is no operation {ask.operation_name!r}." if ask.operation_name else "Name one operation."
            raise Invalid([GraphQLError(message)])
        if operation.operation is OperationType.SUBSCRIPTION:
            raise Invalid([GraphQLError("Subscriptions are not answered here.", [operation])])
        result = execute(
            self.schema,
            document,
            context_value=context,
            variable_values=ask.variables,
            operation_name=ask.operation_name,
        )
        return result if isinstance(result, ExecutionResult) else await result

    def _document(self, text: str) -> DocumentNode:
        known = self._known.get(text)
        if known is not None:
            self._known.move_to_end(text)
            return known
        try:
            document = parse(text, max_tokens=TOKENS_MAX)
        except GraphQLError as error:
            raise Invalid([error]) from None
        errors = validate(self.schema, document, max_errors=ERRORS_MAX)
        if errors:
            raise Invalid(errors)
        if len(text) <= LONGEST_REMEMBERED:
            self._known[text] = document
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return document

    def _position(self) -> int:
        return min((runner.position for runner in self._runners), default=0)

    async def _caught_up(self, position: int) -> None:
        for runner in self._runners:
            if not await runner.wait_for(position, WAIT_SECONDS):
                message = f"Position {position} is not yet visible here; {runner.position} is."
                raise Refused(SERVICE_UNAVAILABLE, message, "Try again in a moment.", reason="NOT_YET")


class Invalid(Exception):  # noqa: N818 - it is a finding
    """The operation is not one of this schema."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


def _formatted(error: GraphQLError, ask: Ask) -> dict[str, Any]:
    """One member of `errors`. Locations only where no field was reached: in the text the client wrote."""
    original: BaseException | None = error
    while isinstance(original, GraphQLError):
        original = original.original_error
    path = {"path": error.path} if error.path else {}
    match original:
        case None:
            where = [{"line": at.line, "column": at.column} for at in error.locations or ()]
            locations = {"locations": where} if where and not path else {}
            return {"message": error.message, **locations, **path, "extensions": {"code": BAD_USER_INPUT}}
        case Refused():
            return {"message": original.message, **path, "extensions": original.extensions()}
        case _ if outage.away(original):
            refusal = outage.refusal(ask.idempotency_key)
            _failed(refusal.code, ask.request_id, error.path, f"{type(original).__name__}: {original}"[:500])
            return {"message": refusal.message, **path, "extensions": refusal.extensions()}
        case _:
            _failed(INTERNAL, ask.request_id, error.path, original)
            extensions = {"code": INTERNAL, "requestId": ask.request_id}
            return {"message": INTERNAL_MESSAGE, **path, "extensions": extensions}


def _failed(code: str, request_id: str, path: Sequence[str | int] | None, problem: BaseException | str) -> None:
    """A line in the log: with the traceback when it is our bug, without when a server is away."""
    told = {"problem": problem} if isinstance(problem, str) else {"exc_info": problem}
    level: Literal["warning", "error"] = "warning" if isinstance(problem, str) else "error"
    observe("graph.failed", outcome=code, level=level, request_id=request_id, path=path, **told)


def _resource(package: str, name: str) -> str:
    # The file is data of a package that plumbing must not import.
    spec = importlib.util.find_spec(package)
    assert spec is not None, f"no package {package}"
    assert spec.submodule_search_locations, f"{package} is a module"
    return (Path(spec.submodule_search_locations[0]) / name).read_text(encoding="utf-8")
