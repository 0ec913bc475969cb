"""Tables of the read model: dropped and replayed at will."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

METADATA: Final = sa.MetaData()
EXACT: Final = sa.Text(collation="C")
MOMENT: Final = sa.DateTime(timezone=True)

projects: Final = sa.Table(
    "projects",
    METADATA,
    sa.Column("id", EXACT, primary_key=True),
    sa.Column("organisation", EXACT, nullable=False),
    sa.Column("restricted", sa.Boolean, nullable=False),
)

services: Final = sa.Table(
    "services",
    METADATA,
    sa.Column("id", EXACT, primary_key=True),
    sa.Column("organisation", EXACT, nullable=False),
)

versions: Final = sa.Table(
    "versions",
    METADATA,
    sa.Column("service", EXACT, primary_key=True),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", EXACT, nullable=False),
    sa.Column("model_sha", EXACT, nullable=False),
    sa.Column("undone", sa.Boolean, nullable=False, server_default=sa.false()),  # no way leads over it
)

environments: Final = sa.Table(
    "environments",
    METADATA,
    sa.Column("id", EXACT, primary_key=True),
    sa.Column("organisation", EXACT, nullable=False),
    sa.Column("kind", EXACT, nullable=False),
    sa.Column("service", EXACT, nullable=False),
    sa.Column("instance", EXACT),
    sa.Column("project", EXACT),
    sa.Column("owner", EXACT, nullable=False, index=True),  # the instance, or the service where there is none
    sa.Column("source", EXACT),  # of a clone: the environment it has its data from, and what is masked
    sa.Column("masks", JSONB),
    sa.Column("state", EXACT, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("declared_version", EXACT),
    sa.Column("version", EXACT),  # what serves; null before the first deployment
    sa.Column("model_sha", EXACT),
    sa.Column("removal", EXACT),  # the event that declared it gone
    sa.Column("removal_correlation", EXACT),
    sa.Column("removed", sa.Boolean, nullable=False),  # stays as a mark: its database may be dropped wherever found
    sa.Column("updated_at", MOMENT, nullable=False),
)

deployments: Final = sa.Table(
    "deployments",
    METADATA,
    sa.Column("id", EXACT, primary_key=True),
    sa.Column("environment", EXACT, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("declaration", EXACT, nullable=False),
    sa.Column("correlation", EXACT, nullable=False),
    sa.Column("version", EXACT, nullable=False),
    sa.Column("sdl_sha", EXACT, nullable=False),
    sa.Column("model_sha", EXACT, nullable=False),
    sa.Column("forced", sa.Boolean, nullable=False),
    sa.Column("status", EXACT, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("plan_sha", EXACT),
    sa.Column("undoes", EXACT),  # the declaration of the deployment it takes back, and what was seen before
    sa.Column("listed", EXACT),
    sa.Column("kept", sa.Integer, nullable=False, server_default="0"),  # things it put into the trash
    sa.Column("emptied", sa.Boolean, nullable=False, server_default=sa.false()),  # none of them is there any more
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Column("updated_at", MOMENT, nullable=False),
)
sa.Index("deployments_newest", deployments.c.environment, deployments.c.position)

sa.Index(
    "deployments_kept",
    deployments.c.updated_at,
    postgresql_where=sa.and_(deployments.c.kept > 0, ~deployments.c.emptied),
)

OPEN: Final = ("INITIALIZED", "IN_PROGRESS")
"""Deployments that have not ended."""
sa.Index(
    "deployments_open",
    deployments.c.environment,
    postgresql_where=deployments.c.status.in_(OPEN),
)
