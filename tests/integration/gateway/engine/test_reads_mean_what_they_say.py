"""Random reads of one service with every scalar: PostgreSQL answers what the evaluator in memory answers."""

from __future__ import annotations

from tests.support.naive.models import ENUMS
from tests.support.naive.run import lived
from tests.support.naive.schema import Kind, Scalar, Service, Side
from tests.support.naive.tally import Tally
from tests.support.opened import Open

ID = Scalar("id", "ID", required=True, unique=True)
ITEM = Kind(
    "Item",
    "Items",
    (
        ID,
        Scalar("text", "String"),
        Scalar("label", "String", required=True),
        Scalar("code", "String", unique=True),
        Scalar("number", "Int"),
        Scalar("ratio", "Float"),
        Scalar("flag", "Boolean"),
        Scalar("kind", "Genre"),
        Scalar("at", "DateTime"),
        Side("Item", "shelf", "Shelf", "ShelfItems", "items"),
    ),
)
SHELF = Kind("Shelf", "Shelves", (ID, Side("Shelf", "items", "Item", "ShelfItems", "shelf", many=True)))
SEED = 7
CASES = 300


async def test_a_list_is_what_its_arguments_say(environments: Open) -> None:
    assert await lived(environments, Service((SHELF, ITEM), dict(ENUMS)), SEED, CASES, Tally(), writes=0) == CASES
