"""What an interrupted or refused plan has left in an environment's database, found in the catalogue and put right.

Whatever is prepared has a name that no version knows (`domain.actions.HIDDEN`), and whatever was switched to without
having been looked at is not validated: so nothing needs to be remembered to know what is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import asyncpg

from common.sql import literal, sql
from provisioner.domain.actions import HIDDEN, hidden
from provisioner.domain.layout import SCHEMA

_OURS: Final = {"schema": literal(SCHEMA), "like": literal(f"{HIDDEN}%"), "plan": literal(hidden("plan"))}

STATE: Final = sql(
    "select model_sha, step, to_regclass(format('%I.%I', {schema}, {plan})) is not null as prepared, "
    "array(select format('alter table %s validate constraint %I', conrelid::regclass, conname) from pg_constraint "
    "where connamespace = {schema}::regnamespace and not convalidated order by conname) as unfinished "
    "from app._mortise",
    **_OURS,
)
PREPARED: Final = 'select mark, step from app."~plan"'

NEXT: Final = sql(
    "select statement from ("
    "select 1 as rank, format('drop function %s cascade', oid::regprocedure) as statement "
    "from pg_proc where pronamespace = {schema}::regnamespace and proname like {like} "
    "union all "
    "select 2, format('alter table %s drop column %I', attrelid::regclass, attname) "
    "from pg_attribute join pg_class on pg_class.oid = attrelid "
    "where relnamespace = {schema}::regnamespace and relkind = 'r' and relname not like {like} "
    "and attname like {like} and attnum > 0 and not attisdropped "
    "union all "
    "select 3, format('drop index %s', indexrelid::regclass) "
    "from pg_index join pg_class as index on index.oid = indexrelid join pg_class as indexed on indexed.oid = indrelid "
    "where index.relnamespace = {schema}::regnamespace and index.relname like {like} "
    "and indexed.relname not like {like} "
    "union all "
    "select case relname when {plan} then 5 else 4 end, format('drop table %s', oid::regclass) "
    "from pg_class where relnamespace = {schema}::regnamespace and relkind = 'r' and relname like {like}"
    ") as leftover order by rank, statement limit 1",
    **_OURS,
)
"""The next thing to drop; the record of the plan last, so that nothing is forgotten."""


@dataclass(frozen=True, slots=True)
class State:
    """What a database is found like."""

    model_sha: str | None
    step: int
    prepared: tuple[str, int] | None
    """Mark of the plan that has been prepared, and the last step of it that was done."""
    unfinished: tuple[str, ...]
    """Statements that finish an earlier plan."""


async def state(connection: asyncpg.Connection) -> State:
    """What is there, and what is left of earlier plans."""
    row = await connection.fetchrow(STATE.text)
    assert row is not None, "_mortise has one row from birth"
    prepared = await connection.fetchrow(PREPARED) if row["prepared"] else None
    mine = (prepared["mark"], prepared["step"]) if prepared else None
    return State(row["model_sha"], row["step"], mine, tuple(row["unfinished"]))


async def next_leftover(connection: asyncpg.Connection) -> str | None:
    """A statement that drops something of a plan that will not be carried out; None when nothing is left."""
    found: str | None = await connection.fetchval(NEXT.text)
    return found
