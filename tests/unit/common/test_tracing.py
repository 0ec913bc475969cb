"""Spans: whose trace they belong to, what is sent of them, and that they are nothing while nobody collects."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from common import tracing
from tests.support.collector import Collector, collecting

TRACE, ABOVE = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GIVEN = f"00-{TRACE}-{ABOVE}-01"


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as found:
        yield found


def environ(collector: Collector, **more: str) -> dict[str, str]:
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **more}


def test_while_nobody_collects_nothing_is_made_and_what_was_given_goes_on() -> None:
    assert not tracing.on()
    with tracing.span("anything", {"a": 1}, parent=GIVEN, root=True) as span:
        assert span is tracing.NOTHING
        assert span.onward(GIVEN) == tracing.onward(GIVEN) == GIVEN
    tracing.ended("call", 5, {})
    assert tracing.Exporter.read("lab", "lab-0", {"OTEL_EXPORTER_OTLP_ENDPOINT": ""}) is None


async def test_what_ends_is_sent_below_what_it_follows_from_at_the_latest_when_the_process_ends(
    collector: Collector,
) -> None:
    headers = {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20x,tenant=a"}
    async with tracing.exported("lab", "lab-0", environ(collector, **headers)):
        with tracing.span("outer", {"left.out": None, "share": 0.5, "whole": True}, parent=GIVEN, kind=2) as outer:
            assert tracing.onward("what the caller gave") == outer.onward()
            with tracing.span("inner") as inner:
                inner.fail("BROKEN")
        tracing.ended("call", 1500, {"class": "ok"})

    spans = {each.name: each for each in collector.spans}
    assert (spans["outer"].trace, spans["outer"].parent, spans["outer"].kind) == (TRACE, ABOVE, 2)
    assert (spans["inner"].trace, spans["inner"].parent) == (TRACE, spans["outer"].id)
    assert (spans["inner"].failed, spans["outer"].failed) == ("BROKEN", None)
    assert spans["outer"].attributes == {"share": 0.5, "whole": True}
    assert (spans["call"].parent, spans["call"].took_us, spans["call"].service) == (None, 1500, "mortise-lab")
    assert len({each.trace for each in collector.spans}) == 2, "a span that has ended is nobody's parent"
    assert collector.headers[0]["authorization"] == "Bearer x"
    assert not tracing.on()


async def test_an_exception_marks_a_span_and_goes_on(collector: Collector) -> None:
    async with tracing.exported("lab", "lab-0", environ(collector)):
        with pytest.raises(ValueError, match="broken"), tracing.span("work", root=True):
            raise ValueError("broken")

    assert [(each.name, each.failed) for each in collector.spans] == [("work", "ValueError")]


@pytest.mark.parametrize(
    "parent", [None, "", "garbage", f"00-{'0' * 32}-{ABOVE}-01", f"00-{TRACE}-{'0' * 16}-01", GIVEN.upper()]
)
async def test_what_is_no_traceparent_is_no_parent(collector: Collector, parent: str | None) -> None:
    async with tracing.exported("lab", "lab-0", environ(collector)):
        assert tracing.span("inner", parent=parent) is tracing.NOTHING
        with tracing.span("outer", parent=parent, root=True):
            pass

    assert [(each.name, each.parent) for each in collector.spans] == [("outer", None)]


async def test_a_share_of_the_traces_is_kept_and_a_caller_decides_for_his_own(collector: Collector) -> None:
    async with tracing.exported("lab", "lab-0", environ(collector, OTEL_TRACES_SAMPLER_ARG="0.25")):
        for _ in range(2000):
            with tracing.span("rooted", root=True), tracing.span("inner"):
                pass
        with tracing.span("asked", parent=GIVEN), tracing.span("inner of asked"):
            pass
        with tracing.span("not asked", parent=GIVEN[:-1] + "0") as quiet:
            assert quiet.onward() == f"00-{TRACE}-{quiet.id}-00" if isinstance(quiet, tracing.Span) else False

    names = [each.name for each in collector.spans]
    assert 350 < names.count("rooted") < 650
    assert names.count("inner") == names.count("rooted")
    assert ("asked" in names, "not asked" in names) == (True, False)


async def test_a_collector_that_is_away_or_refuses_costs_spans_and_nothing_else(collector: Collector) -> None:
    collector.status = 503
    async with tracing.exported("lab", "lab-0", environ(collector)):
        with tracing.span("refused", root=True):
            pass
    async with tracing.exported("lab", "lab-0", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}):
        for _ in range(tracing.WAITING_MAX + 10):
            tracing.ended("call", 1, {})

    assert [each.name for each in collector.spans] == ["refused"]


def test_numbers_of_64_bits_are_text_and_ids_are_hexadecimal() -> None:
    exporter = tracing.Exporter("http://nowhere", {}, 1.0, {"service.name": "lab"})
    span = tracing.Span("work", 1, TRACE, ABOVE, True, {"n": 2**60}, id="ab" * 8, began_ns=1, ended_ns=2)  # noqa: FBT003 - as it is made

    told: dict[str, Any] = json.loads(exporter.encoded([span]))["resourceSpans"][0]

    assert told["resource"]["attributes"] == [{"key": "service.name", "value": {"stringValue": "lab"}}]
    assert told["scopeSpans"][0]["spans"] == [
        {
            "traceId": TRACE,
            "spanId": "ab" * 8,
            "parentSpanId": ABOVE,
            "name": "work",
            "kind": 1,
            "startTimeUnixNano": "1",
            "endTimeUnixNano": "2",
            "attributes": [{"key": "n", "value": {"intValue": str(2**60)}}],
        }
    ]


@pytest.mark.parametrize("share", ["2", "-1", "half", "1.5", "nan"])
def test_a_share_that_is_none_is_named(share: str) -> None:
    with pytest.raises(ValueError, match="OTEL_TRACES_SAMPLER_ARG"):
        tracing.Exporter.read(
            "lab", "lab-0", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_SAMPLER_ARG": share}
        )
