"""Nodes and the edges between them, kept in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tests.support.naive.schema import Service, Side


@dataclass(frozen=True)
class Node:
    """A node; `values` holds every scalar, also the system fields that the schema does not show."""

    id: str
    kind: str
    values: dict[str, Any]

    def changed(self, values: dict[str, Any]) -> Node:
        return replace(self, values={**self.values, **values})


class World:
    """Everything that is stored for a service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.nodes: dict[str, Node] = {}
        self.of: dict[str, dict[str, Node]] = {kind.name: {} for kind in service.kinds}
        self.edges: dict[tuple[str, str], dict[str, set[str]]] = {key: {} for key in service.side}

    def copy(self) -> World:
        """A world that can be changed without changing this one."""
        other = World(self.service)
        other.nodes = dict(self.nodes)
        other.of = {kind: dict(nodes) for kind, nodes in self.of.items()}
        other.edges = {
            key: {node: set(partners) for node, partners in ends.items()} for key, ends in self.edges.items()
        }
        return other

    def put(self, node: Node) -> None:
        self.nodes[node.id] = node
        self.of[node.kind][node.id] = node

    def remove(self, node: Node) -> None:
        """Without its edges; they go first."""
        del self.nodes[node.id]
        del self.of[node.kind][node.id]

    def partners(self, side: Side, node: str) -> set[str]:
        return self.edges[side.key].get(node, _NONE)

    def partner(self, side: Side, node: str) -> str | None:
        """The one partner of a to-one side."""
        found = self.partners(side, node)
        assert len(found) <= 1, (side, node, found)
        return next(iter(found), None)

    def join(self, side: Side, node: str, partner: str) -> None:
        self.edges[side.key].setdefault(node, set()).add(partner)
        self.edges[side.opposite].setdefault(partner, set()).add(node)

    def part(self, side: Side, node: str, partner: str) -> None:
        self.edges[side.key][node].discard(partner)
        self.edges[side.opposite][partner].discard(node)


_NONE: set[str] = set()
