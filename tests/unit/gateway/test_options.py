"""What an operator tells a gateway worker by its environment."""

from __future__ import annotations

import pytest

from gateway.api.worker import Options
from gateway.execute.environments import PLAN_BYTES


def test_the_memory_for_plans_is_what_the_operator_says() -> None:
    assert Options.read({}).plan_bytes == PLAN_BYTES
    assert Options.read({"MORTISE_PLAN_BYTES": "1000000"}).plan_bytes == 1_000_000


@pytest.mark.parametrize("told", ["8 MiB", "-1", "1000", "0x10000"])
def test_a_memory_that_is_no_number_of_bytes_is_refused_by_its_name(told: str) -> None:
    with pytest.raises(ValueError, match=r"MORTISE_PLAN_BYTES must be a number of bytes, 65536 or more") as refused:
        Options.read({"MORTISE_PLAN_BYTES": told})
    assert repr(told) in str(refused.value)
