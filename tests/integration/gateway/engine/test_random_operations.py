"""Random operations on random services: the engine and PostgreSQL answer what the evaluator in memory answers.

The evaluator (tests/support/naive) follows the rules of the dialect and knows nothing of the engine. `TALLY=<file>` in
the environment writes the histogram of what was asked. Long runs: `python -m tests.support.naive.run`.
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.naive.models import service
from tests.support.naive.run import lived
from tests.support.naive.tally import HITS_MIN, Tally
from tests.support.opened import Open

SEEDS = range(8)
CASES = 640


async def test_random_operations_mean_what_the_rules_of_the_dialect_say(environments: Open) -> None:
    tally, cases = Tally(), 0
    for seed in SEEDS:
        cases += await lived(environments, service(seed), seed, CASES, tally)
    if "TALLY" in os.environ:
        tally.write(Path(os.environ["TALLY"]))
    assert cases >= 5_000
    seldom = tally.missing()
    assert not seldom, f"asked less than {HITS_MIN} times: {seldom}"
