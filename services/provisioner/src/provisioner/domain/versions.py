"""From one version to another when there are others between, and from a version back to an older one.

A promotion may skip versions. Each of them counts all the same, because the next version need not carry its temporary
directives any more: the direct way leads to the data that the stepwise way would have led to, and asks for nothing that
it would not have asked for.

The way back skips them all, and what an older version did to the data when it was new is not done again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from contracts.model import Entity, Field, Model
from provisioner.domain.data import FieldPair
from provisioner.domain.diff import Difference, Replaced, Road, compare, renewals, replacements
from provisioner.domain.layout import enum_of


def between(before: Model | None, versions: Sequence[Model]) -> Difference:
    """The difference between the Model that runs and the last of `versions`, which may be several steps on."""
    if before is None or len(versions) == 1:
        return compare(before, versions[-1])
    models = [before, *versions]
    fields = [_fields(model) for model in models]
    first = {
        place: next(n for n, each in enumerate(fields) if all(place in later for later in fields[n:]))
        for place in fields[-1]
    }
    road = Road(
        replaced=_replaced(models),
        renewed=frozenset(each for one, other in pairwise(models) for each in renewals(one, other)),
        hops={place: tuple(_hops(models, fields, place, begin)) for place, begin in first.items()},
        origins={place: fields[begin][place] for place, begin in first.items() if begin > 0},
    )
    return compare(before, versions[-1], road)


def back(before: Model, after: Model) -> Difference:
    """The difference between the Model that runs and an older one, or itself.

    Nobody asked for the older one's migration values now: they serve nodes that would have no valid value otherwise.
    Whatever value is replaced all the same counts as lost.
    """
    road = Road(frozenset(), renewals(before, after), {}, {})
    return compare(before, _settled(before, after), road, back=True)


def _settled(before: Model, after: Model) -> Model:
    """The older Model without migration values that would replace values that are good."""
    entities = tuple(
        entity.model_copy(
            update={"fields": tuple(_settled_field(before, after, entity, each) for each in entity.fields)}
        )
        for entity in after.entities
    )
    return after.model_copy(update={"entities": entities})


def _settled_field(before: Model, after: Model, entity: Entity, field: Field) -> Field:
    known = before.entity_by_id.get(entity.id)
    was = next((each for each in known.fields if each.id == field.id), None) if known else None
    if was is None or not field.has_migration_value:
        return field
    pair = FieldPair(was, field, enum_of(before, was), enum_of(after, field))
    needed = pair.gone or (field.required and not was.required and not field.is_list)
    if needed or not pair.keeps_column:
        return field
    return field.model_copy(update={"has_migration_value": False, "migration_value": None})


Place = tuple[str, str]


def _fields(model: Model) -> dict[Place, Field]:
    return {(entity.id, field.id): field for entity in model.entities for field in entity.fields}


def _hops(
    models: Sequence[Model], fields: Sequence[dict[Place, Field]], place: Place, begin: int
) -> Iterator[FieldPair]:
    for n in range(begin, len(models) - 1):
        was, now = fields[n][place], fields[n + 1][place]
        yield FieldPair(was, now, enum_of(models[n], was), enum_of(models[n + 1], now))


def _replaced(road: Sequence[Model]) -> Replaced:
    """Which fields took the place of another on the way, over several steps where need be."""
    origin: dict[str, str] = {}
    for one, other in pairwise(road):
        origin.update({new: origin.get(old, old) for old, new in replacements(one, other)})
    return frozenset((old, new) for new, old in origin.items())
