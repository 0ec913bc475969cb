"""The blog's tables for SQLAlchemy, and what loads related rows: one session per load, one statement for all parents.

Told by its environment: DATABASE (JSON: host, port, user, password, database), NAMES (JSON, see names.py), POOL.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

NAMES: Final = json.loads(os.environ["NAMES"])
DATABASE: Final = json.loads(os.environ["DATABASE"])
TABLE: Final[dict[str, str]] = {entity: one["table"] for entity, one in NAMES["tables"].items()}
COLUMN: Final[dict[str, dict[str, str]]] = {entity: one["columns"] for entity, one in NAMES["tables"].items()}
(JOIN,) = NAMES["joins"]

engine = create_async_engine(
    sa.URL.create(
        "postgresql+asyncpg",
        username=DATABASE["user"],
        password=DATABASE["password"],
        host=DATABASE["host"],
        port=DATABASE["port"],
        database=DATABASE["database"],
    ),
    pool_size=int(os.environ["POOL"]),
    max_overflow=0,
    connect_args={"server_settings": {"jit": "off", "timezone": "UTC"}},
)
sessions = async_sessionmaker(engine, expire_on_commit=False)


# --- tables -------------------------------------------------------------------------------------------------------


def new_id() -> str:
    return f"n{secrets.token_hex(12)}"


class Base(DeclarativeBase):
    metadata = sa.MetaData(schema="app")


class AuthorRow(Base):
    __tablename__ = TABLE["Author"]
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(COLUMN["Author"]["name"])
    email: Mapped[str] = mapped_column(COLUMN["Author"]["email"])


class TagRow(Base):
    __tablename__ = TABLE["Tag"]
    id: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(COLUMN["Tag"]["label"])


tagged = sa.Table(
    JOIN["table"],
    Base.metadata,
    sa.Column("a", sa.ForeignKey(f"app.{TABLE[JOIN['a']]}.id"), key=JOIN["a"], primary_key=True),
    sa.Column("b", sa.ForeignKey(f"app.{TABLE[JOIN['b']]}.id"), key=JOIN["b"], primary_key=True),
)


class CommentRow(Base):
    __tablename__ = TABLE["Comment"]
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())
    updated_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())
    text: Mapped[str] = mapped_column(COLUMN["Comment"]["text"])
    score: Mapped[int] = mapped_column(COLUMN["Comment"]["score"])
    post_id: Mapped[str] = mapped_column(COLUMN["Comment"]["post"], sa.ForeignKey(f"app.{TABLE['Post']}.id"))


class PostRow(Base):
    __tablename__ = TABLE["Post"]
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())
    updated_at: Mapped[datetime] = mapped_column(
        sa.DateTime(timezone=True), server_default=sa.func.now(), onupdate=sa.func.now()
    )
    slug: Mapped[str] = mapped_column(COLUMN["Post"]["slug"])
    title: Mapped[str] = mapped_column(COLUMN["Post"]["title"])
    text: Mapped[str] = mapped_column(COLUMN["Post"]["text"])
    views: Mapped[int] = mapped_column(COLUMN["Post"]["views"])
    published: Mapped[bool] = mapped_column(COLUMN["Post"]["published"])
    author_id: Mapped[str] = mapped_column(COLUMN["Post"]["author"], sa.ForeignKey(f"app.{TABLE['Author']}.id"))
    author: Mapped[AuthorRow] = relationship()
    comments: Mapped[list[CommentRow]] = relationship()
    tags: Mapped[list[TagRow]] = relationship(secondary=tagged)


# --- loading ------------------------------------------------------------------------------------------------------


async def posts_of(keys: Sequence[tuple[str, int]]) -> list[list[PostRow]]:
    return await _first_of(PostRow, PostRow.author_id, PostRow.views, keys)


async def comments_of(keys: Sequence[tuple[str, int]]) -> list[list[CommentRow]]:
    return await _first_of(CommentRow, CommentRow.post_id, CommentRow.score, keys)


async def _first_of(row: Any, parent: Any, order: Any, keys: Sequence[tuple[str, int]]) -> list[list[Any]]:
    """The first so many rows of each parent, greatest first: one statement for all parents."""
    place = sa.func.row_number().over(partition_by=parent, order_by=(order.desc(), row.id))
    ranked = sa.select(row.id, place.label("place")).where(parent.in_([key for key, _ in keys])).subquery()
    most = max(count for _, count in keys)
    chosen = sa.select(row).join(ranked, ranked.c.id == row.id).where(ranked.c.place <= most)
    found: dict[str, list[Any]] = {key: [] for key, _ in keys}
    async with sessions() as session:
        for one in (await session.scalars(chosen.order_by(ranked.c.place))).all():
            found[getattr(one, parent.key)].append(one)
    return [found[key][:count] for key, count in keys]


async def tags_of(keys: Sequence[str]) -> list[list[TagRow]]:
    chosen = sa.select(tagged.c.Post, TagRow).join(TagRow, TagRow.id == tagged.c.Tag).where(tagged.c.Post.in_(keys))
    found: dict[str, list[TagRow]] = {key: [] for key in keys}
    async with sessions() as session:
        for post, tag in (await session.execute(chosen.order_by(TagRow.id))).all():
            found[post].append(tag)
    return [found[key] for key in keys]
