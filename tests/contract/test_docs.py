"""Documents point at what exists, and decisions keep their form."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
DECISIONS: Final = ROOT / "docs" / "decisions"
PAGES: Final = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("services/*/*.md"), *ROOT.glob("libs/*/*.md")]
)
STATUS: Final = {"accepted", "replaced", "withdrawn"}


def test_every_decision_is_in_the_index_with_its_title_and_status() -> None:
    rows = re.findall(
        r"^\| \[(\d{4})\]\((.+?)\) \| (.+?) \| (\w+) \|$", (DECISIONS / "README.md").read_text(), re.MULTILINE
    )
    records = sorted(DECISIONS.glob("0*.md"))

    assert [(f"{number}-", name) for number, name, _, _ in rows] == [(file.name[:5], file.name) for file in records]
    for (number, _, title, status), file in zip(rows, records, strict=True):
        text = file.read_text()
        assert text.startswith(f"# {number}: {title}\n\nStatus: {status}\n")
        assert status in STATUS
        for part in ("## Decision", "## Why", "## What it costs"):
            assert part in text, file.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text())

    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_that_a_document_names_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)", page.read_text()))

    assert named <= targets
