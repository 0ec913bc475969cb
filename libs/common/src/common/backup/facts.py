"""What the log up to a position knows of each environment: which Model it serves, and what was under way. Pure.

A database fits to the log when it holds the Model that is served, or the one that a written plan was leading to: before
a migration or after it, and its switch is one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

import orjson

from common.stream import Message

PLANNED: Final = "mortise.provisioner.environment.migration_planned.v1"
READY: Final = "mortise.provisioner.environment.ready.v1"
FAILED: Final = "mortise.provisioner.environment.deployment_failed.v1"
REMOVED: Final = "mortise.provisioner.environment.removed.v1"

_SUBJECT_TOKENS: Final = 5


@dataclass(frozen=True, slots=True)
class Known:
    """One environment as the log has it."""

    position: int = 0
    """Of the last fact about it."""
    serves: str | None = None
    """Hash of the Model that is served."""
    underway: str | None = None
    """Hash of the Model that a plan which has not ended leads to."""
    removed: bool = False

    @property
    def live(self) -> bool:
        """Whether it holds what nobody could make again."""
        return self.serves is not None and not self.removed

    def fits(self, model_sha: str | None) -> bool:
        """Whether a database that holds this Model is one that the log knows."""
        return model_sha == self.serves or (self.underway is not None and model_sha == self.underway)


@dataclass
class Folded:
    """All environments, as far as the log was read."""

    position: int = 0
    environments: dict[str, Known] = field(default_factory=dict)

    def take(self, messages: Iterable[Message]) -> None:
        """The next messages of the log."""
        for message in messages:
            self.position = message.position
            tokens = message.subject.split(".")
            if len(tokens) == _SUBJECT_TOKENS and tokens[2:4] == ["provisioner", "environment"]:
                before = self.environments.get(tokens[4], Known())
                self.environments[tokens[4]] = evolved(before, message)

    def live(self) -> dict[str, Known]:
        """Environments that serve."""
        return {name: known for name, known in self.environments.items() if known.live}


def evolved(known: Known, message: Message) -> Known:
    """The environment after a fact. One of a kind that is not known here changes its position only."""
    known = replace(known, position=message.position)
    try:
        fact = orjson.loads(message.body)
        type_, data = fact["type"], fact["data"]
        match type_:
            case x if x == PLANNED:
                return replace(known, underway=str(data["model_sha"]))
            case x if x == READY:
                return replace(known, serves=str(data["model_sha"]), underway=None)
            case x if x == FAILED:
                return replace(known, underway=None)
            case x if x == REMOVED:
                return replace(known, underway=None, removed=True)
    except (orjson.JSONDecodeError, KeyError, TypeError):
        pass  # what is no envelope says nothing; audit keeps it all the same
    return known
