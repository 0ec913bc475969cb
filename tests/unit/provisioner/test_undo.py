"""Golden cases of undoing: two versions, the plan that leads back to the first, and the statements that do it."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.model import Model, digest, encode
from provisioner.domain.diff import compare
from provisioner.domain.layout import layout
from provisioner.domain.plan import Plan, decode, plan, told
from provisioner.domain.plan import encode as encode_plan
from provisioner.domain.trash import held
from provisioner.domain.undo import Undo
from tests.support import golden
from tests.support.schemas import model
from tests.unit.provisioner.test_cases import ddl

CASES = sorted(each for each in (Path(__file__).parent / "undo_cases").iterdir() if each.is_dir())
ENVIRONMENT = "00000000-0000-5000-8000-000000000001"


def both(case: Path) -> tuple[Model, Model]:
    before = model((case / "before.graphql").read_text(encoding="utf-8"))
    return before, model((case / "after.graphql").read_text(encoding="utf-8"), before)


def deployed(case: Path, *, large: bool = False) -> Plan:
    before, after = both(case)
    return plan(
        compare(before, after),
        environment=ENVIRONMENT,
        deployment="declared",
        from_model_sha=digest(encode(before)),
        model_sha=digest(encode(after)),
        forced=True,
        large=frozenset(layout(before) if large else ()),
    )


def undo(case: Path, *, large: bool = False) -> Undo:
    before, after = both(case)
    return Undo(after, before, held(deployed(case, large=large).kept))


def undone(case: Path) -> Plan:
    before, after = both(case)
    return undo(case).plan(
        environment=ENVIRONMENT,
        deployment="undone",
        undoes="declared",
        from_model_sha=digest(encode(after)),
        model_sha=digest(encode(before)),
        listed={},
    )


def kept(made: Plan) -> str:
    return "".join(f"{each.name}: {each.what} of {each.subject}, became {each.became}\n" for each in made.kept)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_plan_that_undoes(case: Path) -> None:
    made = undone(case)

    golden.check(case / "plan.txt", told(made))
    golden.check(case / "undo.sql", ddl(made))
    golden.check(case / "trash.txt", f"deployed\n{kept(deployed(case))}undone\n{kept(made)}")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_plan_that_undoes_survives_being_stored(case: Path) -> None:
    made = undone(case)

    assert decode(encode_plan(made)) == made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_large_tables_leave_the_same_in_the_trash(case: Path) -> None:
    def places(made: Plan) -> set[tuple[str, str | None]]:
        return {(each.table, each.column) for each in made.kept}

    assert places(deployed(case)) == places(deployed(case, large=True))


def test_a_deployment_of_nothing_is_undone_by_nothing() -> None:
    same = model("type Band @model { id: ID! @isUnique name: String }")

    assert Undo(same, same, {}).judging.subjects == []
