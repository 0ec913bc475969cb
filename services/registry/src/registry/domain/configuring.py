"""How a project works with its services: whether prod needs a second person, and what environments are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from common.claims import folded
from common.errors import bad_input
from contracts import registry as said
from contracts.names import INSTANCE_ENVIRONMENTS, LONG_NAMES, SERVICE_ENVIRONMENTS
from registry.domain import wording
from registry.domain.projects import Project, existing

NAME_CHARS: Final = (1, 20)

OWN: Final[dict[str, str]] = {each: each for each in (*SERVICE_ENVIRONMENTS, *INSTANCE_ENVIRONMENTS)} | {**LONG_NAMES}
"""Names that always mean the same environment."""


def configure(
    project: Project | None, *, approvals: bool | None, names: Mapping[str, str | None] | None
) -> said.ProjectConfigured | None:
    """The project with other settings; None when they are its settings.

    Arguments that are None change nothing; a null in `names` gives an environment our name back. Refuses CONFLICT for a
    name that means another environment.
    """
    known = existing(project)
    called: dict[str, str | None] = {**known.environment_names, **(names or {})}
    kept = {
        environment: wording.line(name, field=f"environmentNames.{environment}", chars=NAME_CHARS)
        for environment, name in called.items()
        if name is not None
    }
    _distinct(kept)
    demanded = known.approvals if approvals is None else approvals
    if demanded == known.approvals and kept == known.environment_names:
        return None
    return said.ProjectConfigured(
        project=known.id,
        organisation=known.organisation,
        approvals=demanded,
        environment_names=said.EnvironmentNames(**kept),
    )


def _distinct(names: Mapping[str, str]) -> None:
    meant = dict(OWN)
    for environment, name in names.items():
        other = meant.setdefault(folded(name), environment)
        if other != environment:
            raise bad_input(
                f"{wording.shortened(name)!r} already means {other}.",
                "Call every environment something else.",
                reason="CONFLICT",
                field=f"environmentNames.{environment}",
            )
