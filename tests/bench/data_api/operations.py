"""The operations that are measured, in the words of each contestant, with the bars that the gateway is held against."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from tests.bench.data_api import rows

Dialect: TypeAlias = Literal["ours", "postgraphile", "strawberry"]
UNIQUE: Final = "@" * 18
"""Stands in a body where every request needs a number of its own, of so many digits."""


@dataclass(frozen=True)
class Draw:
    """A number that is drawn anew for every request."""

    low: int
    high: int
    text: bool = False

    def value(self, drawn: int) -> str | int:
        """As the variable has it."""
        return str(drawn) if self.text else drawn


@dataclass(frozen=True)
class Bars:
    """What the gateway shall reach with metering `fast`: floor and moonshot. 0 = none is set."""

    postgraphile: tuple[float, float]
    """Times PostGraphile's rate, at concurrency 16."""
    limit: tuple[float, float] = (0, 0)
    """Share of the limit, at concurrency 16."""
    limit_alone: tuple[float, float] = (0, 0)
    """Share of the limit, at concurrency 1."""


@dataclass(frozen=True)
class Operation:
    """One thing to ask for. Every dialect's text takes the same variables and names its answer's members alike."""

    name: str
    title: str
    texts: Mapping[Dialect, str]
    draws: Mapping[str, Draw]
    bars: Bars
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Variables that stay; UNIQUE in them is replaced."""
    own_ids: Mapping[str, str] = field(default_factory=dict)
    """More of them, for PostGraphile alone, whose clients make the ids."""
    writes: Literal["nothing", "creates", "updates"] = "nothing"

    def drawn(self, chance: random.Random) -> dict[str, int]:
        """A number for each draw."""
        return {name: chance.randint(one.low, one.high) for name, one in self.draws.items()}

    def variables(self, dialect: Dialect, drawn: Mapping[str, int]) -> dict[str, Any]:
        """The request's variables."""
        given = {name: one.value(drawn[name]) for name, one in self.draws.items()}
        return {**self.fixed, **(self.own_ids if dialect == "postgraphile" else {}), **given}

    def body(self, dialect: Dialect, drawn: Mapping[str, int]) -> str:
        """The request's body."""
        return json.dumps({"query": self.texts[dialect], "variables": self.variables(dialect, drawn)})


_POST: Final = Draw(rows.FIRST_POST, rows.FIRST_POST + rows.POSTS - 1, text=True)
_SIX: Final = "title slug views published createdAt"

