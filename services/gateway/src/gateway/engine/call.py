"""A call, ready to run: its root fields, the statements of each, and the values they take.

The shell runs what stands here and decides nothing: `statement.values(...)` gives the parameters, `answer.judge` says
what a row means, `answer.explain` what an SQL error means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Literal

from gateway.engine.failure import Failure, Location


class Again(Enum):
    """The transaction is to be rolled back and the root field run once more."""

    MOVED = "the environment serves another model: catch up, compile again"
    RETRY = "a concurrent transaction won: run again as it is"


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent."""

    text: str
    operation: str | None = None
    """Name of the operation to run; None when the document holds one."""
    variables: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Fresh:
    """What only the shell can make: the time, and one new node id per `Root.ids`."""

    at: datetime
    """Aware, UTC, whole milliseconds."""
    ids: tuple[str, ...] = ()


Getter = Callable[[Mapping[str, Any], Fresh], Any]
Reader = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a root field.

    `expects`: `nothing` (ignore the result); `answer` (one text column, the JSON text of the field; no row or null for
    a null field); `verdict` (one row of one text column: null = go on, else why not, see `answer.judge`); or
    `verdict, answer` (one row of both). Parameter types stand in the text (`$1::text`): str, int, float, bool,
    datetime, None and lists of these.
    """

    sql: str
    expects: Literal["nothing", "answer", "verdict", "verdict, answer"]
    getters: tuple[Getter, ...] = ()
    refusals: tuple[Failure, ...] = ()
    """What the numbers in a verdict mean."""
    node: Reader | None = None
    """The id that the client gave for the written node, for messages."""

    def values(self, variables: Mapping[str, Any], fresh: Fresh) -> tuple[Any, ...]:
        """The parameters, in order."""
        return tuple([getter(variables, fresh) for getter in self.getters])


@dataclass(frozen=True, slots=True)
class Root:
    """One root field of the operation.

    * `read`: one statement, expects `answer`; runs anywhere, alone.
    * `write`: statements in order in one transaction; the last one answers. Retry and repeat as a whole. A single
      statement needs no transaction around it: when its verdict objects it has written nothing.
    * `constant`: no database; `constant` is the JSON text, or `failure` says why there is none.
    """

    key: str
    kind: Literal["read", "write", "constant"]
    statements: tuple[Statement, ...] = ()
    ids: int = 0
    """How many fresh node ids the statements take."""
    constant: str | None = None
    failure: Failure | None = None
    required: bool = False
    """A failure of this field makes `data` null (lists and counts are never null)."""
    location: Location = (1, 1)
    entity: str | None = None
    """Name of the model type that is read or written, for logs."""


@dataclass(frozen=True, slots=True)
class Call:
    """A compiled operation with its coerced variables. Roots of a query may run in parallel, of a mutation in order."""

    kind: Literal["query", "mutation"]
    name: str | None
    roots: tuple[Root, ...]
    variables: Mapping[str, Any]
    cost: int
    """Nodes the operation may return, estimated before it runs."""
