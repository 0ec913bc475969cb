"""The root fields of Mutation, and the payloads of those that change one edge (G 6.1, 6.6)."""

from __future__ import annotations

from typing import Final

from graphql import GraphQLArgument, GraphQLField, GraphQLID, GraphQLNonNull, GraphQLObjectType

from contracts.model import Relation
from gateway.engine.schema.members import ends
from gateway.engine.schema.types import Outputs, RootField, Verb
from gateway.engine.schema.writes import Writes

Fields = dict[str, tuple[GraphQLField, RootField]]

_PREFIXES: Final[dict[Verb, str]] = {"set": "Set", "unset": "Unset", "add": "AddTo", "remove": "RemoveFrom"}


def mutation_fields(outputs: Outputs) -> Fields:
    """All creates, updates, updateOrCreates, deletes; then the edges of relations, those of one to one first."""
    writes = Writes(outputs.inputs)
    entities = outputs.inputs.model.entities
    fields: Fields = {}
    for entity in entities:
        made = GraphQLField(outputs.object(entity), args=writes.created(entity))
        fields[f"create{entity.name}"] = (made, RootField("create", entity.id))
    for entity in entities:
        made = GraphQLField(outputs.object(entity), args=writes.updated(entity))
        fields[f"update{entity.name}"] = (made, RootField("update", entity.id))
    for entity in entities:
        made = GraphQLField(outputs.object(entity), args=writes.upserted(entity))
        fields[f"updateOrCreate{entity.name}"] = (made, RootField("upsert", entity.id))
    by_id = {"id": GraphQLArgument(GraphQLNonNull(GraphQLID))}
    for entity in entities:
        made = GraphQLField(outputs.object(entity), args=by_id)
        fields[f"delete{entity.name}"] = (made, RootField("delete", entity.id))
    fields.update(_edge_fields(outputs))
    return fields


def _edge_fields(outputs: Outputs) -> Fields:
    model = outputs.inputs.model
    singles: Fields = {}
    others: Fields = {}
    for relation in model.relations:
        sides = [end.field for end in ends(model, relation)]
        to_many = any(one.is_list for one in sides)
        fields = others if to_many else singles
        _add(fields, outputs, relation, "add" if to_many else "set")
        if not any(one.required for one in sides):
            _add(fields, outputs, relation, "remove" if to_many else "unset")
    return {**singles, **others}


def _add(fields: Fields, outputs: Outputs, relation: Relation, verb: Verb) -> None:
    a, b = ends(outputs.inputs.model, relation)
    symmetric = relation.b_field is None
    name = f"{_PREFIXES[verb]}{relation.name}"
    payload = GraphQLObjectType(
        f"{name}Payload", lambda: {end.name: GraphQLField(outputs.object(end.entity)) for end in (a, b)}
    )
    identified = GraphQLArgument(GraphQLNonNull(GraphQLID))
    arguments = {end.argument: identified for end in ((a, b) if symmetric else (b, a))}
    made = GraphQLField(payload, args=arguments)
    fields[f"{name[0].lower()}{name[1:]}"] = (made, RootField(verb, relation.a, relation.id))
