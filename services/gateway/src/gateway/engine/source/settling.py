"""Edges made one after the other, of which later ones take the partners of earlier ones (G 6.6)."""

from __future__ import annotations

from typing import Any, Literal

Single = Literal["none", "holder", "both", "any"]
"""Which nodes have one partner only: holders, nodes of either side, or any node of a relation whose sides are one."""

Pair = tuple[Any, Any, bool]
"""Holder, target, and whether it is written with its holder."""


def settled(pairs: list[Pair], single: Single) -> tuple[list[Pair], list[Pair]]:
    """The edges that stay and those that later ones take away, both in order."""
    if single == "none":
        return pairs, []
    owners: dict[Any, int] = {}
    lost: set[int] = set()
    for number, pair in enumerate(pairs):
        wanted = _places(pair, single)
        for place in wanted:
            before = owners.get(place)
            if before is not None:
                lost.add(before)
                for free in _places(pairs[before], single):
                    owners.pop(free, None)
        owners.update(dict.fromkeys(wanted, number))
    stay = [one for number, one in enumerate(pairs) if number not in lost]
    return stay, [one for number, one in enumerate(pairs) if number in lost]


def _places(pair: Pair, single: Single) -> list[Any]:
    holder, target, _ = pair
    match single:
        case "holder":
            return [("holder", holder)]
        case "both":
            return [("holder", holder), ("target", target)]
        case _:
            return [holder, target]
