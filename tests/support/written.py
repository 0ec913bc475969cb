"""Random Models, and the schema text that a maker would have written for each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from hypothesis import strategies as st

from contracts.model import Entity, Enum, Field, Model, Relation, RelationField, Scalar

TEXT: Final = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
SAID: Final = st.none() | TEXT.filter(bool)
MOODS: Final = ("HAPPY", "SAD", "Calm_1")
SYSTEM: Final = {"createdAt": "created_at", "updatedAt": "updated_at"}


@dataclass
class Counter:
    """The numbers of physical names, in the order in which a first version gets them."""

    last: int = 0

    def next(self, letter: str) -> str:
        self.last += 1
        return f"{letter}{self.last}"


# --- the Model ----------------------------------------------------------------------------------------------------


@st.composite
def models(draw: st.DrawFn) -> Model:
    """A first version: up to three types, two enums and three relations, of every shape the dialect has."""
    counter = Counter()
    names = draw(st.permutations(("Ant", "Bee", "C3po")))[: draw(st.integers(1, 3))]
    ids = {name: counter.next("t") for name in names}
    enums = [
        Enum(
            id=counter.next("e"),
            name=name,
            values=tuple(draw(st.lists(st.sampled_from(MOODS), unique=True, min_size=1))),
            description=draw(SAID),
        )
        for name in ("Mood", "Kind_Of")
    ]
    stored = {name: _stored(draw, counter, enums) for name in names}
    sides = _sides(draw, names)
    relations, ends = _relations(draw, counter, ids, sides)
    entities = [
        Entity(
            id=ids[name],
            name=name,
            table=ids[name],
            fields=stored[name],
            relations=tuple(ends[name, field] for owner, field, _, _ in sides if owner == name),
            order=(*(each.name for each in stored[name]), *(field for owner, field, _, _ in sides if owner == name)),
            description=draw(SAID),
        )
        for name in names
    ]
    return Model(
        service="s", counter=counter.last, entities=tuple(entities), relations=tuple(relations), enums=tuple(enums)
    )


def _stored(draw: st.DrawFn, counter: Counter, enums: Sequence[Enum]) -> tuple[Field, ...]:
    made = [Field(id="id", name="id", column="id", scalar=Scalar.ID, required=True, unique=True, system=True)]
    for name in draw(st.lists(st.sampled_from(sorted(SYSTEM)), unique=True)):
        moment = Field(id=name, name=name, column=SYSTEM[name], scalar=Scalar.DATETIME, required=True, system=True)
        made.append(moment)
    names = draw(st.lists(st.sampled_from(("p", "qRs", "tUV4")), unique=True))
    return (*made, *(_field(draw, name, counter.next("c"), enums) for name in names))


def _field(draw: st.DrawFn, name: str, column: str, enums: Sequence[Enum]) -> Field:
    scalar = draw(st.sampled_from([each for each in Scalar if each is not Scalar.ID]))
    enum = draw(st.sampled_from(enums)) if scalar is Scalar.ENUM else None
    is_list = draw(st.booleans())
    marked = not is_list and scalar is not Scalar.JSON
    one = _values(scalar, enum)
    value = st.none() | (st.lists(one, max_size=3) if is_list else one)
    default, migration = draw(value), draw(value)
    return Field(
        id=column,
        name=name,
        column=column,
        scalar=scalar,
        enum=enum.id if enum else None,
        is_list=is_list,
        required=draw(st.booleans()),
        unique=marked and draw(st.booleans()),
        indexed=marked and draw(st.booleans()),
        has_default=default is not None,
        default=default,
        has_migration_value=migration is not None,
        migration_value=migration,
        description=draw(SAID),
    )


def _values(scalar: Scalar, enum: Enum | None) -> st.SearchStrategy[Any]:
    match scalar:
        case Scalar.INT:
            return st.integers(-(2**31), 2**31 - 1)
        case Scalar.FLOAT:
            return st.floats(allow_nan=False, allow_infinity=False, width=32)
        case Scalar.BOOLEAN:
            return st.booleans()
        case Scalar.DATETIME:
            return st.datetimes(timezones=st.just(UTC)).map(_moment)
        case Scalar.JSON:
            return st.lists(st.integers() | TEXT | st.none(), max_size=3) | st.dictionaries(TEXT, TEXT, max_size=3)
        case Scalar.ENUM:
            assert enum is not None
            return st.sampled_from(enum.values)
        case _:
            return TEXT


def _moment(at: datetime) -> str:
    return f"{at.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


Side = tuple[str, str, str, str]
"""Owner, field, shape (`one`, `must`, `many`) and relation."""


def _sides(draw: st.DrawFn, names: Sequence[str]) -> list[Side]:
    """The relation fields in the order of the schema."""
    sides: list[Side] = []
    for relation in draw(st.lists(st.sampled_from(("One", "Two", "Three")), unique=True)):
        owners = [draw(st.sampled_from(names)), draw(st.sampled_from(names))]
        if owners[0] == owners[1] and draw(st.booleans()):
            owners.pop()
        shapes = st.sampled_from(("one", "must", "many"))
        sides.extend((owner, f"{'ab'[n]}{relation}", draw(shapes), relation) for n, owner in enumerate(owners))
    return sorted(sides, key=lambda side: names.index(side[0]))


def _relations(
    draw: st.DrawFn, counter: Counter, ids: dict[str, str], sides: Sequence[Side]
) -> tuple[list[Relation], dict[tuple[str, str], RelationField]]:
    relations, ends = [], {}
    for name in dict.fromkeys(relation for _, _, _, relation in sides):
        first, *rest = [side for side in sides if side[3] == name]
        second = rest[0] if rest else None
        column = counter.next("r")
        storage = _storage(first[2], second[2] if second else None)
        target = second[0] if second else first[0]
        relation = Relation(
            id=column,
            name=name,
            a=ids[first[0]],
            b=ids[target],
            a_field=first[1],
            b_field=second[1] if second else None,
            storage=storage,
            column=None if storage == "join" else column,
            table=column if storage == "join" else None,
        )
        relations.append(relation)
        for letter, (owner, field, shape, _) in zip("ab", [first, *rest], strict=False):
            ends[owner, field] = RelationField.model_validate(
                {
                    "name": field,
                    "relation": column,
                    "side": letter,
                    "target": ids[target if letter == "a" else first[0]],
                    "is_list": shape == "many",
                    "required": shape == "must",
                    "description": draw(SAID),
                }
            )
    return relations, ends


def _storage(a: str, b: str | None) -> Literal["a", "b", "join"]:
    """Where the documentation of the Model says that edges are kept."""
    if b is None or (a, b) == ("many", "many"):
        return "join"
    if "many" in (a, b):
        return "b" if a == "many" else "a"
    return "b" if (a, b) == ("one", "must") else "a"


# --- the text -----------------------------------------------------------------------------------------------------


def printed(model: Model) -> str:
    """The text of a schema that means this Model."""
    relations = model.relation_by_id
    parts = []
    for entity in model.entities:
        lines = []
        for name in entity.order:
            if stored := entity.field_by_name.get(name):
                lines.append(f"{_said(stored.description)}  {name}: {_type(stored, model)}{_directives(stored)}")
                continue
            side = entity.relation_by_name[name]
            word = model.entity_by_id[side.target].name
            shape = f"[{word}!]!" if side.is_list else f"{word}!" if side.required else word
            relation = f'@relation(name: "{relations[side.relation].name}")'
            lines.append(f"{_said(side.description)}  {name}: {shape} {relation}")
        body = "\n".join(lines)
        parts.append(f"{_said(entity.description)}type {entity.name} @model {{\n{body}\n}}\n")
    parts += [f"{_said(each.description)}enum {each.name} {{ {' '.join(each.values)} }}\n" for each in model.enums]
    return "\n".join(parts)


def _said(description: str | None) -> str:
    return "" if description is None else f"{quoted(description)}\n"


def _type(field: Field, model: Model) -> str:
    word = model.enum_by_id[field.enum].name if field.enum else field.scalar.value
    word = f"[{word}!]" if field.is_list else word
    return f"{word}!" if field.required else word


def _directives(field: Field) -> str:
    words = [" @isUnique"] if field.unique else []
    words += [" @index"] if field.indexed else []
    if field.has_default:
        words.append(f" @defaultValue(value: {_value(field, field.default)})")
    if field.has_migration_value:
        words.append(f" @migrationValue(value: {_value(field, field.migration_value)})")
    return "".join(words)


def _value(field: Field, value: Any) -> str:
    """The dialect's one way that fits every type: a string."""
    plain = not field.is_list and field.scalar in (Scalar.STRING, Scalar.DATETIME, Scalar.ENUM)
    return quoted(value if plain else json.dumps(value))


def quoted(text: str) -> str:
    """A GraphQL string."""
    return json.dumps(text, ensure_ascii=False)