NODE: Final = Operation(
    "node",
    "node by id, 3 fields",
    {
        "ours": "query ($id: ID) { post: Post(id: $id) { id title views } }",
        "postgraphile": "query ($id: String!) { post: postByRowId(rowId: $id) { id: rowId title views } }",
        "strawberry": "query ($id: ID!) { post(id: $id) { id title views } }",
    },
    {"id": _POST},
    Bars((1.9, 4), (0.25, 0.6), (0.30, 0.55)),
)
LIST: Final = Operation(
    "list",
    "list of 20, filter and order, 6 fields",
    {
        "ours": (
            "query ($views: Int) { posts: allPosts(filter: { published: true, views_lte: $views }, orderBy: views_DESC,"
            f" first: 20) {{ id {_SIX} }} }}"
        ),
        "postgraphile": (
            "query ($views: Int) { posts: allPosts(filter: { published: { equalTo: true },"
            " views: { lessThanOrEqualTo: $views } }, orderBy: [VIEWS_DESC, PRIMARY_KEY_ASC], first: 20)"
            f" {{ nodes {{ id: rowId {_SIX} }} }} }}"
        ),
        "strawberry": (
            "query ($views: Int) { posts(filter: { published: true, viewsLte: $views }, orderBy: VIEWS_DESC,"
            f" first: 20) {{ id {_SIX} }} }}"
        ),
    },
    {"views": Draw(1_000, rows.VIEWS)},
    Bars((1.9, 4), (0.45, 0.8)),
)
_THREE_LEVELS: Final[Mapping[Dialect, str]] = {
    "ours": (
        "query ($skip: Int) { authors: allAuthors(skip: $skip, first: 20) { id name posts(orderBy: views_DESC,"
        " first: 5) { id title comments(orderBy: score_DESC, first: 3) { id text } } } }"
    ),
    "postgraphile": (
        "query ($skip: Int) { authors: allAuthors(orderBy: PRIMARY_KEY_ASC, offset: $skip, first: 20) { nodes {"
        " id: rowId name posts(orderBy: [VIEWS_DESC, PRIMARY_KEY_ASC], first: 5) { nodes { id: rowId title"
        " comments(orderBy: [SCORE_DESC, PRIMARY_KEY_ASC], first: 3) { nodes { id: rowId text } } } } } } }"
    ),
    "strawberry": (
        "query ($skip: Int!) { authors(skip: $skip, first: 20) { id name posts(first: 5) { id title"
        " comments(first: 3) { id text } } } }"
    ),
}
THREE_LEVELS: Final = Operation(
    "three_levels",
    "20 authors, 5 posts each, 3 comments each; skips up to 20",
    _THREE_LEVELS,
    {"skip": Draw(0, 20)},
    Bars((2, 3.5), (0.8, 1)),
)
THREE_LEVELS_FAR: Final = Operation(
    "three_levels_far",
    "the same; skips up to 900",
    _THREE_LEVELS,
    {"skip": Draw(0, 900)},
    Bars((8, 15), (0.8, 1)),
)
THOUSAND: Final = Operation(
    "thousand",
    "1 000 rows, 6 fields",
    {
        "ours": (
            "query ($views: Int) { posts: allPosts(filter: { views_gte: $views }, orderBy: views_ASC, first: 1000)"
            f" {{ id {_SIX} }} }}"
        ),
        "postgraphile": (
            "query ($views: Int) { posts: allPosts(filter: { views: { greaterThanOrEqualTo: $views } },"
            f" orderBy: [VIEWS_ASC, PRIMARY_KEY_ASC], first: 1000) {{ nodes {{ id: rowId {_SIX} }} }} }}"
        ),
        "strawberry": (
            "query ($views: Int) { posts(filter: { viewsGte: $views }, orderBy: VIEWS_ASC, first: 1000)"
            f" {{ id {_SIX} }} }}"
        ),
    },
    {"views": Draw(0, rows.VIEWS * 9 // 10)},
    Bars((1.1, 8), (0.8, 1)),
)
RELATED: Final = Operation(
    "related",
    "filters over relations: author's email begins with, some comment has a score",
    {
        "ours": (
            "query ($email: String, $score: Int) { posts: allPosts(filter: { author: { email_starts_with: $email },"
            " comments_some: { score_gte: $score } }, orderBy: views_DESC, first: 20) { id title views } }"
        ),
        "postgraphile": (
            "query ($email: String, $score: Int) { posts: allPosts(filter: { author: { email: { startsWith: $email } },"
            " comments: { some: { score: { greaterThanOrEqualTo: $score } } } },"
            " orderBy: [VIEWS_DESC, PRIMARY_KEY_ASC], first: 20) { nodes { id: rowId title views } } }"
        ),
        "strawberry": (
            "query ($email: String, $score: Int) { posts(filter: { authorEmailStartsWith: $email,"
            " commentsSomeScoreGte: $score }, orderBy: VIEWS_DESC, first: 20) { id title views } }"
        ),
    },
    {
        "email": Draw(rows.FIRST_EMAIL, rows.FIRST_EMAIL + rows.AUTHORS // rows.OF_EMAIL - 1, text=True),
        "score": Draw(rows.SCORES * 8 // 10, rows.SCORES * 98 // 100),
    },
    Bars((1.1, 1.1), (0.8, 1)),
)
COUNT: Final = Operation(
    "count",
    "count with a filter",
    {
        "ours": (
            "query ($views: Int) { posts: _allPostsMeta(filter: { published: true, views_gte: $views }) { count } }"
        ),
        "postgraphile": (
            "query ($views: Int) { posts: allPosts(filter: { published: { equalTo: true },"
            " views: { greaterThanOrEqualTo: $views } }) { count: totalCount } }"
        ),
        "strawberry": "query ($views: Int) { count: postsCount(filter: { published: true, viewsGte: $views }) }",
    },
    {"views": Draw(rows.VIEWS * 97 // 100, rows.VIEWS)},
    Bars((1.1, 1.1), (0.8, 1)),
)
READS: Final = (NODE, LIST, THREE_LEVELS, THREE_LEVELS_FAR, THOUSAND, RELATED, COUNT)
