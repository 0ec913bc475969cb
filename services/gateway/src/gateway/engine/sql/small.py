"""Which reads are known to be small, whatever the data: they may stand before others on one connection.

A node by a unique value, and a short page at the beginning of an index, each with to-one relations. Whatever filters,
counts, skips or sorts can take as long as there are rows.
"""

from __future__ import annotations

from typing import Final

from contracts.model import Scalar
from gateway.engine.plan.tree import AnyNode, Fixed, Many, Node, One, Order, Output, Page, Read, Rows, Stored
from gateway.engine.source import Const

ROWS_MAX: Final = 50
"""Nodes of a list, with the nodes they are related to."""


def small(tree: Read) -> bool:
    """Whether a read touches few rows, all of them by an index."""
    match tree:
        case Node(outputs=outputs):
            return _nodes(outputs) <= ROWS_MAX
        case AnyNode(choices=choices):
            return sum([_nodes(outputs) for _, outputs in choices]) <= ROWS_MAX
        case Many(rows=rows, outputs=outputs):
            return _length(rows) * _nodes(outputs) <= ROWS_MAX
        case _:
            return False


def _nodes(outputs: tuple[Output, ...]) -> int:
    """Rows looked up for one node; more than is small when nobody can say."""
    nodes = 1
    for output in outputs:
        match output:
            case Stored() | Fixed():
                pass
            case One(rows=Rows(condition=None), outputs=inner):
                nodes += _nodes(inner)
            case _:
                return ROWS_MAX + 1
    return nodes


def _length(rows: Rows) -> int:
    """Rows of a list's page; more than is small when it takes more than a walk along an index."""
    page = rows.page or Page()
    plain = rows.condition is None and page.skip is None and page.before is None and page.after is None
    if plain and _walked(rows.order) and isinstance(page.limit, Const):
        return int(page.limit.value)
    return ROWS_MAX + 1


def _walked(order: Order | None) -> bool:
    """Whether an index has exactly this order: ascending keys with ties by id, or keys without ties."""
    if order is None or order.field.scalar is Scalar.JSON:
        return False
    field = order.field
    if field.column == "id" or (field.unique and field.required):
        return True
    return not order.descending and (field.indexed or (field.unique and field.scalar is Scalar.STRING))
