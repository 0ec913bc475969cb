"""Operation + Model -> plans: trees of reads and writes (G 5, 6).

In order of flow: `tree` (what reads are made of), `links` (relations from one side), `filters`, `pages`, `reading`;
`changes` (what writes are made of), `values` (scalars), `partners` (edges), `writing` (what one mutation collects),
`creating`, `updating`, `relating` (its parts by verb), `mutations` (its root fields); `cost` (nodes before anything
runs). `plan` makes the plan of one root field.
"""

from __future__ import annotations

from typing import Literal, assert_never

from contracts.model import Entity
from gateway.engine.operation.selection import Selected
from gateway.engine.plan import mutations
from gateway.engine.plan.changes import Planned, Upsert, Write
from gateway.engine.plan.reading import Reading
from gateway.engine.plan.tree import Read
from gateway.engine.plan.writing import NewIds
from gateway.engine.schema.members import Vocabulary
from gateway.engine.schema.types import RootField


def plan(words: Vocabulary, meaning: RootField, selected: Selected) -> Planned:
    """The plan of a root field. Raises Failed for what only this field gets wrong, Rejected for the whole operation."""
    reading, ids = Reading(words), NewIds()
    tree = _tree(reading, ids, meaning, selected)
    return Planned(tree, tuple(reading.checks), ids.count)


def _tree(reading: Reading, ids: NewIds, meaning: RootField, selected: Selected) -> Read | Write | Upsert:
    if meaning.entity is None:
        return reading.node(selected)
    entity = reading.model.entity_by_id[meaning.entity]
    if meaning.relation is not None:
        relation = reading.model.relation_by_id[meaning.relation]
        return mutations.relates(reading, ids, relation, selected, makes=meaning.verb in ("set", "add"))
    match meaning.verb:
        case "list":
            return reading.every(entity, selected)
        case "count":
            return reading.count(entity, selected)
        case "create" | "update" | "upsert" | "delete":
            return _write(reading, ids, meaning.verb, entity, selected)
        case _:
            return reading.single(entity, selected)


def _write(
    reading: Reading,
    ids: NewIds,
    verb: Literal["create", "update", "upsert", "delete"],
    entity: Entity,
    selected: Selected,
) -> Write | Upsert:
    match verb:
        case "create":
            return mutations.creates(reading, ids, entity, selected)
        case "update":
            return mutations.updates(reading, ids, entity, selected)
        case "upsert":
            return mutations.upserts(reading, ids, entity, selected)
        case "delete":
            return mutations.deletes(reading, ids, entity, selected)
        case _:
            assert_never(verb)
