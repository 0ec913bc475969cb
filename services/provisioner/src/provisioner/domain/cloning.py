"""How a preview gets schema and data of its source: a plan that fills new tables, and what remains of a copy of files.

Rows are copied between the making of the tables and that of what looks at all rows: indexes, checks, foreign keys. Each
table is read by one query in one snapshot of the source, with masks in the place of what must not be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from common.sql import Sql, ident, join, literal, sql
from contracts.masks import Mask
from contracts.model import Model
from contracts.names import database
from provisioner.domain import birth, masking, plan
from provisioner.domain.diff import Grade
from provisioner.domain.layout import SCHEMA, Table, layout
from provisioner.domain.plan import Plan, PlannedStep
from provisioner.domain.preparing import TRASH
from provisioner.domain.versions import between

CREATE: Final = "create table"
COPY: Final = "copy rows"


@dataclass(frozen=True, slots=True)
class Load:
    """Rows on their way from a table of the source to the same table of the clone."""

    table: str
    columns: tuple[str, ...]
    query: str


def loads(model: Model, masks: Iterable[Mask]) -> tuple[Load, ...]:
    """What is copied, table by table."""
    return tuple(_load(table, masking.by_column(model, masks)) for table in layout(model).values())


def clone_plan(model: Model, masks: Sequence[Mask], *, environment: str, deployment: str, model_sha: str) -> Plan:
    """The plan as it is stored and shown: tables, rows, everything else."""
    made = plan.plan(
        between(None, [model]),
        environment=environment,
        deployment=deployment,
        from_model_sha=None,
        model_sha=model_sha,
        forced=False,
    )
    first = [step for step in made.steps if step.kind == CREATE]
    rest = [step for step in made.steps if step.kind != CREATE]
    steps = [*first, *_copies(model, masks, made.names), *rest]
    numbered = tuple(step.model_copy(update={"number": number}) for number, step in enumerate(steps, 1))
    return made.model_copy(update={"steps": numbered})


def stages(made: Plan) -> tuple[list[PlannedStep], list[PlannedStep]]:
    """The steps before rows are copied, and those after."""
    before = [step for step in made.steps if step.kind == CREATE]
    return before, [step for step in made.steps if step.kind not in {CREATE, COPY}]


def leftover_statements(model: Model) -> Sql:
    """Query for statements that take out of a copy of files what is no data of the Model.

    The trash belongs to the source: nobody could bring anything back from there in a clone. Tables of the platform's
    own, whose names begin with `_`, stay without rows: what waits in them is the source's business.
    """
    return sql(
        "select format(case when relname like {own} and relnamespace = {app}::regnamespace "
        "then 'truncate %s cascade' else 'drop table %s cascade' end, oid::regclass) as statement "
        "from pg_class where relkind in ('r', 'p') and relnamespace = any({schemas}::regnamespace[]) "
        "and not (relnamespace = {app}::regnamespace and relname = any({kept}::text[])) "
        "union all "
        "select format('drop function %s cascade', oid::regprocedure) from pg_proc "
        "where pronamespace = {trash}::regnamespace "
        "order by 1",
        own=literal("\\_%"),
        app=literal(SCHEMA),
        trash=literal(TRASH),
        schemas=literal([SCHEMA, TRASH]),
        kept=literal([*layout(model), "_mortise"]),
    )


def handed_over(model: Model, *, source: str, environment: str) -> tuple[Sql, ...]:
    """What makes a copy of files the clone's own: the source's role may do nothing there, the clone's what it needs."""
    before, now = ident(database(source)), ident(database(environment))
    granted = "grant select, insert, update, delete on {table} to {role}"
    return (
        sql("revoke all on all tables in schema app from {role}", role=before),
        sql("revoke all on schema app from {role}", role=before),
        *birth.opened(database(environment)),
        *(sql(granted, table=ident(SCHEMA, table), role=now) for table in layout(model)),
    )


def _copies(model: Model, masks: Sequence[Mask], names: dict[str, str]) -> Iterator[PlannedStep]:
    masked: dict[str, list[str]] = {}
    for mask in masks:
        masked.setdefault(mask.type, []).append(f"{mask.field} as {mask.rule}")
    for load in loads(model, masks):
        subject = names.get(load.table, load.table)
        told = ", ".join(masked.get(subject, ()))
        yield PlannedStep(
            number=0,
            kind=COPY,
            subject=subject,
            reason=f"masked: {told}" if told else "as they are in the source",
            grade=Grade.SAFE,
            locks={},
            sql=(load.query,),
        )


def _load(table: Table, masked: dict[tuple[str, str], Sql]) -> Load:
    columns = tuple(column.name for column in table.columns)
    values = [masked.get((table.name, column), ident(column)) for column in columns]
    query = sql("select {values} from {table}", values=join(", ", values), table=ident(SCHEMA, table.name))
    return Load(table.name, columns, query.text)
