"""A service's types, fields and relations as plain values, and the schema text that declares them (G 2)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final


class Absent:
    """Nothing was said."""

    def __repr__(self) -> str:
        return "-"


ABSENT: Final = Absent()
SYSTEM: Final = ("id", "createdAt", "updatedAt")
_SOME: Final = ("", "not", "in", "not_in")
_ORDERED: Final = (*_SOME, "lt", "lte", "gt", "gte")
_PARTS: Final = ("contains", "not_contains", "starts_with", "not_starts_with", "ends_with", "not_ends_with")
SUFFIXES: Final = {
    "ID": (*_ORDERED, *_PARTS),
    "String": (*_ORDERED, *_PARTS),
    "Int": _ORDERED,
    "Float": _ORDERED,
    "DateTime": _ORDERED,
    "Boolean": ("", "not"),
    "Json": (),
}
"""The tests that a filter offers, by scalar type (G 5.3); an enum's are those of `ENUM`."""
ENUM: Final = _SOME


@dataclass(frozen=True)
class Scalar:
    """A stored value of a type; `type` is a scalar's or an enum's name."""

    name: str
    type: str
    many: bool = False
    required: bool = False
    unique: bool = False
    default: Any = ABSENT
    """As it is returned."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The tests that a filter offers for it."""
        return () if self.many else SUFFIXES.get(self.type, ENUM)

    @property
    def input_type(self) -> str:
        """What an argument for it takes, apart from its own `!`."""
        return f"[{self.type}!]" if self.many else self.type

    def sdl(self) -> str:
        text = f"{self.name}: {self.input_type}{'!' if self.required else ''}"
        text += " @isUnique" if self.unique else ""
        if self.default is not ABSENT:
            said = self.default if isinstance(self.default, str) else json.dumps(self.default)
            text += f" @defaultValue(value: {json.dumps(said)})"
        return text


@dataclass(frozen=True)
class Side:
    """One end of a relation: the field of `owner` that points at `other`."""

    owner: str
    name: str
    other: str
    relation: str
    back: str
    """The field of `other` that points back; this field itself when it serves both directions."""
    many: bool = False
    required: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.owner, self.name

    @property
    def opposite(self) -> tuple[str, str]:
        return self.other, self.back

    @property
    def symmetric(self) -> bool:
        return self.key == self.opposite

    @property
    def nested(self) -> str:
        """The name of the input for nodes that are created below this field (G 6.2)."""
        return f"{self.owner}{self.name}{self.other}"

    def sdl(self) -> str:
        shape = f"[{self.other}!]!" if self.many else f"{self.other}{'!' if self.required else ''}"
        return f'{self.name}: {shape} @relation(name: "{self.relation}")'


@dataclass(frozen=True)
class Kind:
    """A model type."""

    name: str
    plural: str
    fields: tuple[Scalar | Side, ...]

    @cached_property
    def scalars(self) -> tuple[Scalar, ...]:
        return tuple(one for one in self.fields if isinstance(one, Scalar))

    @cached_property
    def scalar(self) -> dict[str, Scalar]:
        return {one.name: one for one in self.scalars}

    @cached_property
    def sides(self) -> tuple[Side, ...]:
        return tuple(one for one in self.fields if isinstance(one, Side))

    @cached_property
    def side(self) -> dict[str, Side]:
        return {one.name: one for one in self.sides}

    @cached_property
    def writable(self) -> tuple[Scalar, ...]:
        return tuple(one for one in self.scalars if one.name not in SYSTEM)

    @cached_property
    def selectors(self) -> tuple[str, ...]:
        """The unique fields, in field order."""
        return tuple(one.name for one in self.scalars if one.unique)

    @cached_property
    def tests(self) -> dict[str, tuple[Scalar | Side, str]]:
        """The members of its filter besides AND and OR: the field and the test."""
        found: dict[str, tuple[Scalar | Side, str]] = {}
        for one in self.fields:
            if isinstance(one, Scalar):
                suffixes: tuple[str, ...] = one.suffixes
            else:
                suffixes = ("every", "some", "none") if one.many else ("",)
            found |= {f"{one.name}_{suffix}" if suffix else one.name: (one, suffix) for suffix in suffixes}
        return found

    def sdl(self) -> str:
        lines = "".join(f"  {one.sdl()}\n" for one in self.fields)
        return f"type {self.name} @model {{\n{lines}}}\n"


@dataclass(frozen=True)
class Service:
    """A whole schema."""

    kinds: tuple[Kind, ...]
    enums: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def kind(self) -> dict[str, Kind]:
        return {one.name: one for one in self.kinds}

    @cached_property
    def side(self) -> dict[tuple[str, str], Side]:
        return {side.key: side for kind in self.kinds for side in kind.sides}

    @cached_property
    def relations(self) -> dict[str, tuple[Side, Side]]:
        """Side A and side B of each: A is the one that stands first."""
        found: dict[str, tuple[Side, Side]] = {}
        for kind in self.kinds:
            for side in kind.sides:
                found.setdefault(side.relation, (side, self.side[side.opposite]))
        return found

    def back(self, side: Side) -> Side:
        return self.side[side.opposite]

    def settable(self, kind: Kind, *, without: str | None = None) -> Iterator[Scalar | Side]:
        """What `create` takes: scalars, then to-one, then to-many relations (G 6.2)."""
        yield from kind.writable
        sides = [one for one in kind.sides if one.name != without]
        yield from (one for one in sides if not one.many)
        yield from (one for one in sides if one.many)

    def sdl(self) -> str:
        enums = "".join(f"enum {name} {{ {' '.join(values)} }}\n" for name, values in self.enums.items())
        return "\n".join(kind.sdl() for kind in self.kinds) + "\n" + enums
