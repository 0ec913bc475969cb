"""One statement for many calls of the same small read, each with its own values (PERFORMANCE 4.3)."""

from __future__ import annotations

from typing import Final

from common.sql import Sql, ident, join, sql
from gateway.engine.sql.text import Parameter, parameter, render

_CALLS: Final = "calls"
_NUMBER: Final = "n"


def batched(statement: Sql) -> str:
    """The read of at most one row, asked once per call: its parameters are lists here, of one length.

    It returns a row for each call, in their order. Empty when that cannot be: without parameters, or with lists.
    """
    names: dict[Parameter, str] = {}
    parts: list[Sql] = []
    for piece in statement.pieces:
        if isinstance(piece, str):
            parts.append(Sql((piece,)))
            continue
        given = piece.of
        assert isinstance(given, Parameter), "the engine makes no other values"
        parts.append(ident(_CALLS, names.setdefault(given, f"p{len(names) + 1}")))
    if not names or any(given.type.endswith("[]") for given in names):
        return ""
    made = sql(
        "select ({one}) from unnest({lists}) with ordinality as {calls}({names}) order by {number}",
        one=join("", parts),
        lists=join(", ", [parameter(given.source, f"{given.type}[]") for given in names]),
        calls=ident(_CALLS),
        names=join(", ", map(ident, [*names.values(), _NUMBER])),
        number=ident(_CALLS, _NUMBER),
    )
    return render(made)[0]
