"""What a backup's commands say when they cannot do their work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from common.backup.files import Target
from common.backup.manifest import Manifest
from console.__main__ import main


def ended(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    with pytest.raises(SystemExit) as end:
        main(words)
    found = capfd.readouterr()
    assert isinstance(end.value.code, int)
    return end.value.code, found.out, found.err


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("MORTISE_NATS_URL", "MORTISE_POSTGRES_DSN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def an_empty_backup(folder: Path, **changes: object) -> Path:
    """A directory whose manifest names a file that is not there."""
    target = Target(folder / "backup")
    with target.file("vault.dump") as sink:
        sink.write(b"x")
    manifest = Manifest(
        taken_at="t",
        ended_at="t",
        position=0,
        calls=0,
        rounds=0,
        with_key=False,
        key_check=None,
        servers={},
        streams=(),
        vault="vault.dump",
        environments=(),
        gateways=(),
        wal=True,
        files=target.files(),
    )
    target.finish(manifest.model_copy(update=changes))
    return target.directory


def test_where_to_restore_has_to_be_said(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert ended(capfd, "restore", "backup")[0] == 2
    code, _, told = ended(capfd, "restore", "--data", "new")
    assert code == 2
    assert "backup is missing" in told
    assert ended(capfd, "restore", "backup", "--data", "new", "--up", "--json")[0] == 2
    assert list(here.iterdir()) == []


def test_a_backup_of_nothing_says_that_no_stack_runs(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, _, told = ended(capfd, "backup", "-o", "out", "--json")

    assert code == 3
    assert json.loads(told)["error"]["message"] == "No stack runs in .mortise."
    assert list(here.iterdir()) == []


def test_a_damaged_backup_is_exit_code_1_with_every_fault(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    backup = an_empty_backup(here)
    (backup / "vault.dump").write_bytes(b"y")

    code, _, told = ended(capfd, "backup", "verify", str(backup), "--json")

    error = json.loads(told)["error"]
    assert (code, error["reason"], len(error["faults"])) == (1, "BACKUP_DAMAGED", 1)


def test_a_restore_reads_the_backup_before_it_makes_anything(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    backup = an_empty_backup(here, version=7)

    code, _, told = ended(capfd, "restore", str(backup), "--data", "new", "--json")

    assert (code, json.loads(told)["error"]["reason"]) == (1, "BACKUP_FOREIGN")
    assert not (here / "new").exists()
