"""What `mortise status` makes of what processes say."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from console.__main__ import main
from console.commands.status import Process, figures, summary

WELL = """# HELP mortise_projection_lag Messages
mortise_projection_lag{projection="usage"} 3.0
mortise_projection_parked{projection="usage"} 0.0
mortise_calls_unsent 2.0
mortise_calls_unsent_seconds 0.25
mortise_environments{kind="dev",state="ready"} 4.0
mortise_environments{kind="prod",state="ready"} 1.0
mortise_environments{kind="dev",state="failed"} 1.0
python_info{version="3"} 1.0
"""


def told(*pages: str) -> dict[str, Any]:
    return summary([Process(f"p{number}", "http://h", {}, figures(page)) for number, page in enumerate(pages)])


def test_a_stack_without_trouble_is_healthy_although_a_deployment_failed() -> None:
    found = told(WELL)
    assert (found["healthy"], found["wrong"]) == (True, [])
    assert found["environments"] == {"failed": 1, "ready": 5}
    assert found["processes"][0]["projections"] == [{"name": "usage", "lag": 3, "parked": 0}]


def test_environments_are_counted_once_and_unsent_calls_of_all() -> None:
    found = told(WELL, WELL)
    assert (found["environments"], found["unsentCalls"]) == ({"failed": 1, "ready": 5}, 4)


def test_an_environment_sleeps_when_no_worker_holds_anything_of_it() -> None:
    page = "mortise_environments_asleep {}\n"

    assert told(WELL, page.format(7), page.format(5))["asleep"] == 5
    assert told(WELL)["asleep"] == 0


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        ('parked{projection="usage"} 0.0', 'parked{projection="usage"} 2.0', "set 2 aggregates aside"),
        ('lag{projection="usage"} 3.0', 'lag{projection="usage"} 1001.0', "1001 messages behind"),
        ("unsent_seconds 0.25", "unsent_seconds 11.5", "cannot send"),
        ("mortise_calls_unsent 2.0", "mortise_environments_retried 1.0", "tried again"),
    ],
)
def test_each_trouble_in_the_figures_is_a_sentence(before: str, after: str, word: str) -> None:
    assert before in WELL
    (sentence,) = told(WELL.replace(before, after))["wrong"]
    assert word in sentence


def test_a_process_that_is_not_ready_is_wrong_with_its_reason() -> None:
    found = summary([Process("audit-0", "http://h", {"schema": "is not there yet"})])
    assert found["wrong"] == ["audit-0 is not ready: schema: is not there yet"]


def ended(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["status", *words, "--json"])
    found = capfd.readouterr()
    assert isinstance(end.value.code, int)
    return end.value.code, found.out, found.err


def test_a_port_where_nobody_answers_is_exit_code_1(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        code, out, _ = ended(capfd, "--health", url)
    assert (code, json.loads(out)["healthy"]) == (1, False)
    assert "does not answer" in json.loads(out)["wrong"][0]


def test_a_directory_without_a_stack_and_odd_addresses_are_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert ended(capfd, "--data", str(tmp_path))[0] == 3
    assert ended(capfd, "--health", "nothing")[0] == 2
    assert ended(capfd, "--health", "http://h", "--data", str(tmp_path))[0] == 2
