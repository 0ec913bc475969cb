"""The registry's part of the control API, ready to answer."""

from __future__ import annotations

from common.graphs import Graph, load_schema
from common.service import Runtime
from registry.api import instances, keys, people, projects, services, tokens
from registry.api.context import Registry
from registry.execute.deciding import world


def graph(runtime: Runtime) -> Graph:
    """Resolvers over the read model of a running service."""
    schema = load_schema(
        "registry",
        *(people.query, people.mutation, people.organisation, people.member),
        *(tokens.query, tokens.mutation, tokens.token),
        *(projects.query, projects.mutation, projects.project, projects.relation, projects.client),
        *(keys.mutation, keys.key),
        *(services.query, services.mutation, services.service, services.version),
        *(instances.query, instances.mutation, instances.instance),
    )
    here = world(runtime)
    return Graph(schema, [here.runner], lambda ask: Registry(ask, here))
