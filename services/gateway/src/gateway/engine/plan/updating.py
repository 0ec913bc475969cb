"""A node that is there gets values and partners, or goes (G 6.3, 6.5)."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.model import Entity
from gateway.engine.failure import NODE, Failed, id_invalid, no_item, relation_required
from gateway.engine.ids import well_formed
from gateway.engine.operation.given import Given
from gateway.engine.plan import values
from gateway.engine.plan.changes import Assign, Delete, Guard
from gateway.engine.plan.creating import below
from gateway.engine.plan.pages import require
from gateway.engine.plan.tree import Link
from gateway.engine.plan.writing import Row, Wanted, Writing, wanted
from gateway.engine.source import Const, Input


def update(writing: Writing, entity: Entity, node: Input, members: Mapping[str, Given]) -> None:
    """Plan the change of a node. Raises Failed."""
    row = writing.updated = Row(entity, node, [])
    shape = writing.shape(entity)
    row.assigns.extend(values.updated(entity, shape.fields, members, writing.checks))
    for edge in shape.links:
        asked = wanted(edge.field, members)
        if asked.given:
            _partners(writing, row, edge, asked)


def missing(writing: Writing, entity: Entity, node: Input) -> None:
    """The node must be there."""
    writing.guard(Guard("missing", no_item(entity.name, NODE), entity, node=node))


def delete(writing: Writing, entity: Entity, node: Input) -> None:
    """Plan the end of a node: refused when a partner would lose what it requires. Raises Failed."""
    require(node, lambda given: None if well_formed(given) else id_invalid(given), writing.checks)
    missing(writing, entity, node)
    writing.deleted = Delete(entity, node)
    for edge in writing.shape(entity).links:
        if edge.far_requires and edge.back is not None:
            guard = Guard("kept", relation_required(edge.far.name, edge.back.name), None, edge, node=node)
            writing.guard(guard)
            if edge.field.required:
                writing.locks.append(guard)


def _partners(writing: Writing, row: Row, edge: Link, asked: Wanted) -> None:
    """What is given replaces all partners that were there (G 6.3)."""
    relation = edge.field
    if relation.required and asked.ids is None and not asked.below:
        raise Failed(relation_required(row.entity.name, relation.name))
    ids = asked.ids
    if ids is not None:
        writing.exists(edge.far, ids)
        if asked.below and not relation.is_list:
            ids = None
        else:
            writing.steal(edge, ids, row.node)
    writing.replace(edge, row.node, ids)
    if ids is not None:
        writing.partners.claim(edge, row.node, ids)
    elif edge.keeps == "near" and not asked.below:
        row.assigns.append(Assign(edge.column, None, Const(None)))
    below(writing, edge, row.node, asked)
