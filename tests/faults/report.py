"""What a run says of itself: where, how often what was killed, what was offered and answered, what was found."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Sequence

from tests.faults.run import Outcome
from tests.faults.storm import PROCESSES


def one(outcome: Outcome) -> str:
    """One run."""
    plan, tally = outcome.plan, outcome.tally
    kind = "both guards on" if plan.guarded else "CONTROL, both guards off"
    lines = [
        f"== seed {plan.seed}: {kind}",
        f"   {outcome.killed.total()} kills in {outcome.seconds:.0f} s, {outcome.cuts} acknowledgements lost",
        "   " + ", ".join(f"{what} after {seconds:.0f} s" for what, seconds in outcome.stages.items()),
        "   kills: " + kills(outcome.killed),
        *(f"   {what}: {_rates(outcome, what)} per second" for what in ("commands", "calls")),
        "   " + "; ".join(f"{name} {number}" for name, number in sorted(tally.items())),
    ]
    width = max(len(finding.what) for finding in outcome.findings)
    lines += [
        f"   {'good' if finding.good else 'BAD '} {finding.what:<{width}}  expected {finding.expected}, "
        f"found {finding.found}"
        for finding in outcome.findings
    ]
    return "\n".join(lines)


def summary(outcomes: Sequence[Outcome]) -> str:
    """All runs together."""
    guarded = [outcome for outcome in outcomes if outcome.plan.guarded]
    killed = sum((outcome.killed for outcome in guarded), Counter[str]())
    lines = [
        f"== {machine()}",
        f"   {len(guarded)} seeds with guards, {killed.total()} kills: {kills(killed)}",
        f"   {sum(not finding.good for outcome in guarded for finding in outcome.findings)} findings are bad",
    ]
    for outcome in outcomes:
        if not outcome.plan.guarded:
            seen = "counts too much, as it has to" if outcome.good else "FINDS NOTHING: the test is blind"
            lines.append(f"   the control run without guards {seen}")
    return "\n".join(lines)


def kills(killed: Counter[str]) -> str:
    """How often each process was killed."""
    return ", ".join(f"{name} {killed[name]}" for name in PROCESSES)


def machine() -> str:
    """Where it ran."""
    busy = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores {platform.machine()}, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, load average {busy:.1f}"
    )


def _rates(outcome: Outcome, what: str) -> str:
    """Offered: what was due. Begun: what of it was sent. Tried: with all repetitions."""
    tally = outcome.tally
    offered, answered = tally[f"{what} offered"], tally[f"{what} answered"]
    begun = offered - tally[f"{what} turned away by the load itself"]
    tried = tally["command attempts"] if what == "commands" else begun
    rates = {"offered": offered, "begun": begun, "tried": tried, "answered": answered}
    return ", ".join(f"{name} {number / (outcome.seconds or 1):.0f}" for name, number in rates.items())
