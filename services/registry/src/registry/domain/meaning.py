"""Stage two of reading a schema: names, generated names and values, with the dialect's codes (G 2.3, 2.6, 7.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from contracts.model import Scalar
from registry.domain import collisions, naming, relations
from registry.domain.collisions import TYPE_TAKEN
from registry.domain.declarations import Declarations, DeclaredEnum, DeclaredField, DeclaredType, Directive
from registry.domain.problems import SCHEMA_INVALID, TOP, At, Problem, problem
from registry.domain.relations import SYSTEM, DeclaredRelation
from registry.domain.values import Kind, Unfit, value_of

NAME_INVALID: Final = 2008
MODEL_TAKEN: Final = 2002
FIELD_TAKEN: Final = 2009
ENUM_EMPTY: Final = 2010
VALUE_INVALID: Final = 2011
RELATION_TAKEN: Final = 2020
DEFAULT_NOT_IN_ENUM: Final = 2025
MIGRATION_NOT_IN_ENUM: Final = 2042
ENUM_MIGRATION_INVALID: Final = 2049
SYSTEM_FIELD_CHANGED: Final = 4016
TIMESTAMP_INVALID: Final = 4050

UPPER: Final = "it starts with an uppercase letter and goes on with letters and digits"
LOWER: Final = "it starts with a lowercase letter and goes on with letters and digits"


def wrong(declared: Declarations) -> Iterator[Problem]:
    """Every problem of names and values. A field of broken shape is judged as far as it goes."""
    if not declared.types:
        yield problem(TOP, "Global", None, "The schema declares no model type.", code=SCHEMA_INVALID)
    pairs = [each for each in relations.paired(declared) if _whole(each)]
    yield from _type_names(declared)
    for type_ in declared.types:
        yield from _field_names(type_)
    for enum in declared.enums:
        yield from _enum(enum)
    yield from _relation_names(pairs)
    yield from collisions.wrong(declared, pairs)
    enums = {each.name: each for each in declared.enums}
    known = naming.SCALARS | {each.name for each in declared.all}
    for type_ in declared.types:
        for field in type_.fields:
            if field.name in SYSTEM:
                yield from _system(field)
            elif field.type in known:  # of an unknown type nothing can be said
                yield from _own(field, enums)


def kind_of(field: DeclaredField, enums: dict[str, DeclaredEnum]) -> Kind | None:
    """The type of a scalar or enum field's values; None for a relation field."""
    if enum := enums.get(field.type):
        return Kind(Scalar.ENUM, is_list=field.depth > 0, values=[name for name, _ in enum.values])
    if field.type in naming.SCALARS:
        return Kind(Scalar(field.type), is_list=field.depth > 0)
    return None


def _whole(pair: DeclaredRelation) -> bool:
    return pair.b is not None or pair.a.type == pair.a.owner


def _name(  # noqa: PLR0913 - a name, its rule, and where it stands
    name: str, form: re.Pattern[str], what: str, rule: str, at: At, *, type_: str, field: str | None = None
) -> Iterator[Problem]:
    if name.startswith("__"):
        message = f"The {what} `{name}` begins with two underscores; such names belong to introspection."
        yield problem(at, type_, field, message, code=NAME_INVALID)
    elif not form.fullmatch(name) or len(name) > naming.NAME_MAX:
        message = f"'{name}' is not a valid {what} name: {rule}, at most {naming.NAME_MAX} characters."
        yield problem(at, type_, field, message, code=NAME_INVALID)


def _type_names(declared: Declarations) -> Iterator[Problem]:
    reserved = {naming.fold(each): each for each in naming.RESERVED}
    seen: dict[str, str] = {}
    for each in sorted(declared.all, key=lambda each: (each.at.line, each.at.column)):
        if isinstance(each, DeclaredType):
            what = "type"
            yield from _name(each.name, naming.TYPE, what, UPPER, each.at, type_=each.name)
        else:
            what = "enum"
            rule = f"{UPPER}, underscores included"
            yield from _name(each.name, naming.ENUM, what, rule, each.at, type_=each.name)
        fold = naming.fold(each.name)
        if fold in reserved:
            message = f"The name `{each.name}` is reserved: `{reserved[fold]}` belongs to the generated API."
            yield problem(each.at, each.name, None, message, code=TYPE_TAKEN)
        elif fold in seen and seen[fold] != f"{what} {each.name}":
            message = f"The name `{each.name}` is taken by the {seen[fold]}; case is ignored."
            yield problem(each.at, each.name, None, message, code=MODEL_TAKEN if what == "type" else TYPE_TAKEN)
        seen.setdefault(fold, f"{what} {each.name}")


