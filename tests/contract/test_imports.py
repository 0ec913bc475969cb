"""The architecture is drawn in the root pyproject; here it is shown to hold, and every line of it to bite."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
CONTRACTS: Final[list[dict[str, object]]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
    "importlinter"
]["contracts"]

BREAKS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "independent": (
        ("provisioner/domain/__init__.py", "import registry"),
        ("console/__init__.py", "import gateway"),
    ),
    "floor-plan": (
        ("registry/utils.py", '"""A room nobody knows."""'),
        ("registry/domain/__init__.py", "import registry.store"),
        ("gateway/store.py", "import gateway.execute"),
        ("gateway/domain/__init__.py", "import gateway.engine"),
    ),
    "pipeline": (
        ("gateway/engine/plan/__init__.py", "import gateway.engine.sql"),
        ("gateway/engine/guess.py", '"""A stage nobody knows."""'),
    ),
    "pure": (
        ("billing/domain/__init__.py", "import time"),
        ("audit/domain/__init__.py", "from common import clock"),
        ("registry/domain/__init__.py", "import common.log"),
        ("gateway/engine/__init__.py", "import asyncpg"),
        ("contracts/names.py", "import os"),
        ("proof/merkle.py", "import random"),
    ),
    "common": (("common/ids.py", "import contracts.names"), ("common/errors.py", "import registry")),
    "contracts": (("contracts/names.py", "import registry"),),
    "proof": (("proof/merkle.py", "import orjson"), ("proof/rating.py", "import common.errors")),
    "console": (("console/__init__.py", "import contracts.names"), ("console/__init__.py", "import common.devstack")),
    "devstack": (
        ("registry/__init__.py", "import common.devstack.home"),
        ("common/service.py", "import common.devstack"),
    ),
    "bootstrap": (("provisioner/execute/__init__.py", "import common.bootstrap.accounts"),),
    "small": (("common/devstack/home.py", "import asyncio"), ("common/bootstrap/accounts.py", "import pydantic")),
    "faststream": (
        ("common/log.py", "import faststream"),
        ("billing/store/__init__.py", "import faststream"),
        ("registry/api/__init__.py", "import faststream.nats"),
    ),
    "raw": (
        ("registry/api/__init__.py", "import nats"),
        ("billing/store/__init__.py", "import asyncpg"),
        ("audit/handlers.py", "import nats.aio.client"),
    ),
}
"""Contract to deliberate violations: a file of the tree, and a line that it must not hold."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all packages side by side, with the contracts."""
    copy = tmp_path_factory.mktemp("tree")
    for source in (ROOT / "libs/common/src", *ROOT.glob("services/*/src")):
        shutil.copytree(
            source, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.gz", "static")
        )
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


@pytest.fixture
def changed() -> Iterator[dict[Path, bytes | None]]:
    """Files to put back afterwards, with what they held."""
    before: dict[Path, bytes | None] = {}
    yield before
    for file, held in before.items():
        if held is None:
            file.unlink()
        else:
            file.write_bytes(held)


def lint(tree: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    words = [word for contract in contracts for word in ("--contract", contract)]
    return subprocess.run(
        [str(Path(sysconfig.get_path("scripts")) / "lint-imports"), "--no-cache", *words],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_all_contracts_are_kept(tree: Path) -> None:
    ended = lint(tree)

    assert ended.returncode == 0, ended.stdout[ended.stdout.find("Contracts\n") :]
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in ended.stdout


def test_every_contract_has_been_broken_here() -> None:
    assert set(BREAKS) == {contract["id"] for contract in CONTRACTS}


@pytest.mark.parametrize(
    ("contract", "file", "line"),
    [(contract, file, line) for contract, breaks in BREAKS.items() for file, line in breaks],
    ids=lambda value: value if value in BREAKS else None,
)
def test_a_violation_is_caught(
    tree: Path, changed: dict[Path, bytes | None], contract: str, file: str, line: str
) -> None:
    target = tree / file
    if target.with_suffix("").is_dir():  # a room that has become a package
        target = target.with_suffix("") / "__init__.py"
    changed[target] = target.read_bytes() if target.exists() else None
    with target.open("a") as out:
        out.write(f"\n{line}\n")

    ended = lint(tree, contract)

    broken = ended.stdout[ended.stdout.find("Broken contracts") :]
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "Contracts: 0 kept, 1 broken." in ended.stdout, ended.stdout + ended.stderr
    assert ".".join(Path(file).with_suffix("").parts).removesuffix(".__init__") in broken, broken


def test_proofs_import_the_standard_library_and_each_other_only() -> None:
    imported: set[str] = set()
    for file in (ROOT / "libs/common/src/proof").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, file
                imported.add((node.module or "").partition(".")[0])

    assert imported - set(sys.stdlib_module_names) <= {"proof"}
