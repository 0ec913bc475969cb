"""The output side of the generated schema: the model types, and the root fields of Query (G 5.1, 5.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
)

from contracts.model import Entity, Field, RelationField
from contracts.plural import plural
from gateway.engine.schema.inputs import Inputs

Verb = Literal[
    "list", "count", "single", "user", "node", "create", "update", "upsert", "delete", "set", "unset", "add", "remove"
]

NODE: Final = GraphQLInterfaceType(
    "Node",
    {"id": GraphQLField(GraphQLNonNull(GraphQLID), description="The id of the node.")},
    description="Anything with an id.",
)
QUERY_META: Final = GraphQLObjectType(
    "_QueryMeta",
    {"count": GraphQLField(GraphQLNonNull(GraphQLInt), description="How many nodes match.")},
    description="What is known of a list without reading it.",
)


@dataclass(frozen=True, slots=True)
class RootField:
    """What a root field means."""

    verb: Verb
    entity: str | None
    """Id of the entity; None for `node`. Of a mutation of a relation, the entity of side a."""
    relation: str | None = None
    """Id of the relation whose edges a mutation changes."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """The object types of a model; their fields are made when the schema is put together."""

    inputs: Inputs
    objects: dict[str, GraphQLObjectType] = field(default_factory=dict)

    def object(self, entity: Entity) -> GraphQLObjectType:
        """The type of a node."""
        found = self.objects.get(entity.id)
        if found is None:
            found = GraphQLObjectType(
                entity.name, lambda: self._fields(entity), interfaces=(NODE,), description=entity.description
            )
            self.objects[entity.id] = found
        return found

    def list_of(self, entity: Entity) -> GraphQLList[GraphQLNonNull[GraphQLObjectType]]:
        """`[Band!]`."""
        return GraphQLList(GraphQLNonNull(self.object(entity)))

    def _fields(self, entity: Entity) -> dict[str, GraphQLField]:
        fields: dict[str, GraphQLField] = {}
        for name in entity.order:
            stored = entity.field_by_name.get(name)
            if stored is None:
                fields[name] = self._related(entity.relation_by_name[name])
                continue
            kind = self.inputs.value(stored)
            fields[name] = GraphQLField(
                GraphQLNonNull(kind) if stored.required else kind, description=stored.description
            )
        for relation in entity.relations:
            if relation.is_list:
                far = self.inputs.model.entity_by_id[relation.target]
                fields[count_field(relation)] = GraphQLField(GraphQLNonNull(QUERY_META), args=self.inputs.page(far))
        return fields

    def _related(self, relation: RelationField) -> GraphQLField:
        far = self.inputs.model.entity_by_id[relation.target]
        if relation.is_list:
            return GraphQLField(self.list_of(far), args=self.inputs.page(far), description=relation.description)
        kind = self.object(far)
        return GraphQLField(
            GraphQLNonNull(kind) if relation.required else kind,
            args={"filter": GraphQLArgument(self.inputs.filter(far))},
            description=relation.description,
        )


def count_field(relation: RelationField) -> str:
    """`_albumsMeta`."""
    return f"_{relation.name}Meta"


def list_name(entity: Entity) -> str:
    """`allBands`."""
    plural_name = plural(entity.name)
    return f"all{plural_name[0].upper()}{plural_name[1:]}"


def query_fields(outputs: Outputs) -> dict[str, tuple[GraphQLField, RootField]]:
    """All lists, all counts, all singles, `user` where there is such a type, `node` (G 5.1)."""
    inputs, entities = outputs.inputs, outputs.inputs.model.entities
    fields: dict[str, tuple[GraphQLField, RootField]] = {}
    for entity in entities:
        kind = GraphQLNonNull(outputs.list_of(entity))
        fields[list_name(entity)] = (GraphQLField(kind, args=inputs.page(entity)), RootField("list", entity.id))
    for entity in entities:
        name = f"_{list_name(entity)}Meta"
        made = GraphQLField(GraphQLNonNull(QUERY_META), args=inputs.page(entity))
        fields[name] = (made, RootField("count", entity.id))
    for entity in entities:
        selectors = {one.name: GraphQLArgument(inputs.leaf(one)) for one in unique_fields(entity)}
        made = GraphQLField(outputs.object(entity), args=selectors)
        fields[entity.name] = (made, RootField("single", entity.id))
    user = inputs.model.entity_by_name.get("User")
    if user is not None:
        about = "Who asks, when he is a node of this service; null for everybody else."
        fields["user"] = (GraphQLField(outputs.object(user), description=about), RootField("user", user.id))
    by_id = {"id": GraphQLArgument(GraphQLNonNull(GraphQLID))}
    fields["node"] = (GraphQLField(NODE, args=by_id), RootField("node", None))
    return fields


def unique_fields(entity: Entity) -> list[Field]:
    """The fields that select one node, in the order of the schema."""
    return [one for name in entity.order if (one := entity.field_by_name.get(name)) and (one.unique or name == "id")]
