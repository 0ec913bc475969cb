"""Golden cases: two schema texts, the plan as people read it, and the statements that carry it out.

Each twice: as it is for small tables, and as it is when every table is large.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.model import digest, encode
from provisioner.domain.diff import compare
from provisioner.domain.layout import layout
from provisioner.domain.plan import Plan, decode, heavy, plan, told
from provisioner.domain.plan import encode as encode_plan
from tests.support import golden
from tests.support.schemas import model

CASES = sorted(each for each in (Path(__file__).parent / "cases").iterdir() if each.is_dir())
ENVIRONMENT = "00000000-0000-5000-8000-000000000001"


def planned(case: Path, *, large: bool = False) -> Plan:
    text = case / "before.graphql"
    before = model(text.read_text(encoding="utf-8")) if text.exists() else None
    after = model((case / "after.graphql").read_text(encoding="utf-8"), before)
    return plan(
        compare(before, after),
        environment=ENVIRONMENT,
        deployment="declared",
        from_model_sha=digest(encode(before)) if before else None,
        model_sha=digest(encode(after)),
        forced=False,
        large=frozenset(layout(before) if before and large else ()),
    )


def heavy_case(case: Path) -> bool:
    """Whether the size of tables matters to the plan."""
    text = case / "before.graphql"
    before = model(text.read_text(encoding="utf-8")) if text.exists() else None
    after = model((case / "after.graphql").read_text(encoding="utf-8"), before)
    return bool(heavy(compare(before, after)))


def ddl(made: Plan) -> str:
    return "\n".join(
        f"-- {step.number} {step.phase}: {step.kind}\n" + ";\n".join(step.sql) + ";\n" for step in made.steps
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_plan_of(case: Path) -> None:
    made = planned(case)

    golden.check(case / "plan.txt", told(made))
    golden.check(case / "ddl.sql", ddl(made))


@pytest.mark.parametrize("case", [each for each in CASES if heavy_case(each)], ids=lambda case: case.name)
def test_the_plan_for_large_tables_of(case: Path) -> None:
    made = planned(case, large=True)

    golden.check(case / "plan.large.txt", told(made))
    golden.check(case / "ddl.large.sql", ddl(made))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_plan_survives_being_stored(case: Path) -> None:
    for made in (planned(case), planned(case, large=True)):
        assert decode(encode_plan(made)) == made
