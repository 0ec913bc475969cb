"""Stage one of reading a schema: its shape, rule by rule in the dialect's order (G 2.7)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final, Literal

from registry.domain import relations
from registry.domain.declarations import Declarations, DeclaredEnum, DeclaredField, DeclaredType, Directive
from registry.domain.naming import ENUM, ENUM_VALUE_MAX, SCALARS
from registry.domain.problems import SCHEMA_INVALID, Problem, problem
from registry.domain.relations import SYSTEM

Place = Literal["type", "field", "enum"]

REQUIRED_ARGUMENTS: Final[Mapping[str, str]] = {
    "relation": "name",
    "defaultValue": "value",
    "rename": "oldName",
    "migrationValue": "value",
}
ARGUMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "model": (),
    "isUnique": (),
    "index": (),
    "relation": ("name", "oldName"),
    "defaultValue": ("value",),
    "rename": ("oldName",),
    "migrationValue": ("value",),
}
"""The directives of the dialect with all their arguments; any other directive is ignored."""
PLACES: Final[Mapping[Place, Collection[str]]] = {
    "type": ("model", "rename"),
    "field": ("isUnique", "index", "relation", "defaultValue", "rename", "migrationValue"),
    "enum": ("rename", "migrationValue"),
}
"""Where each of them may stand."""
_A: Final[Mapping[Place, str]] = {"type": "a", "field": "a", "enum": "an"}
_NEARLY: Final[Mapping[str, str]] = {
    **{each.lower(): each for each in SCALARS},
    "integer": "Int",
    "bool": "Boolean",
    "date": "DateTime",
    "timestamp": "DateTime",
    "text": "String",
    "number": "Float",
    "double": "Float",
    "long": "Int",
    "object": "Json",
}


def wrong(declared: Declarations) -> Iterator[Problem]:
    """Every problem of shape."""
    types = declared.types
    yield from (each for type_ in types for each in _without_model(type_))
    yield from (each for type_ in types for each in _implementing(type_))
    yield from (each for type_ in types for each in _id(type_))
    yield from _twice(declared)
    yield from (each for type_ in types for each in _fields_twice(type_))
    yield from _unknown_types(declared)
    yield from relations.wrong(declared)
    yield from _scalars(declared)
    yield from _directives(declared)
    yield from (each for enum in declared.enums for each in _enum_values(enum))


def _without_model(type_: DeclaredType) -> Iterator[Problem]:
    if not any(each.name == "model" for each in type_.directives):
        message = f"The type `{type_.name}` is missing the @model directive. Please add it: `type {type_.name} @model`"
        yield problem(type_.at, type_.name, _first_field(type_), message)


def _implementing(type_: DeclaredType) -> Iterator[Problem]:
    if "Node" in type_.interfaces:
        message = f"The type `{type_.name}` has the implements Node annotation. It is deprecated: use `@model` instead."
        yield problem(type_.at, type_.name, _first_field(type_), message)
    elif type_.interfaces:
        names = ", ".join(type_.interfaces)
        message = f"The type `{type_.name}` implements {names}; interfaces are not part of the data model."
        yield problem(type_.at, type_.name, _first_field(type_), message, code=SCHEMA_INVALID)


def _first_field(type_: DeclaredType) -> str | None:
    return type_.fields[0].name if type_.fields else None


def _id(type_: DeclaredType) -> Iterator[Problem]:
    field = next((each for each in type_.fields if each.name == "id"), None)
    if field is None:
        yield problem(type_.at, type_.name, None, "All models must specify the `id` field: `id: ID! @isUnique`")
    elif field.written != "ID!":
        message = "All models must specify the `id` field: `id: ID! @isUnique`"
        yield problem(field.at, type_.name, "id", f"{message}. It is declared as `{field.written}`.")
    elif not field.has("isUnique"):
        yield problem(field.at, type_.name, "id", "All id fields must specify the `@isUnique` directive.")


def _twice(declared: Declarations) -> Iterator[Problem]:
    for what, places in (("type", declared.types), ("enum", declared.enums)):
        seen: set[str] = set()
        for each in places:
            if each.name in seen:
                message = f"The name of the {what} `{each.name}` occurs more than once. The names must be unique."
                yield problem(each.at, each.name, None, message)
            seen.add(each.name)


def _fields_twice(type_: DeclaredType) -> Iterator[Problem]:
    seen: set[str] = set()
    for field in type_.fields:
        if field.name in seen:
            message = f"The type `{type_.name}` has a duplicate fieldName: `{field.name}`."
            yield problem(field.at, type_.name, field.name, message)
        seen.add(field.name)


def _unknown_types(declared: Declarations) -> Iterator[Problem]:
    known = SCALARS | {each.name for each in declared.types} | {each.name for each in declared.enums}
    nearly = {**_NEARLY, **{each.lower(): each for each in known}}
    for field in _own_fields(declared):
        if field.type not in known:
            meant = nearly.get(field.type.lower())
            hint = f" Did you mean `{meant}`?" if meant else ""
            yield problem(
                field.at,
                field.owner,
                field.name,
                f"The field `{field.name}` has the type `{field.type}` but there's no type or enum declaration with "
                f"that name.{hint}",
            )


def _scalars(declared: Declarations) -> Iterator[Problem]:
    types = {each.name for each in declared.types}
    valued = SCALARS | {each.name for each in declared.enums if each.name not in types}
    for field in _own_fields(declared):
        if field.type not in valued:
            continue
        if field.depth > 1 or (field.depth and not field.inner_required):
            message = (
                f"The scalar field `{field.name}` has the wrong format: `{field.written}`. "
                f"Possible formats: `{field.type}`, `{field.type}!`, `[{field.type}!]`, `[{field.type}!]!`"
            )
            yield problem(field.at, field.owner, field.name, message)
        if relation := field.directive("relation"):
            message = f"The scalar field `{field.name}` cannot specify the `@relation` directive."
            yield problem(relation.at, field.owner, field.name, message)


def _directives(declared: Declarations) -> Iterator[Problem]:
    for field in _own_fields(declared):
        yield from _incomplete(field.directives, field.owner, field.name)
    for field in _own_fields(declared):
        yield from _repeated(field.directives, field.owner, field.name)
    for each in declared.all:
        yield from _incomplete(each.directives, each.name, None)
        yield from _repeated(each.directives, each.name, None)
    for type_ in declared.types:
        yield from _misused("type", type_.directives, type_.name, None)
        for field in type_.fields:
            yield from _misused("field", field.directives, type_.name, field.name)
    for enum in declared.enums:
        yield from _misused("enum", enum.directives, enum.name, None)


def _incomplete(directives: tuple[Directive, ...], owner: str, field: str | None) -> Iterator[Problem]:
    for each in directives:
        needed = REQUIRED_ARGUMENTS.get(each.name)
        if needed and needed not in each.arguments:
            where = f"field `{field}`" if field else f"declaration of `{owner}`"
            message = f"The {where} has the directive `@{each.name}` but it's missing the required argument `{needed}`."
            yield problem(each.at, owner, field, message)
        for name in ("name", "oldName") if each.name in ("relation", "rename") else ():
            if name in each.arguments and not relations.text_argument(each, name):
                message = f"The argument `{name}` of the directive `@{each.name}` must be a string that is not empty."
                yield problem(each.at, owner, field, message)


def _repeated(directives: tuple[Directive, ...], owner: str, field: str | None) -> Iterator[Problem]:
    seen: set[str] = set()
    for each in directives:
        if each.name in seen:
            on, once = (field, "on a field") if field else (owner, "on a type or enum")
            message = f"`@{each.name}` is repeated on `{on}`. Directives must appear exactly once {once}."
            yield problem(each.at, owner, field, message)
        seen.add(each.name)


def _misused(place: Place, directives: tuple[Directive, ...], owner: str, field: str | None) -> Iterator[Problem]:
    """Directives of the dialect where they mean nothing, and arguments that they do not have (G 2.3)."""
    for each in directives:
        known = ARGUMENTS.get(each.name)
        if known is None:
            continue
        if each.name not in PLACES[place]:
            places = " or ".join(f"{_A[where]} {where}" for where, names in PLACES.items() if each.name in names)
            message = f"`@{each.name}` does not belong on {_A[place]} {place}; it stands on {places}."
            yield problem(each.at, owner, field, message, code=SCHEMA_INVALID)
        complete = REQUIRED_ARGUMENTS.get(each.name) in (None, *each.arguments)
        for name in each.arguments if complete else ():
            if name not in known:
                has = f"it has {' and '.join(f'`{one}`' for one in known)}" if known else "it takes none"
                message = f"The directive `@{each.name}` has no argument `{name}`; {has}."
                yield problem(each.at, owner, field, message, code=SCHEMA_INVALID)
        for name in each.twice:
            message = f"The directive `@{each.name}` has the argument `{name}` more than once."
            yield problem(each.at, owner, field, message, code=SCHEMA_INVALID)


def _enum_values(enum: DeclaredEnum) -> Iterator[Problem]:
    lower = [(name, at) for name, at in enum.values if not re.match("[A-Z]", name)]
    if lower:
        names = ", ".join(f"`{name}`" for name, _ in lower)
        message = f"The first character of the values {names} of the enum `{enum.name}` must be an uppercase letter."
        yield problem(lower[0][1], enum.name, None, message)
    invalid = [
        (name, at)
        for name, at in enum.values
        if re.match("[A-Z]", name) and (len(name) > ENUM_VALUE_MAX or not ENUM.fullmatch(name))
    ]
    if invalid:
        names = ", ".join(f"`{name}`" for name, _ in invalid)
        message = f"The enum `{enum.name}` has values of more than {ENUM_VALUE_MAX} characters: {names}."
        yield problem(invalid[0][1], enum.name, None, message)


def _own_fields(declared: Declarations) -> Iterator[DeclaredField]:
    return (field for each in declared.types for field in each.fields if field.name not in SYSTEM)
