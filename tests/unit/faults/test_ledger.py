"""The ledger of the fault runs notices what is lost, doubled, foreign or left behind."""

from __future__ import annotations

import pytest

from tests.faults.ledger import Finding, Ledger, Made, compare, compare_calls, compare_commands, overcounted, same
from tests.faults.storm import PROCESSES, schedule


def bad(findings: list[Finding]) -> list[str]:
    return [finding.what for finding in findings if not finding.good]


def test_everything_acknowledged_and_there_once_is_good() -> None:
    assert bad(compare("things", {"a", "b"}, ["a", "b", "never acknowledged"])) == []


def test_a_lost_thing_and_a_doubled_thing_are_told_apart() -> None:
    assert bad(compare("things", {"a", "b"}, ["a"])) == ["things: acknowledged and there"]
    assert bad(compare("things", {"a"}, ["a", "a"])) == ["things: there twice"]


def test_a_command_that_was_told_another_id_than_what_is_there_is_noticed() -> None:
    ledger = Ledger(commands={"x": Made("key", "1"), "p": Made("plan", "9")})

    assert bad(compare_commands(ledger, {"key": [("x", "1"), ("open", "7")], "plan": [("p", "9")]})) == []
    assert bad(compare_commands(ledger, {"key": [("x", "2")], "plan": [("p", "9")]})) == [
        "commands told another id than what is there"
    ]
    assert bad(compare_commands(ledger, {"key": [("x", "1")], "plan": []})) == ["plans: acknowledged and there"]


def test_a_refused_command_and_a_repeat_with_another_answer_are_noticed() -> None:
    ledger = Ledger(refused={"x": "CONFLICT"}, repeated_differently=["y"])

    assert bad(compare_commands(ledger, {})) == ["commands repeated with another answer", "commands refused"]


def test_calls_without_an_answer_may_have_been_counted_but_no_others() -> None:
    ledger = Ledger(calls={"1", "2"}, calls_open=1)

    assert bad(compare_calls(ledger, ["1", "2", "3"], 3)) == []
    assert bad(compare_calls(ledger, ["1", "2", "3", "4"], 4)) == ["calls counted without an answer seen"]
    assert bad(compare_calls(ledger, ["1"], 1)) == ["calls: acknowledged and there"]


@pytest.mark.parametrize(("invoiced", "over"), [(2, False), (1, False), (3, True)])
def test_only_a_count_that_is_too_high_is_what_a_control_run_has_to_show(invoiced: int, over: bool) -> None:  # noqa: FBT001 - a column of the table
    findings = compare_calls(Ledger(calls={"1", "2"}), ["1", "2"], invoiced)

    assert overcounted(findings) is over
    assert bool(bad(findings)) is (invoiced != 2)


def test_orphans_and_missing_databases_are_named() -> None:
    assert same("databases", {"a"}, {"a"}).good
    assert same("databases", {"a"}, {"a", "b"}).found == "2 orphans ['b']"
    assert same("databases", {"a"}, set()).found == "0 missing ['a']"


def test_a_storm_is_decided_by_its_seed_and_kills_every_process_as_often_as_any_other() -> None:
    storm = schedule(3, 52, 75.0)

    assert storm == schedule(3, 52, 75.0)
    assert storm != schedule(4, 52, 75.0)
    assert sum(kill.after_seconds for kill in storm) == pytest.approx(75.0)
    counts = {name: sum(kill.process == name for kill in storm) for name in PROCESSES}
    assert set(counts.values()) == {6, 7}
