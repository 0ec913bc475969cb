"""The Model: the meaning of a service's schema and the physical names that carry it.

The registry makes it once from SDL and stores it as a document in BLOBS; events carry its hash. Everybody else reads
this value and never the SDL (STYLE 3.1). Physical names are stable: they are allocated from `Model.counter`, follow a
thing through renames, and are never used again after a removal (DESIGN 4.4).
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue


class Value(BaseModel):
    """A frozen value of the Model."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Scalar(StrEnum):
    """The scalar types of the dialect (G 3)."""

    ID = "ID"
    STRING = "String"
    INT = "Int"
    FLOAT = "Float"
    BOOLEAN = "Boolean"
    DATETIME = "DateTime"
    ENUM = "Enum"
    JSON = "Json"


class Enum(Value):
    """An enumeration; stored as text."""

    id: str
    """Stable id: `e<n>`."""
    name: str
    values: tuple[str, ...]
    description: str | None = None
    migration_value: str | None = None
    """Value of `@migrationValue` on the enum: takes the place of removed values, in the deployment that carries it."""


class Field(Value):
    """A stored value of an entity: scalar, enum, or a list of either.

    The system fields are fields as well: `id` (column `id`), `createdAt` (`created_at`) and `updatedAt`
    (`updated_at`), the latter two only when the schema exposes them; their columns always exist.
    """

    id: str
    """Stable id: `c<n>`; for system fields the field's name."""
    name: str
    column: str
    """Physical column: equal to `id`, except for system fields (`id`, `created_at`, `updated_at`)."""
    scalar: Scalar
    enum: str | None = None
    """Id of the Enum when `scalar` is ENUM."""
    is_list: bool = False
    required: bool = False
    unique: bool = False
    indexed: bool = False
    """`@index`: a btree on the order key, and a trigram index for `_contains` on strings (DESIGN 4.3)."""
    has_default: bool = False
    default: JsonValue = None
    """Default as JSON (DateTime as its output text, Enum as value name, Json as the value); see `has_default`."""
    system: bool = False
    description: str | None = None
    migration_value: JsonValue = None
    """Value of `@migrationValue`, for the deployment that carries it only; see `has_migration_value`."""
    has_migration_value: bool = False


class RelationField(Value):
    """One side of a relation as an entity sees it."""

    name: str
    relation: str
    """Id of the Relation."""
    side: Literal["a", "b"]
    """The side *this* field stands on; the partner stands on the other. Symmetric relations have only side `a`."""
    target: str
    """Id of the entity it points at."""
    is_list: bool = False
    required: bool = False
    description: str | None = None


class Entity(Value):
    """A model type: one table."""

    id: str
    """Stable id: `t<n>`."""
    name: str
    table: str
    fields: tuple[Field, ...]
    relations: tuple[RelationField, ...]
    order: tuple[str, ...]
    """Names of all fields and relation fields in the order of the schema."""
    description: str | None = None

    @cached_property
    def field_by_name(self) -> dict[str, Field]:
        """The stored fields by GraphQL name."""
        return {field.name: field for field in self.fields}

    @cached_property
    def relation_by_name(self) -> dict[str, RelationField]:
        """The relation fields by GraphQL name."""
        return {field.name: field for field in self.relations}


class Relation(Value):
    """A relation between two entities, and where its edges are kept.

    * `storage="a"`: a column `column` in the table of entity `a` holds the id of its partner of `b`;
    * `storage="b"`: the same the other way round;
    * `storage="join"`: a table `table` with columns `a` and `b`, primary key (a, b), index (b, a).

    One-to-many keeps the column on the many side's table (each child has one parent). One-to-one keeps it on the
    required side, else on `a`, with a unique index. Many-to-many and every symmetric (one-field self) relation use a
    join table; a symmetric edge is stored in both directions. The column of a required side is NOT NULL.
    """

    id: str
    """Stable id: `r<n>`."""
    name: str
    a: str
    """Id of the entity of side a (the one whose field comes first in the schema)."""
    b: str
    a_field: str
    """Name of the field on side a."""
    b_field: str | None
    """Name of the field on side b; None for a symmetric relation."""
    storage: Literal["a", "b", "join"]
    column: str | None = None
    """`r<n>` when storage is a or b."""
    table: str | None = None
    """`r<n>` when storage is join."""


class Model(Value):
    """A whole schema: what the gateway compiles against and the provisioner makes."""

    service: str
    counter: int = 0
    """Highest number ever given to a physical name of this service; the next one is `counter + 1`."""
    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()
    enums: tuple[Enum, ...] = ()

    @cached_property
    def entity_by_id(self) -> dict[str, Entity]:
        """The entities by stable id."""
        return {entity.id: entity for entity in self.entities}

    @cached_property
    def entity_by_name(self) -> dict[str, Entity]:
        """The entities by GraphQL name."""
        return {entity.name: entity for entity in self.entities}

    @cached_property
    def relation_by_id(self) -> dict[str, Relation]:
        """The relations by stable id."""
        return {relation.id: relation for relation in self.relations}

    @cached_property
    def enum_by_id(self) -> dict[str, Enum]:
        """The enums by stable id."""
        return {enum.id: enum for enum in self.enums}


def encode(model: Model) -> bytes:
    """The document that is stored: compact JSON, defaults left out, members in declaration order."""
    return model.model_dump_json(exclude_defaults=True).encode()


def decode(document: bytes) -> Model:
    """The Model of a stored document."""
    return Model.model_validate_json(document)


def digest(document: bytes) -> str:
    """The SHA-256 (hex) that names a stored document."""
    return hashlib.sha256(document).hexdigest()
