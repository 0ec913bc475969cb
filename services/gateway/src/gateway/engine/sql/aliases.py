"""Names for the rows of one statement, numbered in the order they appear so that texts are stable."""

from __future__ import annotations

from dataclasses import dataclass

from common.sql import Sql, ident


@dataclass(slots=True)
class Aliases:
    """The names given out so far."""

    count: int = 0

    def new(self, prefix: str) -> str:
        """A name that no other row of the statement has."""
        self.count += 1
        return f"{prefix}{self.count}"

    def name(self, alias: str) -> Sql:
        """The alias as SQL."""
        return ident(alias)
