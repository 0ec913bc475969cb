"""The reference pages say what the product does: they are made from it and nobody edits them."""

from __future__ import annotations

from tests.support import golden, reference

PAGES = reference.ROOT / "docs" / "reference"


def test_the_page_about_commands_is_current() -> None:
    golden.check(PAGES / "cli.md", reference.commands())


def test_the_page_about_the_control_api_is_current() -> None:
    golden.check(PAGES / "api.md", reference.operations())
