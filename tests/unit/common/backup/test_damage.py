"""Every damage of a backup is found without restoring it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from common.backup.files import CHECK, MANIFEST, Target, contents, verified
from common.backup.frames import record
from common.backup.manifest import Environment, Gateway, Manifest, Stream
from common.errors import Refused
from common.stream import Message

LOG = [Message(at, f"evt._.registry.user.u{at}", f"id{at}", b'{"data":{}}') for at in range(1, 6)]


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """A small backup with a file of each kind."""
    target = Target(tmp_path / "backup")
    with target.file("streams/EVT.log.gz") as sink:
        sink.write(gzip.compress(b"".join(map(record, LOG)), mtime=0))
    for path in ("streams/CALLS.tar.s2", "vault.dump", "environments/env_1.dump", "wal/g1/epoch"):
        with target.file(path) as sink:
            sink.write(path.encode() * 3)
    common = {"config": {}, "state": {}, "first": 1}
    streams = (
        Stream(name="EVT", path="streams/EVT.log.gz", layout="events", last=5, messages=5, **common),
        Stream(name="CALLS", path="streams/CALLS.tar.s2", layout="snapshot", last=9, messages=9, **common),
    )
    environment = Environment(
        environment="1",
        database="env_1",
        path="environments/env_1.dump",
        position=3,
        model_sha="m",
        step=1,
        serves="m",
        underway=None,
    )
    target.finish(
        Manifest(
            taken_at="t",
            ended_at="t",
            position=5,
            calls=9,
            rounds=1,
            with_key=False,
            key_check=None,
            servers={},
            streams=streams,
            vault="vault.dump",
            environments=(environment,),
            gateways=(Gateway(gateway="g1", paths=("wal/g1/epoch",), epochs={}),),
            wal=True,
            files=target.files(),
        )
    )
    return target.directory


def refused(directory: Path) -> Refused:
    with pytest.raises(Refused) as caught:
        verified(directory)
    return caught.value


def test_a_backup_that_nobody_touched_is_whole(backup: Path) -> None:
    manifest = verified(backup)

    assert manifest.position == 5
    assert len(manifest.files) == 5


def test_a_flipped_bit_anywhere_is_found(backup: Path) -> None:
    found = 0
    for file in sorted(path for path in backup.rglob("*") if path.is_file()):
        held = file.read_bytes()
        for at in range(len(held)):
            file.write_bytes(held[:at] + bytes([held[at] ^ 1]) + held[at + 1 :])
            refused(backup)
            found += 1
        file.write_bytes(held)

    assert found > 1000
    verified(backup)


@pytest.mark.parametrize(
    "harm",
    [
        lambda file: file.unlink(),
        lambda file: file.write_bytes(file.read_bytes()[:-1]),
        lambda file: file.write_bytes(b""),
    ],
    ids=["missing", "shorter", "empty"],
)
def test_every_file_has_to_be_there_and_whole(backup: Path, harm: Callable[[Path], None]) -> None:
    for file in sorted(path for path in backup.rglob("*") if path.is_file()):
        held = file.read_bytes()
        harm(file)
        assert refused(backup).reason == "BACKUP_DAMAGED", file
        file.write_bytes(held)


def test_every_damaged_file_is_named_at_once(backup: Path) -> None:
    (backup / "vault.dump").unlink()
    (backup / "wal/g1/epoch").write_text("7")
    (backup / "streams/more").write_text("7")

    faults = refused(backup).details["faults"]

    assert [fault.partition(":")[0] for fault in faults] == ["vault.dump", "wal/g1/epoch", "streams/more"]


def test_a_manifest_of_another_version_is_not_read(backup: Path) -> None:
    value = json.loads((backup / MANIFEST).read_text())
    (backup / MANIFEST).write_text(json.dumps({**value, "version": 2}))

    refusal = refused(backup)

    assert refusal.reason == "BACKUP_FOREIGN"
    assert "2" in refusal.message


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"format": "other"}', "no json", '{"format": "mortise-backup", "version": 1}']
)
def test_what_is_no_manifest_is_refused(backup: Path, text: str) -> None:
    (backup / MANIFEST).write_text(text)

    assert refused(backup).reason in {"BACKUP_FOREIGN", "BACKUP_DAMAGED"}


def test_a_directory_without_a_manifest_is_no_backup(backup: Path) -> None:
    (backup / CHECK).unlink()

    with pytest.raises(Refused, match=CHECK):
        contents(backup)


def test_a_backup_is_never_written_over_something(backup: Path) -> None:
    with pytest.raises(Refused) as caught:
        Target(backup)

    assert caught.value.reason == "NOT_EMPTY"


def test_a_log_that_ends_elsewhere_than_the_manifest_says_is_found(tmp_path: Path, backup: Path) -> None:
    other = Target(tmp_path / "other")
    manifest = contents(backup)
    for each in manifest.files:
        data = (backup / each.path).read_bytes()
        if each.path == "streams/EVT.log.gz":
            data = gzip.compress(b"".join(map(record, LOG[:4])), mtime=0)
        with other.file(each.path) as sink:
            sink.write(data)
    other.finish(manifest.model_copy(update={"files": other.files()}))

    assert "ends at 4" in refused(tmp_path / "other").message


def test_a_manifest_says_loudly_whether_the_key_is_in_it(backup: Path) -> None:
    manifest = contents(backup)

    assert any("NOT in it" in each for each in manifest.warnings())
    assert any("SECRET KEY" in each for each in manifest.model_copy(update={"with_key": True}).warnings())
    assert any("Write-ahead" in each for each in manifest.model_copy(update={"wal": False}).warnings())
