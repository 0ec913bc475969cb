"""What a push changes, in words: created, updated and deleted things as a tree (G 4.1).

The order is the dialect's: types that are created, updated, deleted; then enums; then relations that are created,
deleted, renamed. Types hold their fields, in the same three groups.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeVar

from contracts.model import Entity, Enum, Field, Model, Relation, RelationField, Scalar

Part = Literal["Type", "Field", "Enum", "Relation"]
Action = Literal["Create", "Update", "Delete"]

SHOWN_CHARACTERS_MAX: Final = 80


@dataclass(frozen=True, slots=True)
class Told:
    """One change and what it consists of."""

    type: Part
    action: Action
    name: str
    description: str
    inner: tuple[Told, ...] = ()


class _Named(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


_T = TypeVar("_T", bound=_Named)
_V = TypeVar("_V", Entity, Enum)


def told(before: Model, after: Model) -> tuple[Told, ...]:
    """Every change from one version to the next; empty when there is none."""
    return (*_types(before, after), *_enums(before, after), *_relations(before, after))


def paired(before: Sequence[_T], after: Sequence[_T]) -> tuple[list[tuple[_T | None, _T]], list[_T]]:
    """Each new thing with the old one it is, by id, else by name; and the old things that are gone."""
    by_id = {each.id: each for each in before}
    still = {each.id for each in after}
    by_name = {each.name: each for each in before if each.id not in still}
    pairs = [(by_id.get(each.id) or by_name.get(each.name), each) for each in after]
    found = {old.id for old, _ in pairs if old}
    return pairs, [each for each in before if each.id not in found]


# --- types --------------------------------------------------------------------------------------------------------


def _types(before: Model, after: Model) -> Iterator[Told]:
    pairs, gone = paired(before.entities, after.entities)
    alike = _renamed(before, after)
    for old, new in pairs:
        if old is None:
            inner = tuple(_field_created(name, _written(new, name, after)) for name in new.order)
            yield Told("Type", "Create", new.name, f"A new type with the name `{new.name}` is created.", inner)
    for old, new in pairs:
        if old is not None:
            said = list(_type_updated(old, new))
            inner = tuple(_fields(old, new, alike, after))
            if said or inner:
                text = " ".join([f"The type `{new.name}` is updated.", *said])
                yield Told("Type", "Update", new.name, text, inner)
    for old in gone:
        yield Told("Type", "Delete", old.name, f"The type `{old.name}` is deleted, with all its nodes.")


def _type_updated(old: Entity, new: Entity) -> Iterator[str]:
    if old.name != new.name:
        yield f"It was called `{old.name}`."
    if old.description != new.description:
        yield "It has another description."
    if old.order != new.order and sorted(old.order) == sorted(new.order):
        yield "Its fields have another order."


# --- fields -------------------------------------------------------------------------------------------------------


def _fields(old: Entity, new: Entity, before: Model, after: Model) -> Iterator[Told]:
    was = _matched(old, new)
    for name in new.order:
        if name not in was:
            yield _field_created(name, _written(new, name, after))
    for name in new.order:
        if name in was:
            said = list(_field_updated((old, was[name], before), (new, name, after)))
            if said:
                yield Told("Field", "Update", name, " ".join([f"The field `{name}` is updated.", *said]))
    for name in old.order:
        if name not in was.values():
            yield Told("Field", "Delete", name, _field_deleted(old, name))


def _matched(old: Entity, new: Entity) -> dict[str, str]:
    """The old name of each field that was there: a stored one by id, a relation by its side, either else by name."""
    values, gone = paired(old.fields, new.fields)
    found = {now.name: was.name for was, now in values if was}
    sides = {(each.relation, each.side): each.name for each in old.relations}
    found |= {
        each.name: sides[each.relation, each.side] for each in new.relations if (each.relation, each.side) in sides
    }
    left = {*(each.name for each in gone), *old.relation_by_name} - set(found.values())
    return found | {name: name for name in new.order if name not in found and name in left}


def _field_created(name: str, written: str) -> Told:
    return Told("Field", "Create", name, f"A new field with the name `{name}` and the type `{written}` is created.")


def _field_deleted(old: Entity, name: str) -> str:
    stored = old.field_by_name.get(name)
    if stored is None:
        return f"The field `{name}` is deleted."
    if stored.system:
        return f"The field `{name}` is hidden; its values go on being kept."
    return f"The field `{name}` is deleted, with its values."


def _field_updated(was: tuple[Entity, str, Model], now: tuple[Entity, str, Model]) -> Iterator[str]:
    (old, old_name, before), (new, name, after) = was, now
    if old_name != name:
        yield f"It was called `{old_name}`."
    one, other = _written(old, old_name, before), _written(new, name, after)
    if one != other:
        yield f"Its type changes from `{one}` to `{other}`."
    stored, then = old.field_by_name.get(old_name), new.field_by_name.get(name)
    if stored and then:
        yield from _values_updated(stored, then)
    first, second = (stored or old.relation_by_name[old_name]), (then or new.relation_by_name[name])
    if first.description != second.description:
        yield "It has another description."


def _values_updated(old: Field, new: Field) -> Iterator[str]:
    if old.id != new.id:
        yield "Its values are replaced."
    if old.unique != new.unique:
        yield "It becomes unique." if new.unique else "It is no longer unique."
    if old.indexed != new.indexed:
        yield "It gets an index." if new.indexed else "It loses its index."
    if (old.has_default, old.default) != (new.has_default, new.default):
        yield f"Its default becomes {_shown(new.default)}." if new.has_default else "It has no default any more."
    if (old.has_migration_value, old.migration_value) != (new.has_migration_value, new.migration_value):
        if new.has_migration_value:
            yield f"Its migration value is {_shown(new.migration_value)}."
        else:
            yield "Its migration value is gone."


def _renamed(before: Model, after: Model) -> Model:
    """The types and enums of the old Model under their new names: what is only called otherwise is no other type."""

    def names(olds: Sequence[_V], news: dict[str, _V]) -> tuple[_V, ...]:
        return tuple(each.model_copy(update={"name": news[each.id].name}) if each.id in news else each for each in olds)

    return Model(
        service=before.service,
        entities=names(before.entities, after.entity_by_id),
        enums=names(before.enums, after.enum_by_id),
    )


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN_CHARACTERS_MAX else f"{text[:SHOWN_CHARACTERS_MAX]}…"


def _written(entity: Entity, name: str, model: Model) -> str:
    """A field's type as a schema writes it."""
    field: Field | RelationField | None = entity.field_by_name.get(name)
    if isinstance(field, Field):
        is_enum = field.scalar is Scalar.ENUM and field.enum is not None
        word = model.enum_by_id[field.enum].name if is_enum and field.enum else field.scalar.value
    else:
        field = entity.relation_by_name[name]
        word = model.entity_by_id[field.target].name
        if field.is_list:
            return f"[{word}!]!"
    word = f"[{word}!]" if field.is_list else word
    return f"{word}!" if field.required else word


