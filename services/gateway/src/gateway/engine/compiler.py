"""The one file that runs the stages: a request in, a call or a refusal out, with what was compiled kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionSetNode,
    execute_sync,
    get_introspection_query,
)

from contracts.model import Model
from gateway.domain.bounds import Limits
from gateway.engine.answer import Constraint, constraints, explain, judge
from gateway.engine.cache import Lru
from gateway.engine.call import Again, Call, Request, Root
from gateway.engine.failure import Failed, Failure, Refusal, Rejected, invalid, limit
from gateway.engine.operation import Operation, chosen, flatten
from gateway.engine.operation.document import Declared, Document, read
from gateway.engine.operation.selection import Selected
from gateway.engine.operation.variables import Shape, coerced, refused
from gateway.engine.plan import plan
from gateway.engine.plan.cost import Cost, cost
from gateway.engine.plan.tree import Check
from gateway.engine.schema import Generated, generate
from gateway.engine.sql import node, refusals, statements

INTROSPECTION: Final = get_introspection_query(descriptions=True)
"""The operation by which tools learn a schema."""
_DOCUMENT_FACTOR: Final = 110
"""Bytes that a parsed document takes per character of its text, roughly."""
_PLAN_BYTES: Final = 2_000
"""Bytes that a plan takes beside its statements' text, roughly."""
_SLOW_CHARACTERS: Final = 10_000
"""A longer document takes tens of milliseconds to parse and validate."""
_REFUSAL_BYTES: Final = 500
"""Bytes that a refusal takes per failure, roughly."""
_REFUSED_SHARE: Final = 16
"""One part in so many of the memory holds refused documents."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A model, ready to compile against; shared by every environment that serves it."""

    model: Model
    sha: str
    generated: Generated
    constraints: dict[str, Constraint]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """One operation for one shape of variables."""

    kind: Any
    name: str | None
    roots: tuple[Root, ...]
    checks: tuple[tuple[int, Check], ...]
    """Root number and what its variables must satisfy."""
    costs: tuple[tuple[int, Cost], ...]
    """Root number and how many nodes it may return."""


def prepare(model: Model, sha: str) -> Prepared:
    """Generate the schema of a model. `sha` is the digest of its document. Slow for hundreds of types: use a thread."""
    return Prepared(model, sha, generate(model), constraints(model))


def introspects(text: str) -> bool:
    """Whether a text may ask for the schema itself, which is slow the first time."""
    return "__schema" in text or "__type" in text.replace("__typename", "")


def slow(text: str) -> bool:
    """Whether compiling a text for the first time may hold everybody else up: use a thread."""
    return len(text) > _SLOW_CHARACTERS or introspects(text)


