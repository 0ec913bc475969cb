"""docker-compose.yml and Dockerfile say the same as the stack on one machine: parts, commands, variables, settings."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any, Final

import pytest

from common.bootstrap import accounts
from common.bootstrap.__main__ import Wanted, main
from common.devstack import servers
from common.devstack.services import VARIABLES
from tests.support import compose

ROOT: Final = Path(__file__).parents[2]
FILE: Final = compose.read((ROOT / "docker-compose.yml").read_text())
PARTS: Final[dict[str, Any]] = FILE["services"]


def test_every_service_is_there_and_starts_the_module_that_the_stack_starts() -> None:
    assert set(PARTS) == {"nats", "nats-config", "postgres", "bootstrap", *accounts.SERVICES}
    for service in accounts.SERVICES:
        assert PARTS[service]["command"] == ["python", "-m", service]
        assert PARTS[service]["build"]["args"] == {"SERVICE": service}
        assert importlib.util.find_spec(service) is not None


@pytest.mark.parametrize("service", accounts.SERVICES)
def test_a_service_is_told_what_the_stack_tells_it(service: str) -> None:
    assert sorted(PARTS[service]["environment"]) == sorted(VARIABLES[service])


@pytest.mark.parametrize("service", accounts.SERVICES)
def test_a_service_uses_its_own_accounts_and_knows_no_other_password(service: str) -> None:
    environment: dict[str, str] = PARTS[service]["environment"]
    own = {f"MORTISE_PASSWORD_{service.upper()}"} | (
        {"MORTISE_PASSWORD_PROVISION"} if service == "provisioner" else set()
    )

    used = {name for value in environment.values() for name in re.findall(r"MORTISE_PASSWORD_\w+", value)}

    assert environment["MORTISE_NATS_USER"] == accounts.account(service)
    assert environment["MORTISE_POSTGRES_DSN"].startswith(f"postgresql://{accounts.account(service)}:")
    assert used == own


def test_every_variable_that_must_be_given_is_written_by_make_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["passwords"]) == 0
    written = {line.partition("=")[0] for line in capsys.readouterr().out.splitlines()}
    text = (ROOT / "docker-compose.yml").read_text()

    assert set(re.findall(r"\$\{(MORTISE_\w+):\?", text)) | {FILE["secrets"]["secret_key"]["environment"]} == written


def test_bootstrap_is_told_all_that_it_needs() -> None:
    wanted = Wanted.read(PARTS["bootstrap"]["environment"])

    assert set(wanted.passwords) == set(accounts.ACCOUNTS)
    assert PARTS["bootstrap"]["command"] == ["python", "-m", "common.bootstrap"]
    accounts.passwords_from(PARTS["nats-config"]["environment"])


def test_postgresql_runs_with_the_settings_of_the_stack() -> None:
    command = PARTS["postgres"]["command"]
    given = dict(word.split("=", 1) for word in command[1:] if word != "-c")

    elsewhere = {"listen_addresses"}  # other containers are not on the loopback
    assert given == {name: value for name, value in servers.POSTGRES_SETTINGS.items() if name not in elsewhere}
    assert PARTS["postgres"]["image"] == "postgres:18"


def test_what_is_precious_lies_on_volumes() -> None:
    assert PARTS["nats"]["volumes"][1].startswith("nats-data:")
    assert PARTS["postgres"]["volumes"] == ["postgres-data:/var/lib/postgresql"]
    wal = PARTS["gateway"]["environment"]["MORTISE_WAL_DIR"]
    assert PARTS["gateway"]["volumes"] == [f"gateway-wal:{wal}"]
    assert {name.partition(":")[0] for part in PARTS.values() for name in part.get("volumes", [])} == set(
        FILE["volumes"]
    )


def test_only_the_gateway_is_reached_from_outside() -> None:
    assert {name for name, part in PARTS.items() if "ports" in part} == {"gateway"}


def test_nobody_works_as_superuser_of_the_databases() -> None:
    assert PARTS["bootstrap"]["environment"]["MORTISE_POSTGRES_DSN"].startswith("postgresql://mortise:")
    account = FILE["configs"]["postgres-account"]["content"]
    assert "create role mortise login createdb createrole password" in account
    assert "superuser" not in account


def test_one_recipe_makes_every_image() -> None:
    recipe = (ROOT / "services" / "Dockerfile").read_text()
    built = [part["build"] for part in PARTS.values() if "build" in part]

    assert all(build["dockerfile"] == "services/Dockerfile" and build["context"] == "." for build in built)
    assert recipe.count("ARG SERVICE") == 2
    assert "USER mortise" in recipe
    assert "--constraint requirements.lock" in recipe


def test_the_reader_refuses_what_it_does_not_understand() -> None:
    for text in ("a: &b\n  c: d\n e: f\n", "a:\n  - b\n  c: d\n", "just words\n", "a: 1\na: 2\n"):
        with pytest.raises((ValueError, AssertionError)):
            compose.read(text)
