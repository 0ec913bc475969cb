"""Names a schema may use: their form, what is taken, and what the generated API derives from them (G 2.6, 5, 6).

The generated names cover the whole dialect (both API styles, subscriptions, relation mutations), so that a schema that
is accepted today does not collide when more of it is served.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from contracts.plural import plural

TYPE: Final = re.compile(r"[A-Z][A-Za-z0-9]*")
FIELD: Final = re.compile(r"[a-z][A-Za-z0-9]*")
ENUM: Final = re.compile(r"[A-Z][A-Za-z0-9_]*")
NAME_MAX: Final = 64
ENUM_VALUE_MAX: Final = 191

SCALARS: Final = frozenset({"String", "Int", "Float", "Boolean", "DateTime", "Json", "ID"})
"""Named types that are no declaration; a field's type besides these is an enum or a model type."""

RESERVED: Final = frozenset(
    {
        *SCALARS,
        *("Password", "GraphQLID", "Enum", "Relation"),
        *("Query", "Mutation", "Subscription", "Node", "PageInfo", "Viewer", "Cursor"),
        *("QueryMeta", "_QueryMeta", "_ModelMutationType", "ModelMutationType"),
        *("SignupUserInput", "SigninUserInput"),
    }
)
"""Built-in type identifiers and the fixed types of the generated API."""

RESERVED_FIELDS: Final = frozenset({"clientMutationId"})
"""An argument that every mutation of the connection style has."""

PAYLOAD_MEMBERS: Final = frozenset({"clientMutationId", "edge", "deletedId"})
"""What payloads of the connection style hold besides the node, and `viewer`, which is no type's name anyway."""


def fold(name: str) -> str:
    """Names with equal folds count as the same: case, width, ligatures and accents are ignored."""
    stripped = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    return unicodedata.normalize("NFKD", stripped.casefold())


def types_of(entity: str) -> Iterator[str]:
    """Types that the API generates for one model type, besides the type itself."""
    yield from (f"{entity}{each}" for each in ("Filter", "OrderBy", "PreviousValues", "Connection", "Edge"))
    yield from (f"{entity}Subscription{each}" for each in ("Filter", "FilterNode", "Payload"))
    yield from (f"{verb}{entity}" for verb in ("Create", "Update"))
    for verb in ("Create", "Update", "UpdateOrCreate", "Delete"):
        yield from (f"{verb}{entity}{each}" for each in ("Input", "Payload"))


def types_of_relation(relation: str) -> Iterator[str]:
    """Types that the API generates for one relation."""
    for verb in ("AddTo", "RemoveFrom", "Set", "Unset"):
        yield from (f"{verb}{relation}{each}" for each in ("Payload", "Input"))


def nested_input(entity: str, field: str, target: str) -> str:
    """The input type that creates a partner inside a mutation: `BandalbumsAlbum`."""
    return f"{entity}{field}{target}"


def roots_of(entity: str) -> Iterator[str]:
    """Root fields that the API generates for one model type."""
    many = plural(entity)
    yield from (entity, f"all{many}", f"_all{many}Meta")
    yield from (f"{verb}{entity}" for verb in ("create", "update", "updateOrCreate", "delete"))


def roots_of_relation(relation: str) -> Iterator[str]:
    """Root fields that the API generates for one relation."""
    yield from (f"{verb}{relation}" for verb in ("addTo", "removeFrom", "set", "unset"))


def relation_members(field: str, target: str) -> Iterator[str]:
    """What the mutations of a relation call the node that is found through a field: argument, payload, edge."""
    yield from (f"{field}{target}{each}" for each in ("", "Id", "Edge"))


def edge_argument(field: str, *, is_list: bool) -> str:
    """The argument that connects partners by id: `albumsIds`, `managerId`."""
    return f"{field}Ids" if is_list else f"{field}Id"
