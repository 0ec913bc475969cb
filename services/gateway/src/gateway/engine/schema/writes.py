"""The input side of mutations: arguments of create and update, and the inputs that create partners below them (G 6)."""

from __future__ import annotations

from dataclasses import dataclass, field

from graphql import (
    GraphQLArgument,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
)

from contracts.model import Entity, RelationField
from gateway.engine.schema.inputs import Arguments, Inputs
from gateway.engine.schema.members import by_shape, id_argument, opposite, writable

_ID = GraphQLNonNull(GraphQLID)


@dataclass(frozen=True, slots=True)
class _Member:
    """An argument of a mutation, or a member of an input that stands for one."""

    type: GraphQLInputType
    description: str | None


@dataclass(frozen=True, slots=True)
class Writes:
    """The arguments and named inputs of mutations; the inputs are made when first asked for."""

    inputs: Inputs
    nested: dict[str, GraphQLInputObjectType] = field(default_factory=dict)

    def created(self, entity: Entity) -> Arguments:
        """What `createBand` takes (G 6.2)."""
        return _arguments(self._members(entity, create=True))

    def updated(self, entity: Entity) -> Arguments:
        """What `updateBand` takes (G 6.3)."""
        return {"id": GraphQLArgument(_ID), **_arguments(self._members(entity, create=False))}

    def upserted(self, entity: Entity) -> Arguments:
        """What `updateOrCreateBand` takes; no `create` when there is nothing to set (G 6.4)."""
        update = GraphQLInputObjectType(
            f"Update{entity.name}",
            lambda: {"id": GraphQLInputField(_ID), **_fields(self._members(entity, create=False))},
        )
        arguments = {"update": GraphQLArgument(GraphQLNonNull(update))}
        if settable(entity):
            create = GraphQLInputObjectType(f"Create{entity.name}", lambda: _fields(self._members(entity, create=True)))
            arguments["create"] = GraphQLArgument(GraphQLNonNull(create))
        return arguments

    def _members(self, entity: Entity, *, create: bool, without: RelationField | None = None) -> dict[str, _Member]:
        """Scalars by name, then relations to one, then relations to many."""
        members: dict[str, _Member] = {}
        for stored in sorted(writable(entity), key=lambda one: one.name):
            given = self.inputs.value(stored)
            needed = create and stored.required and not stored.has_default
            members[stored.name] = _Member(GraphQLNonNull(given) if needed else given, stored.description)
        for relation in by_shape(entity):
            if without is not None and relation.name == without.name:
                continue
            connected = GraphQLList(_ID) if relation.is_list else GraphQLID
            members[id_argument(relation)] = _Member(connected, relation.description)
            below = self._below(entity, relation)
            if below is not None:
                made = GraphQLList(GraphQLNonNull(below)) if relation.is_list else below
                members[relation.name] = _Member(made, relation.description)
        return members

    def _below(self, entity: Entity, relation: RelationField) -> GraphQLInputObjectType | None:
        """`BandalbumsAlbum`: what creates a partner; None when nothing is left to set."""
        far = self.inputs.model.entity_by_id[relation.target]
        back = opposite(self.inputs.model, relation)
        if not settable(far, without=back):
            return None
        name = f"{entity.name}{relation.name}{far.name}"
        found = self.nested.get(name)
        if found is None:
            found = GraphQLInputObjectType(name, lambda: _fields(self._members(far, create=True, without=back)))
            self.nested[name] = found
        return found


def settable(entity: Entity, *, without: RelationField | None = None) -> bool:
    """Whether creating a node of this type takes any argument, apart from one relation."""
    return bool(writable(entity)) or any(one.name != (without and without.name) for one in entity.relations)


def _arguments(members: dict[str, _Member]) -> Arguments:
    return {name: GraphQLArgument(one.type, description=one.description) for name, one in members.items()}


def _fields(members: dict[str, _Member]) -> dict[str, GraphQLInputField]:
    return {name: GraphQLInputField(one.type, description=one.description) for name, one in members.items()}
