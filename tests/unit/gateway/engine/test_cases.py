"""The compiler's golden cases: what is planned and what is sent to PostgreSQL."""

from __future__ import annotations

import pytest

from tests.support import golden
from tests.support.cases import Case, cases, plan_text, sql_text


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_case_is_planned_and_written_as_recorded(case: Case) -> None:
    golden.check(case.file("plan"), plan_text(case))
    golden.check(case.file("sql"), sql_text(case))
