"""Pushes and promotions: when a version may be declared, and what is refused with which words (C 1.4, 1.8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from common.errors import BAD_USER_INPUT, Refused, bad_input
from contracts import registry as said
from registry.domain import declarations
from registry.domain.problems import GLOBAL, At, Problem
from registry.domain.services import Service, Version, existing

CHANGES_BYTES_MAX: Final = 15 * 1024
"""How much of an event the list of changes may take; the rest is counted."""
GRADES: Final = {"BREAKING": 0, "DANGEROUS": 1, "SAFE": 2}


@dataclass(frozen=True)
class Loss:
    """Data that a deployment would lose: what, and how many rows, values or edges hold it."""

    path: str
    rows: int


def push(
    service: Service | None,
    *,
    after: str,
    version: Version,
    notes: tuple[str, ...],
    changes: Sequence[said.SchemaChange],
    forced: bool,
) -> said.VersionPushed:
    """A version for private, judged against version `after`. Refuses when another push came in between."""
    known = existing(service)
    if known.pushed.name != after:
        raise running(known.slug, "private", known.pushed.name)
    return said.VersionPushed(
        service=known.id,
        organisation=known.organisation,
        version=version.name,
        sdl_sha=version.sdl_sha,
        model_sha=version.model_sha,
        notes=notes,
        changes=fitting(changes),
        forced=forced,
    )


def publish(service: Service | None, *, version: Version, forced: bool) -> said.VersionPublished:
    """The version that runs on private, for demo."""
    known = existing(service)
    return said.VersionPublished(
        service=known.id,
        organisation=known.organisation,
        version=version.name,
        sdl_sha=version.sdl_sha,
        model_sha=version.model_sha,
        forced=forced,
    )


def fitting(changes: Sequence[said.SchemaChange]) -> tuple[said.SchemaChange, ...]:
    """The changes, gravest first, as many as an event may carry; a last line counts the others."""
    ordered = sorted(changes, key=lambda change: GRADES[change.criticality])
    kept: list[said.SchemaChange] = []
    size = 0
    for change in ordered:
        size += len(change.model_dump_json().encode()) + 1
        if size > CHANGES_BYTES_MAX:
            left = len(ordered) - len(kept)
            grade = change.criticality
            kept.append(said.SchemaChange(criticality=grade, kind="MORE", path="", message=f"{left} more changes."))
            break
        kept.append(change)
    return tuple(kept)


def placed(text: str, *, type: str | None, field: str | None, code: int | None, message: str) -> Problem:
    """A problem that is told by names only, at the place in the text where those names stand."""
    at = At(1, 1)
    declared, _ = declarations.read(text)
    for each in declared.types:
        if each.name == type:
            at = next((inner.at for inner in each.fields if inner.name == field), each.at)
    for enum in declared.enums:
        if enum.name == type:
            at = next((place for name, place in enum.values if name == field), enum.at)
    return Problem(at.line, at.column, type or GLOBAL, field, code, message)


def broken(problems: Sequence[Problem]) -> Refused:
    """The refusal of a schema text, with every problem."""
    first = problems[0]
    message = f"The schema has {len(problems)} problem(s); the first at {first.line}:{first.column}: {first.message}"
    return Refused(
        BAD_USER_INPUT,
        message,
        "Correct all of them and push again.",
        reason="SCHEMA_INVALID",
        field="schema",
        details={"problems": [asdict(problem) for problem in problems]},
    )


def up_to_date(what: str, version: str) -> Refused:
    """The refusal of a push that changes nothing."""
    return bad_input(f"{what} is up to date: its schema is that of version {version}.", reason="UNCHANGED")


def running(what: str, environment: str, version: str) -> Refused:
    """The refusal while a deployment has not ended."""
    return Refused(
        BAD_USER_INPUT,
        f"Version {version} of {what!r} is still being deployed to {environment}.",
        "Wait until that deployment has ended, then try again.",
        reason="DEPLOYMENT_RUNNING",
        details={"environment": environment, "version": version},
    )


def nothing_there(what: str, environment: str) -> Refused:
    """The refusal to promote from an environment where nothing runs."""
    return bad_input(
        f"Nothing of {what!r} runs on {environment}.",
        "Deploy there first, or choose another source.",
        reason="NOT_DEPLOYED",
        field="from",
    )


def losing(environment: str, losses: Sequence[Loss]) -> Refused:
    """The refusal of a deployment that would lose data, with what and how much."""
    said_losses = ", ".join(f"{loss.path} ({loss.rows})" for loss in losses[:10])
    return Refused(
        BAD_USER_INPUT,
        f"The deployment to {environment} would lose data: {said_losses}.",
        "Look at all of it with a dry run (`--dry-run`), then repeat with force if that is what you want.",
        reason="DATA_LOSS",
        details={
            "environment": environment,
            "losses": [{"path": loss.path, "rows": loss.rows} for loss in losses],
            "rows": sum(loss.rows for loss in losses),
        },
    )
