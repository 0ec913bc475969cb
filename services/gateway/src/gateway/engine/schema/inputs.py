"""The input side of reads: filters, orders, and the arguments of lists (G 5.1 - 5.4)."""

from __future__ import annotations

from dataclasses import dataclass, field

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLString,
)

from contracts.model import Entity, Field, Model, Scalar
from gateway.engine.schema.members import FieldMember, filter_members, orders
from gateway.engine.schema.scalars import DATE_TIME, JSON

Leaf = GraphQLScalarType | GraphQLEnumType
Arguments = dict[str, GraphQLArgument]

_SCALARS: dict[Scalar, GraphQLScalarType] = {
    Scalar.ID: GraphQLID,
    Scalar.STRING: GraphQLString,
    Scalar.INT: GraphQLInt,
    Scalar.FLOAT: GraphQLFloat,
    Scalar.BOOLEAN: GraphQLBoolean,
    Scalar.DATETIME: DATE_TIME,
    Scalar.JSON: JSON,
}


@dataclass(frozen=True, slots=True)
class Inputs:
    """The named input types of a model, one of each per type; made when first asked for."""

    model: Model
    enums: dict[str, GraphQLEnumType]
    filters: dict[str, GraphQLInputObjectType] = field(default_factory=dict)
    orders: dict[str, GraphQLEnumType] = field(default_factory=dict)
    pages: dict[str, Arguments] = field(default_factory=dict)

    def leaf(self, stored: Field) -> Leaf:
        """The GraphQL type of one value of a field."""
        if stored.scalar is Scalar.ENUM:
            assert stored.enum is not None, "an enum field names its enum"
            return self.enums[stored.enum]
        return _SCALARS[stored.scalar]

    def value(self, stored: Field) -> Leaf | GraphQLList[GraphQLNonNull[Leaf]]:
        """The nullable input type of a field's value."""
        leaf = self.leaf(stored)
        return GraphQLList(GraphQLNonNull(leaf)) if stored.is_list else leaf

    def filter(self, entity: Entity) -> GraphQLInputObjectType:
        """`BandFilter` (G 5.3)."""
        found = self.filters.get(entity.id)
        if found is None:
            found = GraphQLInputObjectType(f"{entity.name}Filter", lambda: self._filter_fields(entity))
            self.filters[entity.id] = found
        return found

    def order(self, entity: Entity) -> GraphQLEnumType:
        """`BandOrderBy` (G 5.4)."""
        found = self.orders.get(entity.id)
        if found is None:
            found = GraphQLEnumType(f"{entity.name}OrderBy", {name: GraphQLEnumValue(name) for name in orders(entity)})
            self.orders[entity.id] = found
        return found

    def page(self, entity: Entity) -> Arguments:
        """The seven arguments of a list (G 5.1)."""
        found = self.pages.get(entity.id)
        if found is None:
            found = {
                "filter": GraphQLArgument(self.filter(entity)),
                "orderBy": GraphQLArgument(self.order(entity)),
                "skip": GraphQLArgument(GraphQLInt),
                "after": GraphQLArgument(GraphQLString),
                "before": GraphQLArgument(GraphQLString),
                "first": GraphQLArgument(GraphQLInt),
                "last": GraphQLArgument(GraphQLInt),
            }
            self.pages[entity.id] = found
        return found

    def _filter_fields(self, entity: Entity) -> dict[str, GraphQLInputField]:
        itself = GraphQLList(GraphQLNonNull(self.filter(entity)))
        fields = {"AND": GraphQLInputField(itself), "OR": GraphQLInputField(itself)}
        for name, member in filter_members(entity).items():
            if isinstance(member, FieldMember):
                leaf = self.leaf(member.field)
                fields[name] = GraphQLInputField(GraphQLList(GraphQLNonNull(leaf)) if member.takes_list else leaf)
            else:
                fields[name] = GraphQLInputField(self.filter(self.model.entity_by_id[member.field.target]))
        return fields
