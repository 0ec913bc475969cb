"""How much of the schema one operation may ask for: showing it is the costliest thing that needs no database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, SelectionNode

from gateway.engine.failure import Rejected, limit
from gateway.engine.operation.selection import Selected

FIELDS_MAX: Final = 1_000
"""Fields after fragments are spread; the query that tools send has some 250."""
LISTS_MAX: Final = 20
"""Lists among them, such as all types or all fields of a type; that query has 9."""

_LISTS: Final = frozenset(
    {"types", "fields", "inputFields", "args", "enumValues", "interfaces", "possibleTypes", "directives"}
)


def check(roots: tuple[Selected, ...], fragments: Mapping[str, FragmentDefinitionNode]) -> None:
    """Raises Rejected when the introspection of an operation is larger than any tool needs."""
    fields = lists = 0
    stack: list[SelectionNode] = [node for root in roots if root.name.startswith("__") for node in root.nodes]
    while stack:
        node = stack.pop()
        if isinstance(node, FragmentSpreadNode):
            stack.extend(fragments[node.name.value].selection_set.selections)
            fields += 1
        else:
            inner = getattr(node, "selection_set", None)
            if inner is not None:
                stack.extend(inner.selections)
            fields += 1
            lists += isinstance(node, FieldNode) and node.name.value in _LISTS
        if fields > FIELDS_MAX or lists > LISTS_MAX:
            raise Rejected(limit(f"Introspection may ask for {FIELDS_MAX} fields and {LISTS_MAX} lists at most."))
