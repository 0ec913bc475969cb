"""What became true only while a plan was prepared is refused in the switch, and nothing of the plan is left."""

from __future__ import annotations

import asyncpg
import pytest

from common.sql import ident, sql
from provisioner.execute.migrate import DATA_LOSS, MIGRATION_FAILED, migrate
from tests.support.environments import Place
from tests.support.town import PEOPLE, ROWS, changed, columns, direct, watched

SWITCH = "lock table"

LATE = {
    "a field becomes unique": ("update app.t1 set {name} = 'NAME 7' where id = 'p8'", "2024", "more than once (1)"),
    "a field becomes required": ("update app.t1 set {name} = null where id = 'p8'", "2007", "without a value (1)"),
    "a relation becomes required": ("update app.t1 set {home} = null where id = 'p8'", "2047", "partner (1)"),
    "a relation becomes to-one": ("update app.t1 set {home} = 'h7' where id = 'p8'", "2031", "one partner (1)"),
    "an enum loses a value": ("update app.t1 set {mood} = 'CALM' where id = 'p8'", "2021", "can no longer be CALM"),
    "a field goes without force": ("update app.t1 set {note} = 'x' where id = 'p8'", DATA_LOSS, "Person.note (1)"),
    "a null is filled, and all are unique": (
        "update app.t1 set {name} = null where id in ('p8', 'p9')",
        "3010",
        "migration value (2)",
    ),
}
TEXTS = {
    "an enum loses a value": PEOPLE.replace("SAD CALM", "SAD").replace("  moods: [Mood!]\n", "  moods: [Mood!]\n"),
    "a field goes without force": PEOPLE.replace("  note: String\n", ""),
}


@pytest.mark.parametrize("change", LATE)
async def test_it_is_refused_and_nothing_is_left_when(town: Place, change: str) -> None:
    assert town.model is not None
    statement, code, reason = LATE[change]
    text = TEXTS.get(change) or changed(change)
    words = {name: ident(column) for name, column in columns(town.model).items()}
    if change == "an enum loses a value":
        # A list could hold it as well: such a field is refused whenever there are nodes.
        text = text.replace("  moods: [Mood!]\n", "")
        await town.deploy(PEOPLE.replace("  moods: [Mood!]\n", ""), forced=True)
    before, trash = await town.catalogue(), await town.trash()
    made, _ = await direct(town, text)
    late: list[str] = []

    async def somebody_writes(_: asyncpg.Connection, said: str) -> None:
        if said.startswith(SWITCH) and not late:
            late.append(said)
            async with town.cluster.connected(town.id) as other:
                await other.execute(sql(statement, **words).text)

    refusal = await migrate(watched(town, somebody_writes), made)

    assert late
    assert refusal is not None
    assert (refusal.code, reason in refusal.reason) == (code, True), refusal
    assert await town.catalogue() == before
    assert await town.trash() == trash
    assert len(await town.values("Person", "size")) == ROWS


async def test_what_repeats_only_for_a_moment_is_no_reason_to_refuse(town: Place) -> None:
    """One lets go of a name, another takes it: the index that is built may have seen both with it."""
    assert town.model is not None
    name = ident(columns(town.model)["name"])
    made, after = await direct(town, changed("a field becomes unique"))
    done: list[str] = []

    async def names_change_hands(_: asyncpg.Connection, said: str) -> None:
        if "create unique index concurrently" in said or said.startswith(SWITCH):
            done.append(said)
            async with town.cluster.connected(town.id) as other:
                for node, new in (("p3", f"Free {len(done)}"), ("p5", "Name 3"), ("p5", "Name 5"), ("p3", "Name 3")):
                    change = sql("update app.t1 set {name} = $1 where id = $2", name=name)
                    await other.execute(change.text, new, node)

    assert await migrate(watched(town, names_change_hands), made) is None
    town.model = after
    assert len(done) > 2
    assert sorted(await town.values("Person", "name")) == sorted(f"Name {n}" for n in range(1, ROWS + 1))


async def test_a_step_that_the_server_refuses_leaves_nothing_behind(town: Place) -> None:
    before = await town.catalogue()
    made, _ = await direct(town, changed("a field becomes unique"))
    steps = [
        step.model_copy(update={"sql": ("select 1 / 0",)})
        if step.phase == "switch" and step.kind == "swap column"
        else step
        for step in made.steps
    ]

    refusal = await migrate(town.cluster, made.model_copy(update={"steps": tuple(steps)}))

    assert refusal is not None
    assert (refusal.code, "swap column Person.name: division by zero" in refusal.reason) == (MIGRATION_FAILED, True)
    assert await town.catalogue() == before
