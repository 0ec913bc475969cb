"""The root fields of Mutation -> writes (G 6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from contracts.model import Entity, Relation
from gateway.engine.failure import Failed, Failure, id_invalid
from gateway.engine.ids import well_formed
from gateway.engine.operation.given import Given, Object, Value
from gateway.engine.operation.selection import Selected
from gateway.engine.plan import relating, updating
from gateway.engine.plan.changes import Guard, Upsert, Write
from gateway.engine.plan.creating import create
from gateway.engine.plan.pages import require
from gateway.engine.plan.reading import Reading
from gateway.engine.plan.tree import Check, Count, Fixed, Many, Node, One, Output
from gateway.engine.plan.writing import NewIds, Writing
from gateway.engine.source import Holds, Input, NewId, Source


def creates(reading: Reading, ids: NewIds, entity: Entity, selected: Selected) -> Write:
    """`createBand(...)`. Raises Failed."""
    writing = Writing(reading.model, ids, reading.checks)
    node = create(writing, entity, selected.arguments)
    return writing.write(_answer(reading, entity, node, selected))


def updates(reading: Reading, ids: NewIds, entity: Entity, selected: Selected) -> Write:
    """`updateBand(id, ...)`. Raises Failed."""
    writing = Writing(reading.model, ids, reading.checks)
    node = _id(selected.arguments)
    updating.missing(writing, entity, node)
    updating.update(writing, entity, node, selected.arguments)
    return writing.write(_answer(reading, entity, node, selected))


def deletes(reading: Reading, ids: NewIds, entity: Entity, selected: Selected) -> Write:
    """`deleteBand(id)`. Raises Failed."""
    writing = Writing(reading.model, ids, reading.checks)
    node = _id(selected.arguments)
    updating.delete(writing, entity, node)
    outputs = tuple([_without_edges(output) for output in reading.outputs(entity, selected.fields)])
    return writing.write(Node(entity, entity.field_by_name["id"], node, outputs))


def upserts(reading: Reading, ids: NewIds, entity: Entity, selected: Selected) -> Upsert:
    """`updateOrCreateBand(update, create)`: only the branch that runs is judged. Raises Failed."""
    given, new = selected.arguments["update"], selected.arguments.get("create")
    assert isinstance(given, Object), "what to update is required"
    node = _id(given.members)
    require(node, lambda one: None if well_formed(one) else id_invalid(one), reading.checks)
    members = new.members if isinstance(new, Object) else {}
    update = _branch(reading, ids, lambda writing: updating.update(writing, entity, node, given.members))
    made = NewId(ids.count)
    make = _branch(reading, ids, lambda writing: create(writing, entity, members))
    return Upsert(_answer(reading, entity, node, selected), made, update, make)


def relates(reading: Reading, ids: NewIds, relation: Relation, selected: Selected, *, makes: bool) -> Write:
    """`addToBandAlbums`, `setBandManager`, or `removeFrom...`, `unset...`. Raises Failed."""
    writing = Writing(reading.model, ids, reading.checks)
    (relating.connect if makes else relating.disconnect)(writing, relation, selected)
    return writing.write(relating.payload(reading, relation, selected))


def _branch(reading: Reading, ids: NewIds, planned: Callable[[Writing], object]) -> Write:
    """One of two writes. What its values get wrong is told when it is known that it runs."""
    writing = Writing(reading.model, ids, [])
    try:
        planned(writing)
        write = writing.write(None)
    except Failed as failed:
        return Write(None, guards=(Guard("unfit", failed.failure),))
    if not writing.checks:
        return write
    check = _first(tuple(writing.checks))
    return replace(write, guards=(Guard("unfit", check, ids=Holds(check)), *write.guards))


def _first(checks: tuple[Check, ...]) -> Check:
    def check(variables: Mapping[str, Any]) -> Failure | None:
        return next((failure for one in checks if (failure := one(variables)) is not None), None)

    return check


def _answer(reading: Reading, entity: Entity, node: Source, selected: Selected) -> Node:
    return Node(entity, entity.field_by_name["id"], node, reading.outputs(entity, selected.fields))


def _id(members: Mapping[str, Given]) -> Input:
    given = members["id"]
    assert isinstance(given, Value), "the id is required"
    return given.source


def _without_edges(output: Output) -> Output:
    """A deleted node has no partners left (G 6.5); one that the schema promises is shown as it was."""
    match output:
        case Many(key=key):
            return Fixed(key, "[]")
        case Count(key=key, outputs=outputs):
            members = [f'"{one.key}":{one.json if isinstance(one, Fixed) else 0}' for one in outputs]
            return Fixed(key, f"{{{','.join(members)}}}")
        case One(key=key, rows=rows) if rows.link is not None and not rows.link.field.required:
            return Fixed(key, "null")
        case _:
            return output
