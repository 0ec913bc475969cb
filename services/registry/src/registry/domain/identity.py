"""Which old thing a new declaration is, and the Model with its stable ids (G 4.2; DESIGN 4.4).

Types, enums and relations match by name, or by `@rename`/`@relation(oldName:)` when the old name is not declared any
more; fields likewise inside matched types, where two fields may also swap names. What matches keeps its id as long as
the stored thing can stay:

* a field, while its values are kept: same type and list-ness, or converted to String. Any other change of type replaces
  every value anyhow (G 4.5), so the field gets a new column and the old one goes to the trash with its data;
* a relation, while both ends are the same types and its edges can stay where they are (`DeclaredRelation.fits`). A
  one-to-one relation whose required side changes stays on the side it is on.

Everything else gets a new id from the counter, in the order of the schema; a number is never given twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from contracts.model import Entity, Enum, Field, Model, Relation, RelationField, Scalar
from registry.domain import relations
from registry.domain.collisions import TYPE_TAKEN
from registry.domain.declarations import Declarations, DeclaredEnum, DeclaredField, DeclaredType
from registry.domain.meaning import kind_of
from registry.domain.problems import SCHEMA_INVALID, Problem, problem
from registry.domain.relations import DeclaredRelation, text_argument
from registry.domain.values import Kind, value_of

_TIMESTAMP_COLUMNS = {"createdAt": "created_at", "updatedAt": "updated_at"}


Thing = DeclaredType | DeclaredEnum | DeclaredField
_T = TypeVar("_T", DeclaredType, DeclaredEnum, DeclaredField)
Claim = tuple[str, str, str | None]
"""That something was called otherwise: its kind and owner, its name, the old name."""


def old_name(thing: Thing) -> str | None:
    """What `@rename` says the thing was called."""
    return text_argument(next((each for each in thing.directives if each.name == "rename"), None), "oldName")


def claims(declared: Declarations) -> frozenset[Claim]:
    """Every rename that a text asks for. Once its version is declared they are done, even if they stay in the file."""
    things: list[Thing] = [*declared.all, *(field for each in declared.types for field in each.fields)]
    renamed = {_claim(each, old_name(each)) for each in things}
    return frozenset(renamed | {_claim(each, each.old_name) for each in relations.paired(declared)})


def outstanding(declared: Declarations, done: Collection[Claim]) -> Declarations:
    """The declarations without the `@rename` of what was renamed in the version before.

    Without this a directive that was left in the file would swap two fields back, or, when its old name came and went
    again, take the column of another field.
    """

    def stripped(thing: _T) -> _T:
        if _claim(thing, old_name(thing)) not in done:
            return thing
        return replace(thing, directives=tuple(each for each in thing.directives if each.name != "rename"))

    types = [replace(each, fields=tuple(map(stripped, each.fields))) for each in declared.types]
    return Declarations(tuple(map(stripped, types)), tuple(map(stripped, declared.enums)))


def _claim(thing: Thing | DeclaredRelation, old: str | None) -> Claim:
    place = f"field of {thing.owner}" if isinstance(thing, DeclaredField) else type(thing).__name__
    return place, thing.name, old


def matches(wanted: Sequence[tuple[str, str | None]], before: Collection[str], *, swaps: bool) -> dict[str, str]:
    """For each new name the old name it goes on from, if any; `wanted` are new names with their `oldName`.

    An `oldName` counts when the old schema has it and the new one does not, or (with `swaps`) when the thing that has
    it now is itself renamed. So a directive that was left in the file does nothing.
    """
    renamed = {name: old for name, old in wanted if old and old != name and old in before}
    names = {name for name, _ in wanted}
    found: dict[str, str] = {}
    for name, old in renamed.items():
        if (old not in names or (swaps and old in renamed)) and old not in found.values():
            found[name] = old
    taken = set(found.values())
    found.update({name: name for name, _ in wanted if name not in found and name in before and name not in taken})
    return found


def wrong(declared: Declarations, previous: Model | None) -> Iterator[Problem]:
    """Renames that cannot be carried out: one old thing claimed twice, and types or enums that swap their names."""
    before = {each.name: each for each in previous.entities} if previous else {}
    enums = {each.name for each in previous.enums} if previous else set()
    yield from _claimed_twice(declared.types, before)
    yield from _claimed_twice(declared.enums, enums)
    yield from _swapped(declared.types, before)
    yield from _swapped(declared.enums, enums)
    kept = matches([(each.name, old_name(each)) for each in declared.types], before, swaps=False)
    for each in declared.types:
        if each.name in kept:
            entity = before[kept[each.name]]
            yield from _claimed_twice(each.fields, {*entity.field_by_name, *entity.relation_by_name})


def _swapped(things: Sequence[DeclaredType] | Sequence[DeclaredEnum], before: Collection[str]) -> Iterator[Problem]:
    """Types and enums that take the name of one that is itself renamed in the same push."""
    old_names = {each.name: old_name(each) for each in things}
    for each in things:
        old = old_names[each.name]
        if not old or old == each.name or old not in before:
            continue
        further = old_names.get(old)
        if further in before and further != old:
            message = (
                f"`{each.name}` and `{old}` cannot swap their names in one push; rename them in two steps."
                if further == each.name
                else f"`{each.name}` cannot go on from `{old}` while `{old}` goes on from `{further}`; rename them in "
                "two steps."
            )
            yield problem(each.at, each.name, None, message, code=TYPE_TAKEN)


def _claimed_twice(
    things: Sequence[DeclaredType] | Sequence[DeclaredEnum] | Sequence[DeclaredField], before: Collection[str]
) -> Iterator[Problem]:
    claimed: dict[str, str] = {}
    for each in things:
        old = old_name(each)
        if not old or old not in before or old == each.name:
            continue
        if old in claimed:
            owner, field = (each.owner, each.name) if isinstance(each, DeclaredField) else (each.name, None)
            message = f"Both `{claimed[old]}` and `{each.name}` claim to have been `{old}`."
            yield problem(each.at, owner, field, message, code=SCHEMA_INVALID)
        claimed[old] = each.name


@dataclass
class Counter:
    """Numbers for physical names: one sequence for everything of a service."""

    last: int

    def next(self, letter: str) -> str:
        """A name that nothing of this service ever had."""
        self.last += 1
        return f"{letter}{self.last}"


def model(declared: Declarations, *, service: str, previous: Model | None, done: Collection[Claim]) -> Model:
    """The Model of declarations that have no problem. Renames in `done` are carried out already (`claims`)."""
    before = previous or Model(service=service)
    counter = Counter(before.counter)
    old_entities = {each.name: each for each in before.entities}
    declared = outstanding(declared, done)
    kept = matches([(each.name, old_name(each)) for each in declared.types], old_entities, swaps=False)
    olds = {name: old_entities[old] for name, old in kept.items()}
    ids = {each.name: olds[each.name].id if each.name in olds else counter.next("t") for each in declared.types}
    enums = _enums(declared, before, counter)
    fields = {each.name: _fields(each, declared, enums, olds.get(each.name), counter) for each in declared.types}
    pairs = [
        replace(each, old_name=None) if _claim(each, each.old_name) in done else each
        for each in relations.paired(declared)
    ]
    made = _relations(pairs, ids, before, _old_field_names(declared, olds), counter)
    sides = relations.by_field(pairs)
    entities = tuple(
        Entity(
            id=ids[each.name],
            name=each.name,
            table=ids[each.name],
            fields=fields[each.name],
            relations=tuple(
                _side(field, made, sides, ids) for field in each.fields if (each.name, field.name) in sides
            ),
            order=tuple(field.name for field in each.fields),
            description=each.description,
        )
        for each in declared.types
    )
    return Model(
        service=service,
        counter=counter.last,
        entities=entities,
        relations=tuple(each for each, _ in made),
        enums=tuple(enums.values()),
    )


def _enums(declared: Declarations, before: Model, counter: Counter) -> dict[str, Enum]:
    olds = {each.name: each for each in before.enums}
    kept = matches([(each.name, old_name(each)) for each in declared.enums], olds, swaps=False)
    return {
        each.name: Enum(
            id=olds[kept[each.name]].id if each.name in kept else counter.next("e"),
            name=each.name,
            values=tuple(name for name, _ in each.values),
            migration_value=_enum_migration(each),
            description=each.description,
        )
        for each in declared.enums
    }


def _enum_migration(enum: DeclaredEnum) -> str | None:
    """What takes the place of removed values."""
    directive = next((each for each in enum.directives if each.name == "migrationValue"), None)
    if directive is None:
        return None
    value = value_of(directive.arguments["value"], Kind(Scalar.ENUM, values=[name for name, _ in enum.values]))
    return value if isinstance(value, str) else None


def _fields(
    type_: DeclaredType, declared: Declarations, enums: Mapping[str, Enum], old: Entity | None, counter: Counter
) -> tuple[Field, ...]:
    declared_enums = {each.name: each for each in declared.enums}
    olds = old.field_by_name if old else {}
    kept = matches([(each.name, old_name(each)) for each in type_.fields], olds, swaps=True)
    made = []
    for each in type_.fields:
        kind = kind_of(each, declared_enums)
        if kind is None:
            continue
        if each.name == "id" or each.name in _TIMESTAMP_COLUMNS:
            made.append(_system_field(each))
            continue
        enum = enums[each.type].id if kind.scalar is Scalar.ENUM else None
        before = olds.get(kept.get(each.name, ""))
        stays = before is not None and not before.system and _values_stay(before, kind.scalar, enum, kind.is_list)
        name = before.id if before and stays else counter.next("c")
        default, migration = (each.directive(which) for which in ("defaultValue", "migrationValue"))
        value = value_of(default.arguments["value"], kind) if default else None
        made.append(
            Field(
                id=name,
                name=each.name,
                column=name,
                scalar=kind.scalar,
                enum=enum,
                is_list=kind.is_list,
                required=each.required,
                unique=each.has("isUnique"),
                indexed=each.has("index"),
                has_default=value is not None,
                default=value,
                description=each.description,
                has_migration_value=migration is not None,
                migration_value=value_of(migration.arguments["value"], kind) if migration else None,
            )
        )
    return tuple(made)


def _values_stay(before: Field, scalar: Scalar, enum: str | None, is_list: bool) -> bool:  # noqa: FBT001 - a fact
    if before.is_list != is_list:
        return False
    return (before.scalar, before.enum) == (scalar, enum) or scalar is Scalar.STRING


def _system_field(declared: DeclaredField) -> Field:
    is_id = declared.name == "id"
    return Field(
        id=declared.name,
        name=declared.name,
        column="id" if is_id else _TIMESTAMP_COLUMNS[declared.name],
        scalar=Scalar.ID if is_id else Scalar.DATETIME,
        required=True,
        unique=is_id,
        indexed=declared.has("index"),
        system=True,
        description=declared.description,
    )


def _old_field_names(declared: Declarations, olds: Mapping[str, Entity]) -> Callable[[DeclaredField], str]:
    """The name each relation field had before."""
    found: dict[tuple[str, str], str] = {}
    for type_ in declared.types:
        if old := olds.get(type_.name):
            wanted = [(each.name, old_name(each)) for each in type_.fields]
            for name, before in matches(wanted, old.relation_by_name, swaps=True).items():
                found[type_.name, name] = before
    return lambda field: found.get((field.owner, field.name), field.name)


Made = tuple[Relation, bool]
"""A relation, and whether its sides a and b are those of the declaration exchanged."""


def _relations(
    pairs: Sequence[DeclaredRelation],
    ids: Mapping[str, str],
    before: Model,
    was: Callable[[DeclaredField], str],
    counter: Counter,
) -> list[Made]:
    olds = {each.name: each for each in before.relations}
    kept = matches([(each.name, each.old_name) for each in pairs], olds, swaps=True)
    taken = set(kept.values())
    by_ends = {frozenset(_ends(each)): each.name for each in before.relations if each.name not in taken}
    made: list[Made] = []
    for pair in pairs:
        ends = [(ids[side.owner], was(side)) for side in (pair.a, pair.b) if side]
        name = kept.get(pair.name) or by_ends.get(frozenset(ends))
        made.append(_relation(pair, ids, ends, olds[name] if name else None, counter))
    return made


def _ends(relation: Relation) -> Iterator[tuple[str, str]]:
    yield relation.a, relation.a_field
    if relation.b_field is not None:
        yield relation.b, relation.b_field


def _relation(
    pair: DeclaredRelation,
    ids: Mapping[str, str],
    ends: Sequence[tuple[str, str]],
    old: Relation | None,
    counter: Counter,
) -> Made:
    first, second = ids[pair.a.owner], ids[pair.a.type]
    if old and {first, second} == {old.a, old.b}:
        # The old sides stay where they are, also when the schema's order of the two fields has changed.
        crossed = first != old.a or (first == second and ends[0][1] == old.b_field)
        one, other = (pair.b, pair.a) if crossed and pair.b else (pair.a, pair.b)
        turned = DeclaredRelation(pair.name, pair.old_name, one, other)
        if turned.fits(old.storage, symmetric=old.b_field is None):
            return _stored(turned, ids, old.id, old.storage), crossed
    return _stored(pair, ids, counter.next("r"), pair.storage()), False


def _stored(pair: DeclaredRelation, ids: Mapping[str, str], name: str, storage: str) -> Relation:
    return Relation.model_validate(
        {
            "id": name,
            "name": pair.name,
            "a": ids[pair.a.owner],
            "b": ids[pair.a.type],
            "a_field": pair.a.name,
            "b_field": pair.b.name if pair.b else None,
            "storage": storage,
            "column": None if storage == "join" else name,
            "table": name if storage == "join" else None,
        }
    )


def _side(
    field: DeclaredField,
    made: Sequence[Made],
    sides: Mapping[tuple[str, str], tuple[int, str]],
    ids: Mapping[str, str],
) -> RelationField:
    number, side = sides[field.owner, field.name]
    relation, crossed = made[number]
    return RelationField(
        name=field.name,
        relation=relation.id,
        side="a" if (side == "a") != crossed else "b",
        target=ids[field.type],
        is_list=field.depth > 0,
        required=field.required and not field.depth,
        description=field.description,
    )
