"""Every public operation has a line in doors.txt that names the test which proves who may not use it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from graphql import build_schema

from common.graphs import sdl

ROOT: Final = Path(__file__).parents[2]
FILE: Final = ROOT / "tests" / "contract" / "doors.txt"
OWNERS: Final = ("audit", "billing", "provisioner", "registry")
PATHS: Final = (
    "GET /asyncapi.json",
    "GET /events",
    "GET /{endpoint}/export",
    "GET /{endpoint}/graphql",
    "POST /events/tickets",
    "POST /query",
    "POST /simple/v1/{endpoint}",
    "POST /{endpoint}/drop",
    "POST /{endpoint}/graphql",
    "POST /{endpoint}/import",
    "Query.__schema",
)
"""Doors of the gateway itself. A line may say in brackets which side of a door it is about."""
LINE: Final = re.compile(r"(?P<door>[^(>]+?)(?: \([^)]+\))? -> (?P<test>tests/\S+\.py::test_\w+(?:\[\S+\])?)")


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return FILE.read_text(encoding="utf-8").splitlines()


def test_every_line_names_a_door_and_a_test_and_stands_in_its_place(lines: list[str]) -> None:
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert lines == sorted(set(lines))


def test_every_public_operation_has_a_line_and_no_line_is_of_an_operation_that_is_gone(lines: list[str]) -> None:
    schemas = [build_schema(sdl(owner)) for owner in OWNERS]
    roots = [root for schema in schemas for root in (schema.query_type, schema.mutation_type) if root is not None]
    operations = {f"{root.name}.{name}" for root in roots for name in root.fields}

    named = {match["door"] for line in lines if (match := LINE.fullmatch(line))}

    assert named == operations | set(PATHS)


def test_every_owner_of_a_part_of_the_control_api_is_asked_here() -> None:
    parts = {file.parent.name for file in ROOT.glob("services/*/src/*/api.graphql")}

    assert parts == set(OWNERS)


def test_every_test_that_is_named_exists(lines: list[str]) -> None:
    named = {match["test"] for line in lines if (match := LINE.fullmatch(line))}
    files = sorted({test.partition("::")[0] for test in named})
    words = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)

    collected = set(done.stdout.splitlines())
    known = collected | {test.partition("[")[0] for test in collected}

    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(named - known) == []
