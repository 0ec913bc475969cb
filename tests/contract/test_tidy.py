"""What a reviewer should not have to say: sizes, names, words, leftovers. A rule that does not fail is a wish."""

from __future__ import annotations

import ast
import re
import subprocess
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = {
    "common": ROOT / "libs/common/src/common",
    "contracts": ROOT / "libs/common/src/contracts",
    "proof": ROOT / "libs/common/src/proof",
    **{folder.name: folder for folder in ROOT.glob("services/*/src/*") if folder.is_dir()},
}

FILE_LINES_MAX: Final = 500
FUNCTION_LINES_MAX: Final = 60
VAGUE_NAMES: Final = re.compile(r"^(utils?|helpers?|managers?|base|misc|core|impl|stuff|tools?|handler|lib|main)$")
LEFTOVERS: Final = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
STARTED: Final = re.compile(r"(__main__|__init__|conftest|test_\w+|bench_\w+)\.py$")
"""Files that are started, not imported."""
BUSINESS: Final = re.compile(
    r"(customers?|clients?_id|currency|currencies|demo|endpoints?|instances?|invoices?|makers?|"
    r"organi[sz]ations?|payouts?|pilets?|plans?|pric(e|es|ing)|projects?|promot(e|ed|es|ion)|tenants?)"
)
"""Words of the business. (`environment` and `subscription` are not here: a process and NATS have theirs.)"""


def python_files(*roots: Path) -> Iterator[Path]:
    for root in roots:
        yield from (file for file in sorted(root.rglob("*.py")) if "__pycache__" not in file.parts)


SOURCES: Final = tuple(python_files(*PACKAGES.values()))
TESTS: Final = tuple(python_files(ROOT / "tests"))
EVERY: Final = (*SOURCES, *TESTS)


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def comments(file: Path) -> Iterator[tuple[int, str]]:
    with file.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def test_the_tree_is_where_we_look() -> None:
    expected = {"common", "contracts", "proof", "audit", "billing", "console", "gateway", "provisioner", "registry"}
    assert expected <= set(PACKAGES)
    assert len(SOURCES) > 100