def _field_names(type_: DeclaredType) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for field in type_.fields:
        yield from _name(field.name, naming.FIELD, "field", LOWER, field.at, type_=type_.name, field=field.name)
        fold = naming.fold(field.name)
        if field.name in naming.RESERVED_FIELDS:
            message = f"The name `{field.name}` is an argument of generated mutations."
            yield problem(field.at, type_.name, field.name, message, code=FIELD_TAKEN)
        if fold in seen and seen[fold] != field.name:
            message = f"The type `{type_.name}` has a field `{seen[fold]}` already; case is ignored."
            yield problem(field.at, type_.name, field.name, message, code=FIELD_TAKEN)
        seen.setdefault(fold, field.name)


def _enum(enum: DeclaredEnum) -> Iterator[Problem]:
    if not enum.values:
        yield problem(enum.at, enum.name, None, f"The enum `{enum.name}` has no values.", code=ENUM_EMPTY)
    seen: dict[str, str] = {}
    for name, at in enum.values:
        fold = naming.fold(name)
        if fold in seen:
            message = f"The enum `{enum.name}` has the value `{seen[fold]}` already; case is ignored."
            yield problem(at, enum.name, None, message, code=NAME_INVALID)
        seen.setdefault(fold, name)
    migration = next((each for each in enum.directives if each.name == "migrationValue"), None)
    if migration and (node := migration.arguments.get("value")):
        try:
            fit = value_of(node, Kind(Scalar.ENUM, values=[name for name, _ in enum.values])) is not None
        except Unfit:
            fit = False
        if not fit:
            message = f"The migration value of the enum `{enum.name}` must be one of its values."
            yield problem(migration.at, enum.name, None, message, code=ENUM_MIGRATION_INVALID)


def _relation_names(pairs: Sequence[DeclaredRelation]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for pair in pairs:
        at, owner, field = pair.a.at, pair.a.owner, pair.a.name
        yield from _name(pair.name, naming.TYPE, "relation", UPPER, at, type_=owner, field=field)
        fold = naming.fold(pair.name)
        if fold in seen:
            message = f"The relation name `{pair.name}` is taken by `{seen[fold]}`; case is ignored."
            yield problem(at, owner, field, message, code=RELATION_TAKEN)
        seen.setdefault(fold, pair.name)


def _system(field: DeclaredField) -> Iterator[Problem]:
    if field.name != "id" and (field.written != "DateTime!" or field.has("isUnique")):
        message = f"The field `{field.name}` is managed and can only be declared as `{field.name}: DateTime!`."
        yield problem(field.at, field.owner, field.name, message, code=TIMESTAMP_INVALID)
    for each in field.directives:
        if each.name in ("defaultValue", "migrationValue", "rename", "relation"):
            message = f"The field `{field.name}` is managed by the system and cannot have `@{each.name}`."
            yield problem(each.at, field.owner, field.name, message, code=SYSTEM_FIELD_CHANGED)


def _own(field: DeclaredField, enums: dict[str, DeclaredEnum]) -> Iterator[Problem]:
    def no(directive: Directive, why: str) -> Problem:
        message = f"The field `{field.name}` cannot have `@{directive.name}`: {why}."
        return problem(directive.at, field.owner, field.name, message, code=SCHEMA_INVALID)

    kind = kind_of(field, enums)
    if field.type == "ID":
        message = f"The field `{field.name}` cannot be of type `ID`; only `id` is. Use `String`, or a relation."
        yield problem(field.at, field.owner, field.name, message, code=SCHEMA_INVALID)
        return
    for each in field.directives:
        if each.name in ("isUnique", "index"):
            if kind is None or kind.is_list:
                yield no(each, "it belongs on a single scalar or enum field")
            elif kind.scalar is Scalar.JSON:
                yield no(each, "Json values have no order and no equality")
        elif each.name in ("defaultValue", "migrationValue") and kind is None:
            yield no(each, "a relation has no values")
        elif each.name in ("defaultValue", "migrationValue") and kind:
            yield from _value(field, each, kind)


def _value(field: DeclaredField, directive: Directive, kind: Kind) -> Iterator[Problem]:
    node = directive.arguments.get("value")
    if node is None or field.depth > 1:
        return
    try:
        value = value_of(node, kind)
    except Unfit as unfit:
        shown = unfit.shown
    else:
        if value is not None or not field.required:
            return
        shown = "null"
    is_default = directive.name == "defaultValue"
    if kind.scalar is Scalar.ENUM:
        code = DEFAULT_NOT_IN_ENUM if is_default else MIGRATION_NOT_IN_ENUM
        known = ", ".join(list(kind.values)[:20])
        message = f"'{shown}' is not a valid value for type '{field.type}'; its values are {known}."
    else:
        code, message = VALUE_INVALID, f"'{shown}' is not a valid value for type '{field.written}'."
    yield problem(directive.at, field.owner, field.name, message, code=code)
