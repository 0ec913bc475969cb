"""Standing it up: starts again what dies, leaves nothing behind, and says clearly why it cannot start."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import asyncpg
import nats
import pytest

from common.devstack.services import VARIABLES
from tests.support.stack import ALL, LIFTED, Stack, a_directory

SERVERS: Final = ("nats-server", "postgres")


@pytest.fixture
def data() -> Iterator[Path]:
    with a_directory() as path:
        yield path


def refused(data: Path, *words: str, environ: dict[str, str] | None = None) -> str:
    """What the stack says when it does not start."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MORTISE_")}
    ended = subprocess.run(
        [sys.executable, "-m", "common.devstack", "--data", str(data), "--services", "", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**clean, **(environ or {})},
    )
    assert ended.returncode == 1, ended
    assert "Traceback" not in ended.stderr
    return ended.stderr


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


# --- what it says when it is ready --------------------------------------------------------------------------------


def test_state_is_for_its_owner_alone_and_names_everything_that_runs(servers: Stack) -> None:
    state = servers.state

    assert (servers.data / "state.json").stat().st_mode & 0o777 == 0o600
    assert {"url", "admin_token", "nats_url", "postgres_dsn", "pids", "layout"} <= set(state)
    assert set(state["pids"]) == {"devstack", *SERVERS}
    assert all(lives(pid) for pid in state["pids"].values())


def test_secrets_lie_in_files_that_nobody_else_can_read(servers: Stack) -> None:
    for file in servers.data.rglob("*"):
        if file.is_file() and "data" not in file.parts[len(servers.data.parts) :]:
            assert file.stat().st_mode & 0o077 == 0, file


async def test_streams_are_kept_for_ever_or_as_long_as_promised(servers: Stack) -> None:
    admin = await nats.connect(servers.nats_url)
    try:
        held: dict[str, dict[str, Any]] = {}
        for name in ("EVT", "CALLS", "DATA", "LOGS", "RUNS", "ACCESS", "DOCUMENTS", "KV_API", "OBJ_BLOBS"):
            answer = await admin.request(f"$JS.API.STREAM.INFO.{name}", b"")
            held[name] = json.loads(answer.data)["config"]
    finally:
        await admin.close()

    day = 24 * 3600 * 10**9
    assert {name: config["max_age"] // day for name, config in held.items()} == {
        "EVT": 0,
        "CALLS": 400,
        "DATA": 7,
        "LOGS": 0,  # every message ends by its own time
        "RUNS": 30,
        "ACCESS": 365,
        "DOCUMENTS": 60,
        "KV_API": 0,
        "OBJ_BLOBS": 0,
    }
    assert {name for name, config in held.items() if config["deny_purge"]} == {"EVT", "CALLS"}
    assert held["EVT"]["allow_atomic"]
    assert held["EVT"]["deny_delete"]
    assert held["EVT"]["max_age"] == 0
    assert not held["EVT"].get("allow_msg_schedules")
    assert not held["EVT"].get("allow_msg_ttl")


# --- what it does when something dies -----------------------------------------------------------------------------


def test_what_is_killed_runs_again(data: Path) -> None:
    with Stack(data, services=()) as stack:
        before = stack.pids
        for name in SERVERS:
            stack.kill(name)
        after = stack.pids

        assert {name for name in after if after[name] != before[name]} == set(SERVERS)
        assert stack.state["nats_url"] == stack.nats_url


async def test_what_was_acknowledged_survives_the_death_of_its_server(data: Path) -> None:
    with Stack(data, services=()) as stack:
        client = await nats.connect(stack.nats_url)
        connection = await asyncpg.connect(stack.postgres_dsn, ssl=False)
        await connection.execute("create table kept (n int); insert into kept values (1)")
        written = await client.jetstream().publish("evt._.audit.log.kept", b"{}")
        connection.terminate()
        await client.close()

        for name in SERVERS:
            stack.kill(name)

        client = await nats.connect(stack.nats_url)
        connection = await asyncpg.connect(stack.postgres_dsn, ssl=False)
        assert (await client.jetstream().get_msg("EVT", written.seq)).subject == "evt._.audit.log.kept"
        assert await connection.fetchval("select n from kept") == 1
        await connection.close()
        await client.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_ends_everything_in_order(data: Path, number: signal.Signals) -> None:
    with Stack(data, services=()) as stack:
        pids = stack.pids
        code = stack.stop(number)

    assert code == 0
    assert not any(lives(pid) for pid in pids.values())
    assert not (data / "state.json").exists()
    assert "database system is shut down" in (data / "logs" / "postgres.log").read_text()


