"""Steps from what is declared now to what a file declares, and what stands in their way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from console.declaration.project import Path

Risk = Literal["safe", "hazardous", "destructive"]
Action = Literal[
    "create_project",
    "update_project",
    "configure_project",
    "add_client",
    "remove_client",
    "invite",
    "withdraw_invitation",
    "add_service",
    "remove_service",
    "set_plan",
    "set_access",
    "set_caps",
    "deploy",
    "create_key",
    "revoke_key",
    "add_webhook",
    "update_webhook",
    "switch_webhook",
    "remove_webhook",
    "add_member",
    "change_member",
    "remove_member",
]


@dataclass(frozen=True)
class Step:
    """One thing to do: `about` what, in words, how risky, what is lost, and what the control API needs for it.

    In `values` things that are made on the way have names, those that are there ids.
    """

    action: Action
    about: str
    what: str
    risk: Risk = "safe"
    loses: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)

    def told(self, number: int) -> dict[str, Any]:
        """As a JSON value."""
        return {
            "number": number,
            "action": self.action,
            "about": self.about,
            "what": self.what,
            "risk": self.risk,
            "loses": list(self.loses),
        }


@dataclass(frozen=True)
class Removal:
    """A step that takes something away: only when that was agreed to."""

    step: Step


@dataclass(frozen=True)
class Trouble:
    """Something in the file that cannot be made so."""

    path: Path
    message: str


@dataclass(frozen=True)
class Wait:
    """Something that is asked for already and needs somebody else."""

    message: str


Found = Step | Removal | Trouble | Wait


@dataclass(frozen=True)
class Offered:
    """A service that the caller could add. `versions` are the published ones, None when he does not see them."""

    id: str
    service: str
    organisation: str
    published: str
    versions: tuple[str, ...] | None = None
    retired: bool = False


@dataclass(frozen=True)
class Around:
    """What a file may refer to outside its project."""

    me: str
    """User name of who applies it."""
    services: tuple[Offered, ...] = ()
    users: Mapping[str, str] = field(default_factory=dict)
    """Id by folded user name."""


@dataclass(frozen=True)
class Foreseen:
    """What the control API says a deployment would do."""

    losses: tuple[tuple[str, int], ...] = ()
    """What would be lost, and how many rows hold it."""
    problems: tuple[str, ...] = ()
    breaking: int = 0
    """Changes that callers would notice."""
    broken: int = 0
    """Operations that were called lately and would be refused."""


@dataclass(frozen=True)
class Difference:
    """All that follows from a file. `held` is what would be done only if losing things was agreed to."""

    steps: tuple[Step, ...]
    held: tuple[Step, ...] = ()
    waits: tuple[str, ...] = ()
    troubles: tuple[Trouble, ...] = ()
