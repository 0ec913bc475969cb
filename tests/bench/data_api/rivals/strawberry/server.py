"""Strawberry over SQLAlchemy, written as their manuals recommend: dataloaders for relations, caches for documents."""

from __future__ import annotations

import json
import socket
from datetime import datetime
from enum import Enum
from typing import Any, Final

import sqlalchemy as sa
import strawberry
import tables
import uvicorn
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.types import Info
from tables import AuthorRow, CommentRow, PostRow, sessions, tagged

CACHED: Final = 100


# --- schema -------------------------------------------------------------------------------------------------------


@strawberry.type
class Tag:
    id: strawberry.ID
    label: str


@strawberry.type
class Comment:
    id: strawberry.ID
    text: str
    score: int


@strawberry.type
class Post:
    id: strawberry.ID
    created_at: datetime
    slug: str
    title: str
    text: str
    views: int
    published: bool

    @strawberry.field
    async def comments(self, info: Info, first: int = 1000) -> list[Comment]:
        rows = await info.context["comments_of"].load((self.id, first))
        return [Comment(id=row.id, text=row.text, score=row.score) for row in rows]

    @strawberry.field
    async def tags(self, info: Info) -> list[Tag]:
        return [Tag(id=row.id, label=row.label) for row in await info.context["tags_of"].load(self.id)]


def post_of(row: PostRow) -> Post:
    return Post(
        id=row.id,
        created_at=row.created_at,
        slug=row.slug,
        title=row.title,
        text=row.text,
        views=row.views,
        published=row.published,
    )


@strawberry.type
class Author:
    id: strawberry.ID
    name: str

    @strawberry.field
    async def posts(self, info: Info, first: int = 1000) -> list[Post]:
        return [post_of(row) for row in await info.context["posts_of"].load((self.id, first))]


@strawberry.input
class PostFilter:
    published: bool | None = None
    views_lte: int | None = None
    views_gte: int | None = None
    author_email_starts_with: str | None = None
    comments_some_score_gte: int | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        found: list[sa.ColumnElement[bool]] = []
        if self.published is not None:
            found.append(PostRow.published.is_(self.published))
        if self.views_lte is not None:
            found.append(PostRow.views <= self.views_lte)
        if self.views_gte is not None:
            found.append(PostRow.views >= self.views_gte)
        if self.author_email_starts_with is not None:
            found.append(PostRow.author.has(AuthorRow.email.startswith(self.author_email_starts_with, autoescape=True)))
        if self.comments_some_score_gte is not None:
            found.append(PostRow.comments.any(CommentRow.score >= self.comments_some_score_gte))
        return found


@strawberry.enum
class PostOrder(Enum):
    VIEWS_ASC = "views_asc"
    VIEWS_DESC = "views_desc"

    def terms(self) -> tuple[Any, ...]:
        return (PostRow.views.asc() if self is PostOrder.VIEWS_ASC else PostRow.views.desc(), PostRow.id)


@strawberry.type
class Query:
    @strawberry.field
    async def post(self, id: strawberry.ID) -> Post | None:
        async with sessions() as session:
            row = await session.get(PostRow, id)
        return None if row is None else post_of(row)

    @strawberry.field
    async def posts(self, order_by: PostOrder, first: int, filter: PostFilter) -> list[Post]:
        chosen = sa.select(PostRow).where(*filter.conditions()).order_by(*order_by.terms()).limit(first)
        async with sessions() as session:
            return [post_of(row) for row in (await session.scalars(chosen)).all()]

    @strawberry.field
    async def posts_count(self, filter: PostFilter) -> int:
        chosen = sa.select(sa.func.count()).select_from(PostRow).where(*filter.conditions())
        async with sessions() as session:
            return (await session.scalars(chosen)).one()

    @strawberry.field
    async def authors(self, first: int, skip: int = 0) -> list[Author]:
        chosen = sa.select(AuthorRow).order_by(AuthorRow.id).offset(skip).limit(first)
        async with sessions() as session:
            return [Author(id=row.id, name=row.name) for row in (await session.scalars(chosen)).all()]


@strawberry.input
class NewComment:
    text: str
    score: int


@strawberry.input
class NewPost:
    slug: str
    title: str
    text: str
    views: int
    published: bool
    author_id: strawberry.ID
    comments: list[NewComment] = strawberry.field(default_factory=list)
    tags_ids: list[strawberry.ID] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def create_post(self, post: NewPost) -> Post:
        async with sessions.begin() as session:
            row = PostRow(
                slug=post.slug,
                title=post.title,
                text=post.text,
                views=post.views,
                published=post.published,
                author_id=post.author_id,
                comments=[CommentRow(text=one.text, score=one.score) for one in post.comments],
            )
            session.add(row)
            await session.flush()
            if post.tags_ids:
                rows = [{"Post": row.id, "Tag": tag} for tag in post.tags_ids]
                await session.execute(sa.insert(tagged), rows)
        return post_of(row)

    @strawberry.mutation
    async def update_post(self, id: strawberry.ID, title: str) -> Post | None:
        changed = sa.update(PostRow).where(PostRow.id == id).values(title=title).returning(PostRow)
        async with sessions.begin() as session:
            row = (await session.scalars(changed)).one_or_none()
        return None if row is None else post_of(row)


# --- serving ------------------------------------------------------------------------------------------------------


class Server(GraphQL[dict[str, Any], None]):
    """The schema as an ASGI application; every request has loaders of its own."""

    async def get_context(self, request: Any, response: Any) -> dict[str, Any]:
        return {
            "request": request,
            "response": response,
            "posts_of": DataLoader(tables.posts_of),
            "comments_of": DataLoader(tables.comments_of),
            "tags_of": DataLoader(tables.tags_of),
        }


def main() -> None:
    schema = strawberry.Schema(
        Query, Mutation, extensions=[lambda: ParserCache(maxsize=CACHED), lambda: ValidationCache(maxsize=CACHED)]
    )
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        Server(schema, graphql_ide=None), loop="uvloop", http="httptools", lifespan="off", access_log=False, ws="none"
    )
    print(json.dumps({"port": listening.getsockname()[1]}), flush=True)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