def test_no_file_is_longer_than_one_can_hold_in_mind() -> None:
    lengths = {name(file): len(file.read_text(encoding="utf-8").splitlines()) for file in EVERY}

    assert {file: lines for file, lines in lengths.items() if lines > FILE_LINES_MAX} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{name(file)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for file in EVERY
        for node in ast.walk(tree(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
    }

    assert long == {}


def test_no_module_has_a_name_that_nobody_had_to_think_about() -> None:
    parts = {part for file in SOURCES for part in (file.stem, *file.relative_to(ROOT).parts[4:-1])}

    assert {part for part in parts if VAGUE_NAMES.match(part)} == set()


def test_every_module_says_what_it_is_for() -> None:
    silent = [name(file) for file in EVERY if file.read_text().strip() and not ast.get_docstring(tree(file))]

    assert silent == []


def test_nothing_is_left_for_later() -> None:
    found = [
        f"{name(file)}:{line} {text}"
        for file in EVERY
        if file != Path(__file__)
        for line, text in comments(file)
        if LEFTOVERS.search(text)
    ]

    assert found == []


def test_every_exception_from_a_rule_names_the_rule_and_the_reason() -> None:
    ignore = re.compile(r"type:\s*ignore(?!\[[\w-]+(,\s*[\w-]+)*\])")
    noqa = re.compile(r"noqa(?!: [A-Z]+\d+(, ?[A-Z]+\d+)* - \S)")
    found = [
        f"{name(file)}:{line} {text}"
        for file in EVERY
        for line, text in comments(file)
        if ignore.search(text) or noqa.search(text)
    ]

    assert found == []


def imported(file: Path) -> Iterator[str]:
    """Dotted names that a file imports or writes out as a string."""
    for node in ast.walk(tree(file)):
        match node:
            case ast.ImportFrom(module=str(module), names=names):
                yield module
                yield from (f"{module}.{alias.name}" for alias in names)
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.Constant(value=str(text)) if "." in text and " " not in text:
                yield text.partition(":")[0]


def test_every_module_is_used() -> None:
    """By somebody else; what is started by name (`__main__`, tests) is used by being started."""
    users: dict[str, set[Path]] = {}
    for file in EVERY:
        for dotted in imported(file):
            users.setdefault(dotted, set()).add(file)
    modules = {
        ".".join((package, *file.relative_to(folder).with_suffix("").parts)): file
        for package, folder in PACKAGES.items()
        for file in python_files(folder)
        if not STARTED.search(file.name)
    }

    assert sorted(dotted for dotted, file in modules.items() if users.get(dotted, set()) <= {file}) == []


def tracked() -> list[Path]:
    """The files that are part of the product; without a repository around, those of the source tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],  # noqa: S607 - git of whoever works here
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        return [*EVERY, *ROOT.glob("*.*"), ROOT / "Makefile"]
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def test_no_text_names_a_place_on_somebodys_machine() -> None:
    place = re.compile(r"(?<![\w.$}/-])/(home|root|work|Users|opt/pypi)/[\w.]+")
    address = re.compile(r"https?://(?:pypi\.org|files\.pythonhosted\.org|registry\.npmjs\.org)")
    found = []
    for file in tracked():
        if file == Path(__file__) or file.suffix in {".gz", ".png", ".ico"}:
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if place.search(line) or address.search(line):
                found.append(f"{name(file)}:{number} {line.strip()[:120]}")

    assert found == []


# --- tests --------------------------------------------------------------------------------------------------------


WAITING: Final = ROOT / "tests" / "support" / "waiting.py"
"""The one place that looks again and again."""
NO_PORT: Final = "no port is fixed"  # unit tests may write one: they listen to nothing
LOADS: Final = {"bench", "faults"}
"""These offer load at a rate, which is what waiting is for; nothing is decided by it."""


@pytest.mark.parametrize(
    ("rule", "pattern"),
    [
        ("nobody sleeps: wait for what you wait for", re.compile(r"(?<!def )\bsleep\((?!0\))")),
        ("no mocks", re.compile(r"\b(MagicMock|AsyncMock|mocker)\b")),
        (NO_PORT, re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\]):[1-9]\d{2,4}\b|\bport=[1-9]\d{2,4}\b")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_tests_are_steady(rule: str, pattern: re.Pattern[str]) -> None:
    found = [
        f"{name(file)}:{number} {line.strip()}"
        for file in TESTS
        if file not in {Path(__file__), WAITING}
        and not LOADS & set(file.parts)
        and not (rule == NO_PORT and "unit" in file.parts)
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]

    assert found == [], rule


def test_a_tests_name_is_a_sentence() -> None:
    short = [
        f"{name(file)}:{node.lineno} {node.name}"
        for file in TESTS
        for node in ast.walk(tree(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and node.name.count("_") < 3
    ]

    assert short == []


# --- plumbing knows no business -----------------------------------------------------------------------------------

SAID_IN_PLUMBING: Final[dict[str, frozenset[str]]] = {
    "log.py": frozenset({"invoice"}),  # the closed list of batches names its uses (DESIGN 2.2)
    "tracing.py": frozenset({"instance"}),  # OpenTelemetry's word for one process among its replicas
}
"""Module of `common` to business words that it has to say."""


def test_plumbing_says_no_business_word() -> None:
    said: dict[str, set[str]] = {}
    for file in python_files(PACKAGES["common"]):
        key = str(file.relative_to(PACKAGES["common"]))
        words = {
            word.lower()
            for node in ast.walk(tree(file))
            for text in _names(node)
            for word in re.findall(r"[A-Za-z][a-z]*", text)
        }
        found = {word for word in words if BUSINESS.fullmatch(word)} - SAID_IN_PLUMBING.get(key, frozenset())
        if found:
            said[key] = found

    assert said == {}


def _names(node: ast.AST) -> Iterator[str]:
    """What the code calls things, and the constants it compares and writes; not its prose, which has spaces."""
    match node:
        case ast.FunctionDef(name=text) | ast.AsyncFunctionDef(name=text) | ast.ClassDef(name=text):
            yield text
        case ast.Name(id=text) | ast.Attribute(attr=text) | ast.arg(arg=text):
            yield text
        case ast.Constant(value=str(text)) if " " not in text:
            yield text
        case _:
            return
