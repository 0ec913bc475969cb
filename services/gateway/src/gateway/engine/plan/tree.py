"""The plan: what to read and write, with meaning resolved to tables, columns and links, and every value a source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from contracts.model import Entity, Field, RelationField
from gateway.engine.failure import Failure
from gateway.engine.source import Input, Source

Check = Callable[[Mapping[str, Any]], Failure | None]
"""What the coerced variables must satisfy before anything runs."""


@dataclass(frozen=True, slots=True)
class Link:
    """A relation as one of its sides sees it: from the near entity through `field` to the far one.

    `keeps` says where the edge is: `near` or `far` (a column `column` in that side's table holds the partner's id), or
    `join` (table `table`; the near id stands in `near_column`).
    """

    near: Entity
    far: Entity
    field: RelationField
    back: RelationField | None
    """The field on the far side that is the same relation; `field` itself when it is symmetric."""
    keeps: Literal["near", "far", "join"]
    column: str = ""
    table: str = ""
    near_column: str = ""
    far_column: str = ""
    symmetric: bool = False

    @property
    def far_has_one(self) -> bool:
        """Each far node has at most one partner over this relation."""
        return self.back is not None and not self.back.is_list

    @property
    def far_requires(self) -> bool:
        """Each far node must have a partner over this relation."""
        return self.back is not None and not self.back.is_list and self.back.required


# --- conditions ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A comparison with null: neither true nor false (G 5.3)."""


@dataclass(frozen=True, slots=True)
class IsNull:
    """The value is null, or is not."""

    field: Field
    negated: bool


@dataclass(frozen=True, slots=True)
class Compare:
    """The value against one given value."""

    field: Field
    operator: Literal["=", "<>", "<", "<=", ">", ">="]
    value: Input


@dataclass(frozen=True, slots=True)
class Among:
    """The value is in a given list, or is not."""

    field: Field
    values: Input
    negated: bool


@dataclass(frozen=True, slots=True)
class Like:
    """The text contains, starts or ends with a given text, or does not."""

    field: Field
    where: Literal["contains", "starts_with", "ends_with"]
    value: Input
    negated: bool


@dataclass(frozen=True, slots=True)
class Related:
    """Related nodes: `some` satisfies the condition, `none` does, `every` one does not violate it."""

    link: Link
    quantifier: Literal["some", "none", "every"]
    condition: Condition | None


Condition = Every | Some | Unknown | IsNull | Compare | Among | Like | Related


# --- reading ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Order:
    """By a field; ties by id ascending."""

    field: Field
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A window of an ordered list. `limit` None is the page limit of the dialect; `from_end` counts from the end."""

    limit: Input | None = None
    skip: Input | None = None
    after: Input | None = None
    before: Input | None = None
    from_end: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """Which nodes of an entity, in which order; with `link` only those related to the node above."""

    entity: Entity
    condition: Condition | None = None
    order: Order | None = None
    page: Page | None = None
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored value in the answer."""

    key: str
    field: Field


@dataclass(frozen=True, slots=True)
class Fixed:
    """A JSON text in the answer that no row decides, such as a type name."""

    key: str
    json: str


@dataclass(frozen=True, slots=True)
class Many:
    """A list of nodes in the answer."""

    key: str
    rows: Rows
    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class One:
    """A related node in the answer, or null."""

    key: str
    rows: Rows
    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """`_albumsMeta { count }`."""

    key: str
    rows: Rows
    outputs: tuple[CountOutput, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """The number itself."""

    key: str


CountOutput = Counted | Fixed
Output = Stored | Fixed | Many | One | Count


@dataclass(frozen=True, slots=True)
class Node:
    """One node by id or another unique field."""

    entity: Entity
    field: Field
    value: Source
    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class AnyNode:
    """The node of an id, whatever its type."""

    value: Input
    choices: tuple[tuple[Entity, tuple[Output, ...]], ...]


Read = Many | Count | Node | AnyNode
