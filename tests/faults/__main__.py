"""The fault runs: `python -m tests.faults` kills every process again and again under load and checks the ledger.

The exit code is 1 when anything acknowledged was lost, doubled or left behind, and also when the control run, which has
both guards against counting twice switched off, finds nothing wrong: then the test itself would be blind.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import uvloop

from tests.faults import report
from tests.faults.run import Outcome, Plan, run


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", default="1,2,3", help="one run for each (1,2,3)")
    parser.add_argument("--kills", type=int, default=52, help="of each run (52)")
    parser.add_argument("--seconds", type=float, default=60.0, help="during which a run kills (60)")
    parser.add_argument("--commands", type=float, default=52.0, help="offered per second (52)")
    parser.add_argument("--calls", type=float, default=520.0, help="offered per second (520)")
    parser.add_argument("--control-kills", type=int, default=12, help="of the run without guards; 0 leaves it out (12)")
    parser.add_argument("--keep", type=Path, help="directory that gets and keeps the data directories")
    return parser.parse_args(words)


def main(words: list[str]) -> int:
    given = _arguments(words)
    load = {"commands_per_second": given.commands, "calls_per_second": given.calls}
    plans = [Plan(int(seed), given.kills, given.seconds, **load) for seed in given.seeds.split(",") if seed]
    if given.control_kills:
        seconds = given.seconds / max(given.kills, 1) * given.control_kills
        plans.append(Plan(1000, given.control_kills, seconds, guarded=False, **load))
    outcomes: list[Outcome] = []
    for plan in plans:
        keep = None
        if given.keep:
            keep = given.keep / f"seed-{plan.seed}"
            keep.mkdir(parents=True, mode=0o711)
        outcome = uvloop.run(run(plan, keep))
        print(report.one(outcome), flush=True)
        outcomes.append(outcome)
    print(report.summary(outcomes), flush=True)
    return 0 if all(outcome.good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
