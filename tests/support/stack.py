"""The product as a stranger would run it: `python -m common.devstack` on a directory of its own and a free port.

There is one way to stand Mortise up, and tests use it. Waiting is always for something: a line of the stack's output
or the end of a process wakes us.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx

ALL: Final = ("registry", "provisioner", "gateway", "billing", "audit")
READY_SECONDS_MAX: Final = 120.0
STOP_SECONDS_MAX: Final = 60.0
_LOOK_AGAIN_SECONDS: Final = 0.02
LIFTED: Final = {"MORTISE_QUOTAS": "off"}
"""Tests and benches call private, demo and dev far more often than people may; tests of limits say `on` themselves."""


@contextmanager
def a_directory() -> Iterator[Path]:
    """A fresh data directory that servers can reach which do not run as root (pytest's own are closed to them)."""
    with tempfile.TemporaryDirectory(prefix="mortise-test-", ignore_cleanup_errors=True) as path:
        Path(path).chmod(0o711)
        yield Path(path)


class StackError(Exception):
    """The stack ended or did not become ready; carries what it printed."""


class Stack:
    """A running stack, for as long as the `with` lasts. `services=()` starts nats-server and PostgreSQL alone."""

    def __init__(
        self,
        data: Path,
        *,
        services: Sequence[str] = ALL,
        workers: int = 1,
        port: int = 0,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.data = data
        self._words = ["--data", str(data), "--port", str(port), "--workers", str(workers)]
        self._words += ["--services", ",".join(services), "--with-parent"]
        self._environ = {name: value for name, value in os.environ.items() if not name.startswith("MORTISE_")}
        self._environ |= {**LIFTED, **(environ or {})}
        self.lines: list[str] = []
        self._told = threading.Condition()
        self.process: subprocess.Popen[str] | None = None
        self._client: httpx.Client | None = None

    # --- life -----------------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Start it and wait until it is ready. Raises StackError with its words when it does not become so."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "common.devstack", *self._words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environ,
            text=True,
        )
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()
        self.until(self._is_ready, READY_SECONDS_MAX, "the stack to be ready")
        return self

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; its exit code."""
        if self._client is not None:
            self._client.close()
            self._client = None
        assert self.process is not None, "the stack was started"
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS_MAX)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None, "its output is a pipe"
        with process.stdout:
            for line in process.stdout:
                with self._told:
                    self.lines.append(line.rstrip())
                    self._told.notify_all()
        with self._told:
            self._told.notify_all()

    def _is_ready(self) -> bool:
        assert self.process is not None, "the stack was started"
        if self.process.poll() is not None:
            raise StackError(f"the stack ended with code {self.process.returncode}:\n" + "\n".join(self.lines))
        return self._own_state() is not None

    def _own_state(self) -> dict[str, Any] | None:
        try:
            state: dict[str, Any] = json.loads((self.data / "state.json").read_text())
        except FileNotFoundError:
            return None
        return state if self.process is None or state["pids"]["devstack"] == self.process.pid else None

    def until(self, so: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait for something to be so. Raises StackError after that many seconds."""
        deadline = time.monotonic() + seconds
        with self._told:
            while not so():
                if time.monotonic() > deadline:
                    raise StackError(f"waited {seconds:.0f} s for {what}:\n" + "\n".join(self.lines[-30:]))
                self._told.wait(_LOOK_AGAIN_SECONDS)

    # --- what it says ---------------------------------------------------------------------------------------------

    @property
    def state(self) -> dict[str, Any]:
        """`state.json` as it is now."""
        state = self._own_state()
        assert state is not None, "the stack is ready"
        return state

    @property
    def url(self) -> str:
        """The public door."""
        return str(self.state["url"])

    @property
    def admin_token(self) -> str:
        """The operator's personal access token."""
        return str(self.state["admin_token"])

    @property
    def pids(self) -> dict[str, int]:
        """Process name (`registry-0`, `gateway-1`, `nats-server`, `postgres`) to pid."""
        return dict(self.state["pids"])

    @property
    def nats_url(self) -> str:
        """NATS as the admin user."""
        return str(self.state["nats_url"])

    @property
    def postgres_dsn(self) -> str:
        """PostgreSQL as superuser, database `postgres`."""
        return str(self.state["postgres_dsn"])

    def account(self, name: str) -> tuple[str, str]:
        """NATS user or PostgreSQL role, and its password: of a service by its name, else `admin` or `provision`."""
        user = f"mortise_{name}"
        return user, str(json.loads((self.data / "kept.json").read_text())["passwords"][user])

    def environment(self, service: str) -> dict[str, str]:
        """The environment a service's first process was started with."""
        return dict(self.state["environments"][f"{service}-0"])

    # --- what is done to it ---------------------------------------------------------------------------------------

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """End one process by its name and wait until the stack has another that is ready; the new pid."""
        old = self.pids[name]
        os.kill(old, number)

        def another_is_ready() -> bool:
            return self._is_ready() and self.pids.get(name, old) != old

        self.until(another_is_ready, READY_SECONDS_MAX, f"{name} to run again")
        return self.pids[name]

    # --- talking to it --------------------------------------------------------------------------------------------

    @property
    def http(self) -> httpx.Client:
        """A client of the public door."""
        if self._client is None:
            self._client = httpx.Client(base_url=self.url, timeout=30.0)
        return self._client

    def query(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The whole answer of the control API; as operator unless another token is given (`''` = none)."""
        credential = self.admin_token if token is None else token
        sent = {"Authorization": f"Bearer {credential}"} if credential else {}
        return self._post("/query", document, variables, {**sent, **(headers or {})})

    def asked(self, document: str, variables: Mapping[str, Any] | None = None, **how: Any) -> dict[str, Any]:
        """The data of an answer that must hold no errors."""
        answer = self.query(document, variables, **how)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def data_api(
        self,
        endpoint: str,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The whole answer of an environment's own API."""
        sent = {"Authorization": f"Bearer {key}"} if key else {}
        return self._post(f"/{endpoint}/graphql", document, variables, {**sent, **(headers or {})})

    def _post(
        self, path: str, document: str, variables: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        body = {"query": document, "variables": dict(variables or {})}
        answer: dict[str, Any] = self.http.post(path, json=body, headers=dict(headers)).json()
        return answer
