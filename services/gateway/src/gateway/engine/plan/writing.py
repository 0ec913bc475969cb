"""Mutations -> writes: columns to set, what must not be, and which edges change (G 6.2 - 6.6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from contracts.model import Entity, Field, Model, RelationField, Scalar
from gateway.engine.failure import (
    NODE,
    Failed,
    Failure,
    cannot_be_null,
    id_invalid,
    no_item,
    no_node,
    null_input,
    relation_required,
    too_long,
)
from gateway.engine.ids import well_formed
from gateway.engine.operation.given import Given, Null, Value
from gateway.engine.operation.selection import Selected
from gateway.engine.plan.links import link
from gateway.engine.plan.pages import require
from gateway.engine.plan.reading import Reading
from gateway.engine.plan.tree import Assign, Count, Effect, Fixed, Guard, Link, Many, Node, One, Output, Write
from gateway.engine.schema.members import id_argument, writable
from gateway.engine.schema.scalars import moment
from gateway.engine.source import Const, Input, NewId, Source

TEXT_CHARACTERS_MAX: Final = 262_144
FLOAT_CHARACTERS_MAX: Final = 35


@dataclass(slots=True)
class Writing:
    """One mutation field being planned."""

    reading: Reading
    entity: Entity
    assigns: list[Assign] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)
    before: list[Effect] = field(default_factory=list)
    after: list[Effect] = field(default_factory=list)
    locks: bool = False

    @property
    def model(self) -> Model:
        """The model that is written to."""
        return self.reading.model

    def create(self, selected: Selected) -> Write:
        """`createBand(...)`. Raises Failed."""
        node = NewId(0)
        for stored in writable(self.entity):
            given = selected.arguments.get(stored.name)
            if given is None:
                if stored.has_default:
                    self.assigns.append(Assign(stored.column, stored, Const(stored_default(stored))))
            elif isinstance(given, Null):
                if stored.required:
                    raise Failed(null_input(self.entity.name, stored.name))
                self.assigns.append(Assign(stored.column, stored, Const(None)))
            else:
                self._assign(stored, given)
        for relation in self.entity.relations:
            given = selected.arguments.get(id_argument(relation))
            if isinstance(given, Value):
                self._connect(relation, given.source, existing=False)
            elif relation.required:
                raise Failed(relation_required(self.entity.name, relation.name))
        return self._write("create", node, selected)

    def update(self, selected: Selected) -> Write:
        """`updateBand(id, ...)`. Raises Failed."""
        node = self._id(selected)
        self._missing()
        for stored in writable(self.entity):
            given = selected.arguments.get(stored.name)
            if isinstance(given, Null):
                if stored.required:
                    raise Failed(cannot_be_null(self.entity.name, stored.name))
                self.assigns.append(Assign(stored.column, stored, Const(None)))
            elif given is not None:
                self._assign(stored, given)
        for relation in self.entity.relations:
            given = selected.arguments.get(id_argument(relation))
            if given is None:
                continue
            if isinstance(given, Value):
                self._connect(relation, given.source, existing=True)
            elif relation.required:
                raise Failed(relation_required(self.entity.name, relation.name))
            else:
                self._disconnect(relation)
        return self._write("update", node, selected)

    def delete(self, selected: Selected) -> Write:
        """`deleteBand(id)`: refused when a partner would lose what it requires. Raises Failed."""
        node = self._id(selected)
        require(node, lambda given: None if well_formed(given) else id_invalid(given), self.reading.checks)
        self._missing()
        for relation in self.entity.relations:
            edge = link(self.model, self.entity, relation)
            if edge.far_requires and edge.back is not None:
                failure = relation_required(edge.far.name, edge.back.name)
                self.guards.append(Guard("kept", failure, edge))
                self.locks = self.locks or _both_require(edge)
        return self._write("delete", node, selected)

    def _write(self, verb: Any, node: Source, selected: Selected) -> Write:
        outputs = self.reading.outputs(self.entity, selected.fields)
        if verb == "delete":
            outputs = tuple([_without_edges(output) for output in outputs])
        answer = Node(self.entity, self.entity.field_by_name["id"], node, outputs)
        return Write(
            verb,
            self.entity,
            node,
            tuple(self.assigns),
            tuple(self.guards),
            tuple(self.before),
            tuple(self.after),
            answer,
            self.locks,
        )

    def _id(self, selected: Selected) -> Input:
        given = selected.arguments["id"]
        assert isinstance(given, Value), "the id is required"
        return given.source

    def _missing(self) -> None:
        self.guards.append(Guard("missing", no_item(self.entity.name, NODE)))

    def _assign(self, stored: Field, given: Given) -> None:
        assert isinstance(given, Value), "a scalar argument holds a value"
        if isinstance(given.source, Const) and given.source.length > FLOAT_CHARACTERS_MAX:
            raise Failed(too_long(stored.name))
        if stored.is_list or stored.scalar in (Scalar.STRING, Scalar.JSON):
            require(given.source, lambda value: _length_failure(stored, value), self.reading.checks)
        self.assigns.append(Assign(stored.column, stored, given.source))

    def _connect(self, relation: RelationField, ids: Input, *, existing: bool) -> None:
        """The table of G 6.6: what connecting takes away, and from whom it may not."""
        edge = link(self.model, self.entity, relation)
        require(ids, lambda given: _partner_failure(edge.far.name, given), self.reading.checks)
        only_column = edge.keeps == "near" and not edge.far_has_one
        if not only_column:
            # A column that nobody shares is protected by its foreign key alone.
            self.guards.append(Guard("unconnectable", no_node(edge.far.name, NODE), edge, ids))
        if edge.far_has_one and not relation.is_list:
            if relation.required:
                taken = relation_required(self.entity.name, relation.name)
                self.guards.append(Guard("stolen", taken, edge, ids))
            else:
                self.before.append(Effect("release", edge, ids))
        if existing:
            self._replace(edge, ids)
        self.locks = self.locks or _both_require(edge)
        if edge.keeps == "near":
            self.assigns.append(Assign(edge.column, None, ids))
        else:
            self.after.append(Effect("connect", edge, ids))

    def _disconnect(self, relation: RelationField) -> None:
        edge = link(self.model, self.entity, relation)
        self._replace(edge, None)
        if edge.keeps == "near":
            self.assigns.append(Assign(edge.column, None, Const(None)))

    def _replace(self, edge: Link, ids: Input | None) -> None:
        if edge.far_requires and edge.back is not None:
            self.guards.append(Guard("dropped", relation_required(edge.far.name, edge.back.name), edge, ids))
            if edge.keeps != "join":
                return
        if edge.keeps != "near":
            self.after.append(Effect("drop", edge, ids))


def stored_default(stored: Field) -> Any:
    """The default of a field as a parameter value."""
    given = stored.default
    if stored.is_list and isinstance(given, list):
        return tuple([_scalar(stored, item) for item in given])
    return None if given is None else _scalar(stored, given)


def _scalar(stored: Field, given: Any) -> Any:
    match stored.scalar:
        case Scalar.DATETIME:
            return moment(given)
        case Scalar.JSON:
            return orjson.dumps(given).decode()
        case Scalar.FLOAT:
            return float(given)
        case _:
            return given


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


def _length_failure(stored: Field, value: Any) -> Failure | None:
    if isinstance(value, str):
        return too_long(stored.name) if len(value) > TEXT_CHARACTERS_MAX else None
    if isinstance(value, tuple):
        texts = value if stored.scalar is Scalar.JSON else [_json_of(item) for item in value]
        if sum(len(text) + 1 for text in texts) + 1 > TEXT_CHARACTERS_MAX:
            return too_long(stored.name)
    return None


def _partner_failure(entity: str, given: Any) -> Failure | None:
    """An id that no node can have is nobody's; one that is too long for an index must not even reach it."""
    nodes = given if isinstance(given, (list, tuple)) else (given,)
    return next((no_node(entity, node) for node in nodes if node is not None and not well_formed(node)), None)


def _json_of(item: Any) -> str:
    return orjson.dumps(item, default=str).decode()


def _both_require(edge: Link) -> bool:
    """No NOT NULL column protects both sides of such a relation."""
    return edge.far_requires and edge.field.required
