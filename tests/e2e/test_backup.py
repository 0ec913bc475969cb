"""A backup taken under load, restored into an empty stack, and the log brought back from audit's copy: the drill."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import nats
import pytest

from common.backup.files import verified
from common.backup.restoring import held, restore
from common.backup.site import of_data
from common.backup.taking import take
from common.errors import Refused
from contracts.names import environment_id
from tests.faults import site
from tests.faults.drill import LEAST_CALLS, LEAST_COMMANDS, Drilled, Plan, drill, without_streams
from tests.support.stack import Stack

WAIT_SECONDS = 60.0
SERVICES = "{ services { id slug } }"
NEW = """mutation { createService(input: {name: "Newcomer", problem: "p", solution: "s", domain: Other,
  tags: ["new"]}) { service { id } } }"""
WIDER = "type Note @model {{ id: ID! @isUnique text: String! {more} }}"


@pytest.fixture(scope="module")
async def drilled() -> AsyncIterator[Drilled]:
    async with drill(Plan(before_seconds=0.5, commands_per_second=20, calls_per_second=60, churning=0)) as done:
        yield done


def test_everything_acknowledged_up_to_the_position_is_there_after_the_restore(drilled: Drilled) -> None:
    bad = [finding for finding in drilled.findings if not finding.good]

    assert bad == []
    assert drilled.acknowledged >= LEAST_COMMANDS
    assert drilled.calls >= LEAST_CALLS


def test_the_restored_log_is_the_log_message_by_message(drilled: Drilled) -> None:
    position = int(drilled.manifest["position"])

    assert 0 < position <= len(drilled.log)
    assert drilled.log_restored[:position] == drilled.log[:position]
    assert drilled.checked["fault"] is None
    assert drilled.checked["records"] >= position


def test_two_hundred_answers_and_a_bill_are_the_same_bytes_after_the_restore(drilled: Drilled) -> None:
    different = [question for question, before, after in drilled.answers if before != after]

    assert different == []
    assert len(drilled.answers) == 200


def test_every_stream_stands_where_the_backup_says(drilled: Drilled) -> None:
    backed_up = {each["name"]: each for each in drilled.manifest["streams"]}
    stand = {each["name"]: each for each in drilled.report["streams"]}

    assert stand.keys() == backed_up.keys() >= {"EVT", "CALLS", "OBJ_BLOBS"}
    assert all(stand[name]["first"] == each["first"] for name, each in backed_up.items())
    assert all(stand[name]["last"] >= each["last"] for name, each in backed_up.items())
    assert stand["EVT"]["last"] == drilled.manifest["position"]


def test_a_flipped_byte_in_any_file_of_a_real_backup_is_found(drilled: Drilled) -> None:
    files = sorted(path for path in drilled.backup.rglob("*") if path.is_file())
    kinds = {path.relative_to(drilled.backup).parts[0] for path in files}
    assert kinds >= {"streams", "environments", "wal", "secrets", "vault.dump", "manifest.json", "manifest.sha256"}
    for file in files:
        content = file.read_bytes()
        file.write_bytes(
            content[: len(content) // 2] + bytes([content[len(content) // 2] ^ 1]) + content[len(content) // 2 + 1 :]
        )
        with pytest.raises(Refused):
            verified(drilled.backup)
        file.write_bytes(content)
    verified(drilled.backup)


async def test_a_stack_that_holds_something_is_never_restored_into(
    drilled: Drilled, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = of_data(drilled.restored.data)
    for name, value in (
        ("MORTISE_NATS_URL", there.nats_url),
        ("MORTISE_POSTGRES_DSN", there.platform_dsn),
        ("MORTISE_PROVISION_DSN", there.provision_dsn),
        ("MORTISE_SECRET_KEY_FILE", str(drilled.restored.data / "secret.key")),
    ):
        monkeypatch.setenv(name, value)

    with pytest.raises(Refused) as caught:
        await restore(drilled.backup, None, None, lambda _: None)

    assert caught.value.reason == "NOT_EMPTY"
    connection = await nats.connect(there.nats_url)
    in_the_way = await held(there, connection)
    await connection.close()
    for what in ("the stream EVT", "database or role env_", "the vault holds", "write-ahead logs"):
        assert any(what in each for each in in_the_way), what


def push(stack: Stack, service: str, more: str) -> str:
    """Declare another version; its name."""
    variables = {"service": service, "schema": WIDER.format(more=more)}
    return str(stack.asked(site.PUSH, variables)["pushService"]["name"])


def serving(stack: Stack, service: str) -> None:
    """Wait until a new service is there and serves."""

    def so() -> bool:
        answer = stack.query(site.ENVIRONMENTS, {"service": service})
        return "errors" not in answer and answer["data"]["environments"][0]["version"] == "0.0.1"

    stack.until(so, WAIT_SECONDS, "a new service to serve")


def version(stack: Stack, service: str) -> str:
    found = stack.asked(site.ENVIRONMENTS, {"service": service})["environments"]
    return next(str(each["version"]) for each in found if each["name"] == "private")


async def test_an_environment_that_is_deployed_to_meanwhile_is_copied_again_and_then_waits(
    drilled: Drilled, tmp_path: Path
) -> None:
    stack = drilled.restored
    service = stack.asked(SERVICES)["services"][0]["id"]
    private = environment_id(service, "private")
    names: list[str] = []
    copied: list[str] = []

    def meddle(line: str) -> None:
        # When the first copy is made and its lock is free again, a version goes live; after the second, they wait.
        if line.startswith("environment "):
            copied.append(line.split()[1])
        if private in copied[:-1] and not names:
            names.append(push(stack, service, "first: Int"))
            stack.until(lambda: version(stack, service) == names[0], WAIT_SECONDS, "the version to serve")
        if line == f"environment {private} copied, round 2":
            names.append(push(stack, service, "first: Int second: Int"))
            # What is new is deployed to, and what is copied is not, although it has waited for longer.
            serving(stack, stack.asked(NEW)["createService"]["service"]["id"])
            assert version(stack, service) == names[0]

    manifest = await take(of_data(stack.data), tmp_path / "backup", with_key=False, say=meddle)

    assert verified(tmp_path / "backup") == manifest
    assert manifest.rounds >= 3
    (again,) = [each for each in manifest.environments if each.environment == private]
    assert copied.count(private) >= 2
    assert again.warning is None
    assert again.model_sha == again.serves
    assert not any("secret" in str(file) for file in (tmp_path / "backup").rglob("*"))
    await asyncio.to_thread(stack.until, lambda: version(stack, service) == names[1], WAIT_SECONDS, "it to go on")


async def test_a_lost_event_log_comes_back_from_audits_copy_with_equal_positions(drilled: Drilled) -> None:
    said, log = await without_streams(drilled)

    assert log[: len(drilled.log)] == drilled.log
    assert said["position"] >= len(drilled.log)
    assert said["stored"] == said["position"]
    assert 0 < said["head"] <= said["position"]
    known: dict[str, Any] = {each["projection"]: each["because"] for each in said["replayed"]}
    assert not any("EVT" in because for because in known.values()), known
