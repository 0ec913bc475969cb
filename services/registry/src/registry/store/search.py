"""Ranked search for services: full text over name, tags, problem, solution and domain, and what is spelt alike.

Every text is indexed twice, as written and by English stems, both folded (case, accents). A word of the query matches
as the beginning of a written word, so `serv` finds `service`, or by its stem, so `payment` finds `paying`.
"""

from __future__ import annotations

import re
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import REGCONFIG
from sqlalchemy.ext.asyncio import AsyncConnection

from common.claims import folded
from contracts import registry as said
from registry.store.tables import services

WORDS_MAX: Final = 8
WORD_CHARS_MAX: Final = 40
WEIGHTS: Final = (0.1, 0.3, 0.6, 1.0)
"""Of domain, problem and solution, tags, name (PostgreSQL's classes D to A)."""
ALIKE: Final = 0.3
"""Least similarity of a name that is only spelt alike."""
SIMPLE: Final = sa.literal("simple", REGCONFIG)
ENGLISH: Final = sa.literal("english", REGCONFIG)


def words(event: said.ServiceCreated) -> sa.ColumnElement[Any]:
    """The weighted index entry of a service."""
    texts = {
        "A": event.name,
        "B": " ".join(event.tags),
        "C": f"{event.problem} {event.solution}",
        "D": event.domain.replace("_", " "),
    }
    parts = [
        sa.func.setweight(sa.func.to_tsvector(language, folded(text)), sa.literal_column(f"'{weight}'"))
        for weight, text in texts.items()
        for language in (SIMPLE, ENGLISH)
    ]
    whole: sa.ColumnElement[Any] = parts[0]
    for part in parts[1:]:
        whole = whole.op("||")(part)
    return whole


def split(search: str) -> list[str]:
    """The words of a query, folded."""
    found = re.findall(r"[^\W_]+", folded(search))
    return [word[:WORD_CHARS_MAX] for word in found[:WORDS_MAX]]


async def ranked(connection: AsyncConnection, search: str, visible: sa.ColumnElement[bool]) -> sa.Subquery | None:
    """Ids and ranks (0..1) of the services that match: all words, else any of them, else names spelt alike.

    None when the query has no word.
    """
    asked = split(search)
    if not asked:
        return None
    for together in ("&&", "||"):
        query = _query(asked, together)
        match = services.c.words.op("@@")(query)
        if await connection.scalar(sa.select(sa.exists().where(match, visible))):
            return sa.select(services.c.id, _rank(asked).label("rank")).where(match, visible).subquery("found")
    alike = await _similarity(connection, " ".join(asked))
    if alike is None:
        nothing = sa.select(services.c.id, sa.literal(0.0).label("rank")).where(sa.false())
        return nothing.subquery("found")
    return sa.select(services.c.id, alike.label("rank")).where(alike >= ALIKE, visible).subquery("found")


def _query(asked: list[str], together: str) -> sa.ColumnElement[Any]:
    return _joined([_joined([_beginning(word), _stem(word)], "||") for word in asked], together)


def _rank(asked: list[str]) -> sa.ColumnElement[Any]:
    """Beginnings and stems count apart, so that a whole word counts twice; r / (r + 1) brings it below 1.

    (ts_rank gives 0 for a query that holds a word both as a beginning and whole.)
    """
    weights = sa.literal(list(WEIGHTS), sa.ARRAY(sa.REAL))
    queries = [_joined([form(word) for word in asked], "||") for form in (_beginning, _stem)]
    both: list[sa.ColumnElement[Any]] = [sa.func.ts_rank(weights, services.c.words, query) for query in queries]
    return sa.cast((both[0] + both[1]) / (both[0] + both[1] + 1.0), sa.REAL)


def _beginning(word: str) -> sa.ColumnElement[Any]:
    """`split` leaves letters and digits only, so a word cannot hold an operator of the query language."""
    return sa.func.to_tsquery(SIMPLE, f"{word}:*")


def _stem(word: str) -> sa.ColumnElement[Any]:
    return sa.func.plainto_tsquery(ENGLISH, word)


def _joined(queries: list[sa.ColumnElement[Any]], operator: str) -> sa.ColumnElement[Any]:
    whole = queries[0].self_group()
    for query in queries[1:]:
        whole = whole.op(operator)(query.self_group())
    return sa.Grouping(whole) if len(queries) > 1 else whole


async def _similarity(connection: AsyncConnection, search: str) -> sa.ColumnElement[Any] | None:
    """How alike a name is to the query by trigrams; None where the extension is not installed."""
    installed = sa.text(
        "select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pg_trgm'"
    )
    schema = await connection.scalar(installed)
    if schema is None:
        return None
    function = getattr(sa.func, schema).word_similarity
    return sa.cast(function(search, sa.func.lower(services.c.name)), sa.REAL)
