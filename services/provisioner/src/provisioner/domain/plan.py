"""The plan of a migration as a document: what is counted, what runs, and why. Whoever runs it decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from common.ids import derived
from contracts.names import database
from provisioner.domain import checks
from provisioner.domain.ddl import READERS_WAIT, WRITERS_WAIT, kind, locks, statements
from provisioner.domain.diff import Change, Difference, Grade, changes
from provisioner.domain.layout import layout
from provisioner.domain.migration import steps

MARK_CHARACTERS: Final = 8


class Document(BaseModel):
    """A frozen part of a stored document."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PlannedChange(Document):
    """A difference in the words of the schema."""

    kind: str
    subject: str
    reason: str
    grade: Grade


class PlannedCheck(Document):
    """A query that counts, run before the steps; more than `allowed` is a loss or a problem."""

    kind: Literal["loss", "problem"]
    path: str
    """`Type`, `Type.field` or `relation Name`."""
    code: int | None = None
    type: str | None = None
    field: str | None = None
    message: str | None = None
    """Of a problem; `{count}` stands for the number."""
    count: str | None = None
    """None: it is so whatever the data."""
    allowed: int = 0


class PlannedStep(Document):
    """One step with its statements."""

    number: int
    kind: str
    subject: str
    reason: str
    grade: Grade
    locks: dict[str, str]
    sql: tuple[str, ...]


class Plan(Document):
    """Everything an executor needs to bring one environment from one Model to another."""

    environment: str
    deployment: str
    """Id of the event that declared the version."""
    service: str
    from_model_sha: str | None
    model_sha: str
    forced: bool
    """Whether losses are accepted."""
    changes: tuple[PlannedChange, ...]
    checks: tuple[PlannedCheck, ...]
    locks: dict[str, str]
    """Every table that is there before and has to be locked, with the strongest lock it needs."""
    steps: tuple[PlannedStep, ...]

    @property
    def destructive(self) -> bool:
        """Whether data will no longer be served."""
        return any(change.grade is Grade.DESTRUCTIVE for change in self.changes)


def deployment_id(environment: str, declaration: str) -> str:
    """Id of the deployment of one declaration to one environment: a declaration may be for several."""
    return derived("deployment", environment, declaration)


def plan(
    difference: Difference,
    *,
    environment: str,
    deployment: str,
    from_model_sha: str | None,
    model_sha: str,
    forced: bool,
) -> Plan:
    """The plan. Where a problem does not depend on data there are no steps: it is refused anyway."""
    problems = checks.problems(difference)
    hopeless = any(problem.count is None for problem in problems)
    mark = deployment_id(environment, deployment)[:MARK_CHARACTERS]
    role = database(environment)
    planned = () if hopeless else steps(difference, mark=mark)
    return Plan(
        environment=environment,
        deployment=deployment,
        service=difference.after.service,
        from_model_sha=from_model_sha,
        model_sha=model_sha,
        forced=forced,
        changes=tuple(_change(change) for change in changes(difference)),
        checks=(
            *(PlannedCheck(kind="loss", path=loss.path, count=loss.count.text) for loss in checks.losses(difference)),
            *(_problem(problem) for problem in problems),
        ),
        locks=_locks(difference, [locks(step.action) for step in planned]),
        steps=tuple(
            PlannedStep(
                number=step.number,
                kind=kind(step.action),
                subject=step.subject,
                reason=step.reason,
                grade=step.grade,
                locks=locks(step.action),
                sql=tuple(each.text for each in statements(step.action, role=role)),
            )
            for step in planned
        ),
    )


def encode(plan: Plan) -> bytes:
    """The document that is stored."""
    return plan.model_dump_json().encode()


def decode(document: bytes) -> Plan:
    """The plan of a stored document."""
    return Plan.model_validate_json(document)


def told(plan: Plan) -> str:
    """The plan as people read it."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    yield "changes"
    yield from (f"  {each.grade:<11} {each.kind} {each.subject}: {each.reason}" for each in plan.changes)
    yield "checks"
    for check in plan.checks:
        what = check.kind if check.code is None else f"{check.kind} {check.code}"
        yield f"  {what} {check.path}" + (f" (up to {check.allowed} allowed)" if check.allowed else "")
        yield f"    {check.count or 'always'}"
    yield "locks"
    yield from (f"  {table} {mode}" for table, mode in plan.locks.items())
    yield "steps"
    yield from (f"  {each.number:>3} {each.grade:<11} {each.kind} {each.subject}: {each.reason}" for each in plan.steps)


def _change(change: Change) -> PlannedChange:
    return PlannedChange(kind=change.kind, subject=change.subject, reason=change.reason, grade=change.grade)


def _problem(problem: checks.Problem) -> PlannedCheck:
    return PlannedCheck(
        kind="problem",
        path=problem.type if problem.field is None else f"{problem.type}.{problem.field}",
        code=problem.code,
        type=problem.type,
        field=problem.field,
        message=problem.message,
        count=None if problem.count is None else problem.count.text,
        allowed=problem.allowed,
    )


def _locks(difference: Difference, taken: list[dict[str, str]]) -> dict[str, str]:
    """What the steps lock, and what the checks count: nobody may change what was counted until the end."""
    needed: dict[str, str] = {}
    counted = (
        *(table for change in changes(difference) if change.grade is not Grade.SAFE for table, _ in change.touches),
        *(entity.table for each in difference.relations_added for entity, _ in each.sides),
        *(side.entity.table for pair in difference.relations_kept if pair.tightened for side in pair.sides),
    )
    for table, mode in (
        *((table, WRITERS_WAIT) for table in counted),
        *(each for one in taken for each in one.items()),
    ):
        needed[table] = READERS_WAIT if READERS_WAIT in {mode, needed.get(table)} else mode
    there = layout(difference.before)
    return {table: needed[table] for table in sorted(needed) if table in there}
