"""The fuzz runs: `python -m tests.fuzz` sends 100 000 hostile operations for each seed and judges all answers.

The exit code is 1 when an answer was a server's error, held somebody else's data or something from inside, when an
environment that nobody may write to has changed, or when memory still grew in the second half of a run. What counts is
the memory that the gateway has in use once it has collected its garbage. The memory that the system sees is told as
well: it follows the largest operation so far, for allocators keep what such a one has needed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

import uvloop

from tests.fuzz import memory, reproduction, scene
from tests.fuzz.run import Outcome, Run
from tests.fuzz.scene import Scene
from tests.support.stack import Stack, a_directory

GROWTH_MAX: Final = 0.01
SHOWN: Final = 10


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--seeds", default="1,2", help="one run for each, of which every other one writes elsewhere (1,2)"
    )
    parser.add_argument("--operations", type=int, default=100_000, help="of each run (100000)")
    parser.add_argument("--warm-up", type=int, default=100_000, help="operations before those, judged as well (100000)")
    parser.add_argument("--connections", type=int, default=8, help="at once (8)")
    parser.add_argument("--workers", type=int, default=1, help="of the gateway (1)")
    parser.add_argument("--keep", type=Path, help="directory that gets what must not be answered, to be sent again")
    return parser.parse_args(words)


async def one(
    here: Scene, seed: int, operations: int, connections: int, folder: Path | None = None
) -> tuple[Outcome, list[str]]:
    """A run, and what is wrong when it is over. For `folder` see `Run`."""
    written = seed % 2
    before = [await here.rows(target) for target in here.targets]
    logged = troubles(here.stack)
    outcome = await Run(here, seed, written, folder).run(operations, connections)
    wrong = [f"the gateway's log: {line[:600]}" for line in troubles(here.stack)[len(logged) :][:SHOWN]]
    for number, target in enumerate(here.targets):
        after = await here.rows(target)
        if number != written and after != before[number]:
            wrong.append(f"{target.name} has changed, and nobody may write to it")
        counted = here.stack.data_api(target.endpoint, "{ _allBandsMeta { count } }", key=target.key)
        if counted.get("data", {}).get("_allBandsMeta", {}).get("count") not in map(len, after.values()):
            wrong.append(f"{target.name} does not count as many as it stores: {counted}")
        if not outcome.seen[target.name]:
            wrong.append(f"{target.name} never answered with anything of its own: the run was blind")
    return outcome, wrong


def troubles(stack: Stack) -> list[str]:
    """Lines of the gateway's log that speak of something nobody foresaw."""
    files = sorted((stack.data / "logs").glob("gateway-*.log"))
    lines = [line for file in files for line in file.read_text(errors="replace").splitlines()]
    return [line for line in lines if '"level":"error"' in line or not line.startswith("{")]


def told(outcome: Outcome, wrong: list[str], warm: int, keep: Path | None) -> bool:
    """Print what a run came to; whether it was good. Memory counts after `warm` operations."""
    used = [(each.operations, each.used) for each in outcome.memory]
    resident = [(each.operations, each.resident) for each in outcome.memory]
    grown = memory.growth(used, warm)
    rate = outcome.operations / outcome.seconds
    print(f"== seed {outcome.seed}: {outcome.operations} operations in {outcome.seconds:.1f} s, {rate:.0f} per second")
    busy = ", ".join(f"{name} {took / outcome.operations * 1e6:.0f} µs" for name, took in outcome.busy.items())
    print(f"   work for an operation: {busy}")
    print("   kinds: " + ", ".join(f"{kind} {count}" for kind, count in sorted(outcome.kinds.items())))
    print("   answers: " + ", ".join(f"{kind} {count}" for kind, count in sorted(outcome.answers.items())))
    print("   own canary seen: " + ", ".join(f"{name} {count}" for name, count in sorted(outcome.seen.items())))
    print(f"   slow connections answered: {outcome.slow_answered}")
    print(
        f"   memory of the gateway: the second half after {warm} operations to warm up grows by {grown:+.2%}, "
        f"what the system sees by {memory.growth(resident, warm):+.2%}"
    )
    for name, samples in (("in use", used), ("seen by the system", resident)):
        tenths = " ".join(f"{size / 2**20:.1f}" for _, size in samples[:: max(1, len(samples) // 10)])
        print(f"   MiB {name} by tenths of the run: {tenths}")
    for finding in outcome.findings[:SHOWN]:
        print(f"   BAD {finding.operation.kind} {finding.operation.number}: {'; '.join(finding.what)[:300]}")
        if keep is not None:
            print(f"       {reproduction.kept(finding, keep, outcome.seed)}")
    if grown >= GROWTH_MAX:
        wrong = [*wrong, f"memory grows by {grown:.2%}, at most {GROWTH_MAX:.0%} is allowed"]
    for what in wrong:
        print(f"   BAD {what}")
    print(f"   {len(outcome.findings)} answers are bad", flush=True)
    return not outcome.findings and not wrong


def main(words: list[str]) -> int:
    given = _arguments(words)
    good = True
    for seed in given.seeds.split(","):
        with (
            a_directory() as data,
            a_directory() as folder,
            Stack(data, workers=given.workers, environ=memory.environ(folder)) as stack,
        ):
            here = scene.build(stack)
            scene.fill(here)
            operations = given.warm_up + given.operations
            outcome, wrong = uvloop.run(one(here, int(seed), operations, given.connections, folder))
            good &= told(outcome, wrong, given.warm_up, given.keep)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
