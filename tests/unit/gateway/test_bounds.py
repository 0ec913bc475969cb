"""The limits of each kind of environment, and how an operator changes them."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from contracts.kinds import KINDS
from gateway.domain.bounds import DEFAULTS, Limits, configured

DOCUMENT = Path(__file__).parents[3] / "docs" / "reference" / "limits.md"


def test_without_settings_every_kind_has_its_defaults() -> None:
    assert configured({"PATH": "/bin", "MORTISE_LIMIT_NODES": ""}) == dict(DEFAULTS)
    assert set(DEFAULTS) == set(KINDS)
    assert DEFAULTS["prod"] == DEFAULTS["stage"] == DEFAULTS["dev"] == DEFAULTS["preview"]


def test_a_limit_is_changed_for_all_kinds_or_for_one() -> None:
    made = configured({"MORTISE_LIMIT_NODES": "7", "MORTISE_LIMIT_DEMO_NODES": "5", "MORTISE_LIMIT_DEV_DEPTH": "3"})
    assert [made[kind].nodes for kind in KINDS] == [7, 7, 7, 7, 7, 5]
    assert [made[kind].depth for kind in KINDS] == [20, 20, 3, 20, 20, 20]


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", "2147483648", "9" * 5000, "\u0661"])
def test_a_limit_that_is_no_number_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(ValueError, match="MORTISE_LIMIT_DEPTH must be a whole number"):
        configured({"MORTISE_LIMIT_DEPTH": text})


@pytest.mark.parametrize("name", ["MORTISE_LIMIT_DEEP", "MORTISE_LIMIT_DEMO_DEEP", "MORTISE_LIMIT_TEST_DEPTH"])
def test_a_limit_that_does_not_exist_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} names no limit"):
        configured({name: "1"})


def test_the_reference_names_every_limit_with_its_defaults() -> None:
    found = re.findall(r"^\| `(\w+)` \| ([\d ]+) \| ([\d ]+) \|", DOCUMENT.read_text(), re.MULTILINE)
    rows = {name: (ours, smaller) for name, ours, smaller in found}
    expected = {
        one.name.upper(): tuple(f"{getattr(DEFAULTS[kind], one.name):,}".replace(",", " ") for kind in ("prod", "demo"))
        for one in fields(Limits)
    }
    assert rows == expected
