"""One mutation being planned: what its parts collect, and how that becomes a write (G 6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from contracts.model import Entity, Field, Model, RelationField
from gateway.engine.failure import NODE, Failure, no_node, relation_required
from gateway.engine.ids import well_formed
from gateway.engine.operation.given import Given, Object, Objects, Value
from gateway.engine.plan.changes import (
    Assign,
    Change,
    Column,
    Delete,
    Drop,
    Guard,
    Insert,
    Loss,
    Payload,
    Release,
    Update,
    Write,
)
from gateway.engine.plan.links import link
from gateway.engine.plan.pages import require
from gateway.engine.plan.partners import Partners, Written
from gateway.engine.plan.tree import Check, Link, Node
from gateway.engine.schema.members import by_shape, id_argument, writable
from gateway.engine.source import Const, Input, Listed, NewId, Several, Source, Var

Ids = Input | Listed
"""One id, or a list of ids."""

_ABSENT: Final = Const(None)


@dataclass(slots=True)
class NewIds:
    """The new ids that the plan of one root field gives out, in the order the nodes are made."""

    count: int = 0

    def take(self) -> NewId:
        """The next one."""
        self.count += 1
        return NewId(self.count - 1)


@dataclass(slots=True)
class Row:
    """A node that is being written: new, or the one that an update is about."""

    entity: Entity
    node: Source
    assigns: list[Assign]

    @property
    def place(self) -> Written:
        """Which node it is."""
        return self.entity.id, self.node


@dataclass(frozen=True, slots=True)
class Shape:
    """What can be set of the nodes of a type, in the order of the arguments."""

    fields: tuple[Field, ...]
    links: tuple[Link, ...]


@dataclass(slots=True)
class Asked:
    """One question about ids that several parts of a mutation name."""

    ask: Callable[[Source], Guard | Release]
    ids: list[Source]

    def whole(self) -> Any:
        """The question about all of them."""
        return self.ask(self.ids[0] if len(self.ids) == 1 else Listed(tuple(self.ids)))


@dataclass(slots=True)
class Writing:
    """What the parts of a mutation collect. The same question about several new nodes is asked once."""

    model: Model
    ids: NewIds
    checks: list[Check]
    guards: dict[tuple[object, ...], Asked | Guard] = field(default_factory=dict)
    locks: list[Guard] = field(default_factory=list)
    losses: dict[tuple[object, ...], Asked | Loss] = field(default_factory=dict)
    made: list[Row] = field(default_factory=list)
    updated: Row | None = None
    deleted: Delete | None = None
    _shapes: dict[str, Shape] = field(default_factory=dict)
    partners: Partners = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is claimed yet."""
        self.partners = Partners(self.model)

    def shape(self, entity: Entity) -> Shape:
        """What can be set of a node; worked out once, for a list can hold thousands."""
        found = self._shapes.get(entity.id)
        if found is None:
            links = [link(self.model, entity, relation) for relation in by_shape(entity)]
            found = self._shapes[entity.id] = Shape(writable(entity), tuple(links))
        return found

    def guard(self, guard: Guard) -> None:
        """Look at something before anything is written."""
        self.guards[(len(self.guards), "alone")] = guard

    def exists(self, entity: Entity, ids: Ids, refusal: Callable[[str, str], Failure] = no_node) -> None:
        """What is connected must be there and of the right type; an id that no node can have is nobody's."""
        for one in ids.parts if isinstance(ids, Listed) else (ids,):
            assert isinstance(one, Const | Var | Several), "a client names what exists"
            require(one, lambda given: _malformed(entity.name, given, refusal), self.checks)
        failure = refusal(entity.name, NODE)
        _ask(self.guards, ("absent", entity.id), lambda every: Guard("absent", failure, entity, ids=every), ids)

    def steal(self, link: Link, ids: Ids, node: Source | None) -> None:
        """The table of G 6.6, seen from who gets `ids`: whom they had, and whether they may be taken from there."""
        if not link.far_has_one or link.field.is_list:
            return
        place = (link.field.relation, link.field.side, node)
        if link.field.required:
            failure = relation_required(link.near.name, link.field.name)
            _ask(self.guards, ("stolen", *place), lambda every: Guard("stolen", failure, None, link, every, node), ids)
        elif link.keeps != "far":
            # A column at the far side is simply written over.
            _ask(self.losses, ("release", *place), lambda every: Release(link, every, node), ids)

    def replace(self, link: Link, node: Source, keep: Source | None) -> None:
        """The partners of a node that is there go, except `keep`."""
        if link.far_requires and link.back is not None:
            guard = Guard("dropped", relation_required(link.far.name, link.back.name), None, link, keep, node)
            self.guard(guard)
            if link.field.required:
                # No NOT NULL column protects two sides that require each other.
                self.locks.append(guard)
            if link.keeps != "join":
                return
        if link.keeps != "near":
            self.losses[(len(self.losses), "alone")] = Drop(link, node, keep)

    def write(self, answer: Node | Payload | None) -> Write:
        """Everything that was collected."""
        rows = [*self.made, *([self.updated] if self.updated is not None else [])]
        written = {row.place for row in rows}
        columns, connects = self.partners.settle(written, self.checks)
        changes: list[Change] = list(self._inserts(columns))
        if self.updated is not None:
            assigns = [*self.updated.assigns, *columns.get(self.updated.place, ())]
            # A node that becomes its own partner from one side may have let go of a partner at the other.
            last = {one.column: one for one in assigns}
            if last:
                changes.append(Update(self.updated.entity, self.updated.node, tuple(last.values())))
        if self.deleted is not None:
            changes.append(self.deleted)
        return Write(
            answer,
            tuple([one.whole() if isinstance(one, Asked) else one for one in self.guards.values()]),
            tuple(self.locks),
            tuple([one.whole() if isinstance(one, Asked) else one for one in self.losses.values()]),
            (*changes, *connects),
        )

    def _inserts(self, columns: dict[Written, list[Assign]]) -> list[Insert]:
        """One per type: a new node that sets nothing where another sets something has null there, as if left out."""
        by_entity: dict[str, list[Row]] = {}
        for row in self.made:
            row.assigns.extend(columns.get(row.place, ()))
            by_entity.setdefault(row.entity.id, []).append(row)
        inserts: list[Insert] = []
        for rows in by_entity.values():
            kinds = {one.column: Column(one.column, one.field) for row in rows for one in row.assigns}
            values: list[tuple[Source, ...]] = []
            for row in rows:
                given = {one.column: one.value for one in row.assigns}
                values.append((row.node, *[given.get(name, _ABSENT) for name in kinds]))
            inserts.append(Insert(rows[0].entity, tuple(kinds.values()), tuple(values)))
        return inserts


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client gave for one relation: partners by id, and partners to be made."""

    ids: Ids | None
    below: tuple[Object, ...]
    given: bool
    """Whether it was named at all, be it with null."""


def wanted(relation: RelationField, members: Mapping[str, Given]) -> Wanted:
    """Both arguments of a relation. Of a single partner the one to be made is taken, when there are two."""
    by_id, below = members.get(id_argument(relation)), members.get(relation.name)
    ids: Ids | None = None
    if isinstance(by_id, Value):
        ids = Listed((by_id.source,)) if relation.is_list else by_id.source
    match below:
        case Object():
            made: tuple[Object, ...] = (below,)
        case Objects(items=items):
            made = items
        case _:
            made = ()
    return Wanted(ids, made, by_id is not None or below is not None)


def _ask(
    known: dict[tuple[object, ...], Any], key: tuple[object, ...], ask: Callable[[Source], Any], ids: Source
) -> None:
    asked = known.setdefault(key, Asked(ask, []))
    asked.ids.append(ids)


def _malformed(entity: str, given: Any, refusal: Callable[[str, str], Failure]) -> Failure | None:
    """An id that is too long for an index must not even reach it."""
    nodes = given if isinstance(given, (list, tuple)) else (given,)
    return next((refusal(entity, node) for node in nodes if node is not None and not well_formed(node)), None)
