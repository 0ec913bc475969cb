"""Model -> the GraphQL schema generated from it (G 5, 6).

In order of flow: `scalars` (DateTime, Json), `members` (the names of filters, orders and arguments, and what they
mean), `inputs` (filters, orders, pages), `types` (objects, root fields of Query), `writes` (arguments and inputs of
mutations), `mutations` (root fields of Mutation). `generate` puts them together.
"""

from __future__ import annotations

from dataclasses import dataclass

from graphql import GraphQLEnumType, GraphQLEnumValue, GraphQLObjectType, GraphQLSchema

from contracts.model import Model
from gateway.engine.schema.inputs import Inputs
from gateway.engine.schema.members import Vocabulary
from gateway.engine.schema.mutations import mutation_fields
from gateway.engine.schema.types import Outputs, RootField, query_fields


@dataclass(frozen=True, slots=True)
class Generated:
    """A schema, and what its root fields mean."""

    schema: GraphQLSchema
    vocabulary: Vocabulary
    queries: dict[str, RootField]
    mutations: dict[str, RootField]


def generate(model: Model) -> Generated:
    """The schema of a model. Slow for hundreds of types: once per model, outside the event loop."""
    enums = {
        enum.id: GraphQLEnumType(
            enum.name, {value: GraphQLEnumValue(value) for value in enum.values}, description=enum.description
        )
        for enum in model.enums
    }
    outputs = Outputs(Inputs(model, enums))
    queries = query_fields(outputs)
    mutations = mutation_fields(outputs)
    query = GraphQLObjectType("Query", {name: made for name, (made, _) in queries.items()})
    mutation = GraphQLObjectType("Mutation", {name: made for name, (made, _) in mutations.items()})
    schema = GraphQLSchema(query, mutation if mutations else None, types=tuple(enums.values()), assume_valid=True)
    return Generated(
        schema,
        Vocabulary(model),
        {name: meaning for name, (_, meaning) in queries.items()},
        {name: meaning for name, (_, meaning) in mutations.items()},
    )