def test_killed_itself_it_leaves_no_orphans_and_starts_again_with_the_same_data(data: Path) -> None:
    with Stack(data, services=()) as stack:
        pids, token = stack.pids, stack.admin_token
        stack.stop(signal.SIGKILL)
        stack.until(lambda: not any(lives(pid) for pid in pids.values()), 20, "every process to be gone")

    with Stack(data, services=()) as stack:
        assert stack.admin_token == token


def test_strays_of_a_killed_run_are_ended_but_a_reused_pid_is_left_alone(data: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "600"]) as stray, subprocess.Popen(["/bin/sleep", "600"]) as bystander:
        started = Path(f"/proc/{stray.pid}/stat").read_text().rpartition(")")[2].split()[19]
        (data / "pids.json").write_text(json.dumps({str(stray.pid): started, str(bystander.pid): "12345"}))
        try:
            with Stack(data, services=()):
                assert stray.wait(10) < 0
                assert bystander.poll() is None
        finally:
            bystander.kill()
            stray.kill()


# --- with all services --------------------------------------------------------------------------------------------


def test_every_process_of_the_whole_stack_runs_again_at_the_same_address_and_none_outlives_it(data: Path) -> None:
    with Stack(data, workers=2) as stack:
        before, url = stack.pids, stack.url
        assert set(before) == {"devstack", *SERVERS, "gateway-0", "gateway-1", *(f"{name}-0" for name in ALL)}

        for name in set(before) - {"devstack"}:
            stack.kill(name)

        after = stack.pids
        assert {name for name in after if after[name] == before[name]} == {"devstack"}
        assert stack.url == url
        assert stack.http.get("/healthz").status_code == 200

        stack.stop(signal.SIGKILL)
        stack.until(lambda: not any(lives(pid) for pid in after.values()), 20, "every process to be gone")


@pytest.mark.parametrize("service", ALL)
def test_a_service_is_told_what_is_its_own_and_nothing_more(stack: Stack, service: str) -> None:
    told = stack.environment(service)

    # What an operator sets himself reaches everybody.
    assert {name for name in told if name.startswith("MORTISE_")} == set(VARIABLES[service]) | set(LIFTED)
    others = [stack.account(name)[1] for name in (*ALL, "admin") if name != service]
    assert not [value for value in told.values() for secret in others if secret in value]
    assert (stack.account("provision")[1] in told.get("MORTISE_PROVISION_DSN", "")) == (service == "provisioner")


def test_what_is_forked_shares_no_randomness() -> None:
    script = """
import importlib, os, random, secrets, sys, uuid
from common.devstack.supervisor import LIBRARIES
for library in LIBRARIES:
    importlib.import_module(library)
from common import clock
assert os.listdir("/proc/self/task") == [str(os.getpid())], "a thread would not survive the fork"
for _ in range(3):
    if os.fork() == 0:
        print(clock.new_id()[14:], clock.secret(""), random.random(), secrets.token_hex(8), uuid.uuid4())
        sys.stdout.flush()
        os._exit(0)
    os.wait()
"""
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()

    assert len(said) == 15
    assert len(set(said)) == 15


# --- what it says when it cannot start ----------------------------------------------------------------------------


def test_a_port_in_use_is_named_together_with_the_way_out(data: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]

        said = refused(data, "--port", str(port))

    assert f"Port {port}" in said
    assert "--port" in said


def test_a_directory_is_for_one_stack_at_a_time(servers: Stack) -> None:
    assert "in use by a stack that runs already" in refused(servers.data, "--port", "0")


def test_a_directory_of_a_newer_version_is_left_alone(data: Path) -> None:
    (data / "kept.json").write_text(json.dumps({"layout": 99}))

    said = refused(data, "--port", "0")

    assert "newer Mortise (layout 99" in said
    assert json.loads((data / "kept.json").read_text()) == {"layout": 99}


def test_a_directory_where_we_may_not_write_is_named(data: Path) -> None:
    shut = data / "shut"
    shut.mkdir(0o555)
    # What only reading allows does not stop root; the kernel's own file system does.
    where = Path("/sys/mortise") if os.geteuid() == 0 else shut / "new"

    said = refused(where, "--port", "0")

    assert str(where) in said
    assert "--data" in said


def test_a_file_where_the_directory_should_be_is_named(data: Path) -> None:
    (data / "file").write_text("")

    assert "cannot be used as data directory" in refused(data / "file", "--port", "0")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as somebody else")
