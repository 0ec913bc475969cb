"""What bootstrap writes when it is asked to: secrets, and configurations of nats-servers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from common.bootstrap import accounts, streams
from common.bootstrap.__main__ import main

THREE = "nats://one:4222,nats://two:4222,nats://three:4222"


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    passwords = accounts.fresh_passwords()
    for name, value in passwords.items():
        monkeypatch.setenv(accounts.password_variable(name), value)
    return passwords


def test_servers_of_a_cluster_know_each_other_and_the_same_accounts(
    known: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MORTISE_NATS_URL", THREE)

    assert main(["nats-configs", str(tmp_path)]) == 0

    configs = {file.stem: json.loads(file.read_text()) for file in tmp_path.iterdir()}
    assert {name: config["server_name"] for name, config in configs.items()} == {n: n for n in ("one", "two", "three")}
    routes = [f"nats-route://{accounts.ADMIN}:{known[accounts.ADMIN]}@{name}:6222" for name in ("one", "two", "three")]
    assert all(config["cluster"]["routes"] == routes for config in configs.values())
    assert len({json.dumps(config["authorization"]) for config in configs.values()}) == 1
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in tmp_path.iterdir())


@pytest.mark.usefixtures("known")
def test_a_server_alone_is_no_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MORTISE_NATS_URL", "nats://nats:4222")

    for _ in range(2):
        assert main(["nats-configs", str(tmp_path)]) == 0

    assert "cluster" not in json.loads((tmp_path / "nats.conf").read_text())


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("urls", ["", "nats://a:4222,nats://a:4222", "a:4222"])
def test_addresses_that_do_not_name_every_server_once_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], urls: str
) -> None:
    monkeypatch.setenv("MORTISE_NATS_URL", urls)

    assert main(["nats-configs", str(tmp_path)]) == 1
    assert "must name every server once" in capsys.readouterr().err


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("MORTISE_NATS_REPLICAS", "2", "must be 1, 3 or 5, not '2'"),
        ("MORTISE_NATS_URL", " , ", "names no server: ' , '"),
        ("MORTISE_POSTGRES_PASSWORD_FILE", "/nowhere", "cannot be read"),
    ],
)
def test_a_wrong_variable_is_named_before_anything_is_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, said: str
) -> None:
    monkeypatch.setenv("MORTISE_NATS_URL", THREE)
    monkeypatch.setenv("MORTISE_POSTGRES_DSN", "postgresql://db")
    monkeypatch.setenv(name, value)

    assert main([]) == 1
    assert said in capsys.readouterr().err


def test_no_stream_with_copies_is_compressed() -> None:
    """A killed nats-server 2.15.1 could not read its copy of a compressed stream again."""
    assert {config.get("compression", "none") for config in streams.streams(3).values()} == {"none"}
    assert {config["num_replicas"] for config in streams.streams(3).values()} == {3}
