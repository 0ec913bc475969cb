"""Golden cases: two schema texts, the plan as people read it, and the statements that carry it out."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.model import digest, encode
from provisioner.domain.diff import compare
from provisioner.domain.plan import Plan, decode, plan, told
from provisioner.domain.plan import encode as encode_plan
from tests.support import golden
from tests.support.schemas import model

CASES = sorted(each for each in (Path(__file__).parent / "cases").iterdir() if each.is_dir())
ENVIRONMENT = "00000000-0000-5000-8000-000000000001"


def planned(case: Path) -> Plan:
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
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_plan_of(case: Path) -> None:
    made = planned(case)

    golden.check(case / "plan.txt", told(made))
    statements = [f"-- {step.number} {step.kind}\n" + ";\n".join(step.sql) + ";\n" for step in made.steps]
    golden.check(case / "ddl.sql", "\n".join(statements))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_plan_survives_being_stored(case: Path) -> None:
    made = planned(case)

    assert decode(encode_plan(made)) == made
