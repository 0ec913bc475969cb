"""What a write is made of: what must not be, what goes first, what is written, and what is read in the end (G 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from contracts.model import Entity, Field, Relation
from gateway.engine.failure import Failure
from gateway.engine.plan.tree import Check, Fixed, Link, Node, Read
from gateway.engine.source import Edges, NewId, Source

# --- what must not be ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Guard:
    """Something that must not be, looked up before anything is written; `failure` says what it means.

    * `missing`: the node `node` of `entity` does not exist;
    * `absent`: one of `ids` is no node of `entity` (the verdict carries which);
    * `stolen`: one of `ids` has another partner than `node`, who may not lose it;
    * `dropped`: a present partner of `node` outside `ids` may not lose it;
    * `kept`: a present partner may not lose `node` at all;
    * `unfit`: `ids` is whether a value of the client does not fit; without `ids` it never does.
    """

    kind: Literal["missing", "absent", "stolen", "dropped", "kept", "unfit"]
    failure: Failure | Check
    entity: Entity | None = None
    link: Link | None = None
    ids: Source | None = None
    """One id, or a list of ids."""
    node: Source | None = None
    """None for a node that is only being made."""


# --- what goes first ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Drop:
    """Partners of a node lose it, except `keep`; with `only`, that one loses it."""

    link: Link
    node: Source
    keep: Source | None = None
    only: Source | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """Former partners of `ids` lose them; not the node itself, which is written afterwards."""

    link: Link
    ids: Source
    node: Source | None = None


Loss = Drop | Release

# --- what is written ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """A column of new rows; `field` is None for one that holds a partner's id."""

    name: str
    field: Field | None = None


@dataclass(frozen=True, slots=True)
class Insert:
    """New nodes of one type. The first value of a row is its id."""

    entity: Entity
    columns: tuple[Column, ...]
    rows: tuple[tuple[Source, ...], ...]


@dataclass(frozen=True, slots=True)
class Assign:
    """A column gets a value; `field` is None for the column of a relation."""

    column: str
    field: Field | None
    value: Source


@dataclass(frozen=True, slots=True)
class Update:
    """One node gets values."""

    entity: Entity
    node: Source
    assigns: tuple[Assign, ...]


@dataclass(frozen=True, slots=True)
class Delete:
    """One node goes, and its edges with it."""

    entity: Entity
    node: Source


@dataclass(frozen=True, slots=True)
class Connect:
    """Edges that are not written with a node: rows of a table of edges, or columns of nodes that were there before.

    `late`: the holders may be new, so their rows must have been written.
    """

    relation: Relation
    holder: Entity
    edges: Edges
    late: bool = False


Change = Insert | Update | Delete | Connect

# --- the whole ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Payload:
    """Several nodes, each under its name, or null."""

    members: tuple[tuple[str, Node] | Fixed, ...]


@dataclass(frozen=True, slots=True)
class Write:
    """One root field's changes. `answer` is read afterwards, for a delete from the row as it was."""

    answer: Node | Payload | None
    """None for a branch of an `Upsert`."""
    guards: tuple[Guard, ...] = ()
    locks: tuple[Guard, ...] = ()
    """Guards that no constraint backs: their partners are locked in id order before the guards look."""
    losses: tuple[Loss, ...] = ()
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Upsert:
    """`updateOrCreate`: one of two writes, chosen in the database by whether the node of `answer` is there (G 6.4)."""

    answer: Node
    new: NewId
    """What the node is called if it was not there."""
    update: Write
    create: Write


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan of one root field, what its variables must satisfy, and how many nodes it makes."""

    tree: Read | Write | Upsert
    checks: tuple[Check, ...]
    ids: int = 0
