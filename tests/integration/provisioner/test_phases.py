"""What takes long on a large table is done beside the version that runs: hardly a row is looked at under the locks."""

from __future__ import annotations

from collections.abc import Callable

import asyncpg
import pytest

from contracts.model import Model
from provisioner.domain.diff import compare
from provisioner.domain.plan import Plan, plan
from provisioner.execute.migrate import finish, migrate
from tests.support.environments import Place
from tests.support.schemas import history
from tests.support.town import CHANGES, PEOPLE, ROWS, changed, direct, watched

SWITCHED = "update app._mortise"
LOCKED = "lock table"

# --- under the locks ------------------------------------------------------------------------------------------------


async def looked_at_under_the_locks(place: Place, made: Plan) -> int:
    """Rows read or written by the switch; also by statements that only look at a table to change it."""
    counted: list[int] = []
    count = "select coalesce(sum(seq_tup_read + n_tup_ins + n_tup_upd), 0)::int from pg_stat_xact_user_tables"

    async def before(connection: asyncpg.Connection, statement: str) -> None:
        if statement.startswith((SWITCHED, LOCKED)):
            counted.append(await connection.fetchval(count))

    assert await migrate(watched(place, before), made) is None
    return counted[-1] - counted[0]


def turned(made: Model, name: str) -> Model:
    """The Model with a one-to-one relation kept on its other side."""
    data = made.model_dump(mode="json")
    for relation in data["relations"]:
        if relation["name"] == name:
            relation["storage"] = "b"
    return Model.model_validate(data)


def swapped(made: Model, name: str) -> Model:
    """The Model with a relation written the other way round."""
    data = made.model_dump(mode="json")
    relation = next(each for each in data["relations"] if each["name"] == name)
    relation["a"], relation["b"] = relation["b"], relation["a"]
    relation["a_field"], relation["b_field"] = relation["b_field"], relation["a_field"]
    for entity in data["entities"]:
        for side in entity["relations"]:
            if side["relation"] == relation["id"]:
                side["side"] = "ba"["ab".index(side["side"])]
    return Model.model_validate(data)


MOVES: dict[str, Callable[[Model], Model]] = {
    "edges move to the other table": lambda made: turned(made, "Desk"),
    "edges are kept the other way round": lambda made: turned(made, "Mentor"),
    "a join table changes its sides": lambda made: swapped(made, "Clubs"),
}


@pytest.mark.parametrize("move", MOVES)
async def test_edges_stay_and_hardly_one_is_looked_at_under_the_locks_when(town: Place, move: str) -> None:
    assert town.model is not None
    after = MOVES[move](town.model)
    town.deployments += 1
    made = town.planned(after)

    assert await looked_at_under_the_locks(town, made) < ROWS / 10
    await finish(town.cluster, made)
    assert [line for line in await town.catalogue() if "~" in line or "not valid" in line] == []
    town.model = after
    match move:
        case "edges move to the other table":
            found = sorted(await town.values("Desk", "owner"))
            assert found == sorted(f"p{n}" for n in range(1, ROWS + 1))
        case "edges are kept the other way round":
            found = [each for each in await town.values("Person", "pupil") if each is not None]
            assert sorted(found) == sorted(f"p{n}" for n in range(2, ROWS + 1))
        case _:
            table = next(each.table for each in after.relations if each.name == "Clubs")
            assert await town.fetch(f"select from app.{table} where a ~ '^k' and b ~ '^p'")


def test_a_partner_that_becomes_required_keeps_nobody_from_reading() -> None:
    before, after = history(PEOPLE, PEOPLE.replace("owner: Person", "owner: Person!"))

    made = plan(
        compare(before, after),
        environment="00000000-0000-5000-8000-000000000001",
        deployment="d",
        from_model_sha=None,
        model_sha="m",
        forced=False,
        large=frozenset({"t1", "t3"}),
    )

    assert made.locks == {"t1": "share row exclusive", "t3": "share row exclusive"}


@pytest.mark.parametrize("change", CHANGES)
async def test_hardly_a_row_is_looked_at_under_the_locks_when(town: Place, change: str) -> None:
    made, _ = await direct(town, changed(change), forced=True)

    assert await looked_at_under_the_locks(town, made) < ROWS / 10
    await finish(town.cluster, made)
    assert [line for line in await town.catalogue() if "~" in line or "not valid" in line] == []


async def test_at_once_every_row_is_looked_at_under_the_locks(town: Place) -> None:
    """What the test above would tell of tables that are taken for small ones."""
    town.in_phases = False
    try:
        made, _ = await direct(town, changed("a field becomes unique"))
    finally:
        town.in_phases = True

    assert await looked_at_under_the_locks(town, made) >= ROWS
