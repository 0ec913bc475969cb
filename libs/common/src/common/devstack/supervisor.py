"""Start everything in order, say when it is ready, restart what dies, stop everything in order.

Servers first, then bootstrap, then all services side by side. Ready means that every process answered `/readyz` (or
its like) since it last started; only then `state.json` is there to be read.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from common import addresses
from common.bootstrap import accounts
from common.devstack import servers, services
from common.devstack.home import DevstackError, Home
from common.devstack.processes import Recipe, Running, end_strays, send, start, start_time

READY_SECONDS_MAX: Final = 90.0
BACKOFF_SECONDS: Final = (0.0, 0.1, 0.3, 1.0, 3.0, 5.0)
HOPELESS_FAILURES: Final = 4
"""So often a process may end before it was ever ready; while the stack runs there is no such limit."""
STEADY_SECONDS: Final = 10.0
"""A process that lived this long starts again without waiting."""
_TICK_SECONDS: Final = 0.05
_IDLE_SECONDS: Final = 1.0
_LOG_LINES_SHOWN: Final = 15

LIBRARIES: Final = (
    "asyncpg", "nats", "common.bootstrap.__main__", "pydantic", "sqlalchemy.ext.asyncio",
    "sqlalchemy.dialects.postgresql.asyncpg", "faststream.nats", "graphql", "ariadne", "aiohttp.web", "argon2",
    "cryptography.hazmat.primitives.ciphers.aead", "orjson", "prometheus_client", "structlog", "uvloop",
    "common.service",
)  # fmt: skip
"""Imported once, before the services are forked from this process; what bootstrap needs comes first."""


@dataclass(frozen=True)
class Options:
    """The command line."""

    host: str
    port: int
    workers: int
    services: tuple[str, ...]


@dataclass
class Part:
    """Something that is kept running."""

    name: str
    recipe: Callable[[], Recipe]
    answers: Callable[[int], bool]
    running: Running | None = None
    started_at: float = 0.0
    restart_at: float = 0.0
    failures: int = 0
    ready: bool = False


class Stopped(Exception):  # noqa: N818 - an order, not an error
    """Somebody asked the stack to end."""


class Supervisor:
    """The running stack of one data directory."""

    def __init__(self, home: Home, options: Options) -> None:
        self.home = home
        self.options = options
        self.parts: list[Part] = []
        self.health: dict[str, int] = {}
        self.asked_to_stop = 0
        self._wake, self._woken = socket.socketpair()
        self._door: socket.socket | None = None
        self.site = services.Site("", "", options.host, options.port, options.workers)
        self._own_nats = False

    def run(self) -> int:
        """Until somebody asks to stop; the exit code."""
        with self._signals():
            try:
                self._open_door()
                self.home.secret_key_file()
                self._end_strays()
                self._start_servers()
                for name in self.options.services:
                    for index in range(self.options.workers if name == "gateway" else 1):
                        self._add(self._service(name, index))
                self._until_ready(self.parts)
                self._say_ready()
                self._keep_running()
            except Stopped:
                return 0
            finally:
                self.home.forget_state()
                self._stop()
        return 0

    # --- start ----------------------------------------------------------------------------------------------------

    def _open_door(self) -> None:
        """Hold the public port for the gateway's workers, who share it."""
        host, port = self.options.host, self.options.port
        try:
            with socket.create_server((host, port)):
                pass  # nobody listens there, not even somebody who shares
            self._door = socket.socket()
            self._door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            self._door.bind((host, port))
        except OSError as error:
            raise DevstackError(
                f"Port {port} on {host} cannot be used: {error.strerror}. Choose another with --port N "
                "(0 takes any free one).",
            ) from error
        self.site = services.Site("", "", host, self._door.getsockname()[1], self.options.workers)

    def _end_strays(self) -> None:
        strays = end_strays(self.home.last_pids())
        if strays:
            say(f"ended {len(strays)} processes that an earlier run left behind")
        self.home.remember_pids({})

    def _start_servers(self) -> None:
        """nats-server and PostgreSQL answer, bootstrap is done, and the services' libraries are in memory."""
        self.home.keep()  # passwords first: a cluster made with forgotten ones would be lost
        nats_url, postgres_dsn = os.environ.get("MORTISE_NATS_URL"), os.environ.get("MORTISE_POSTGRES_DSN")
        making: Running | None = None
        local = ""
        if not postgres_dsn:
            make, postgres = servers.postgres(self.home)
            postgres_dsn, local = postgres.url, postgres.local
            part = Part("postgres", lambda: postgres.recipe, postgres.ready)
            if make is None:
                self._add(part)
            else:
                making = start(make)
        if not nats_url:
            nats = servers.nats(self.home)
            nats_url, self._own_nats = nats.url, True
            self._add(Part("nats-server", lambda: nats.recipe, nats.ready))
        self.home.keep()
        here = self.site
        self.site = services.Site(nats_url, postgres_dsn, here.host, here.port, here.workers, local)
        bootstrapping = self._import_libraries(servers_are_new=making is not None)
        if making is not None:
            self._finish(making)
            servers.finish_cluster(self.home)
            self._add(part)
        if bootstrapping is None:
            self._until_ready(self.parts)
            bootstrapping = self._bootstrap()
        self._finish(bootstrapping)

    def _import_libraries(self, *, servers_are_new: bool) -> Running | None:
        """Take the longest part of a start; bootstrap begins meanwhile if the servers answer, and is returned then."""
        bootstrapping: Running | None = None
        for library in LIBRARIES if self.options.services else ():
            importlib.import_module(library)
            if bootstrapping is None and not servers_are_new and self._look(self.parts):
                bootstrapping = self._bootstrap()
        gc.freeze()  # so that a collection in one service does not copy what all share
        return bootstrapping

    def _service(self, name: str, index: int) -> Part:
        node = f"{name}-{index}"

        def recipe() -> Recipe:
            port = servers.port_for(self.health, node)
            environ = services.environment(self.home, self.site, name, node=node, health_port=port)
            return Recipe(node, self._log(node), module=name, environ=environ)

        return Part(node, recipe, lambda _: servers.answers(self.health[node], "/readyz"))

    def _log(self, name: str) -> Path:
        return self.home.folder("logs") / f"{name}.log"

    def _add(self, part: Part) -> None:
        self.parts.append(part)
        self._start(part)

    def _start(self, part: Part) -> None:
        part.ready = False
        part.running = start(part.recipe())
        part.started_at = time.monotonic()
        self._remember_pids()

    def _bootstrap(self) -> Running:
        environ = services.bootstrap_environment(self.home, self.site, own_nats=self._own_nats)
        return start(Recipe("bootstrap", self._log("bootstrap"), module="common.bootstrap", environ=environ))

    def _finish(self, running: Running) -> None:
        """Wait for a process that ends by itself. Raises DevstackError with its last words when it failed."""
        while (code := _exit_code(running)) is None:
            self._pause(0.01)
        if code != 0:
            raise DevstackError(f"{running.recipe.name} failed:\n{_last_words(running.recipe.log)}")

    def _until_ready(self, parts: list[Part]) -> None:
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not self._look(parts):
            late = next(part for part in parts if not part.ready)
            hopeless = next((part for part in parts if part.failures >= HOPELESS_FAILURES), None)
            if hopeless is not None or time.monotonic() > deadline:
                blamed, log = hopeless or late, self._log((hopeless or late).name)
                how = "ends again and again" if hopeless else f"was not ready after {READY_SECONDS_MAX:.0f} s"
                raise DevstackError(f"{blamed.name} {how}. The end of {log}:\n{_last_words(log)}")
            self._pause(_TICK_SECONDS)

    # --- run ------------------------------------------------------------------------------------------------------

    def _keep_running(self) -> None:
        """Returns by raising Stopped."""
        all_ready = True
        while True:
            was_ready, all_ready = all_ready, self._look(self.parts)
            if all_ready and not was_ready:
                self._say_ready()
            self._pause(_IDLE_SECONDS if all_ready else _TICK_SECONDS)

    def _look(self, parts: list[Part]) -> bool:
        """Take note of what died, restart what is due, ask who is ready; whether all are."""
        for part in self.parts:
            if part.running is not None and (code := _exit_code(part.running)) is not None:
                self._died(part, code)
            if part.running is None and time.monotonic() >= part.restart_at:
                self._start(part)
        for part in parts:
            if part.running is not None and not part.ready:
                part.ready = part.answers(part.running.pid)
        return all(part.ready for part in parts)

    def _died(self, part: Part, code: int) -> None:
        steady = time.monotonic() - part.started_at > STEADY_SECONDS
        part.failures = 0 if steady else part.failures + 1
        wait = BACKOFF_SECONDS[min(part.failures, len(BACKOFF_SECONDS) - 1)]
        part.running, part.ready, part.restart_at = None, False, time.monotonic() + wait
        how = f"signal {-code}" if code < 0 else f"code {code}"
        say(f"{part.name} ended ({how}), starts again" + (f" in {wait} s" if wait else ""))
        for other in self.parts:  # who stands on it has to answer anew before all is ready
            other.ready = False

    def _say_ready(self) -> None:
        kept = self.home.kept
        nats_admin = addresses.with_user(self.site.nats_url, accounts.ADMIN, kept.passwords[accounts.ADMIN])
        self.home.say_state(
            {
                "url": self._url(),
                "admin_token": kept.operator_token,
                "operator": {"email": kept.operator_email, "password": kept.operator_password},
                "nats_url": nats_admin if self._own_nats else self.site.nats_url,
                "postgres_dsn": self.site.postgres_dsn,
                "pids": {"devstack": os.getpid()}
                | {part.name: part.running.pid for part in self.parts if part.running is not None},
                "environments": {
                    part.name: dict(part.running.recipe.environ)
                    for part in self.parts
                    if part.running is not None and part.running.recipe.module
                },
            },
        )
        say(f"ready: {self._url()}")

    def _url(self) -> str:
        host = "127.0.0.1" if self.site.host == "0.0.0.0" else self.site.host  # noqa: S104 - the address of all is nobody's
        return f"http://{host}:{self.site.port}"

    def _remember_pids(self) -> None:
        running = [part.running for part in self.parts if part.running is not None]
        self.home.remember_pids({process.pid: process.started for process in running})

    # --- stop -----------------------------------------------------------------------------------------------------

    def _stop(self) -> None:
        """The door first, so that nothing new comes in; then the other services; then what they stand on."""
        order = ("gateway-", "registry-", "provisioner-", "billing-", "audit-")
        self._stop_these([part for part in self.parts if part.name.startswith(order[0])])
        self._stop_these([part for part in self.parts if part.name.startswith(order[1:])])
        self._stop_these(self.parts)
        self.home.remember_pids({})

    def _stop_these(self, parts: list[Part]) -> None:
        ending = [part.running for part in parts if part.running is not None]
        for running in ending:
            send(running, running.recipe.stop)
        begun = time.monotonic()
        while alive := [running for running in ending if _exit_code(running) is None]:
            for running in alive:
                if self.asked_to_stop > 1 or time.monotonic() - begun > running.recipe.stop_seconds_max:
                    send(running, signal.SIGKILL)
            self._sleep(0.01)
        for part in parts:
            part.running = None

    # --- time and signals -----------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """SIGTERM, SIGINT and SIGHUP ask to stop; a second one asks not to wait. SIGCHLD only wakes us."""
        blocking = False
        os.set_blocking(self._wake.fileno(), blocking)
        os.set_blocking(self._woken.fileno(), blocking)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)

        def ask(_number: int, _frame: object) -> None:
            self.asked_to_stop += 1

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup means it
                signal.signal(number, ask)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)

    def _pause(self, seconds: float) -> None:
        """Wait, or less when something happens. Raises Stopped when somebody asked for it."""
        if not self.asked_to_stop:
            self._sleep(seconds)
        if self.asked_to_stop:
            raise Stopped

    def _sleep(self, seconds: float) -> None:
        select.select([self._woken], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            while self._woken.recv(1024):
                pass


def _exit_code(running: Running) -> int | None:
    """How the process ended, negative for a signal; None while it runs."""
    try:
        pid, status = os.waitpid(running.pid, os.WNOHANG)
    except ChildProcessError:
        return None if start_time(running.pid) == running.started else 0
    return os.waitstatus_to_exitcode(status) if pid else None


def _last_words(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return f"(nothing in {log})"
    return "\n".join(lines[-_LOG_LINES_SHOWN:])


def say(line: str) -> None:
    """One line for whoever watches; nobody has to."""
    with contextlib.suppress(OSError):
        print(f"mortise: {line}", flush=True)
        return
    with contextlib.suppress(OSError):  # the terminal or pipe is gone: the stack is not its servant
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
