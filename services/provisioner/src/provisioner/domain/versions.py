"""From one version to a later one when there are others between: what those would have done to the data is not lost.

A promotion may skip versions. Their temporary directives count all the same, because the next version need not carry
them any more; so the direct way asks for nothing that the stepwise way would not have asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from contracts.model import Entity, Enum, Field, Model
from provisioner.domain.diff import Difference, Replaced, compare, replacements


def between(before: Model | None, versions: Sequence[Model]) -> Difference:
    """The difference between the Model that runs and the last of `versions`, which may be several steps on."""
    after = _carried(versions)
    if before is None:
        return compare(None, after)
    return compare(before, after, _replaced([before, *versions]))


def _replaced(road: Sequence[Model]) -> Replaced:
    """Which fields took the place of another on the way, over several steps where need be."""
    origin: dict[str, str] = {}
    for one, other in pairwise(road):
        origin.update({new: origin.get(old, old) for old, new in replacements(one, other)})
    return frozenset((old, new) for new, old in origin.items())


def _carried(versions: Sequence[Model]) -> Model:
    """The last Model with the migration values of those before it, where it brings none itself."""
    *earlier, last = versions
    if not earlier:
        return last
    values = {
        (entity.id, field.id): field for model in earlier for entity in model.entities for field in _values(entity)
    }
    enums = {enum.id: enum.migration_value for model in earlier for enum in model.enums if enum.migration_value}

    def field(entity: Entity, one: Field) -> Field:
        other = values.get((entity.id, one.id))
        kind = (one.scalar, one.enum, one.is_list)
        if one.has_migration_value or other is None or kind != (other.scalar, other.enum, other.is_list):
            return one
        return one.model_copy(update={"has_migration_value": True, "migration_value": other.migration_value})

    def enum(one: Enum) -> Enum:
        value = enums.get(one.id)
        if one.migration_value is not None or value not in one.values:
            return one
        return one.model_copy(update={"migration_value": value})

    entities = tuple(
        entity.model_copy(update={"fields": tuple(field(entity, one) for one in entity.fields)})
        for entity in last.entities
    )
    # A copy made with `update` would keep the look-up tables of the original.
    return Model(
        service=last.service,
        counter=last.counter,
        entities=tuple(Entity.model_validate(one.model_dump()) for one in entities),
        relations=last.relations,
        enums=tuple(enum(one) for one in last.enums),
    )


def _values(entity: Entity) -> tuple[Field, ...]:
    return tuple(field for field in entity.fields if field.has_migration_value)
