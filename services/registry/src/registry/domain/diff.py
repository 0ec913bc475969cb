"""Two Models to the differences that a consumer of the API meets, each graded (G 4.2, 4.5).

SAFE: every call goes on working and means the same. DANGEROUS: calls go on working but may answer or be refused
differently. BREAKING: some valid call becomes invalid. What the change does to stored data is the provisioner's
business.

Things are compared by stable id, so a rename is one change; then by name, so that a thing whose storage was replaced is
one change as well. The order is that of the new schema, with what is gone at the end of its kind: types with their
fields, enums, relations.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final, Literal

from contracts.model import Entity, Enum, Field, Model, Relation, RelationField, Scalar
from contracts.registry import SchemaChange
from registry.domain.telling import paired

Grade = Literal["SAFE", "DANGEROUS", "BREAKING"]
SAFE: Final = "SAFE"
DANGEROUS: Final = "DANGEROUS"
BREAKING: Final = "BREAKING"


def changes(before: Model, after: Model) -> tuple[SchemaChange, ...]:
    """All differences from one version to the next; empty when nothing that a consumer sees has changed."""
    return (*_types(before, after), *_enums(before, after), *_relations(before, after))


def _change(criticality: Grade, kind: str, path: str, message: str) -> SchemaChange:
    return SchemaChange(criticality=criticality, kind=kind, path=path, message=message)


# --- types --------------------------------------------------------------------------------------------------------


def _types(before: Model, after: Model) -> Iterator[SchemaChange]:
    pairs, gone = paired(before.entities, after.entities)
    for old, new in pairs:
        if old is None:
            yield _change(SAFE, "TYPE_ADDED", new.name, f"Type {new.name} was added.")
            continue
        if old.name != new.name:
            yield _change(BREAKING, "TYPE_RENAMED", new.name, f"Type {old.name} is now called {new.name}.")
        if old.id != new.id:
            yield _change(DANGEROUS, "TYPE_REPLACED", new.name, f"Type {new.name} starts anew, without its nodes.")
        if old.description != new.description:
            yield _change(SAFE, "DESCRIPTION_CHANGED", new.name, f"The description of {new.name} changed.")
        yield from _fields(old, new, before, after)
        yield from _relation_fields(old, new, before, after)
    for old in gone:
        yield _change(BREAKING, "TYPE_REMOVED", old.name, f"Type {old.name} was removed.")


def _fields(old: Entity, new: Entity, before: Model, after: Model) -> Iterator[SchemaChange]:
    pairs, gone = paired(old.fields, new.fields)
    for was, now in pairs:
        path = f"{new.name}.{now.name}"
        if was:
            yield from _field(path, was, now, before, after)
        elif now.required and not now.has_default and not now.system:
            message = f"Required field {path} was added; creating {new.name} now needs it."
            yield _change(BREAKING, "REQUIRED_FIELD_ADDED", path, message)
        else:
            yield _change(SAFE, "FIELD_ADDED", path, f"Field {path} was added.")
    for was in gone:
        path = f"{new.name}.{was.name}"
        yield _change(BREAKING, "FIELD_REMOVED", path, f"Field {path} was removed.")


def _field(path: str, was: Field, now: Field, before: Model, after: Model) -> Iterator[SchemaChange]:
    if was.name != now.name:
        yield from _renamed(path, was.name, now.name, before)
    old_type, new_type = _written(was, before), _written(now, after)
    same_enum = was.enum is not None and was.enum == now.enum and was.is_list == now.is_list
    if old_type != new_type and not same_enum:
        yield _change(BREAKING, "FIELD_TYPE_CHANGED", path, f"{path} changed from {old_type} to {new_type}.")
    elif was.id != now.id:
        yield _change(DANGEROUS, "FIELD_REPLACED", path, f"{path} starts anew, without its values.")
    yield from _requiredness(path, was, now)
    yield from _default(path, was, now)
    if now.unique and not was.unique:
        yield _change(DANGEROUS, "UNIQUE_ADDED", path, f"Values of {path} must now be unique.")
    if was.unique and not now.unique:
        message = f"{path} is no longer unique; nodes cannot be fetched by it any more."
        yield _change(BREAKING, "UNIQUE_REMOVED", path, message)
    if was.indexed != now.indexed:
        word = "has an index now" if now.indexed else "has no index any more"
        yield _change(SAFE, "INDEX_CHANGED", path, f"{path} {word}.")
    if was.description != now.description:
        yield _change(SAFE, "DESCRIPTION_CHANGED", path, f"The description of {path} changed.")


def _renamed(path: str, was: str, now: str, before: Model) -> Iterator[SchemaChange]:
    owner = path.split(".", maxsplit=1)[0]
    entity = before.entity_by_name.get(owner)
    if entity and now in entity.order:
        message = f"{path} now holds what {owner}.{was} held."
        yield _change(BREAKING, "FIELD_RENAMED", path, message)
    else:
        yield _change(BREAKING, "FIELD_RENAMED", path, f"Field {was} of {owner} is now called {now}.")


def _requiredness(path: str, was: Field, now: Field) -> Iterator[SchemaChange]:
    if now.required and not was.required:
        needed = not now.has_default
        message = f"{path} is now required" + ("; creating without it is refused." if needed else ", null is refused.")
        yield _change(BREAKING, "FIELD_NOW_REQUIRED", path, message)
    if was.required and not now.required:
        yield _change(DANGEROUS, "FIELD_NOW_OPTIONAL", path, f"{path} can now be null.")


def _default(path: str, was: Field, now: Field) -> Iterator[SchemaChange]:
    if was.has_default and now.has_default:
        if was.default != now.default:
            message = f"The default of {path} changed from {_shown(was)} to {_shown(now)}."
            yield _change(DANGEROUS, "DEFAULT_CHANGED", path, message)
    elif now.has_default:
        # A required field without a default could not be left out before, so nobody relies on what happens then.
        grade: Grade = SAFE if was.required and now.required else DANGEROUS
        yield _change(grade, "DEFAULT_ADDED", path, f"{path} has the default {_shown(now)} now.")
    elif was.has_default:
        grade = BREAKING if now.required else DANGEROUS
        yield _change(grade, "DEFAULT_REMOVED", path, f"{path} has no default any more; it was {_shown(was)}.")


def _shown(field: Field) -> str:
    text = json.dumps(field.default, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"  # noqa: PLR2004 - a line of a table


def _written(field: Field, model: Model) -> str:
    """The type without requiredness, which is a change of its own."""
    name = model.enum_by_id[field.enum].name if field.scalar is Scalar.ENUM and field.enum else field.scalar.value
    return f"[{name}!]" if field.is_list else name


def _relation_fields(old: Entity, new: Entity, before: Model, after: Model) -> Iterator[SchemaChange]:
    olds = {(each.relation, each.side): each for each in old.relations}
    here = {(each.relation, each.side) for each in new.relations}
    by_name = {each.name: each for each in old.relations if (each.relation, each.side) not in here}
    found = set()
    for now in new.relations:
        path = f"{new.name}.{now.name}"
        was = olds.get((now.relation, now.side)) or by_name.get(now.name)
        if was is None and now.required:
            message = f"Required relation {path} was added; creating {new.name} now needs it."
            yield _change(BREAKING, "REQUIRED_FIELD_ADDED", path, message)
        elif was is None:
            yield _change(SAFE, "FIELD_ADDED", path, f"Field {path} was added.")
        else:
            found.add(was.name)
            yield from _relation_field(path, was, now, before, after)
    for was in old.relations:
        if was.name not in found:
            path = f"{new.name}.{was.name}"
            yield _change(BREAKING, "FIELD_REMOVED", path, f"Field {path} was removed.")


def _relation_field(
    path: str, was: RelationField, now: RelationField, before: Model, after: Model
) -> Iterator[SchemaChange]:
    if was.name != now.name:
        yield from _renamed(path, was.name, now.name, before)
    old_type, new_type = _pointed(was, before), _pointed(now, after)
    if was.is_list != now.is_list or (was.target != now.target and old_type != new_type):
        yield _change(BREAKING, "FIELD_TYPE_CHANGED", path, f"{path} changed from {old_type} to {new_type}.")
    elif now.required and not was.required:
        message = f"{path} is now required; a node without it is refused."
        yield _change(BREAKING, "FIELD_NOW_REQUIRED", path, message)
    elif was.required and not now.required:
        yield _change(DANGEROUS, "FIELD_NOW_OPTIONAL", path, f"{path} can now be null.")
    if was.description != now.description:
        yield _change(SAFE, "DESCRIPTION_CHANGED", path, f"The description of {path} changed.")


def _pointed(field: RelationField, model: Model) -> str:
    name = model.entity_by_id[field.target].name
    return f"[{name}!]" if field.is_list else name


# --- enums and relations ------------------------------------------------------------------------------------------


def _enums(before: Model, after: Model) -> Iterator[SchemaChange]:
    pairs, gone = paired(before.enums, after.enums)
    for old, new in pairs:
        if old is None:
            yield _change(SAFE, "ENUM_ADDED", new.name, f"Enum {new.name} was added.")
        else:
            yield from _enum(old, new)
    for old in gone:
        yield _change(BREAKING, "ENUM_REMOVED", old.name, f"Enum {old.name} was removed.")


def _enum(old: Enum, new: Enum) -> Iterator[SchemaChange]:
    if old.name != new.name:
        yield _change(BREAKING, "ENUM_RENAMED", new.name, f"Enum {old.name} is now called {new.name}.")
    for value in new.values:
        if value not in old.values:
            path = f"{new.name}.{value}"
            yield _change(DANGEROUS, "ENUM_VALUE_ADDED", path, f"{path} was added; answers may hold it.")
    for value in old.values:
        if value not in new.values:
            path = f"{new.name}.{value}"
            yield _change(BREAKING, "ENUM_VALUE_REMOVED", path, f"{path} was removed.")
    if old.description != new.description:
        yield _change(SAFE, "DESCRIPTION_CHANGED", new.name, f"The description of {new.name} changed.")


def _relations(before: Model, after: Model) -> Iterator[SchemaChange]:
    """Relations show as fields; here is what only the relation itself tells: its name, and that its edges are lost."""
    pairs, _ = paired(before.relations, after.relations)
    for old, new in pairs:
        if old is None:
            continue
        path = f"relation {new.name}"
        if old.name != new.name:
            message = f"Relation {old.name} is now called {new.name}; so are the mutations that bear its name."
            yield _change(BREAKING, "RELATION_RENAMED", path, message)
        if old.id != new.id:
            yield _change(DANGEROUS, "RELATION_REPLACED", path, f"{_ends(new, after)} start anew, without their edges.")


def _ends(relation: Relation, model: Model) -> str:
    a = f"{model.entity_by_id[relation.a].name}.{relation.a_field}"
    return f"{a} and {model.entity_by_id[relation.b].name}.{relation.b_field}" if relation.b_field else f"Edges of {a}"
