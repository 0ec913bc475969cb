"""Claims: uniqueness across aggregates as a fact of its own (DESIGN 2.3).

A name is taken by a message on `evt.<org>.registry.claim.<sha256(scope, name)>`, appended in one batch with the fact it
belongs to. The stream decides who was first, never a read model.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from typing import ClassVar

from common.events import Event


class NameClaimed(Event):
    """A name is taken."""

    TYPE: ClassVar[str] = "mortise.registry.claim.claimed.v1"
    scope: str
    owner: str
    """`<aggregate>.<id>` the name was taken for."""


class NameReleased(Event):
    """A name is free again."""

    TYPE: ClassVar[str] = "mortise.registry.claim.released.v1"
    scope: str
    owner: str


@dataclass(frozen=True)
class Claim:
    """A name somebody wants: `scope` says among what it is unique, `owner` for whom (`<aggregate>.<id>`)."""

    scope: str
    name: str
    owner: str

    @property
    def id(self) -> str:
        """Aggregate id of the claim: the hash of scope and folded name, so that confusable names collide."""
        return hashlib.sha256(f"{self.scope}\0{folded(self.name)}".encode()).hexdigest()


def folded(name: str) -> str:
    """Case and accents do not make two names different."""
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()
