"""Tables of the read model about invitations, billing details, notices and webhooks."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from registry.store.tables import METADATA, Exact, Moment

invitations: Final = sa.Table(
    "invitations",
    METADATA,
    sa.Column("id", Exact, primary_key=True),
    sa.Column("organisation", Exact, nullable=False, index=True),
    sa.Column("kind", Exact, nullable=False),
    sa.Column("role", Exact),
    sa.Column("project", Exact, index=True),
    sa.Column("client", Exact),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("email_hash", Exact, nullable=False),
    sa.Column("token_hash", Exact, nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("inviter", Exact, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("withdrawn", sa.Boolean, nullable=False),
    sa.Column("user_id", Exact),
    sa.Column("accepted_at", Moment),
    sa.Column("honoured", sa.Boolean, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("sent_at", Moment, nullable=False),
)

accounts: Final = sa.Table(
    "accounts",
    METADATA,
    sa.Column("organisation", Exact, primary_key=True),
    sa.Column("legal_name", sa.Text, nullable=False),
    sa.Column("street", sa.Text, nullable=False),
    sa.Column("postal_code", sa.Text),
    sa.Column("city", sa.Text, nullable=False),
    sa.Column("tax_id", sa.Text),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("country", Exact, nullable=False),
    sa.Column("currency", Exact, nullable=False),
    sa.Column("time_zone", Exact, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
)

notices: Final = sa.Table(
    "notices",
    METADATA,
    sa.Column("id", Exact, primary_key=True),
    sa.Column("organisation", Exact, nullable=False),
    sa.Column("kind", Exact, nullable=False),
    sa.Column("user_id", Exact),  # whom to tell; null = whoever `email` belongs to
    sa.Column("email", sa.Text),
    sa.Column("about", JSONB, nullable=False),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False),
    sa.Index("notices_due", "made_at", postgresql_where=sa.text("not settled")),
)
"""Messages that facts call for: one per fact and recipient, until the log says that it was sent or given up."""

webhooks: Final = sa.Table(
    "webhooks",
    METADATA,
    sa.Column("id", Exact, primary_key=True),
    sa.Column("organisation", Exact, nullable=False, index=True),
    sa.Column("project", Exact),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("types", ARRAY(sa.Text), nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("old_until", Moment),
    sa.Column("disabled", Exact),
    # Where telling begins, and the position of the fact that said so: a later one begins a new course.
    sa.Column("after", sa.BigInteger, nullable=False),
    sa.Column("start", sa.BigInteger, nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    # Position of the last fact about it.
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
)
