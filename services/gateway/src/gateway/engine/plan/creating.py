"""New nodes, and all that is created or connected below them (G 6.2)."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.model import Entity, RelationField
from gateway.engine.failure import Failed, relation_required
from gateway.engine.operation.given import Given
from gateway.engine.plan import values
from gateway.engine.plan.tree import Link
from gateway.engine.plan.writing import Row, Wanted, Writing, wanted
from gateway.engine.source import NewId, Source


def create(writing: Writing, entity: Entity, members: Mapping[str, Given], back: RelationField | None = None) -> NewId:
    """Plan a new node; `back` leads to the partner it is created below, which satisfies it. Raises Failed."""
    node = writing.ids.take()
    row = Row(entity, node, [])
    writing.made.append(row)
    shape = writing.shape(entity)
    row.assigns.extend(values.created(entity, shape.fields, members, writing.checks))
    for edge in shape.links:
        relation = edge.field
        if back is not None and relation.name == back.name:
            continue
        asked = wanted(relation, members)
        if relation.required and asked.ids is None and not asked.below:
            raise Failed(relation_required(entity.name, relation.name))
        if asked.ids is not None:
            writing.exists(edge.far, asked.ids)
            if not (asked.below and not relation.is_list):
                writing.steal(edge, asked.ids, None)
                writing.partners.claim(edge, node, asked.ids)
        below(writing, edge, node, asked)
    return node


def below(writing: Writing, edge: Link, node: Source, asked: Wanted) -> None:
    """Create the partners that a client described below a node. Raises Failed."""
    for one in asked.below:
        made = create(writing, edge.far, one.members, edge.back)
        writing.partners.claim(edge, node, made)
