"""Random services: every scalar, every relation of one or two types, with each side required where that can be met."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from random import Random
from typing import Any, Final

from tests.support.naive.schema import ABSENT, Kind, Scalar, Service, Side

NAMES: Final = (
    ("Band", "Bands"),
    ("City", "Cities"),
    ("Fan", "Fans"),
    ("Hero", "Heroes"),
    ("Box", "Boxes"),
    ("Child", "Children"),
    ("Key", "Keys"),
    ("Person", "Persons"),
    ("Todo", "Todoes"),
    ("News", "News"),
)
ENUMS: Final = {"Genre": ("METAL", "INDIE", "JAZZ"), "Size": ("S", "M", "L", "XL")}
TYPES: Final = ("String", "Int", "Float", "Boolean", "DateTime", "Genre", "Size", "Json")
DEFAULTS: Final[dict[str, tuple[Any, ...]]] = {
    "String": ("", "plain", 'a "quoted" one', "null and void"),
    "Int": (0, -7, 42),
    "Float": (0.5, -1.25, 10.0),
    "Boolean": (True, False),
    "DateTime": ("2016-01-01T00:00:00.000Z",),
    "Genre": ("INDIE",),
    "Size": ("XL",),
}

REQUIRED: Final = 0.35
SHAPES: Final = ("one-one", "one-many", "many-one", "many-many")
WITHIN: Final = ("mates", "twin", "tree", "chain", "follows")
"""Relations of a type with itself: one field to many or to one, two fields in three cardinalities."""


def service(seed: int) -> Service:
    """A random schema, always the same for a seed, in which a first node of every type can be made."""
    chance = Random(seed)  # noqa: S311 - the same every time
    while True:
        made = _service(chance)
        if all(_can_begin(made, kind, None, frozenset()) for kind in made.kinds):
            return made


def _service(chance: Random) -> Service:
    count = chance.randint(2, 4)
    names = [("Band", "Bands"), *chance.sample(NAMES[1:], count - 1)]
    sides: dict[str, list[Side]] = {name: [] for name, _ in names}
    for number, (owner, other, shape) in enumerate(_pairs(chance, [name for name, _ in names])):
        for side in _relation(chance, number, owner, other, shape):
            sides[side.owner].append(side)
    kinds = []
    for number, (name, plural) in enumerate(names):
        fields: list[Scalar | Side] = [*_scalars(chance, full=number == 0, bare=number == count - 1), *sides[name]]
        chance.shuffle(fields)
        kinds.append(Kind(name, plural, (Scalar("id", "ID", required=True, unique=True), *fields)))
    return Service(tuple(kinds), dict(ENUMS))


def _scalars(chance: Random, *, full: bool, bare: bool) -> Iterator[Scalar]:
    if chance.random() < 0.7 or full:
        yield Scalar("createdAt", "DateTime", required=True)
        yield Scalar("updatedAt", "DateTime", required=True)
    if bare and chance.random() < 0.2:
        return
    yield Scalar("label", "String", required=chance.random() < 0.5)
    for number, kind in enumerate(TYPES if full else chance.sample(TYPES, chance.randint(1, 4))):
        yield _scalar(chance, f"{kind[0].lower()}{kind[1:]}{number}", kind)
    if full or chance.random() < 0.3:
        yield Scalar("slug", "String", required=chance.random() < 0.3, unique=True)
    if chance.random() < 0.4:
        kind = chance.choice(("Int", "Float", "DateTime", "Genre"))
        yield Scalar("only", kind, unique=True)
    for number in range(2 if full else chance.randint(0, 1)):
        kind = chance.choice(TYPES)
        required = chance.random() < 0.3
        default: Any = [*DEFAULTS[kind]] if kind in DEFAULTS and chance.random() < 0.3 else ABSENT
        yield Scalar(f"many{number}", kind, many=True, required=required, default=default)


def _scalar(chance: Random, name: str, kind: str) -> Scalar:
    required = chance.random() < 0.2
    default = chance.choice(DEFAULTS[kind]) if kind in DEFAULTS and chance.random() < 0.25 else ABSENT
    return Scalar(name, kind, required=required, default=default)


def _pairs(chance: Random, names: list[str]) -> Iterator[tuple[str, str, str]]:
    """Who is related to whom, and how: a walk through all types, and some more."""
    for a, b in pairwise(names):
        yield a, b, chance.choice(SHAPES)
    yield names[0], names[1], "many-many"
    for _ in range(chance.randint(1, 3)):
        if chance.random() < 0.5:
            one = chance.choice(names)
            yield one, one, chance.choice(WITHIN)
        else:
            low, high = sorted(chance.sample(range(len(names)), 2))
            yield names[low], names[high], chance.choice(SHAPES)


def _relation(chance: Random, number: int, owner: str, other: str, shape: str) -> tuple[Side, ...]:
    name, a, b = f"R{number}", f"a{number}", f"b{number}"
    if owner == other:
        if shape in ("mates", "twin"):
            needed = shape == "twin" and chance.random() < REQUIRED
            return (Side(owner, a, other, name, a, many=shape == "mates", required=needed),)
        one, two = {"tree": (False, True), "chain": (False, False), "follows": (True, True)}[shape]
        return Side(owner, a, other, name, b, many=one), Side(other, b, owner, name, a, many=two)
    one, two = (end == "many" for end in reversed(shape.split("-")))
    need, needed = (not many and chance.random() < REQUIRED for many in (one, two))
    return (
        Side(owner, a, other, name, b, many=one, required=need),
        Side(other, b, owner, name, a, many=two, required=needed),
    )


def _can_begin(
    service: Service, kind: Kind, without: tuple[str, str] | None, above: frozenset[tuple[str, str]]
) -> bool:
    """Whether a node can be created, with new partners for what it needs, when nothing is there yet."""
    return all(
        side.key not in above and _can_begin(service, service.kind[side.other], side.opposite, above | {side.key})
        for side in kind.sides
        if side.required and side.key != without
    )
