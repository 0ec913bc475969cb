"""The read models of billing: `directory`, `plans`, `invoices` and `usage`, each a `MetaData` of its own."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

TEXT: Final = sa.Text(collation="C")

DIRECTORY: Final = sa.MetaData()
PROJECT: Final = sa.Table(
    "project",
    DIRECTORY,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("organisation", TEXT, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("restricted", sa.Boolean, nullable=False),
    sa.Column("deleted", sa.Boolean, nullable=False),
)
INSTANCE: Final = sa.Table(
    "instance",
    DIRECTORY,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("organisation", TEXT, nullable=False),
    sa.Column("project", TEXT, nullable=False, index=True),
    sa.Column("service", TEXT, nullable=False),
    sa.Column("live", sa.Boolean, nullable=False),
    sa.Column("removed", sa.Boolean, nullable=False),
    sa.Column("open_from_ms", sa.BigInteger),
    sa.Column("open_until_ms", sa.BigInteger),
)
SERVICE: Final = sa.Table(
    "service",
    DIRECTORY,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("organisation", TEXT, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
)
CLIENT: Final = sa.Table(
    "client",
    DIRECTORY,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("organisation", TEXT, nullable=False),
    sa.Column("project", TEXT, nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("currency", TEXT, nullable=False),
    sa.Column("time_zone", TEXT, nullable=False),
    sa.Column("removed", sa.Boolean, nullable=False),
)
ORGANISATION: Final = sa.Table(
    "organisation",
    DIRECTORY,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
)

PLANS: Final = sa.MetaData()
PLAN: Final = sa.Table(
    "plan",
    PLANS,
    sa.Column("instance", TEXT, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("said", sa.JSON, nullable=False),
)

INVOICES: Final = sa.MetaData()
INVOICE: Final = sa.Table(
    "invoice",
    INVOICES,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("project", TEXT, nullable=False),
    sa.Column("client", TEXT, nullable=False),
    sa.Column("period", TEXT, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("issued_month", TEXT, nullable=False),
    sa.Column("said", sa.JSON, nullable=False),
    sa.Index("invoice_project", "project", "period"),
)
SHARE: Final = sa.Table(
    "maker_share",
    INVOICES,
    sa.Column("invoice", TEXT, primary_key=True),
    sa.Column("organisation", TEXT, primary_key=True),
    sa.Index("maker_share_organisation", "organisation"),
)

USAGE: Final = sa.MetaData()
BATCH: Final = sa.Table(
    "batch",
    USAGE,
    sa.Column("gateway", TEXT, primary_key=True),
    sa.Column("epoch", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("calls", sa.Integer, nullable=False),
)
EPOCH: Final = sa.Table(
    "epoch",
    USAGE,
    sa.Column("gateway", TEXT, primary_key=True),
    sa.Column("epoch", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("watermark_ms", sa.BigInteger, nullable=False),
    sa.Column("final", sa.Boolean, nullable=False),
)
MINUTE: Final = sa.Table(
    "usage_minute",
    USAGE,
    sa.Column("environment", TEXT, primary_key=True),
    sa.Column("client", TEXT, primary_key=True),
    sa.Column("minute_ms", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("class", TEXT, primary_key=True),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("instance", TEXT, nullable=False),
    sa.Column("service", TEXT, nullable=False),
    sa.Column("project", TEXT, nullable=False),
    sa.Column("organisation", TEXT, nullable=False),
    sa.Column("calls", sa.BigInteger, nullable=False),
    sa.Column("bytes_in", sa.BigInteger, nullable=False),
    sa.Column("bytes_out", sa.BigInteger, nullable=False),
    sa.Column("duration_us", sa.BigInteger, nullable=False),
    sa.Index("usage_minute_project", "project", "minute_ms"),
    sa.Index("usage_minute_service", "service", "minute_ms"),
)
COUNTED: Final = ("calls", "bytes_in", "bytes_out", "duration_us")

USE: Final = sa.Table(
    "use_day",
    USAGE,
    sa.Column("environment", TEXT, primary_key=True),
    sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("client", TEXT, primary_key=True),
    sa.Column("credential", TEXT, primary_key=True),
    sa.Column("hash", TEXT, primary_key=True),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("instance", TEXT, nullable=False),
    sa.Column("service", TEXT, nullable=False),
    sa.Column("project", TEXT, nullable=False),
    sa.Column("organisation", TEXT, nullable=False),
    sa.Column("calls", sa.BigInteger, nullable=False),
    sa.Column("last_ms", sa.BigInteger, nullable=False),
    sa.Index("use_day_service", "service", "day"),
    sa.Index("use_day_day", "day"),
)
