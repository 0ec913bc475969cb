"""Tables of the read model: dropped and replayed at will. Personal values stand in them sealed."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

METADATA: Final = sa.MetaData()

Exact = sa.Text(collation="C")
Moment = sa.DateTime(timezone=True)


def _id(name: str = "id", **options: Any) -> sa.Column[str]:
    return sa.Column(name, Exact, **options)


def _created() -> sa.Column[Any]:
    return sa.Column("created_at", Moment, nullable=False)


def _updated() -> sa.Column[Any]:
    return sa.Column("updated_at", Moment, nullable=False)


organisations: Final = sa.Table(
    "organisations",
    METADATA,
    _id(primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("slug", Exact, nullable=False),
    _created(),
    _updated(),
)

members: Final = sa.Table(
    "members",
    METADATA,
    _id("organisation", primary_key=True),
    _id("user_id", primary_key=True, index=True),
    sa.Column("role", Exact, nullable=False),
    sa.Column("since", Moment, nullable=False),
)

users: Final = sa.Table(
    "users",
    METADATA,
    _id(primary_key=True),
    sa.Column("username", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("email_hash", Exact, nullable=False, index=True),
    sa.Column("display_name", sa.Text),
    sa.Column("operator", sa.Boolean, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    _created(),
    _updated(),
)

sessions: Final = sa.Table(
    "sessions",
    METADATA,
    _id(primary_key=True),
    _id("user_id", nullable=False, index=True),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("ended", sa.Boolean, nullable=False),
    _created(),
)

tokens: Final = sa.Table(
    "tokens",
    METADATA,
    _id(primary_key=True),
    _id("user_id", nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("token_prefix", Exact, nullable=False),
    sa.Column("expires_at", Moment),
    sa.Column("revoked", sa.Boolean, nullable=False),
    _created(),
    _updated(),
)

projects: Final = sa.Table(
    "projects",
    METADATA,
    _id(primary_key=True),
    _id("organisation", nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("slug", Exact, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("restricted", sa.Boolean, nullable=False),
    sa.Column("approvals", sa.Boolean, nullable=False),
    sa.Column("environment_names", JSONB, nullable=False),
    _created(),
    _updated(),
    sa.Index("projects_slug", "organisation", "slug"),
)

grants: Final = sa.Table(
    "grants",
    METADATA,
    _id(primary_key=True),
    _id("project", nullable=False, index=True),
    _id("user_id", nullable=False, index=True),
    sa.Column("role", Exact, nullable=False),
    _created(),
    _updated(),
)

clients: Final = sa.Table(
    "clients",
    METADATA,
    _id(primary_key=True),
    _id("organisation", nullable=False),
    _id("project", nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text),
    sa.Column("currency", Exact, nullable=False),
    sa.Column("time_zone", Exact, nullable=False),
    sa.Column("removed", sa.Boolean, nullable=False),
    _created(),
)

services: Final = sa.Table(
    "services",
    METADATA,
    _id(primary_key=True),
    _id("organisation", nullable=False),
    sa.Column("slug", Exact, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("problem", sa.Text, nullable=False),
    sa.Column("solution", sa.Text, nullable=False),
    sa.Column("domain", Exact, nullable=False),
    sa.Column("tags", ARRAY(sa.Text), nullable=False),
    _id("creator", nullable=False),
    sa.Column("private_version", Exact, nullable=False),
    sa.Column("published_version", Exact, nullable=False),
    sa.Column("retired", sa.Boolean, nullable=False),
    sa.Column("retired_reason", sa.Text),
    sa.Column("words", TSVECTOR, nullable=False),
    _created(),
    _updated(),
    sa.Index("services_slug", "organisation", "slug"),
    sa.Index("services_words", "words", postgresql_using="gin"),
)

versions: Final = sa.Table(
    "versions",
    METADATA,
    _id(primary_key=True),
    _id("service", nullable=False),
    sa.Column("name", Exact, nullable=False),
    sa.Column("sdl_sha", Exact, nullable=False),
    sa.Column("model_sha", Exact, nullable=False),
    sa.Column("notes", JSONB, nullable=False),
    sa.Column("changes", JSONB, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    _id("pushed_by"),  # null = nobody of flesh and blood
    sa.Column("published_at", Moment),  # the first time; null = never
    _created(),
    sa.Index("versions_name", "service", "name"),
)

instances: Final = sa.Table(
    "instances",
    METADATA,
    _id(primary_key=True),
    _id("organisation", nullable=False),
    _id("project", nullable=False, index=True),
    _id("service", nullable=False, index=True),
    _created(),
)

requests: Final = sa.Table(
    "requests",
    METADATA,
    _id(primary_key=True),
    _id("instance", nullable=False, index=True),
    sa.Column("environment", Exact, nullable=False),
    sa.Column("version", Exact, nullable=False),
    sa.Column("forced", sa.Boolean, nullable=False),
    _id("requester", nullable=False),
    sa.Column("state", Exact, nullable=False),  # OPEN, APPROVED, REFUSED, WITHDRAWN, REPLACED; one that ended says OPEN
    _id("answered_by"),
    sa.Column("answered_at", Moment),
    sa.Column("reason", sa.Text),
    sa.Column("expires_at", Moment, nullable=False),
    _created(),
)
"""Promotions that a second person has to approve."""

previews: Final = sa.Table(
    "previews",
    METADATA,
    _id(primary_key=True),
    _id("organisation", nullable=False),
    _id("project", nullable=False, index=True),
    _id("instance", nullable=False, index=True),
    _id("environment", nullable=False),
    sa.Column("name", Exact, nullable=False),
    sa.Column("source", Exact, nullable=False),
    sa.Column("masks", JSONB, nullable=False),
    sa.Column("slot", sa.Integer, nullable=False),
    _id("creator"),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    _created(),
)
"""Clones of an instance's environments; the owner of such an environment is the preview."""

environments: Final = sa.Table(
    "environments",
    METADATA,
    _id(primary_key=True),
    _id("owner", nullable=False, index=True),  # service or instance
    sa.Column("kind", Exact, nullable=False),
    _id("organisation", nullable=False),
    sa.Column("access", Exact),  # null = nobody chose one
    sa.Column("granted", JSONB),  # null = nobody set any
    sa.Column("caps", JSONB),
    # What is declared: the version, and the id of the event that said so (the provisioner's deployment).
    sa.Column("version", Exact),
    _id("declaration"),
    # What the provisioner reported: whether that declaration has ended, and what serves calls.
    _id("settled"),
    sa.Column("running_version", Exact),
    sa.Column("running_sdl_sha", Exact),
    sa.Column("running_model_sha", Exact),
)

removals: Final = sa.Table(
    "removals",
    METADATA,
    _id("command", primary_key=True),
    _id("gone", index=True),  # id of the project or service that went, if it was one
)
"""Commands that took something away: their repeat finds nothing to look at, and has to answer the same."""

keys: Final = sa.Table(
    "keys",
    METADATA,
    _id(primary_key=True),
    _id("organisation", nullable=False),
    sa.Column("kind", Exact, nullable=False),
    _id("target", nullable=False, index=True),
    _id("client", index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("prefix", Exact, nullable=False),
    sa.Column("expires_at", Moment),
    sa.Column("revoked", sa.Boolean, nullable=False),
    _created(),
    _updated(),
)
