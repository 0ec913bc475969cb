"""The verifier is a folder that a stranger copies: plain Python runs it, without the suite and its libraries."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import proof

BUNDLE = Path(__file__).parent / "bundle.json"


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """With the interpreter alone: no site-packages, no environment, nothing of ours but the copied folder."""
    shutil.copytree(Path(proof.__file__).parent, folder / "proof", dirs_exist_ok=True)
    command = [sys._base_executable, "-S", "-E", "-m", "proof", *words]  # type: ignore[attr-defined]  # noqa: SLF001 - the interpreter outside the venv
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_file_that_is_no_proof_is_not_decided(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[]")

    done = run(tmp_path, "x.json")

    assert done.returncode == 2, done.stderr
    assert "x.json" in done.stderr


def test_a_missing_file_is_not_decided(tmp_path: Path) -> None:
    done = run(tmp_path, "nothing.json")

    assert done.returncode == 2
    assert "cannot be read" in done.stderr


@pytest.mark.parametrize(("spoil", "code"), [("", 0), ("hashes", 1), ("leaf", 1), ("event", 1)])
def test_a_copied_folder_judges_a_proof(tmp_path: Path, spoil: str, code: int) -> None:
    bundle = json.loads(BUNDLE.read_text())
    if spoil == "hashes":
        bundle["hashes"][0] = f"{int(bundle['hashes'][0], 16) ^ 1:064x}"
    elif spoil:
        bundle[spoil] = bundle[spoil].replace('"e5"', '"e6"')
    (tmp_path / "proof.json").write_text(json.dumps(bundle))

    done = run(tmp_path, "proof.json")

    assert done.returncode == code, done.stdout + done.stderr
