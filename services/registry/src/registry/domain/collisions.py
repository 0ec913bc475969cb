"""Names that the generated API would need twice (G 5.1, 6, 8, 9), told at the push: no accepted schema is broken.

The whole dialect counts, both API styles included: what is accepted today does not collide when more of it is served.
Types, root fields, the arguments of mutations, and the members of payloads are name spaces of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from registry.domain import naming
from registry.domain.declarations import Declarations, DeclaredField, DeclaredType
from registry.domain.problems import At, Problem, problem
from registry.domain.relations import DeclaredRelation

ARGUMENT_TAKEN: Final = 2003
TYPE_TAKEN: Final = 2046


@dataclass(frozen=True, slots=True)
class Source:
    """What needs a name, and where it stands."""

    what: str
    at: At
    owner: str
    field: str | None = None


@dataclass(slots=True)
class Names:
    """One name space: who needs which name. Two sources that share several names are told once."""

    api: str
    code: int
    taken: dict[str, Source] = field(default_factory=dict)
    told: set[tuple[str, str]] = field(default_factory=set)

    def need(self, name: str, source: Source) -> Iterator[Problem]:
        """Take the name for a source; a problem when another has it."""
        other = self.taken.setdefault(name, source)
        if other.what != source.what and (source.what, other.what) not in self.told:
            self.told.add((source.what, other.what))
            message = (
                f"{self.api} needs the name `{name}` both for {source.what} and for {other.what}. Rename one of them."
            )
            yield problem(source.at, source.owner, source.field, message, code=self.code)


def wrong(declared: Declarations, pairs: Sequence[DeclaredRelation]) -> Iterator[Problem]:
    """Every collision; `pairs` are the relations whose sides have found one another."""
    yield from _generated(declared, pairs)
    yield from _payload_members(declared)
    yield from _arguments(declared, pairs)
    for pair in pairs:
        yield from _members(pair)


def _generated(declared: Declarations, pairs: Sequence[DeclaredRelation]) -> Iterator[Problem]:
    """Types and root fields."""
    types = Names("The generated API", TYPE_TAKEN)
    roots = Names("The generated API", TYPE_TAKEN, told=types.told)
    for each in declared.all:
        types.taken.setdefault(each.name, Source(f"the declaration `{each.name}`", each.at, each.name))
    for type_ in {each.name: each for each in declared.types}.values():
        source = Source(f"the type `{type_.name}`", type_.at, type_.name)
        for name in naming.types_of(type_.name):
            yield from types.need(name, source)
        for name in naming.roots_of(type_.name):
            yield from roots.need(name, source)
    for pair in pairs:
        source = Source(f"the relation `{pair.name}`", pair.a.at, pair.a.owner, pair.a.name)
        for name in naming.types_of_relation(pair.name):
            yield from types.need(name, source)
        for name in naming.roots_of_relation(pair.name):
            yield from roots.need(name, source)
        for side in _sides(pair):
            yield from types.need(naming.nested_input(side.owner, side.name, side.type), _of(side))


def _payload_members(declared: Declarations) -> Iterator[Problem]:
    """A connection-style payload holds the node under its type's name, beside members of its own."""
    for each in declared.types:
        name = each.name[:1].lower() + each.name[1:]
        if name in naming.PAYLOAD_MEMBERS:
            message = (
                f"The payloads of the generated mutations of `{each.name}` need the name `{name}` both for the node "
                "and for a member of their own. Choose another name."
            )
            yield problem(each.at, each.name, None, message, code=TYPE_TAKEN)


def _arguments(declared: Declarations, pairs: Sequence[DeclaredRelation]) -> Iterator[Problem]:
    """`<field>Id(s)`, the argument that connects a partner, against the type's own fields and the other arguments."""
    names = {each.name: _fields(each) for each in declared.types}
    arguments: dict[tuple[str, str], str] = {}
    for side in (each for pair in pairs for each in _sides(pair)):
        argument = naming.edge_argument(side.name, is_list=side.depth > 0)
        other = arguments.setdefault((side.owner, argument), side.name)
        if argument in naming.RESERVED_FIELDS:
            message = (
                f"The mutations of `{side.owner}` need the argument `{argument}` to connect `{side.name}`; "
                "every mutation has an argument of that name."
            )
            yield problem(side.at, side.owner, side.name, message, code=ARGUMENT_TAKEN)
        elif argument in names.get(side.owner, ()) or other != side.name:
            message = (
                f"The mutations of `{side.owner}` need the argument `{argument}` to connect `{side.name}`; "
                f"the field `{argument if other == side.name else other}` has that name already."
            )
            yield problem(side.at, side.owner, side.name, message, code=ARGUMENT_TAKEN)


def _members(pair: DeclaredRelation) -> Iterator[Problem]:
    """What the mutations of one relation call its two nodes: `bandBand`, `albumsAlbum`."""
    if pair.b is None:
        return
    names = Names(f"Each mutation of the relation `{pair.name}`", ARGUMENT_TAKEN)
    for fixed in naming.RESERVED_FIELDS:
        names.taken[fixed] = Source("every mutation", pair.a.at, pair.a.owner)
    for side in _sides(pair):
        for name in naming.relation_members(side.name, side.type):
            yield from names.need(name, _of(side))


def _sides(pair: DeclaredRelation) -> Iterator[DeclaredField]:
    return (side for side in (pair.a, pair.b) if side)


def _of(side: DeclaredField) -> Source:
    return Source(f"the field `{side.owner}.{side.name}`", side.at, side.owner, side.name)


def _fields(type_: DeclaredType) -> set[str]:
    return {each.name for each in type_.fields}
