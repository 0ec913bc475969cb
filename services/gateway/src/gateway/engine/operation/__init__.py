"""Text and variables -> one validated, flattened, bounded operation.

In order of flow: `skim` (sizes of the bare text), `leaves` (single values), `variables` (coerced values and their
shape), `document` (parse and validate), `given` (arguments whose values know their source), `selection` (fragments and
directives flattened), `introspection` (bounded apart).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from graphql import GraphQLObjectType, GraphQLSchema

from gateway.domain.bounds import Limits
from gateway.engine.failure import Rejected, invalid, limit
from gateway.engine.operation import introspection
from gateway.engine.operation.document import Declared, Document
from gateway.engine.operation.selection import Flattening, Selected


@dataclass(frozen=True, slots=True)
class Operation:
    """What the client wants, with every reference resolved; the plan never looks at the document again."""

    kind: Literal["query", "mutation"]
    name: str | None
    roots: tuple[Selected, ...]


def chosen(document: Document, name: str | None) -> Declared:
    """The operation a request runs. Raises Rejected."""
    if not name:
        if len(document.operations) == 1:
            return document.operations[0]
        raise Rejected(invalid("The document holds several operations: say which one with operationName."))
    for one in document.operations:
        if one.node.name is not None and one.node.name.value == name:
            return one
    raise Rejected(invalid(f"The document has no operation named '{name}'."))


def flatten(
    schema: GraphQLSchema, document: Document, declared: Declared, values: Mapping[str, Any], limits: Limits
) -> Operation:
    """The operation for one shape of variables. Raises Rejected."""
    node = declared.node
    kind = node.operation.value
    if kind == "subscription":
        raise Rejected(invalid("Subscriptions are not available here."))
    root = schema.mutation_type if kind == "mutation" else schema.query_type
    assert isinstance(root, GraphQLObjectType), "validation refuses an operation without root type"
    roots = Flattening(schema, document.fragments, values, limits).select(root, (node.selection_set,))
    if len(roots) > limits.roots:
        raise Rejected(limit(f"The operation has {len(roots)} root fields; {limits.roots} are allowed."))
    if declared.introspects:
        introspection.check(roots, document.fragments)
    return Operation("mutation" if kind == "mutation" else "query", node.name.value if node.name else None, roots)
