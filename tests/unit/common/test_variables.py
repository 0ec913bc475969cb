"""What a process is told: in its environment or in files, of one server or of several."""

from __future__ import annotations

from pathlib import Path

import pytest

from common import addresses, variables
from common.settings import Settings

CLUSTER = "nats://a:1, nats://b:2,nats://u:p@c:3"


def test_a_file_gives_what_the_environment_does_not(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from the file\n")

    found = variables.read({"MORTISE_NATS_PASSWORD_FILE": str(file), "OTHER_FILE": "/nowhere"})
    both = variables.read({"MORTISE_NATS_PASSWORD_FILE": str(file), "MORTISE_NATS_PASSWORD": "told"})

    assert found["MORTISE_NATS_PASSWORD"] == "from the file"
    assert both["MORTISE_NATS_PASSWORD"] == "told"
    assert "OTHER" not in found


def test_a_dsn_without_a_password_gets_its_own_with_every_character(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("a:b@c/d")
    environ = {
        "MORTISE_POSTGRES_DSN": "postgresql://maker@db:5432/mortise",
        "MORTISE_POSTGRES_PASSWORD_FILE": str(tmp_path / "password"),
        "MORTISE_PROVISION_DSN": "postgresql://other:kept@db/mortise",
        "MORTISE_PROVISION_PASSWORD": "never",
        "MORTISE_ENVIRONMENTS_DSN": "postgresql://db:5432",
    }

    found = variables.read(environ)

    assert found["MORTISE_POSTGRES_DSN"] == "postgresql://maker:a%3Ab%40c%2Fd@db:5432/mortise"
    assert found["MORTISE_PROVISION_DSN"] == "postgresql://other:kept@db/mortise"
    assert found["MORTISE_ENVIRONMENTS_DSN"] == "postgresql://db:5432"


def test_a_service_reads_its_secrets_from_files_and_names_one_that_is_missing(tmp_path: Path) -> None:
    for name, text in {"key": "ab" * 32, "password": "secret"}.items():
        (tmp_path / name).write_text(text)
    environ = {
        "MORTISE_SECRET_KEY_FILE": str(tmp_path / "key"),
        "MORTISE_NATS_PASSWORD_FILE": str(tmp_path / "password"),
        "MORTISE_POSTGRES_DSN": "postgresql://me@db/mortise",
        "MORTISE_POSTGRES_PASSWORD_FILE": str(tmp_path / "password"),
    }

    settings = Settings.read("audit", environ)

    assert (settings.nats_password, settings.postgres_dsn) == ("secret", "postgresql://me:secret@db/mortise")
    assert "secret" not in str(settings.masked().values())
    with pytest.raises(OSError, match="nowhere"):
        Settings.read("audit", {**environ, "MORTISE_NATS_PASSWORD_FILE": "/nowhere"})


def test_addresses_of_a_cluster_are_taken_one_by_one() -> None:
    assert addresses.each(CLUSTER) == ["nats://a:1", "nats://b:2", "nats://u:p@c:3"]
    assert addresses.bare(CLUSTER) == "nats://a:1,nats://b:2,nats://c:3"
    assert addresses.with_user(CLUSTER, "me", "pw") == "nats://me:pw@a:1,nats://me:pw@b:2,nats://me:pw@c:3"
    assert [addresses.has_user(urls) for urls in ("nats://u:p@a:1,nats://b:2", "nats://a:1")] == [True, False]
