"""Masks as SQL: the expression that stands in the place of a column while its rows are copied.

The values that are masked never reach the clone: not its tables, nor what was deleted there, nor its statistics.

A hash is HMAC-SHA-256 under a key of the preview alone, so that nobody who reads the clone can try values out. The key
reaches the session as two settings, never a statement's text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from common.sql import NULL, Sql, ident, literal, sql
from contracts import masks
from contracts.masks import Mask
from contracts.model import Field, Model
from provisioner.domain.layout import value_type

INNER: Final = "mortise.mask_inner"
OUTER: Final = "mortise.mask_outer"
"""Settings of the session that hold the padded keys as hexadecimal digits."""
HASH_CHARACTERS: Final = 32
DOMAIN: Final = "masked.example"
_BLOCK_BYTES: Final = 64

_FIRST: Final = (
    "Ada", "Akira", "Alba", "Amir", "Anya", "Arlo", "Asha", "Bea", "Bruno", "Chika", "Clara", "Cyril", "Dalia",
    "Dario", "Edda", "Elio", "Emeka", "Esme", "Farid", "Freya", "Gita", "Hana", "Hugo", "Ines", "Ivo", "Jana",
    "Jonas", "Juno", "Kaia", "Kemal", "Lara", "Leif", "Lina", "Luca", "Mara", "Milo", "Mina", "Nadia", "Nils",
    "Noor", "Ola", "Omar", "Otto", "Paula", "Pia", "Quinn", "Rami", "Rosa", "Runa", "Sami", "Saskia", "Selma",
    "Silas", "Sven", "Tala", "Theo", "Tilda", "Tomas", "Uma", "Vera", "Viktor", "Wanda", "Yara", "Zoe",
)  # fmt: skip
_LAST: Final = (
    "Abel", "Almeida", "Asher", "Baran", "Barlow", "Becker", "Bergen", "Brandt", "Castell", "Corbin", "Dahl",
    "Dorn", "Ekberg", "Engel", "Farrow", "Fabre", "Fjord", "Garner", "Gruber", "Hale", "Hassan", "Hollis", "Ibsen",
    "Imai", "Jansen", "Jarvis", "Kaya", "Keller", "Kruse", "Lange", "Larkin", "Lindt", "Marek", "Mercer", "Mori",
    "Nagel", "Nowak", "Ortiz", "Otis", "Palmer", "Perrin", "Quist", "Rahimi", "Reyes", "Roth", "Sabin", "Sato",
    "Stern", "Strand", "Tamm", "Thorne", "Ueda", "Ulrich", "Vance", "Verhoef", "Wells", "Winter", "Xavier",
    "Yilmaz", "York", "Zander", "Zeller", "Ziegler",
)  # fmt: skip


def keys(key: bytes) -> Mapping[str, str]:
    """The session's settings for a key of at most 64 bytes."""
    assert len(key) <= _BLOCK_BYTES, "longer keys would have to be hashed first"
    padded = key.ljust(_BLOCK_BYTES, b"\0")
    return {INNER: bytes(each ^ 0x36 for each in padded).hex(), OUTER: bytes(each ^ 0x5C for each in padded).hex()}


def by_column(model: Model, wanted: Iterable[Mask]) -> dict[tuple[str, str], Sql]:
    """Expressions by table and column. The masks fit the Model (`contracts.masks.checked`)."""
    found: dict[tuple[str, str], Sql] = {}
    for mask in wanted:
        named = masks.field_of(model, mask)
        assert named is not None, "the masks were checked"
        entity, field = named
        found[entity.table, field.column] = _masked(model, field, mask)
    return found


def _masked(model: Model, field: Field, mask: Mask) -> Sql:
    column = ident(field.column)
    match mask.rule:
        case "null":
            return sql("{null}::{type}", null=NULL, type=Sql((value_type(field),)))
        case "constant":
            assert mask.value is not None, "the masks were checked"
            value = literal(masks.constant(model, field, mask.value))
            kind = Sql((value_type(field),))
            between = "{value}::text[]::{type}" if field.is_list else "{value}::{type}"
            constant = sql(between, value=value, type=kind)
            return sql("case when {c} is not null then {constant} end", c=column, constant=constant)
        case "hash":
            return sql("left(encode({hash}, 'hex'), {n})", hash=_hash(column), n=literal(HASH_CHARACTERS))
        case "email":
            address = "'u' || left(encode({hash}, 'hex'), {n}) || {at}"
            return sql(address, hash=_hash(column), n=literal(HASH_CHARACTERS), at=literal(f"@{DOMAIN}"))
        case "name":
            return sql("{first} || ' ' || {last}", first=_word(column, 0, _FIRST), last=_word(column, 1, _LAST))


def _hash(column: Sql) -> Sql:
    # A query of its own is asked once for all rows, a setting would be read for each.
    return sql(
        "sha256((select decode(current_setting({outer}), 'hex')) || "
        "sha256((select decode(current_setting({inner}), 'hex')) || convert_to({column}, 'UTF8')))",
        outer=literal(OUTER),
        inner=literal(INNER),
        column=column,
    )


def _word(column: Sql, byte: int, words: tuple[str, ...]) -> Sql:
    return sql(
        "({words}::text[])[1 + get_byte({hash}, {byte}) % {n}]",
        words=literal(words),
        hash=_hash(column),
        byte=literal(byte),
        n=literal(len(words)),
    )
