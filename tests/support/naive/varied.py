"""The same text with other variables: what was compiled for one request must not answer for another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any, Final

from tests.support.naive.asked import Document, Given, Operation, Pick, Word, Wrong, walked
from tests.support.naive.contents import INTS, one
from tests.support.naive.models import ENUMS
from tests.support.naive.spelled import Spelled, as_json

_SCALARS: Final = ("String", "Float", "DateTime", "Json", *ENUMS)


def variation(
    operation: Operation, request: Spelled, ids: Sequence[str], chance: Random
) -> tuple[Operation, Spelled] | None:
    """The operation with some other values, and its request, which has the same text; None without variables."""
    inside = {id(given) for root in operation.roots for pick in walked(root) for given in _all(pick)}
    places = {name: given for name, given in request.places.items() if id(given) in inside}
    if not places:
        return None
    others = {
        name: _other(given, ids, chance) for name, given in places.items() if chance.random() < 0.6 or len(places) == 1
    }
    instead = {id(places[name]): other for name, other in others.items()}
    roots = tuple(_pick(root, instead) for root in operation.roots)
    now = {name: _given(given, instead) for name, given in places.items()}
    values = {**request.variables, **{name: as_json(given) for name, given in now.items()}}
    return replace(operation, roots=roots), replace(request, variables=values, places=now)


def _all(pick: Pick) -> Iterator[Given]:
    for given in pick.arguments.values():
        yield from _inside(given)


def _inside(given: Given) -> Iterator[Given]:
    yield given
    value = given.value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _inside(each)


def _pick(pick: Pick, instead: dict[int, Given]) -> Pick:
    given = {name: _given(each, instead) for name, each in pick.arguments.items()}
    return replace(pick, arguments=given, picks=tuple(_pick(each, instead) for each in pick.picks))


def _given(given: Given, instead: dict[int, Given]) -> Given:
    if id(given) in instead:
        return instead[id(given)]
    value = given.value
    if isinstance(value, dict):
        return replace(given, value={name: _given(each, instead) for name, each in value.items()})
    if isinstance(value, list):
        return replace(given, value=[_given(each, instead) for each in value])
    return given


def _other(given: Given, ids: Sequence[str], chance: Random) -> Given:  # noqa: PLR0911 - one case per kind of value
    """A value that fits the same place."""
    value, kind = given.value, given.type.removesuffix("!")
    if isinstance(value, Wrong) or (value is None and kind not in ("Int", "Boolean", *_SCALARS)):
        return given
    if value is not None and not given.type.endswith("!") and chance.random() < 0.1:
        return replace(given, value=None)
    if isinstance(value, dict):
        return replace(given, value=_members(value, ids, chance))
    if isinstance(value, list):
        items = [_other(each, ids, chance) for each in value]
        return replace(given, value=items[1:] if items and chance.random() < 0.3 else items)
    if isinstance(value, str) and value in ids:
        return replace(given, value=chance.choice(ids))
    if kind in _SCALARS or isinstance(value, Document):
        return replace(given, value=one(chance, kind))
    if kind == "Int":
        return replace(given, value=chance.choice((0, 1, 2, 3) if value is None or value in range(1001) else INTS))
    if kind == "Boolean":
        return replace(given, value=not value)
    if isinstance(value, Word):
        field, _, _ = value.rpartition("_")
        return replace(given, value=Word(f"{field}_{chance.choice(('ASC', 'DESC'))}"))
    return given


def _members(value: dict[str, Given], ids: Sequence[str], chance: Random) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, each in value.items():
        if each.type.endswith("!") or chance.random() < 0.9:
            found[name] = _other(each, ids, chance) if chance.random() < 0.5 else each
    return found