def test_a_directory_that_the_servers_cannot_reach_is_named_with_the_way_out(data: Path) -> None:
    data.chmod(0o700)

    said = refused(data / "inside", "--port", "0")

    assert f"chmod o+x {data}" in said


def test_unknown_services_and_numbers_of_workers_are_refused(data: Path) -> None:
    assert "--services: unknown shop" in refused(data, "--services", "shop")
    assert "--workers must be at least 1, not 0" in refused(data, "--workers", "0")


def test_databases_without_their_passwords_are_left_alone(data: Path) -> None:
    (data / "postgres" / "data").mkdir(parents=True)

    said = refused(data, "--port", "0")

    assert "no kept.json" in said
    assert list((data / "postgres" / "data").iterdir()) == []


def test_a_service_that_cannot_start_is_named_with_its_last_words(data: Path) -> None:
    said = refused(data, "--port", "0", "--services", "audit", environ={"MORTISE_LOG_LEVEL": "loud"})

    assert "audit-0 ends again and again" in said
    assert "'loud'" in said
    assert not (data / "state.json").exists()


def test_another_secret_key_than_the_kept_one_is_refused(data: Path) -> None:
    with Stack(data, services=(), environ={"MORTISE_SECRET_KEY": "a" * 64}):
        pass

    assert "differs from" in refused(data, "--port", "0", environ={"MORTISE_SECRET_KEY": "b" * 64})


# --- servers of somebody else -------------------------------------------------------------------------------------


async def test_servers_in_the_environment_win_over_our_own(servers: Stack, data: Path) -> None:
    environ = {"MORTISE_NATS_URL": servers.nats_url, "MORTISE_POSTGRES_DSN": servers.postgres_dsn}
    kept = json.loads((servers.data / "kept.json").read_text())
    (data / "kept.json").write_text(json.dumps({**kept, "ports": {}}))  # the accounts that those servers know

    with Stack(data, services=(), environ=environ) as stack:
        assert set(stack.pids) == {"devstack"}
        assert not (data / "postgres").exists()
        assert stack.postgres_dsn == servers.postgres_dsn


def test_a_nats_server_that_does_not_know_our_accounts_is_reported_with_the_way_out(servers: Stack, data: Path) -> None:
    environ = {"MORTISE_NATS_URL": servers.nats_url}

    said = refused(data, "--port", "0", environ=environ)

    assert "refuses mortise_" in said
    assert "python -m common.bootstrap nats-config" in said


def test_a_missing_right_on_postgresql_is_reported(servers: Stack, data: Path) -> None:
    user, password = servers.account("billing")
    where = servers.postgres_dsn.rpartition("@")[2].rpartition("/")[0]
    environ = {"MORTISE_POSTGRES_DSN": f"postgresql://{user}:{password}@{where}/mortise"}

    said = refused(data, "--port", "0", environ=environ)

    assert "CREATEDB and CREATEROLE" in said


def bootstrapped(environ: dict[str, str]) -> tuple[int, str]:
    command = [sys.executable, "-m", "common.bootstrap"]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)
    return ended.returncode, ended.stderr


async def test_bootstrap_needs_no_superuser(data: Path) -> None:
    with Stack(data, services=()) as stack:
        superuser = await asyncpg.connect(stack.postgres_dsn, ssl=False)
        await superuser.execute("drop database mortise")
        for role in ("registry", "provisioner", "gateway", "billing", "audit", "provision"):
            await superuser.execute(f"drop role mortise_{role}")
        await superuser.execute("create role maker login createdb createrole password 'maker'")
        await superuser.execute("grant connect on database postgres to maker")
        await superuser.close()
        where = stack.postgres_dsn.rpartition("@")[2]
        kept = json.loads((data / "kept.json").read_text())["passwords"]
        environ = {
            "MORTISE_NATS_URL": stack.nats_url,
            "MORTISE_POSTGRES_DSN": f"postgresql://maker:maker@{where}",
            **{f"MORTISE_PASSWORD_{name.removeprefix('mortise_').upper()}": value for name, value in kept.items()},
        }

        for _ in ("made", "made again"):
            assert bootstrapped(environ) == (0, "")

        registry = await asyncpg.connect(
            f"postgresql://mortise_registry:{kept['mortise_registry']}@{where.replace('/postgres', '/mortise')}",
            ssl=False,
        )
        await registry.execute("create table mine (a int)")
        assert await registry.fetchval("select count(*) from vault.passwords") == 0
        await registry.close()
