"""A backup is restored with its own key and no other; what belongs to the log comes with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from common.backup.manifest import Manifest
from common.backup.restoring import checked, prepared
from common.backup.site import as_user, in_database, of_data, of_environment
from common.backup.taking import key_check
from common.errors import Refused

KEY = bytes(range(32))
ENVIRON = {"MORTISE_NATS_URL": "nats://n", "MORTISE_POSTGRES_DSN": "postgresql://admin:pw@db/postgres"}


def manifest(key: bytes | None = KEY) -> Manifest:
    return Manifest(
        taken_at="t",
        ended_at="t",
        position=0,
        calls=0,
        rounds=0,
        with_key=False,
        key_check=key_check(key) if key else None,
        servers={},
        streams=(),
        vault="vault.dump",
        environments=(),
        gateways=(),
        wal=True,
        files=(),
    )


def secrets(folder: Path, key: bytes = KEY) -> Path:
    folder.mkdir()
    (folder / "secret.key").write_text(key.hex())
    (folder / "kept.json").write_text(json.dumps({"operator_token": "t", "passwords": {"mortise_admin": "x"}}))
    return folder


def test_only_the_key_of_the_backup_opens_it() -> None:
    assert checked(manifest(), KEY, "x") == KEY
    assert checked(manifest(None), KEY, "x") == KEY
    for key, reason in ((None, "KEY_MISSING"), (bytes(32), "KEY_DIFFERENT")):
        with pytest.raises(Refused) as caught:
            checked(manifest(), key, "x")
        assert caught.value.reason == reason


def test_a_new_directory_gets_the_key_and_the_operators_words_and_no_password_of_a_server(tmp_path: Path) -> None:
    data = tmp_path / "data"

    assert prepared(manifest(), data, secrets(tmp_path / "secrets")) == []

    assert (data / "secret.key").read_text() == KEY.hex()
    assert json.loads((data / "kept.json").read_text()) == {"operator_token": "t"}
    assert {file.stat().st_mode & 0o777 for file in data.iterdir()} == {0o600}


def test_a_directory_with_another_key_is_left_as_it_is(tmp_path: Path) -> None:
    data = secrets(tmp_path / "data", bytes(32))
    before = {file.name: file.read_bytes() for file in data.iterdir()}

    with pytest.raises(Refused) as caught:
        prepared(manifest(), data, secrets(tmp_path / "secrets"))

    assert caught.value.reason == "KEY_DIFFERENT"
    assert {file.name: file.read_bytes() for file in data.iterdir()} == before


def test_without_a_key_nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MORTISE_SECRET_KEY", "MORTISE_SECRET_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Refused, match="missing"):
        prepared(manifest(), tmp_path / "data", None)

    assert not (tmp_path / "data").exists()


def test_a_key_alone_leaves_the_operators_words_to_him(tmp_path: Path) -> None:
    only = secrets(tmp_path / "secrets")
    (only / "kept.json").unlink()

    (warning,) = prepared(manifest(), tmp_path / "data", only)

    assert "operator" in warning


def test_servers_of_ones_own_are_named_as_bootstrap_wants_them(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(KEY.hex())
    named = {"MORTISE_PASSWORD_PROVISION": "p", "MORTISE_SECRET_KEY_FILE": str(key), "MORTISE_WAL_DIR": "wal"}

    site = of_environment({**ENVIRON, **named})

    assert site.platform_dsn == "postgresql://admin:pw@db/mortise"
    assert site.provision_dsn == "postgresql://mortise_provision:p@db/mortise"
    assert (site.secret_key, site.wal) == (KEY, Path("wal"))
    assert in_database(as_user("postgresql://a:b@h:1/x?sslmode=require", "c", "d"), "y") == (
        "postgresql://c:d@h:1/y?sslmode=require"
    )


@pytest.mark.parametrize(
    "environ", [{}, ENVIRON, {**ENVIRON, "MORTISE_PROVISION_DSN": "postgresql://p", "MORTISE_SECRET_KEY": "no hex"}]
)
def test_what_is_missing_or_wrong_is_named(environ: dict[str, str]) -> None:
    with pytest.raises(Refused, match=r"Missing|secret key"):
        of_environment(environ)


def test_a_directory_without_a_running_stack_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="No stack runs"):
        of_data(tmp_path)
