"""Dashboards and rules ask for figures that the product has: names, labels and values that a running stack tells."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from contracts.calls import CallClass
from contracts.names import INSTANCE_ENVIRONMENTS, SERVICE_ENVIRONMENTS
from tests.support import compose, made, promql
from tests.support.stack import Stack

ROOT: Final = Path(__file__).parents[2]
BOARDS: Final = sorted((ROOT / "docs" / "operations" / "grafana").glob("*.json"))
RULES: Final = ROOT / "docs" / "operations" / "alerts.yml"
OF_PROMETHEUS: Final = {"job", "instance"}
"""Labels that every figure gets where it is collected."""

Have = dict[str, set[str]]
"""Label names by metric."""


def expressions() -> Iterator[tuple[str, str]]:
    """Where one stands, and what it says."""
    for file in BOARDS:
        for panel in json.loads(file.read_text("utf-8"))["panels"]:
            yield from ((f"{file.name}: {panel['title']}", target["expr"]) for target in panel["targets"])
    for group in compose.read(RULES.read_text("utf-8"))["groups"]:
        yield from ((rule["alert"], rule["expr"]) for rule in group["rules"])


def unknown(expression: str, have: Have, values: dict[str, set[str]]) -> list[str]:
    """What an expression asks for and nobody has."""
    asked = promql.names(expression)
    missing = sorted(asked.metrics - set(have))
    for metric in asked.metrics & set(have):
        missing += [f"{metric} by {label}" for label in sorted(asked.labels - have[metric])]
    for metric, label, value in asked.matched:
        if label not in have.get(metric, set()):
            missing.append(f"{metric} with {label}")
        elif value not in values.get(label, {value}):
            missing.append(f"{metric} with {label}={value}")
    return missing


@pytest.fixture(scope="module")
def have(stack: Stack) -> Have:
    """Every figure of a stack in which a service was made and called."""
    maker = made.person(stack)
    service = maker.service()
    here = maker.live("private", service=service["id"])
    answer = stack.data_api(here["endpoint"], "{ __typename }", key=service["key"])
    assert "errors" not in answer
    found: Have = {"up": set(OF_PROMETHEUS)}

    def told() -> bool:
        samples = list(_samples(stack))
        for sample in samples:
            found.setdefault(sample.name, set()).update(sample.labels, OF_PROMETHEUS)
        counted = any(sample.labels.get("state") == "ready" for sample in samples)
        return counted and "mortise_calls_total" in found

    made.until(told)
    return found


@pytest.fixture(scope="module")
def values() -> dict[str, set[str]]:
    """All that labels can be, where that is known."""
    return {
        "class": set(get_args(CallClass)),
        "kind": {*SERVICE_ENVIRONMENTS, *INSTANCE_ENVIRONMENTS},
        "job": {"mortise"},
        "name": _observed(),
        "outcome": {"ok"},
        "projection": {"history"},
    }


def _samples(stack: Stack) -> Iterator[Any]:
    for environ in stack.state["environments"].values():
        text = httpx.get(f"http://127.0.0.1:{environ['MORTISE_HEALTH_PORT']}/metrics").text
        for family in text_string_to_metric_families(text):
            yield from family.samples


def _observed() -> set[str]:
    """Names of canonical lines in the code."""
    calls = [
        node
        for file in [*ROOT.glob("services/*/src/**/*.py"), *ROOT.glob("libs/*/src/**/*.py")]
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "observe"
    ]
    return {str(call.args[0].value) for call in calls if call.args and isinstance(call.args[0], ast.Constant)}


def test_every_dashboard_and_rule_asks_for_what_the_product_tells(have: Have, values: dict[str, set[str]]) -> None:
    found = {where: missing for where, expression in expressions() if (missing := unknown(expression, have, values))}

    assert found == {}
    assert len(BOARDS) == 3
    assert len(list(expressions())) > 20


def test_the_projection_that_a_panel_names_is_one_of_the_product(stack: Stack, values: dict[str, set[str]]) -> None:
    running = {sample.labels["projection"] for sample in _samples(stack) if sample.name == "mortise_projection_lag"}

    assert values["projection"] <= running


@pytest.mark.parametrize(
    ("expression", "missing"),
    [
        ("sum(rate(mortise_call_total[5m]))", ["mortise_call_total"]),
        ("sum by (colour) (mortise_calls_total)", ["mortise_calls_total by colour"]),
        ('mortise_calls_total{colour="red"}', ["mortise_calls_total with colour"]),
        ('mortise_calls_total{class=~"ok|odd"} > 0', ["mortise_calls_total with class=odd"]),
        ('mortise_observed_total{name="audit.nothing"}', ["mortise_observed_total with name=audit.nothing"]),
    ],
)
def test_a_name_that_nobody_tells_is_found(
    have: Have, values: dict[str, set[str]], expression: str, missing: list[str]
) -> None:
    assert unknown(expression, have, values) == missing


@pytest.mark.usefixtures("have")
def test_the_durations_of_data_calls_are_as_many_as_the_calls(stack: Stack) -> None:
    url = f"http://127.0.0.1:{stack.environment('gateway')['MORTISE_HEALTH_PORT']}/metrics"
    families = {family.name: family.samples for family in text_string_to_metric_families(httpx.get(url).text)}
    calls = {tuple(sample.labels.values()): sample.value for sample in families["mortise_calls"]}
    took = families["mortise_calls_seconds"]

    counted = {tuple(each.labels.values()): each.value for each in took if each.name.endswith("_count")}
    longest = [each for each in took if each.labels.get("le") == "+Inf"]
    assert sum(calls.values()) > 0
    assert counted == calls
    assert sum(each.value for each in longest) == sum(calls.values())


@pytest.mark.usefixtures("have")
def test_the_status_of_a_running_stack_names_every_process_and_its_environments(stack: Stack) -> None:
    command = [sys.executable, "-m", "console", "status", "--data", str(stack.data), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)

    assert [each["name"] for each in told["processes"] if each["ready"]] == list(stack.state["environments"])
    assert told["environments"]["ready"] >= 1
    assert (done.returncode, told["healthy"]) == ((1, False) if told["wrong"] else (0, True))
