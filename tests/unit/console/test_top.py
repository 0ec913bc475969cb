"""What `mortise top` makes of two looks at the figures of processes."""

from __future__ import annotations

from typing import Any

import pytest

from console.commands.status import Process, figures
from console.commands.top import happened
from console.rates import Between, Took

PAGE = """mortise_calls_total{{kind="prod",class="ok"}} {ok}
mortise_calls_total{{kind="dev",class="error"}} 7.0
mortise_calls_seconds_bucket{{kind="prod",class="ok",le="0.001"}} {fast}
mortise_calls_seconds_bucket{{kind="prod",class="ok",le="0.01"}} {ok}
mortise_calls_seconds_bucket{{kind="prod",class="ok",le="+Inf"}} {ok}
mortise_calls_bytes_out_total{{kind="prod"}} {out}
mortise_took_seconds_count{{name="gateway.query"}} {ok}
mortise_projection_lag{{projection="usage"}} 3.0
mortise_projection_applied_total{{projection="usage"}} {ok}
mortise_connections_open 4.0
mortise_connections_budget 24.0
mortise_wal_bytes 1.5e+06
mortise_calls_unsent 2.0
mortise_calls_unsent_seconds 0.25
mortise_environments{{kind="prod",state="ready"}} 1.0
"""


def process(ok: float, fast: float, out: float = 0.0, name: str = "gateway-0") -> Process:
    return Process(name, "http://h", {}, figures(PAGE.format(ok=ok, fast=fast, out=out)))


def told(before: list[Process], after: list[Process], seconds: float = 2.0) -> dict[str, Any]:
    return happened(before, after, seconds)


def test_rates_and_durations_are_those_between_two_looks() -> None:
    found = told([process(100, 100, 5000)], [process(120, 110, 25000)])

    (calls,) = found["calls"]
    assert (calls["kind"], calls["class"], calls["perSecond"]) == ("prod", "ok", 10.0)
    assert (calls["p50Ms"], calls["p95Ms"]) == (1.0, pytest.approx(9.1))
    assert found["bytesOutPerSecond"] == {"prod": 10000}
    assert found["operations"] == [
        {"name": "gateway.query", "perSecond": 10.0, "p50Ms": None, "p95Ms": None, "p99Ms": None}
    ]
    assert found["projections"] == [{"process": "gateway-0", "name": "usage", "lag": 3, "parked": 0, "perSecond": 10.0}]


def test_what_several_workers_did_is_added_up_and_what_each_holds_is_not() -> None:
    before = [process(100, 100), process(100, 100, name="gateway-1")]
    found = told(before, [process(120, 120), process(110, 110, name="gateway-1")])

    assert [each["perSecond"] for each in found["calls"]] == [15.0]
    assert [(each["process"], each["connectionsOpen"], each["walBytes"]) for each in found["workers"]] == [
        ("gateway-0", 4, 1_500_000),
        ("gateway-1", 4, 1_500_000),
    ]


def test_a_process_that_started_anew_or_was_not_there_before_counts_from_nothing() -> None:
    assert [each["perSecond"] for each in told([process(100, 100)], [process(10, 10)])["calls"]] == [5.0]
    assert sorted(each["perSecond"] for each in told([], [process(10, 10)])["calls"]) == [3.5, 5.0]


def test_while_nothing_happens_nothing_is_listed() -> None:
    found = told([process(100, 100)], [process(100, 100)])
    assert (found["calls"], found["operations"], found["bytesOutPerSecond"]) == ([], [], {})


def test_of_durations_beyond_the_last_bound_its_beginning_is_told() -> None:
    took = Took(((0.1, 1.0), (float("inf"), 10.0)))
    assert [took.milliseconds(share) for share in (0.05, 0.99)] == pytest.approx([50.0, 100.0])
    assert Took(()).milliseconds(0.5) is None
    assert Took(((0.1, 0.0),)).milliseconds(0.5) is None


def test_a_figure_that_nobody_tells_has_no_rate() -> None:
    assert Between({}, {}, 1.0).rates("mortise_calls_total", "kind") == {}
