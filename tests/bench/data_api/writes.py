"""The operations that write. What they make is found by its slug, which no other request has."""

from __future__ import annotations

from typing import Final

from tests.bench.data_api import rows
from tests.bench.data_api.operations import UNIQUE, Bars, Draw, Operation

_AUTHOR: Final = Draw(rows.FIRST_AUTHOR, rows.FIRST_AUTHOR + rows.AUTHORS - 1, text=True)
_FIRST_TAGS: Final = Draw(rows.FIRST_TAG, rows.FIRST_TAG + rows.TAGS // 2 - 1, text=True)
_LAST_TAGS: Final = Draw(rows.FIRST_TAG + rows.TAGS // 2, rows.FIRST_TAG + rows.TAGS - 1, text=True)
_POST: Final = Draw(rows.FIRST_POST, rows.FIRST_POST + rows.POSTS - 1, text=True)
_TEXT: Final = " ".join(rows.WORDS * 3)

CREATE: Final = Operation(
    "create",
    "create a post",
    {
        "ours": (
            "mutation ($slug: String!, $text: String!, $views: Int!, $author: ID!) { post: createPost(slug: $slug,"
            ' title: "A new post", text: $text, views: $views, published: true, authorId: $author)'
            " { id slug title views } }"
        ),
        "postgraphile": (
            "mutation ($slug: String!, $text: String!, $views: Int!, $author: String!) { made: createPost(input:"
            ' { post: { rowId: $slug, slug: $slug, title: "A new post", text: $text, views: $views, published: true,'
            " authorKey: $author } }) { post { id: rowId slug title views } } }"
        ),
        "strawberry": (
            "mutation ($slug: String!, $text: String!, $views: Int!, $author: ID!) { post: createPost(post:"
            ' { slug: $slug, title: "A new post", text: $text, views: $views, published: true, authorId: $author })'
            " { id slug title views } }"
        ),
    },
    {"views": Draw(0, rows.VIEWS - 1), "author": _AUTHOR},
    Bars((1.5, 2.5)),
    fixed={"slug": UNIQUE, "text": _TEXT},
    writes="creates",
)
_ANSWER: Final = "slug title views comments { text score } tags { label }"
NESTED: Final = Operation(
    "nested",
    "create a post with 3 comments and 2 tags",
    {
        "ours": (
            "mutation ($slug: String!, $text: String!, $views: Int!, $author: ID!, $one: ID!, $two: ID!) {"
            ' post: createPost(slug: $slug, title: "A new post", text: $text, views: $views, published: true,'
            ' authorId: $author, comments: [{ text: "First", score: 1 }, { text: "Second", score: 2 },'
            f' {{ text: "Third", score: 3 }}], tagsIds: [$one, $two]) {{ id {_ANSWER} }} }}'
        ),
        # Nothing nested there: six root fields, each its own transaction, with ids that the client makes.
        "postgraphile": (
            "mutation ($slug: String!, $text: String!, $views: Int!, $author: String!, $one: String!, $two: String!,"
            " $c1: String!, $c2: String!, $c3: String!) { a: createPost(input: { post: { rowId: $slug, slug: $slug,"
            ' title: "A new post", text: $text, views: $views, published: true, authorKey: $author } })'
            " { clientMutationId }"
            ' b: createComment(input: { comment: { rowId: $c1, postKey: $slug, text: "First", score: 1 } })'
            " { clientMutationId }"
            ' c: createComment(input: { comment: { rowId: $c2, postKey: $slug, text: "Second", score: 2 } })'
            " { clientMutationId }"
            ' d: createComment(input: { comment: { rowId: $c3, postKey: $slug, text: "Third", score: 3 } })'
            " { clientMutationId }"
            " e: createLink(input: { link: { postKey: $slug, tagKey: $one } }) { clientMutationId }"
            " f: createLink(input: { link: { postKey: $slug, tagKey: $two } }) { link { post { id: rowId"
            " slug title views comments { nodes { text score } } tags: links { nodes { tag { label } } } } } } }"
        ),
        "strawberry": (
            "mutation ($slug: String!, $text: String!, $views: Int!, $author: ID!, $one: ID!, $two: ID!) {"
            ' post: createPost(post: { slug: $slug, title: "A new post", text: $text, views: $views, published: true,'
            ' authorId: $author, comments: [{ text: "First", score: 1 }, { text: "Second", score: 2 },'
            f' {{ text: "Third", score: 3 }}], tagsIds: [$one, $two] }}) {{ id {_ANSWER} }} }}'
        ),
    },
    {"views": Draw(0, rows.VIEWS - 1), "author": _AUTHOR, "one": _FIRST_TAGS, "two": _LAST_TAGS},
    Bars((2.5, 6)),
    fixed={"slug": UNIQUE, "text": _TEXT},
    own_ids={"c1": f"{UNIQUE}1", "c2": f"{UNIQUE}2", "c3": f"{UNIQUE}3"},
    writes="creates",
)
UPDATE: Final = Operation(
    "update",
    "update a post's title",
    {
        "ours": (
            "mutation ($id: ID!, $title: String!) { post: updatePost(id: $id, title: $title) { id title views } }"
        ),
        "postgraphile": (
            "mutation ($id: String!, $title: String!) { made: updatePostByRowId(input: { rowId: $id,"
            " postPatch: { title: $title } }) { post { id: rowId title views } } }"
        ),
        "strawberry": (
            "mutation ($id: ID!, $title: String!) { post: updatePost(id: $id, title: $title) { id title views } }"
        ),
    },
    {"id": _POST, "title": Draw(10**6, 10**7 - 1, text=True)},
    Bars((1.5, 2.5), (0.6, 0.85)),
    writes="updates",
)
WRITES: Final = (CREATE, NESTED, UPDATE)
