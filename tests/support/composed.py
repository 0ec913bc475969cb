"""Carries docker-compose.yml out without containers: its command lines, variables, secrets, volumes and health checks.

Every part has an address of its own on the loopback, so ports stay what the file says and names become addresses. What
an image would do before the command is done here for the two images that are not ours.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from common.bootstrap.__main__ import main as bootstrap
from common.devstack import servers
from tests.support import compose

ROOT: Final = Path(__file__).parents[2]
TEXT: Final = (ROOT / "docker-compose.yml").read_text()
HEALTH_SECONDS_MAX: Final = 60.0
WRITES_NAMES: Final = "nats-config"
"""The part that connects to nobody, and writes the names of others into files."""
_LOOK_AGAIN_SECONDS: Final = 0.3
_VARIABLE: Final = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


def told(environ: Mapping[str, str]) -> dict[str, Any]:
    """The file with variables in place, and only the parts whose profile is on."""
    text = _VARIABLE.sub(lambda found: environ.get(found[1]) or found[2] or "", TEXT)
    assert "${" not in text, "the file uses no other kind of variable"
    whole = compose.read(text)
    on = set(environ.get("COMPOSE_PROFILES", "").split(","))
    parts = whole["services"]
    whole["services"] = {name: part for name, part in parts.items() if on & set(part.get("profiles", on))}
    return whole


@dataclass
class Composed:
    """The parts as processes, for as long as the `with` lasts. `environ` is what `.env` would hold."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.file = told(self.environ)
        self.parts: dict[str, dict[str, Any]] = self.file["services"]
        chance = random.SystemRandom()
        net = f"127.{chance.randrange(16, 250)}.{chance.randrange(256)}"
        self.address = {name: f"{net}.{number}" for number, name in enumerate(self.parts, start=2)}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._done: set[str] = set()
        for path in (folder := self.folder, folder / "volumes", folder / "homes"):
            path.mkdir(exist_ok=True, mode=0o711)
        assert bootstrap(["secrets", str(self.folder / ".secrets")]) == 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def down(self) -> None:
        """End all parts: services at once, which are built to be killed at any time; servers in order."""
        for name, process in reversed(self.processes.items()):
            # The image of PostgreSQL is stopped by SIGINT, which waits for nobody.
            process.send_signal(signal.SIGINT if "image" in self.parts[name] else signal.SIGKILL)
        for process in self.processes.values():
            process.wait(30)

    def up(self, *names: str) -> None:
        """Start these parts, or all, after what they depend on."""
        for name in names or sorted(self.parts, key=lambda part: "depends_on" in self.parts[part]):
            if name in self.processes or name in self._done:
                continue
            for other, wanted in self.parts[name].get("depends_on", {}).items():
                self.up(other)
                if wanted["condition"] == "service_completed_successfully":
                    self._finish(other)
                elif wanted["condition"] == "service_healthy":
                    self.until_healthy(other)
            self._start(name)

    def secret(self, name: str) -> str:
        """What is in a file that `make secrets` writes."""
        file: str = self.file["secrets"][name]["file"]
        return (self.folder / file).read_text().strip()

    def log(self, name: str) -> str:
        """What a part has printed."""
        return (self.folder / f"{name}.log").read_text()

    def until_healthy(self, name: str) -> None:
        """Run the part's own health check until it is content."""
        _, *check = self.parts[name]["healthcheck"]["test"]
        words = self._here(name, check)
        deadline = time.monotonic() + HEALTH_SECONDS_MAX
        while (ended := subprocess.run(words, env=self._image(), capture_output=True, check=False)).returncode:
            assert self.processes[name].poll() is None, f"{name} ended:\n{self.log(name)}"
            assert time.monotonic() < deadline, f"{name}: {ended.stderr.decode()}\n{self.log(name)}"
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.processes[name].wait(_LOOK_AGAIN_SECONDS)

    # --- one part -------------------------------------------------------------------------------------------------

    def _start(self, name: str) -> None:
        part = self.parts[name]
        words = self._here(name, part["command"])
        environ = {key: self._text(name, value) for key, value in part.get("environment", {}).items()}
        user: dict[str, Any] = {}
        if part.get("image", "").startswith("nats:"):
            self._map_nats(name)
            words = [str(Path(sysconfig.get_path("scripts")) / "nats-server"), *words]
        elif part.get("image", "").startswith("postgres:"):
            user = _unprivileged()
            words = self._postgres(words, environ, user)
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                words, cwd=self._home(name), env={**self._image(), **environ}, stdout=log, stderr=log, **user
            )

    def _finish(self, name: str) -> None:
        if name not in self._done:
            code = self.processes.pop(name).wait(HEALTH_SECONDS_MAX)
            assert code == 0, f"{name} ended with {code}:\n{self.log(name)}"
            self._done.add(name)

    def _here(self, name: str, words: list[str]) -> list[str]:
        found = [self._text(name, word) for word in words]
        return [sys.executable, *found[1:]] if found[0] == "python" else found

    def _text(self, name: str, text: str) -> str:
        """A text of the part with what containers would give it: names, its own loopback, secrets, volumes."""
        names = "|".join(sorted(self.parts, key=len, reverse=True))
        if name != WRITES_NAMES:
            text = re.sub(rf"(?<![\w.-])({names})(?=:\d)", lambda found: self.address[found[1]], text)
        text = text.replace("127.0.0.1", self.address[name]).replace("0.0.0.0", self.address[name])  # noqa: S104 - what the file says
        for inside, outside in (*self._volumes(name), *self._secrets(name)):
            text = re.sub(rf"(?<![\w/]){inside}(?![\w-])", str(outside), text)
        return text.replace("/var/lib/mortise", str(self._home(name)))

    def _volumes(self, name: str) -> Iterator[tuple[str, Path]]:
        for volume in self.parts[name].get("volumes", ()):
            outside, inside = volume.split(":")[:2]
            if outside.startswith("./"):
                yield inside, ROOT / outside
                continue
            assert outside in self.file["volumes"], f"{outside} is not declared"
            path = self.folder / "volumes" / outside
            path.mkdir(exist_ok=True)
            yield inside, path

    def _secrets(self, name: str) -> Iterator[tuple[str, Path]]:
        """Only those that the part is given."""
        for secret in self.parts[name].get("secrets", ()):
            yield f"/run/secrets/{secret}", self.folder / self.file["secrets"][secret]["file"]

    def _home(self, name: str) -> Path:
        path = self.folder / "homes" / name
        path.mkdir(exist_ok=True)
        return path

    # --- images ---------------------------------------------------------------------------------------------------

    def _image(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}:{servers._postgres_binaries()}:/usr/bin:/bin"  # noqa: SLF001 - where they are
        kept = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
        return {"PATH": path, "PYTHONUNBUFFERED": "1", "LC_ALL": "C", **kept}

    def _map_nats(self, name: str) -> None:
        """Its configuration speaks of names, of every address and of a directory, as it must inside a container."""
        inside = next(iter(self.parts[name]["command"][1:]))
        file = Path(self._text(name, inside))
        config = json.loads(self._text(name, file.read_text()))
        file.write_text(json.dumps(config))

    def _postgres(self, words: list[str], environ: dict[str, str], user: dict[str, Any]) -> list[str]:
        """What the image does with a new volume: make a cluster, run the scripts of its directory."""
        volume = next(path for inside, path in self._volumes("postgres") if inside == "/var/lib/postgresql")
        data = volume / "18"
        # The image reads secrets as root or as its own user; here that user must be given them.
        keys = {name: volume / name for name in ("password_superuser", "password_postgres")}
        for name, path in keys.items():
            path.write_text(self.secret(name))
        for path in (volume, *keys.values()):
            path.chmod(0o700)
            if user:
                shutil.chown(path, user["user"])
        there = {"PGHOST": str(volume), "PGPASSWORD": self.secret("password_superuser")}

        def done(*words: str) -> None:
            environ = {**self._image(), **there}
            ended = subprocess.run(
                words, env=environ, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/", **user
            )
            assert ended.returncode == 0, ended.stdout.decode()

        pwfile, socket = f"--pwfile={keys['password_superuser']}", f"unix_socket_directories={volume}"
        flags = environ["POSTGRES_INITDB_ARGS"].split()
        done("initdb", "-D", str(data), "-U", "postgres", pwfile, "--no-sync", *flags)
        quiet = f"-c {socket} -c listen_addresses='' -c fsync=off"
        done("pg_ctl", "-D", str(data), "-w", "-o", quiet, "-l", str(volume / "log"), "start")
        for inside, script in self._volumes("postgres"):
            if inside.startswith("/docker-entrypoint-initdb.d/"):
                text = script.read_text()
                for name, path in keys.items():
                    text = text.replace(f"/run/secrets/{name}", str(path))
                done("/bin/sh", "-c", text)
        done("pg_ctl", "-D", str(data), "-w", "stop")
        return [*words, "-D", str(data), "-c", socket, "-c", f"listen_addresses={self.address['postgres']}"]


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL does not run as root."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
