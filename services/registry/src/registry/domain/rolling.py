"""Which version goes to an environment, what that means for what runs there, and which steps are left out (C 1.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final, Literal

from common.errors import BAD_USER_INPUT, Refused, bad_input, not_found
from contracts.names import EnvironmentKind
from registry.domain.instances import TARGETS, Target
from registry.domain.problems import Problem
from registry.domain.services import Service, Version, takeable

LATEST: Final = "latest"
NAMES_SHOWN: Final = 10

Direction = Literal["FIRST", "UPDATE", "ROLL_BACK", "SAME"]


def wanted(service: Service, asked: str) -> Version:
    """The published version that a name means; `latest` is the one on demo.

    Refuses RETIRED, NOT_FOUND for a name that no version has, and NOT_PUBLISHED.
    """
    takeable(service)
    if asked == LATEST:
        return service.published
    version = service.versions.get(asked)
    if version is None:
        raise not_found("Version", asked)
    if asked not in service.offered:
        offered = [name for name in service.versions if name in service.offered][::-1]
        raise bad_input(
            f"Version {asked} of {service.slug!r} was never published.",
            f"Published are: {', '.join(offered[:NAMES_SHOWN])}.",
            reason="NOT_PUBLISHED",
            field="version",
        )
    return version


def target(environment: EnvironmentKind) -> Target:
    """An environment of an instance. Refuses those of the service itself."""
    for name in TARGETS:
        if name == environment:
            return name
    raise bad_input(
        f"A version cannot be rolled to {environment}.",
        f"Roll to one of {', '.join(TARGETS)}; {environment} gets its version by push or promotion of the service.",
        reason="NO_SUCH_WAY",
        field="environment",
    )


def direction(service: Service, before: str | None, after: str) -> Direction:
    """Whether a version is older or newer than the one that runs."""
    if before is None:
        return "FIRST"
    order = list(service.versions)
    if order.index(after) == order.index(before):
        return "SAME"
    return "UPDATE" if order.index(after) > order.index(before) else "ROLL_BACK"


def passed(service: Service, before: str | None, after: str) -> list[str]:
    """Versions whose changes are made on the way, or taken back, newest first; none where nothing runs yet."""
    if before is None:
        return []
    order = list(service.versions)
    low, high = sorted((order.index(before), order.index(after)))
    return order[low + 1 : high + 1][::-1]


def skipped(source: EnvironmentKind, to: Target) -> tuple[Target, ...]:
    """Environments between source and target that a promotion leaves out."""
    line: tuple[EnvironmentKind, ...] = ("demo", *TARGETS)
    return tuple(each for each in TARGETS if line.index(source) < line.index(each) < line.index(to))


def forbidden(environment: str, version: str, problems: Sequence[Problem]) -> Refused:
    """The refusal of a version that the data of an environment forbid, with every reason."""
    return Refused(
        BAD_USER_INPUT,
        f"The data of {environment} forbid version {version}: {problems[0].message}",
        "Change the data first, or publish a version that says what those nodes get (`@migrationValue`).",
        reason="SCHEMA_INVALID",
        field="version",
        details={"problems": [asdict(problem) for problem in problems]},
    )
