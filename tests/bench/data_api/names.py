"""What the blog's tables and columns are called in the environment's database, for those who must find them there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from contracts.model import Entity, Model, Relation

SYSTEM: Final = {"id": "id", "createdAt": "created_at", "updatedAt": "updated_at"}


@dataclass(frozen=True)
class Join:
    """The table of an m-n relation; its columns are `a` and `b`."""

    table: str
    holds_first: bool
    """`a` is the id of the entity that was asked for."""


@dataclass(frozen=True)
class Names:
    """A Model, asked for physical names by those of the language."""

    model: Model

    def table(self, entity: str) -> str:
        return self.model.entity_by_name[entity].table

    def column(self, entity: str, field: str) -> str:
        """The column of a scalar field, or of a to-one relation that this entity's table holds."""
        return dict(self._columns(self.model.entity_by_name[entity]))[field]

    def join(self, entity: str, field: str) -> Join:
        one = self.model.entity_by_name[entity]
        relation = self._relation(one, field)
        assert relation.table is not None, f"{entity}.{field} has a join table"
        return Join(relation.table, relation.a == one.id)

    def as_json(self) -> dict[str, Any]:
        """Entity to its table and columns; `joins` has the join tables, with what their columns point at."""
        tables = {
            entity.name: {"table": entity.table, "columns": dict(self._columns(entity))}
            for entity in self.model.entities
        }
        entities = self.model.entity_by_id
        joins = [
            {"table": relation.table, "a": entities[relation.a].name, "b": entities[relation.b].name}
            for relation in self.model.relations
            if relation.storage == "join"
        ]
        return {"tables": tables, "joins": joins}

    def _columns(self, entity: Entity) -> Iterator[tuple[str, str]]:
        yield from SYSTEM.items()
        for field in entity.fields:
            if not field.system:
                yield field.name, field.column
        for link in entity.relations:
            relation = self.model.relation_by_id[link.relation]
            side = "a" if relation.a == entity.id else "b"
            if relation.column is not None and relation.storage == side:
                yield link.name, relation.column

    def _relation(self, entity: Entity, field: str) -> Relation:
        return self.model.relation_by_id[entity.relation_by_name[field].relation]
