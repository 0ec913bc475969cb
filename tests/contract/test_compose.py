"""docker-compose.yml and Dockerfile say the same as the stack on one machine: parts, commands, variables, settings."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any, Final

import pytest

from common.bootstrap import accounts
from common.bootstrap.__main__ import main
from common.devstack import servers
from common.devstack.services import TRACES, VARIABLES
from tests.support import compose

ROOT: Final = Path(__file__).parents[2]
FILE: Final = compose.read((ROOT / "docker-compose.yml").read_text())
PARTS: Final[dict[str, Any]] = FILE["services"]
NATS: Final = {"nats": "nats-data", "nats-2": "nats-2-data", "nats-3": "nats-3-data"}
KEY_FILE: Final = "MORTISE_SECRET_KEY_FILE"
ADDED: Final = {"MORTISE_POSTGRES_PASSWORD_FILE", "MORTISE_PROVISION_PASSWORD_FILE", *TRACES}
"""Passwords that stand in a DSN where the stack tells it, and what the stack passes on when it has it."""
SECRET: Final = re.compile("PASSWORD|TOKEN|SECRET")


def test_every_service_is_there_and_starts_the_module_that_the_stack_starts() -> None:
    assert set(PARTS) == {*NATS, "nats-config", "postgres", "bootstrap", *accounts.SERVICES}
    for service in accounts.SERVICES:
        assert PARTS[service]["command"] == ["python", "-m", service]
        assert PARTS[service]["build"]["args"] == {"SERVICE": service}
        assert importlib.util.find_spec(service) is not None


@pytest.mark.parametrize("service", accounts.SERVICES)
def test_a_service_is_told_what_the_stack_tells_it(service: str) -> None:
    given = set(PARTS[service]["environment"]) - ADDED
    kept_in_files = {name.removesuffix("_FILE") for name in given if name != KEY_FILE}
    assert kept_in_files | {KEY_FILE} == set(VARIABLES[service])


@pytest.mark.parametrize("service", accounts.SERVICES)
def test_a_service_uses_its_own_accounts_and_knows_no_other_password(service: str) -> None:
    environment: dict[str, str] = PARTS[service]["environment"]
    own = {f"password_{service}", "secret_key"}
    own |= {"password_provision"} if service == "provisioner" else set()
    own |= {"operator_password", "operator_token"} if service == "registry" else set()

    used = {value.removeprefix("/run/secrets/") for value in environment.values() if value.startswith("/run/secrets/")}

    assert environment["MORTISE_NATS_USER"] == accounts.account(service)
    assert environment["MORTISE_POSTGRES_DSN"].startswith(f"postgresql://{accounts.account(service)}@")
    assert set(PARTS[service]["secrets"]) == used == own


def test_every_secret_is_a_file_that_make_secrets_writes_where_only_its_owner_may_look(tmp_path: Path) -> None:
    folder = tmp_path / ".secrets"
    assert main(["secrets", str(folder)]) == 0
    written = {f"./.secrets/{file.name}" for file in folder.iterdir()}

    assert {secret["file"] for secret in FILE["secrets"].values()} == written
    assert set().union(*(part.get("secrets", ()) for part in PARTS.values())) == set(FILE["secrets"])
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len({file.read_text() for file in folder.iterdir()}) == len(written)
    assert main(["secrets", str(folder)]) == 1, "secrets in use are not written over"
    assert {"/.secrets", ".secrets/"} & set((ROOT / ".gitignore").read_text().split())


def test_no_secret_stands_in_the_file_or_in_an_environment() -> None:
    given = [value for part in PARTS.values() for value in part.get("environment", {}).items()]

    assert [name for name, value in given if SECRET.search(name) and not value.startswith("/run/secrets/")] == []
    assert [value for _, value in given if re.search(r"://[^/@]*:[^/@]*@", value)] == []
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*", "nothing enters an image unless it is named"


def test_bootstrap_is_told_all_that_it_needs() -> None:
    for part in ("bootstrap", "nats-config"):
        given = PARTS[part]["environment"]
        passwords = {accounts.password_variable(name) + "_FILE" for name in accounts.ACCOUNTS}
        assert passwords <= set(given)
        assert {value.removeprefix("/run/secrets/") for name, value in given.items() if name.endswith("_FILE")} == set(
            PARTS[part]["secrets"]
        )
    assert PARTS["bootstrap"]["command"] == ["python", "-m", "common.bootstrap"]
    assert PARTS["bootstrap"]["environment"]["MORTISE_NATS_REPLICAS"] == "${MORTISE_NATS_REPLICAS:-1}"


def test_postgresql_runs_with_the_settings_of_the_stack() -> None:
    command = PARTS["postgres"]["command"]
    given = dict(word.split("=", 1) for word in command[1:] if word != "-c")

    elsewhere = {"listen_addresses"}  # other containers are not on the loopback
    assert given == {name: value for name, value in servers.POSTGRES_SETTINGS.items() if name not in elsewhere}
    assert PARTS["postgres"]["image"] == "postgres:18"


def test_what_is_precious_lies_on_volumes() -> None:
    for name, data in NATS.items():
        assert f"{data}:/data" in PARTS[name]["volumes"]
    assert PARTS["postgres"]["volumes"][0] == "postgres-data:/var/lib/postgresql"
    wal = PARTS["gateway"]["environment"]["MORTISE_WAL_DIR"]
    assert PARTS["gateway"]["volumes"] == [f"gateway-wal:{wal}"]
    mounted = {name.partition(":")[0] for part in PARTS.values() for name in part.get("volumes", [])}
    assert {name for name in mounted if not name.startswith("./")} == set(FILE["volumes"])
    assert all((ROOT / name).is_file() for name in mounted if name.startswith("./"))


def test_whoever_starts_first_gives_every_volume_of_nats_to_the_user_that_writes_there() -> None:
    recipe = (ROOT / "services" / "Dockerfile").read_text()
    made = re.search(r"install -d -o mortise -g mortise -m 0700 (.*)", recipe)
    assert made is not None
    inside = {volume.partition(":")[2] for volume in PARTS["nats-config"]["volumes"]}

    assert {volume.partition(":")[0] for volume in PARTS["nats-config"]["volumes"]} >= set(NATS.values())
    assert inside <= set(made[1].split())
    assert "--uid 10001" in recipe
    assert "--gid 10001" in recipe
    assert {PARTS[name]["user"] for name in NATS} == {"10001:10001"}


def test_no_part_is_root_has_rights_of_root_or_writes_into_its_image() -> None:
    for name, part in PARTS.items():
        assert part["read_only"] == "true", name
        assert part["cap_drop"] == ["ALL"], name
        assert part["security_opt"] == ["no-new-privileges:true"], name
        assert "build" in part or part["user"] not in ("root", "0"), name
    assert "USER mortise" in (ROOT / "services" / "Dockerfile").read_text()


def test_every_part_waits_for_what_it_needs_and_runs_again_when_it_ends() -> None:
    once = {"nats-config", "bootstrap"}
    wanted = {
        **{name: {"nats-config": "service_completed_successfully"} for name in NATS},
        "bootstrap": {"nats": "service_healthy", "postgres": "service_healthy"},
        **{name: {"bootstrap": "service_completed_successfully"} for name in accounts.SERVICES},
    }
    found = {
        name: {other: how["condition"] for other, how in part["depends_on"].items()}
        for name, part in PARTS.items()
        if "depends_on" in part
    }

    assert found == wanted
    assert {name for name, part in PARTS.items() if part.get("restart") == "unless-stopped"} == set(PARTS) - once
    assert all("healthcheck" in part for name, part in PARTS.items() if name not in once)


def test_the_profile_adds_two_servers_that_are_like_the_first() -> None:
    differing = {"command", "volumes", "profiles"}
    first = {key: value for key, value in PARTS["nats"].items() if key not in differing}

    for number, name in enumerate(NATS, start=1):
        part = PARTS[name]
        assert {key: value for key, value in part.items() if key not in differing} == first
        assert part["command"] == ["-c", f"/config/{name}.conf"]
        assert part.get("profiles", []) == ([] if number == 1 else ["cluster"])


def test_only_the_gateway_is_reached_from_outside() -> None:
    assert {name for name, part in PARTS.items() if "ports" in part} == {"gateway"}


def test_nobody_works_as_superuser_of_the_databases() -> None:
    assert PARTS["bootstrap"]["environment"]["MORTISE_POSTGRES_DSN"].startswith("postgresql://mortise@")
    account = (ROOT / "services" / "postgres-account.sh").read_text()
    assert "create role mortise login createdb createrole password" in account
    assert "create role mortise superuser" not in account
    assert "password_superuser" not in PARTS["bootstrap"]["secrets"]


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