# --- enums and relations ------------------------------------------------------------------------------------------


def _enums(before: Model, after: Model) -> Iterator[Told]:
    pairs, gone = paired(before.enums, after.enums)
    for old, new in pairs:
        if old is None:
            text = f"A new enum with the name `{new.name}` and the values {_names(new.values)} is created."
            yield Told("Enum", "Create", new.name, text)
    for old, new in pairs:
        if old is not None and (said := list(_enum_updated(old, new))):
            yield Told("Enum", "Update", new.name, " ".join([f"The enum `{new.name}` is updated.", *said]))
    for old in gone:
        yield Told("Enum", "Delete", old.name, f"The enum `{old.name}` is deleted.")


def _enum_updated(old: Enum, new: Enum) -> Iterator[str]:
    if old.name != new.name:
        yield f"It was called `{old.name}`."
    if fresh := [each for each in new.values if each not in old.values]:
        yield f"It gets {_names(fresh)}."
    if gone := [each for each in old.values if each not in new.values]:
        yield f"It loses {_names(gone)}."
    if old.values != new.values and not fresh and not gone:
        yield "Its values have another order."
    if old.migration_value != new.migration_value:
        yield (
            f"Its migration value is `{new.migration_value}`."
            if new.migration_value
            else "Its migration value is gone."
        )
    if old.description != new.description:
        yield "It has another description."


def _relations(before: Model, after: Model) -> Iterator[Told]:
    pairs, gone = paired(before.relations, after.relations)
    for old, new in pairs:
        if old is None or old.id != new.id:
            anew = "" if old is None else " It starts anew, without the edges of the old one."
            text = f"The relation `{new.name}` is created. {_connects(new, after)}{anew}"
            yield Told("Relation", "Create", new.name, text)
    for old in (*gone, *(old for old, new in pairs if old and old.id != new.id)):
        text = f"The relation `{old.name}` is deleted, with its edges. {_connects(old, before)}"
        yield Told("Relation", "Delete", old.name, text)
    for old, new in pairs:
        if old and old.id == new.id and old.name != new.name:
            text = f"The relation `{old.name}` is renamed to `{new.name}`. {_connects(new, after)}"
            yield Told("Relation", "Update", new.name, text)


def _connects(relation: Relation, model: Model) -> str:
    a = f"`{model.entity_by_id[relation.a].name}.{relation.a_field}`"
    if relation.b_field is None:
        return f"It connects nodes through {a}, in both directions."
    return f"It connects {a} with `{model.entity_by_id[relation.b].name}.{relation.b_field}`."


def _names(values: Sequence[str]) -> str:
    shown = ", ".join(f"`{each}`" for each in values[:20])
    return shown if len(values) <= 20 else f"{shown} and {len(values) - 20} more"  # noqa: PLR2004 - a line of a table
