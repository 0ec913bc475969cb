"""An operation and a world: what is answered, and what is stored afterwards (G 5 - 7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from tests.support.naive.asked import Operation, Pick, arguments, fits
from tests.support.naive.changing import Change, NewIds
from tests.support.naive.memory import World
from tests.support.naive.reading import Fault, objections, root, shown
from tests.support.naive.schema import Service, Side

VERBS: Final = ("updateOrCreate", "create", "update", "delete", "addTo", "removeFrom", "set", "unset")


@dataclass
class Expected:
    """What an answer must be."""

    world: World
    refused: bool = False
    """Before anything is executed, without a code."""
    data: dict[str, Any] | None = field(default_factory=dict)
    faults: list[tuple[str, list[Fault]]] = field(default_factory=list)
    """The root fields that fail, in order, each with the faults of which one is told."""
    open: list[str] = field(default_factory=list)
    """Why the rules leave the outcome open, if they do."""


def expected(world: World, operation: Operation, moments: list[str], ids: NewIds) -> Expected:
    """What an operation answers; `moments` are the times of its root fields. The world itself is left alone."""
    if not fits(operation):
        return Expected(world, refused=True, data=None)
    said = Expected(world)
    nothing_left = False
    nothing: list[Fault] = []
    value: Any
    for pick, now in zip(operation.roots, moments, strict=True):
        if pick.name == "__typename":
            value, faults = operation.verb.capitalize(), nothing
        elif operation.verb == "query":
            value, faults = root(said.world, pick)
        else:
            value, faults, ids = _changed(said, pick, now, ids)
        if faults:
            said.faults.append((pick.key, faults))
            value = None
            nothing_left |= operation.verb == "query" and (pick.name.startswith(("all", "_all")))
        assert said.data is not None
        said.data[pick.key] = value
    if nothing_left:
        said.data = None
    return said


def relation_arguments(sides: tuple[Side, Side]) -> tuple[str, str]:
    """How the nodes of side A and of side B are called in a relation mutation (G 6.6)."""
    a, b = sides
    if a.symmetric:
        return f"{a.name}1{a.other}", f"{a.name}2{a.other}"
    return f"{b.name}{b.other}", f"{a.name}{a.other}"


def meant(service: Service, name: str) -> tuple[str, str]:
    """The verb of a mutation, and the type or the relation that it is about."""
    verb = next(
        verb
        for verb in VERBS
        if name.startswith(verb)
        and name.removeprefix(verb) in (service.relations if verb in VERBS[4:] else service.kind)
    )
    return verb, name.removeprefix(verb)


def _changed(said: Expected, pick: Pick, now: str, ids: NewIds) -> tuple[Any, list[Fault], NewIds]:
    change = Change(said.world.copy(), ids.copy(), now)
    change.faults += objections(said.world, pick)
    verb, about = meant(said.world.service, pick.name)
    value = _relation(change, verb, about, pick) if verb in VERBS[4:] else _node(said, change, verb, pick, about)
    if change.open:
        said.open += change.open
    if change.faults:
        return None, change.faults, ids
    said.world = change.world
    return value, [], change.ids


def _node(said: Expected, change: Change, verb: str, pick: Pick, about: str) -> Any:
    kind, given = change.service.kind[about], arguments(pick)
    if verb == "delete":
        gone = change.delete(kind, given)
        change.settle()
        if gone is None or change.faults:
            return None
        node, promised = gone
        # Its edges are gone, but a field that is never null still shows whom it promised, as it was.
        promises = {side.name: said.world.nodes[partner] for side, partner in promised}
        return {
            one.key: shown(said.world, promises[one.name], one.picks)
            if one.name in promises
            else shown(change.world, node, [one])[one.key]
            for one in pick.picks
        }
    verbs = {"create": change.create, "update": change.update, "updateOrCreate": change.update_or_create}
    made = verbs[verb](kind, given)
    change.settle()
    return None if made is None or change.faults else shown(change.world, change.world.nodes[made], pick.picks)


def _relation(change: Change, verb: str, about: str, pick: Pick) -> Any:
    sides, given = change.service.relations[about], arguments(pick)
    names = relation_arguments(sides)
    nodes = given[f"{names[0]}Id"], given[f"{names[1]}Id"]
    change.relation(verb, sides, nodes)
    change.settle()
    if change.faults:
        return None
    found = dict(zip(names, nodes, strict=True))
    return {
        one.key: pick.name[0].upper() + pick.name[1:] + "Payload"
        if one.name == "__typename"
        else shown(change.world, change.world.nodes[found[one.name]], one.picks)
        for one in pick.picks
    }
