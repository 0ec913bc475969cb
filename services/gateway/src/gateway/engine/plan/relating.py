"""One edge is made or unmade: `addTo`, `set`, `removeFrom` and `unset` of a relation (G 6.6)."""

from __future__ import annotations

from contracts.model import Relation
from gateway.engine.failure import node_not_found
from gateway.engine.operation.given import Value
from gateway.engine.operation.selection import Selected
from gateway.engine.plan.changes import Drop, Payload
from gateway.engine.plan.links import link
from gateway.engine.plan.reading import Reading
from gateway.engine.plan.tree import Fixed, Node
from gateway.engine.plan.writing import Writing
from gateway.engine.schema.members import ends
from gateway.engine.source import Input


def connect(writing: Writing, relation: Relation, selected: Selected) -> None:
    """Both nodes let go of other partners where they can have one only, then they are partners. Raises Failed."""
    a, b = ends(writing.model, relation)
    a_node, b_node = _given(selected, a.argument), _given(selected, b.argument)
    for end, node in ((b, b_node), (a, a_node)):
        writing.exists(end.entity, node)
    for end, node, other in ((a, a_node, b_node), (b, b_node, a_node)):
        if not end.field.is_list:
            writing.replace(link(writing.model, end.entity, end.field), node, other)
    writing.partners.claim(link(writing.model, a.entity, a.field), a_node, b_node)


def disconnect(writing: Writing, relation: Relation, selected: Selected) -> None:
    """The nodes are no partners any more, if they were. Raises Failed."""
    a, b = ends(writing.model, relation)
    a_node, b_node = _given(selected, a.argument), _given(selected, b.argument)
    for end, node in ((b, b_node), (a, a_node)):
        writing.exists(end.entity, node, node_not_found)
    writing.losses[("part",)] = Drop(link(writing.model, a.entity, a.field), a_node, only=b_node)


def payload(reading: Reading, relation: Relation, selected: Selected) -> Payload:
    """Both nodes, as they are afterwards."""
    members: list[tuple[str, Node] | Fixed] = []
    by_name = {end.name: end for end in ends(reading.model, relation)}
    for one in selected.fields:
        end = by_name.get(one.name)
        if end is None:
            name = f"{selected.name[0].upper()}{selected.name[1:]}Payload"
            members.append(Fixed(one.key, f'"{name}"'))
            continue
        node = _given(selected, end.argument)
        outputs = reading.outputs(end.entity, one.fields)
        members.append((one.key, Node(end.entity, end.entity.field_by_name["id"], node, outputs)))
    return Payload(tuple(members))


def _given(selected: Selected, argument: str) -> Input:
    given = selected.arguments[argument]
    assert isinstance(given, Value), "both ids are required"
    return given.source
