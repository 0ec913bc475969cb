"""The registry's part of the control API, ready to answer."""

from __future__ import annotations

from common.graphs import Graph, load_schema
from common.service import Runtime
from registry.api import (
    caps,
    configuring,
    instances,
    invitations,
    keys,
    people,
    previews,
    projects,
    rolling,
    services,
    tokens,
    undoing,
    versions,
    webhooks,
)
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
        *(configuring.mutation, configuring.project),
        *(caps.query, caps.mutation, caps.limits),
        *(services.query, services.mutation, services.service, services.version),
        *(versions.version, versions.place),
        *(instances.query, instances.mutation, instances.instance),
        *(previews.query, previews.mutation, previews.preview),
        *(rolling.query, rolling.mutation, rolling.preview, rolling.request),
        *(undoing.query, undoing.mutation),
        *(invitations.query, invitations.mutation, invitations.invitation),
        *(webhooks.query, webhooks.mutation, webhooks.webhook),
    )
    here = world(runtime)
    return Graph(schema, [here.runner], lambda ask: Registry(ask, here))
