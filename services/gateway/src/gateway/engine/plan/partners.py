"""Edges claimed by one mutation: by ids and by nodes made below, in the order they are made (G 6.6).

An edge whose holder is written here stands in the holder's row. The others become changes of their own, and so do
all edges of a relation whose later ones take partners from earlier ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.model import Entity, Model, Relation, RelationField
from gateway.engine.failure import Failure, relation_required
from gateway.engine.plan.changes import Assign, Connect
from gateway.engine.plan.tree import Check, Link
from gateway.engine.source import Const, Edge, Edges, Listed, NewId, Several, Source, Var, pairs_of, reader
from gateway.engine.source.settling import Single, settled

Written = tuple[str, Source]
"""A node that is written: the id of its type, for ids of clients may be equal by mistake, and its own."""


@dataclass(slots=True)
class Claims:
    """The edges of one relation."""

    relation: Relation
    holder: Entity
    target: Entity
    holder_field: RelationField | None
    target_field: RelationField | None
    edges: list[Edge] = field(default_factory=list)

    @property
    def single(self) -> Single:
        """Which nodes have one partner only."""
        if self.relation.storage != "join":
            both = self.target_field is not None and not self.target_field.is_list
            return "both" if both else "holder"
        return "none" if self.holder_field is None or self.holder_field.is_list else "any"

    @property
    def contested(self) -> bool:
        """Whether one of the edges may take a partner from another: a client gave both places."""
        single = self.single
        if single == "none":
            return False
        known = [
            edge
            for edge in self.edges
            if not isinstance(edge.holder, NewId) or (single != "holder" and not isinstance(edge.target, NewId))
        ]
        return len(known) > 1

    @property
    def frees(self) -> bool:
        """Whether a holder may be left without partner."""
        return self.holder_field is None or not self.holder_field.required

    def check(self, variables: Mapping[str, Any]) -> Failure | None:
        """An edge that takes from another one of the same mutation what a node requires."""
        stay, lost = settled(pairs_of(Edges(tuple(self.edges)), lambda one: _token(one, variables)), self.single)
        if not lost:
            return None
        holders = {holder for holder, _, _ in stay}
        targets = {target for _, target, _ in stay}
        if self.single == "any":
            holders = targets = holders | targets
        for holder, target, _ in lost:
            if holder not in holders and self.holder_field is not None and self.holder_field.required:
                return relation_required(self.holder.name, self.holder_field.name)
            if target not in targets and self.target_field is not None and self.target_field.required:
                return relation_required(self.target.name, self.target_field.name)
        return None


@dataclass(slots=True)
class Partners:
    """All edges that one mutation claims, by relation."""

    model: Model
    claims: dict[str, Claims] = field(default_factory=dict)

    def claim(self, link: Link, near: Source, far: Source) -> None:
        """The near node gets the far one, or each of the far ones."""
        holder, target = (near, far) if _near_holds(link) else (far, near)
        self._of(link).edges.append(Edge(holder, target))

    def settle(self, written: set[Written], checks: list[Check]) -> tuple[dict[Written, list[Assign]], list[Connect]]:
        """The columns of written nodes that hold their partners, and the edges that are changes of their own."""
        columns: dict[Written, list[Assign]] = {}
        connects: list[Connect] = []
        for claims in self.claims.values():
            contested = claims.contested
            if contested:
                checks.append(claims.check)
            column = claims.relation.column
            late = contested and claims.frees
            edges: list[Edge] = []
            for edge in claims.edges:
                place = (claims.holder.id, edge.holder)
                if column is None or place not in written:
                    edges.append(edge)
                    continue
                # Until it is known who keeps the partner, nobody has it.
                partner = Const(None) if late else edge.target
                columns.setdefault(place, []).append(Assign(column, None, partner))
                if contested:
                    edges.append(Edge(edge.holder, edge.target, kept=not late))
            if not all(edge.kept for edge in edges):
                single: Single = claims.single if contested else "none"
                connects.append(Connect(claims.relation, claims.holder, Edges(tuple(edges), single), late))
        return columns, connects

    def _of(self, link: Link) -> Claims:
        found = self.claims.get(link.field.relation)
        if found is None:
            relation = self.model.relation_by_id[link.field.relation]
            near_holds = _near_holds(link)
            holder, target = (link.near, link.far) if near_holds else (link.far, link.near)
            fields = (link.field, link.back) if near_holds else (link.back, link.field)
            found = Claims(relation, holder, target, *fields)
            self.claims[relation.id] = found
        return found


def _near_holds(link: Link) -> bool:
    """Whether the near node is the one that an edge is written from: its column, or side a of a table."""
    return link.keeps == "near" or (link.keeps == "join" and link.near_column == "a")


def _token(source: Source, variables: Mapping[str, Any]) -> Any:
    """Something equal for equal nodes: ids, or the new id itself."""
    if isinstance(source, Listed):
        return [node for part in source.parts for node in _token(part, variables)]
    return reader(source)(variables) if isinstance(source, Const | Var | Several) else source