@dataclass(slots=True)
class Engine:
    """The compiler of one environment, with its caches; all are bounded by bytes, because clients choose the keys."""

    prepared: Prepared
    bytes_max: int = 32_000_000
    limits: Limits = field(default_factory=Limits)
    learned: Callable[[str, str], None] | None = None
    """Told the text and the digest of every document that was not known and is valid."""
    documents: Lru[str, Document] = field(init=False)
    refusals: Lru[str, Refusal] = field(init=False)
    plans: Lru[tuple[Any, ...], _Compiled] = field(init=False)

    def __post_init__(self) -> None:
        """Share the memory out."""
        part = self.bytes_max // _REFUSED_SHARE
        self.refusals = Lru(part)
        self.documents = Lru((self.bytes_max - part) // 2)
        self.plans = Lru((self.bytes_max - part) // 2)

    def call(self, request: Request) -> Call | Refusal:
        """Compile a request, or say why not. The key of a plan is document, operation and shape of the variables."""
        try:
            return self._call(request)
        except Rejected as rejected:
            return rejected.refusal

    def explain(self, sqlstate: str, constraint: str | None, detail: str | None) -> Failure | Again | None:
        """What an SQL error means; None for one that nobody expects."""
        return explain(self.prepared.constraints, sqlstate, constraint, detail)

    def judge(self, root: Root, verdict: str, variables: Mapping[str, Any]) -> Failure | Again:
        """What an error of the state `OBJECTION` means; `verdict` is its message."""
        return judge(root, verdict, variables)

    def _call(self, request: Request) -> Call:
        document = self._document(request.text)
        declared = chosen(document, request.operation)
        given = request.variables or {}
        try:
            values, shape = coerced(declared.variables, given, self.limits)
        except GraphQLError as error:
            schema = self.prepared.generated.schema
            raise refused(schema, declared.node, given, error, self.limits) from error
        key = (document.digest, request.operation, shape, _exact(declared, values))
        compiled = self.plans.get(key)
        if compiled is None:
            compiled = self._compile(document, declared, values, given)
            self.plans.put(key, compiled, _size(compiled, shape))
        return _bound(compiled, values, document.digest, self.limits.nodes)

    def _document(self, text: str) -> Document:
        document = self.documents.get(text)
        if document is not None:
            return document
        refusal = self.refusals.get(text)
        if refusal is not None:
            raise Rejected(refusal)
        try:
            document = read(text, self.prepared.generated.schema, self.limits)
        except Rejected as rejected:
            size = len(text) + _REFUSAL_BYTES * len(rejected.refusal.failures)
            self.refusals.put(text, rejected.refusal, size)
            raise
        self.documents.put(text, document, _DOCUMENT_FACTOR * len(text))
        if self.learned is not None:
            self.learned(text, document.digest)
        return document

    def _compile(
        self, document: Document, declared: Declared, values: Mapping[str, Any], given: Mapping[str, Any]
    ) -> _Compiled:
        operation = flatten(self.prepared.generated.schema, document, declared, values, self.limits)
        roots: list[Root] = []
        checks: list[tuple[int, Check]] = []
        costs: list[tuple[int, Cost]] = []
        for number, selected in enumerate(operation.roots):
            if selected.name.startswith("__"):
                roots.append(self._constant(operation, selected, document, declared, given))
                continue
            root, its_checks, its_cost = self._root(operation, selected)
            roots.append(root)
            checks.extend((number, check) for check in its_checks)
            if its_cost is not None:
                costs.append((number, its_cost))
        written = sum([root.ids for root in roots])
        if written > self.limits.written:
            allowed = self.limits.written
            message = f"The operation could create {written} nodes; {allowed} are allowed. Send fewer at once."
            raise Rejected(limit(message))
        return _Compiled(operation.kind, operation.name, tuple(roots), tuple(checks), tuple(costs))

    def _root(self, operation: Operation, selected: Selected) -> tuple[Root, tuple[Check, ...], Cost | None]:
        generated = self.prepared.generated
        meaning = (generated.queries if operation.kind == "query" else generated.mutations)[selected.name]
        root = Root(
            selected.key,
            "read" if operation.kind == "query" else "write",
            required=meaning.verb in ("list", "count"),
            location=selected.location,
            entity=self.prepared.model.entity_by_id[meaning.entity].name if meaning.entity else None,
        )
        if meaning.verb == "user":
            # No credential makes its caller a node of the service, so nobody is one (G 5.1).
            return replace(root, kind="constant", constant="null"), (), None
        try:
            planned = plan(generated.vocabulary, meaning, selected)
        except Failed as failed:
            return replace(root, kind="constant", failure=failed.failure), (), None
        tree = planned.tree
        root = replace(
            root,
            statements=statements(tree, self.prepared.sha, self.limits.response_bytes),
            refusals=refusals(tree),
            node=node(tree),
            ids=planned.ids,
        )
        return root, planned.checks, cost(tree)

    def _constant(
        self,
        operation: Operation,
        selected: Selected,
        document: Document,
        declared: Declared,
        given: Mapping[str, Any],
    ) -> Root:
        if selected.name == "__typename":
            name = "Query" if operation.kind == "query" else "Mutation"
            return Root(selected.key, "constant", constant=f'"{name}"', location=selected.location, required=True)
        shown_alone = OperationDefinitionNode(
            operation=declared.node.operation,
            name=declared.node.name,
            variable_definitions=declared.node.variable_definitions,
            directives=(),
            selection_set=SelectionSetNode(selections=selected.nodes),
        )
        fragments = [one for one in document.node.definitions if isinstance(one, FragmentDefinitionNode)]
        result = execute_sync(
            self.prepared.generated.schema,
            DocumentNode(definitions=(shown_alone, *fragments)),
            variable_values=dict(given),
        )
        if result.errors or result.data is None:
            message = result.errors[0].message if result.errors else "The schema cannot be shown."
            raise Rejected(invalid(message, selected.location))
        shown = orjson.dumps(result.data[selected.key]).decode()
        return Root(selected.key, "constant", constant=shown, location=selected.location)


def _bound(compiled: _Compiled, values: Mapping[str, Any], digest: str, nodes_max: int) -> Call:
    """The compiled operation with this request's values: checked and counted."""
    roots = compiled.roots
    failures: dict[int, Failure] = {}
    for number, check in compiled.checks:
        if number not in failures:
            failure = check(values)
            if failure is not None:
                failures[number] = failure
    if failures:
        roots = tuple(
            [
                replace(root, kind="constant", failure=failures[number]) if number in failures else root
                for number, root in enumerate(roots)
            ]
        )
    nodes = sum([count(values) for number, count in compiled.costs if number not in failures])
    if nodes > nodes_max:
        message = f"The operation could return {nodes} nodes; {nodes_max} are allowed. Ask for less with 'first'."
        raise Rejected(limit(message))
    return Call(compiled.kind, compiled.name, roots, values, nodes, digest)


def _exact(declared: Declared, values: Mapping[str, Any]) -> str | None:
    """Introspection is answered when it is compiled, so there every value belongs to the key."""
    return repr(values) if declared.introspects else None


def _size(compiled: _Compiled, shape: Shape) -> int:
    size = _PLAN_BYTES + 60 * len(shape)
    for root in compiled.roots:
        size += _PLAN_BYTES + len(root.constant or "")
        size += sum([len(one.sql) + 300 * max(len(one.getters), one.places) for one in root.statements])
    return size
