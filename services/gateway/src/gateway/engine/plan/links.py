"""Relations seen from one of their sides."""

from __future__ import annotations

from typing import Literal

from contracts.model import Entity, Model, RelationField
from gateway.engine.plan.tree import Link
from gateway.engine.schema.members import opposite


def link(model: Model, near: Entity, field: RelationField) -> Link:
    """How the nodes behind a relation field are reached."""
    relation = model.relation_by_id[field.relation]
    far = model.entity_by_id[field.target]
    symmetric = relation.b_field is None
    back = opposite(model, field)
    if relation.storage == "join":
        far_side = "b" if field.side == "a" else "a"
        return Link(
            near,
            far,
            field,
            back,
            "join",
            table=relation.table or "",
            near_column=field.side,
            far_column=far_side,
            symmetric=symmetric,
        )
    keeps: Literal["near", "far"] = "near" if relation.storage == field.side else "far"
    return Link(near, far, field, back, keeps, column=relation.column or "")
