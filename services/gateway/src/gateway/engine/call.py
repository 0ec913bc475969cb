"""A call, ready to run: its root fields, the statements of each, and the values they take.

The shell runs what stands here and decides nothing: `statement.values(...)` gives the parameters, `Engine.judge` says
what an objection of the database means, `Engine.explain` what any other SQL error means.

What is made anew for every call is a named tuple: making a frozen dataclass costs three times as much.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Literal, NamedTuple

from gateway.engine.failure import Failure, Location


class Again(Enum):
    """The transaction is to be rolled back and the root field run once more."""

    MOVED = "the environment serves another model: catch up, compile again"
    RETRY = "a concurrent transaction won: run again as it is"


class Request(NamedTuple):
    """What a client sent."""

    text: str
    operation: str | None = None
    """Name of the operation to run; None when the document holds one."""
    variables: Mapping[str, Any] | None = None


class Fresh(NamedTuple):
    """What only the shell can make: the time, and one new node id per `Root.ids`."""

    at: datetime
    """Aware, UTC, whole milliseconds."""
    ids: tuple[str, ...] = ()


Getter = Callable[[Mapping[str, Any], Fresh], Any]
Reader = Callable[[Mapping[str, Any]], Any]
Meaning = Failure | Callable[[Mapping[str, Any]], Failure | None]
"""What a verdict means: a failure, or how the variables tell which one."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a root field.

    One that `answers` returns one text column, the JSON text of the field; no row or null for a null field. What any
    other one returns means nothing. Parameter types stand in the text (`$1::text`): str, int, float, bool, datetime,
    None and lists of these.
    """

    sql: str
    answers: bool
    getters: tuple[Getter, ...] = ()
    places: int = 0
    """How many values of a call the parameters are made of: what the getters weigh."""
    small: bool = False
    """A read that takes well below a millisecond whatever the data: it may stand before others on one connection."""
    batch: str = ""
    """The same for many calls at once: each parameter is the list of their values, each row the answer of one."""

    def values(self, variables: Mapping[str, Any], fresh: Fresh) -> tuple[Any, ...]:
        """The parameters, in order."""
        return tuple([getter(variables, fresh) for getter in self.getters])


@dataclass(frozen=True, slots=True)
class Root:
    """One root field of the operation.

    * `read`: one statement; runs anywhere, alone.
    * `write`: statements that simply run in order in one transaction; the last one answers. Nothing between them needs
      to be looked at: what must not be raises SQLSTATE MO001 (see `Engine.judge`). Retry and repeat as a whole. A
      single statement is a transaction of its own.
    * `constant`: no database; `constant` is the JSON text, or `failure` says why there is none.
    """

    key: str
    kind: Literal["read", "write", "constant"]
    statements: tuple[Statement, ...] = ()
    refusals: tuple[Meaning, ...] = ()
    """What the numbers in a verdict mean."""
    node: Reader | None = None
    """The id that the client gave for the written node, for messages."""
    ids: int = 0
    """How many fresh node ids the statements take."""
    constant: str | None = None
    failure: Failure | None = None
    required: bool = False
    """A failure of this field makes `data` null (lists and counts are never null)."""
    location: Location = (1, 1)
    entity: str | None = None
    """Name of the model type that is read or written, for logs."""


class Call(NamedTuple):
    """A compiled operation with its coerced variables. Roots of a query may run in parallel, of a mutation in order."""

    kind: Literal["query", "mutation"]
    name: str | None
    roots: tuple[Root, ...]
    variables: Mapping[str, Any]
    cost: int
    """Nodes the operation may return, estimated before it runs."""
    digest: str = ""
    """What its document is called in records: see `operation.document.digest`."""
