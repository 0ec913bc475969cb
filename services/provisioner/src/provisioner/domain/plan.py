"""The plan of a migration as a document: what is counted, what runs, and why. Whoever runs it decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from common.ids import derived
from common.sql import ident, sql
from contracts.model import Model
from contracts.names import database
from provisioner.domain import checks
from provisioner.domain.actions import Phase, hidden
from provisioner.domain.both import Both
from provisioner.domain.ddl import READERS_WAIT, WRITERS_WAIT, Way, kind, locks, statements, way
from provisioner.domain.diff import Change, Difference, Grade, changes
from provisioner.domain.layout import layout
from provisioner.domain.migration import Step, steps, unique_shadows
from provisioner.domain.trash import Kept, kept

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
    again: bool = True
    """Whether it is counted again in the switch. A loss that was accepted is not, nor what a unique index tells."""
    instead: str | None = None
    """What is counted again instead: what was prepared tells it faster."""


class PlannedStep(Document):
    """One step with its statements."""

    number: int
    phase: Phase = "switch"
    kind: str
    subject: str
    reason: str
    grade: Grade
    locks: dict[str, str]
    way: Way = "together"
    repeated: bool = False
    """Whether a step of the preparation is done again before the next attempt to switch."""
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
    mark: str = ""
    """What tells this plan's preparations from those of another."""
    large: tuple[str, ...] = ()
    """Tables that are too large to be read or rewritten while nobody else can use them."""
    steps: tuple[PlannedStep, ...]
    counts_after: int = 0
    """The step of the switch after which the checks are counted again; 0: before all."""
    names: dict[str, str] = {}
    """What people call the tables: `Type` or `relation Name`, in the words of the new schema where there are any."""
    kept: tuple[Kept, ...] = ()
    """What it puts into the trash."""
    undoes: str | None = None
    """The deployment it takes back: id of the event that declared it."""

    @property
    def end(self) -> int:
        """What `app._mortise` says of the step when the plan is done: the last one.

        Where versions came and went and the Model is again what it was, that would be said already: then it is a number
        of this plan alone.
        """
        if self.from_model_sha == self.model_sha:
            return -1 - int(self.mark or "0", 16) % 2**31
        return max((step.number for step in self.steps if step.phase == "switch"), default=0)

    @property
    def destructive(self) -> bool:
        """Whether data will no longer be served."""
        return any(change.grade is Grade.DESTRUCTIVE for change in self.changes)


def deployment_id(environment: str, declaration: str) -> str:
    """Id of the deployment of one declaration to one environment: a declaration may be for several."""
    return derived("deployment", environment, declaration)


def plan(  # noqa: PLR0913 - what a plan says
    difference: Difference,
    *,
    environment: str,
    deployment: str,
    from_model_sha: str | None,
    model_sha: str,
    forced: bool,
    large: frozenset[str] = frozenset(),
) -> Plan:
    """The plan. Where a problem does not depend on data there are no steps: it is refused anyway."""
    problems, losses = checks.problems(difference), checks.losses(difference)
    hopeless = any(problem.count is None for problem in problems)
    mark = deployment_id(environment, deployment)[:MARK_CHARACTERS]
    role = database(environment)
    shadows = unique_shadows(difference, large)
    again = [*(_rows(each, shadows) for each in problems), *(each.rows for each in losses if not forced)]
    counted = [each for each in again if each is not None]
    planned = () if hopeless else steps(difference, mark=mark, large=large, counted=counted)
    return Plan(
        environment=environment,
        deployment=deployment,
        service=difference.after.service,
        from_model_sha=from_model_sha,
        model_sha=model_sha,
        forced=forced,
        changes=tuple(planned_change(change) for change in changes(difference)),
        checks=(
            *(PlannedCheck(kind="loss", path=loss.path, count=loss.count.text, again=not forced) for loss in losses),
            *(_problem(problem, shadows) for problem in problems),
        ),
        locks=locked(difference, [locks(step.action) for step in planned if step.phase == "switch"]),
        mark=mark,
        large=tuple(sorted(large)),
        steps=tuple(planned_step(step, role) for step in planned),
        counts_after=max((step.number for step in planned if step.phase == "switch" and step.catches_up), default=0),
        names={**names(difference.before), **names(difference.after)},
        kept=kept(Both(difference, mark), [step.action for step in planned]),
    )


def heavy(difference: Difference) -> frozenset[str]:
    """Tables whose size matters to the plan."""
    every = frozenset(layout(difference.before))
    phased = (step for step in steps(difference, mark="", large=every) if step.phase != "switch")
    return frozenset(table for step in phased for table in locks(step.action)) & every


def names(model: Model) -> dict[str, str]:
    """What people call the tables of a Model."""
    return {
        **{entity.table: entity.name for entity in model.entities},
        **{each.table: f"relation {each.name}" for each in model.relations if each.table is not None},
    }


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
    for phase in ("prepare", "switch", "finish"):
        there = [each for each in plan.steps if each.phase == phase]
        if there or phase == "switch":
            yield phase
        yield from (f"  {each.number:>3} {each.grade:<11} {each.kind} {each.subject}: {each.reason}" for each in there)


def planned_step(step: Step, role: str) -> PlannedStep:
    return PlannedStep(
        number=step.number,
        phase=step.phase,
        kind=kind(step.action),
        subject=step.subject,
        reason=step.reason,
        grade=step.grade,
        locks=locks(step.action),
        way=way(step.action),
        repeated=step.catches_up and step.phase == "prepare",
        sql=tuple(each.text for each in statements(step.action, role=role)),
    )


def planned_change(change: Change) -> PlannedChange:
    return PlannedChange(kind=change.kind, subject=change.subject, reason=change.reason, grade=change.grade)


def _rows(problem: checks.Problem, shadows: frozenset[tuple[str, str]]) -> checks.Rows | None:
    """The rows that are counted again in the switch, where it is so simple."""
    return problem.rows if problem.partner not in shadows else _alone(*problem.partner)


def _alone(table: str, column: str) -> checks.Rows:
    return checks.Rows(table, column, sql("{column} is null", column=ident(hidden(column))))


def _problem(problem: checks.Problem, shadows: frozenset[tuple[str, str]]) -> PlannedCheck:
    return PlannedCheck(
        kind="problem",
        path=problem.type if problem.field is None else f"{problem.type}.{problem.field}",
        code=problem.code,
        type=problem.type,
        field=problem.field,
        message=problem.message,
        count=None if problem.count is None else problem.count.text,
        allowed=problem.allowed,
        again=problem.unique is None or problem.unique not in shadows,
        instead=_alone(*problem.partner).count.text if problem.partner in shadows else None,
    )


def locked(difference: Difference, taken: list[dict[str, str]]) -> dict[str, str]:
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
