"""`mortise top` against the whole product."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.support.stack import Stack


def top(stack: Stack, *words: str) -> str:
    command = [sys.executable, "-m", "console", "top", "--data", str(stack.data), "--once", "-i", "0.3", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout


def test_one_look_tells_of_every_process_read_model_and_worker(stack: Stack) -> None:
    found: dict[str, Any] = json.loads(top(stack, "--json"))

    assert found["ready"] == found["processes"] == 5
    assert {"usage", "directory"} <= {each["name"] for each in found["projections"]}
    (worker,) = found["workers"]
    assert worker["connectionsBudget"] > 0
    assert worker["process"] == "gateway-0"


def test_where_no_terminal_is_it_prints_plain_text(stack: Stack) -> None:
    shown = top(stack)

    assert shown.startswith("5 of 5 processes ready; the last ")
    assert "\x1b" not in shown
