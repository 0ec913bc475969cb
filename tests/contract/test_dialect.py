"""The page about the dialect is complete, and every rule on it names tests that exist.

Tests are looked up in the source, not collected: a name that was changed is told here with its row.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "reference" / "dialect.md"

SECTIONS: Final = (
    *("2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "3"),
    *("4.1", "4.2", "4.3", "4.4", "4.5"),
    *("5.1", "5.2", "5.3", "5.4", "5.5", "5.6"),
    *("6.1", "6.2", "6.3", "6.4", "6.5", "6.6", "6.7"),
    *("7.1", "7.2", "7.3", "7.4"),
)
COLUMNS: Final = ["rule", "what Mortise does", "test"]
DEVIATION: Final = "**deviation:**"
REASON_CHARACTERS_MIN: Final = 20
RULES_MIN: Final = 2
HEADER_LINES: Final = 2

HEADING: Final = re.compile(r"#{2,6} (?:§ ?|G )?(\d+(?:\.\d+)*)(?:[. :)]|$)")
NAMED: Final = re.compile(r"(tests/[\w/]+\.py)::(test_\w+)(?:\[(.+)\])?")
CELLS: Final = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Rule:
    """A row of a table."""

    line: int
    section: str
    rule: str
    does: str
    tests: str


def cells(line: str) -> list[str]:
    """The cells of a row; an escaped bar is none of its borders."""
    return [each.strip() for each in CELLS.split(line.strip())[1:-1]]


@cache
def page() -> tuple[list[Rule], list[str]]:
    """Every row under a numbered heading, and what is wrong with the form of the page."""
    rules: list[Rule] = []
    wrong: list[str] = []
    section, header = "", 0
    for number, line in enumerate(PAGE.read_text("utf-8").split("\n"), start=1):
        if found := HEADING.match(line):
            section = found[1]
        elif line.startswith("#"):
            section = ""
        if not line.startswith("|"):
            header = 0
        elif not section:
            continue
        elif header < HEADER_LINES:
            header += 1
            if header == 1 and cells(line) != COLUMNS:
                wrong.append(f"{number}: the columns are {' | '.join(cells(line))}")
        elif len(row := cells(line)) != len(COLUMNS):
            wrong.append(f"{number}: {len(row)} cells")
        else:
            rules.append(Rule(number, section, *row))
    return rules, wrong


def within(section: str) -> list[Rule]:
    """The rows of a section and what stands below it."""
    return [each for each in page()[0] if each.section == section or each.section.startswith(f"{section}.")]


@cache
def functions_of(file: str) -> tuple[dict[str, ast.FunctionDef | ast.AsyncFunctionDef], frozenset[str]]:
    """The test functions of a module by name, and every text and number that stands in it."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    constants = {str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return functions, frozenset(constants) | golden()


@cache
def golden() -> frozenset[str]:
    """The names of golden cases: `case` or `area/case`."""
    files = list((ROOT / "tests" / "unit").glob("*/cases/**/*"))
    return frozenset({each.stem for each in files} | {f"{each.parent.name}/{each.stem}" for each in files})


def missing(test: str) -> str | None:
    """Why there is no such test; None when there is."""
    named = NAMED.fullmatch(test)
    if named is None:
        return "is not written as path::test or path::test[parameter]"
    file, function, parameter = named.groups()
    if not (ROOT / file).is_file():
        return "is in no file"
    functions, known = functions_of(file)
    if function not in functions:
        return f"is not in {file}"
    if parameter is None:
        return None
    decorators = [ast.unparse(each) for each in functions[function].decorator_list]
    if not any("parametrize" in each for each in decorators):
        return "takes no parameter"
    return None if parameter in known or _composed(parameter, known) else f"has no parameter {parameter}"


def _composed(parameter: str, known: frozenset[str]) -> bool:
    """Whether the parameter is several values, joined as pytest joins them."""
    first, _, rest = parameter.partition("-")
    while rest:
        if first in known and (rest in known or _composed(rest, known)):
            return True
        more, _, rest = rest.partition("-")
        first = f"{first}-{more}"
    return False


def told(rule: Rule, what: str) -> str:
    return f"{PAGE.name}:{rule.line} ({rule.section}): {what}"


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_of_the_dialect_is_on_the_page(section: str) -> None:
    assert len(within(section)) >= RULES_MIN


def test_every_row_has_a_rule_what_is_done_and_a_test() -> None:
    rules, wrong = page()
    assert rules
    assert wrong == []
    assert [told(each, "has an empty cell") for each in rules if not (each.rule and each.does and each.tests)] == []


def test_every_named_test_exists() -> None:
    found = []
    for rule in page()[0]:
        for test in rule.tests.split("<br>"):
            name = test.strip().strip("`")
            if why := missing(name):
                found.append(told(rule, f"{name or 'no test'} {why}"))
    assert found == []


def test_no_rule_stands_twice_in_a_section() -> None:
    seen: set[tuple[str, str]] = set()
    twice = []
    for rule in page()[0]:
        key = (rule.section, rule.rule.lower())
        twice += [told(rule, rule.rule)] if key in seen else []
        seen.add(key)
    assert twice == []


def test_a_deviation_says_why() -> None:
    bare = []
    for rule in page()[0]:
        said, mark, reason = rule.does.partition(DEVIATION)
        if mark and len(reason.strip()) < REASON_CHARACTERS_MIN:
            bare.append(told(rule, "deviates without a reason"))
        if not mark and "deviat" in said.lower():
            bare.append(told(rule, f"is not marked as {DEVIATION}"))
    assert bare == []


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ("tests/contract/test_dialect.py::test_every_named_test_exists", None),
        ("tests/contract/test_dialect.py::test_every_section_of_the_dialect_is_on_the_page[2.7]", None),
        ("tests/contract/test_dialect.py::test_every_section_of_the_dialect_is_on_the_page[9.9]", "has no parameter"),
        ("tests/contract/test_dialect.py::test_every_named_test_exists[2.7]", "takes no parameter"),
        ("tests/contract/test_dialect.py::test_of_nobody", "is not in"),
        ("tests/contract/test_nothing.py::test_of_nobody", "is in no file"),
        ("test_dialect.py::test_every_named_test_exists", "is not written as"),
        ("tests/contract/test_dialect.py::page", "is not written as"),
    ],
)
def test_a_test_that_does_not_exist_is_noticed(test: str, why: str | None) -> None:
    found = missing(test)
    assert (found is None) if why is None else (found is not None and found.startswith(why))
