"""Operation + Model -> plans: trees of reads and writes (G 5, 6).

In order of flow: `tree` (what a plan is made of), `links` (relations from one side), `filters`, `pages`, `reading`,
`writing`, `cost` (nodes before anything runs). `plan` makes the plan of one root field.
"""

from __future__ import annotations

from gateway.engine.operation.selection import Selected
from gateway.engine.plan.reading import Reading
from gateway.engine.plan.tree import Planned, Read, Write
from gateway.engine.plan.writing import Writing
from gateway.engine.schema.members import Vocabulary
from gateway.engine.schema.types import RootField


def plan(words: Vocabulary, meaning: RootField, selected: Selected) -> Planned:
    """The plan of a root field. Raises Failed for what only this field gets wrong, Rejected for the whole operation."""
    reading = Reading(words)
    tree = _tree(reading, meaning, selected)
    return Planned(tree, tuple(reading.checks), ids=1 if meaning.verb == "create" else 0)


def _tree(reading: Reading, meaning: RootField, selected: Selected) -> Read | Write:
    if meaning.entity is None:
        return reading.node(selected)
    entity = reading.model.entity_by_id[meaning.entity]
    match meaning.verb:
        case "list":
            return reading.every(entity, selected)
        case "count":
            return reading.count(entity, selected)
        case "create":
            return Writing(reading, entity).create(selected)
        case "update":
            return Writing(reading, entity).update(selected)
        case "delete":
            return Writing(reading, entity).delete(selected)
        case _:
            return reading.single(entity, selected)
