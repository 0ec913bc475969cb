"""Data of one environment over HTTP: out as a stream that goes on after a break, in piece by piece, and away."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import httpx

from console import home, pieces
from console.client import PAUSE_SECONDS, TRIES_MAX, answer_of, failure_of, patiently, silent
from console.failures import Failure, usage
from console.home import read_json, write_secret

SECONDS_MAX: Final = 120.0
KEPT: Final = "What came so far is kept; run the command again."
PROBLEMS_MAX: Final = 100
SNAPSHOT: Final = "mortise-snapshot"

Progress = Callable[[str, int, int], None]
"""Told a stage, and how much of how much is done, in bytes; of an export the whole is not known and told as 0."""


@dataclass(frozen=True)
class Sent:
    """An import that is done."""

    nodes: int
    edges: int
    lonely: list[dict[str, Any]]
    """Nodes that lack a partner which they must have."""


class Environment:
    """The doors for data of one environment, opened with the login in force."""

    def __init__(self, endpoint: str, name: str) -> None:
        login = home.current()
        self.endpoint = endpoint
        self.name = name
        self._url = f"{login.url}/{endpoint}"
        headers = {"x-user-authorization": login.token} if login.token else {}
        self._http = httpx.Client(timeout=SECONDS_MAX, trust_env=False, headers=headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    # --- out ----------------------------------------------------------------------------------------------------------

    def export(self, target: Path, type_: str | None, progress: Progress) -> int:
        """Everything as NDJSON, or the sheet of a type, into a file that is there when it is complete; its bytes.

        Raises Failure. What is not complete stays beside it as `<file>.part`.
        """
        part = target.with_name(f"{target.name}.part")
        asked: dict[str, str] = {"form": "csv", "type": type_} if type_ else {"form": "ndjson"}
        size, tries = 0, 0
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(b"")
        except OSError as error:
            raise usage(f"{part} cannot be written: {error.strerror}.") from None
        while True:
            try:
                for data, snapshot in self._stream(asked):
                    with part.open("ab") as file:
                        file.write(data)
                    size += len(data)
                    asked |= {"snapshot": snapshot, "offset": str(size)}
                    progress("exporting", size, 0)
                break
            except httpx.TransportError as error:
                tries += 1
                if tries == TRIES_MAX or isinstance(error, httpx.ConnectError):
                    raise silent(self._url, error, KEPT) from None
                time.sleep(PAUSE_SECONDS * tries)  # the connection broke: not at once
            finally:
                if not size:
                    part.unlink(missing_ok=True)
        part.replace(target)
        return size

    def _stream(self, asked: dict[str, str]) -> Any:
        with self._http.stream("GET", f"{self._url}/export", params=asked) as response:
            if response.status_code != httpx.codes.OK:
                response.read()
                raise _refusal(self._url, response)
            snapshot = response.headers.get(SNAPSHOT, "")
            for data in response.iter_raw():
                yield data, snapshot

    # --- in -----------------------------------------------------------------------------------------------------------

    def begin(self, *, type_: str | None, append: bool) -> dict[str, Any]:
        """A new import; what replacing would take away stands in its `present` and `cut`. Raises Failure."""
        asked = {"form": "csv" if type_ else "ndjson", "mode": "append" if append else "replace"}
        return self._step(b"", {**asked, "type": type_} if type_ else asked)

    def send(self, path: Path, work: Work, progress: Progress, *, force: bool) -> Sent:
        """Send a file from where `work` says to its end, as often as there are stages. Raises Failure.

        Where it stands is kept beside the file after every piece, so that whoever is interrupted can go on.
        """
        size = path.stat().st_size
        while True:
            problems: list[dict[str, Any]] = []
            with path.open("rb") as file:
                if work.type is not None:
                    found = pieces.records(file, pieces.header(file), work.offset)
                else:
                    found = pieces.lines(file, work.offset)
                for piece in found:
                    told = self._step(piece.data, {"transfer": work.token})
                    problems += [one for one in told["problems"] if one not in problems]
                    work.keep(path, told, piece.end)
                    progress(work.stage, piece.end, size)
                    if len(problems) >= PROBLEMS_MAX:
                        break
            if problems:
                work.forget(path)
                raise _unfit(path, problems[:PROBLEMS_MAX])
            told = self._step(
                b"",
                {
                    "transfer": work.token,
                    "end": "true",
                    "confirm": self.endpoint,
                    "force": "true" if force else "false",
                },
            )
            if told["transfer"] is None:
                work.forget(path)
                return Sent(told["nodes"], told["edges"], told["problems"])
            work.keep(path, told, 0)

    # --- away ---------------------------------------------------------------------------------------------------------

    def drop(self, *, force: bool) -> int:
        """Take all data away; how many nodes. Raises Failure."""
        body = {"confirm": self.endpoint, "force": force}
        return int(self._asked(lambda: self._http.post(f"{self._url}/drop", json=body))["removed"])

    def _step(self, data: bytes, asked: dict[str, str]) -> dict[str, Any]:
        return self._asked(lambda: self._http.post(f"{self._url}/import", params=asked, content=data))

    def _asked(self, ask: Callable[[], httpx.Response]) -> dict[str, Any]:
        """The answer to a request that does no harm when it comes twice."""

        def read(response: httpx.Response) -> dict[str, Any]:
            if response.status_code != httpx.codes.OK:
                raise _refusal(self._url, response)
            return dict(response.json())

        return patiently(self._url, ask, read, KEPT)


@dataclass
class Work:
    """How far an import is. It is kept in `<file>.import.json` until it is done."""

    endpoint: str
    token: str
    stage: str
    type: str | None
    append: bool
    offset: int = 0
    line: int = 1

    def keep(self, path: Path, told: dict[str, Any], offset: int) -> None:
        """Note what was answered to the piece that ends at a byte of the file."""
        self.token, self.stage, self.offset, self.line = told["transfer"], told["stage"], offset, told["line"]
        write_secret(_state(path), {**vars(self), "file": _mark(path)})

    def forget(self, path: Path) -> None:
        """It is done, or has to begin again."""
        _state(path).unlink(missing_ok=True)


def begun(path: Path, endpoint: str, *, type_: str | None, append: bool) -> Work | None:
    """An import of this very file into this environment that was interrupted while it stored, if there is one."""
    kept = read_json(_state(path))
    if kept.pop("file", None) != _mark(path):
        return None
    try:
        work = Work(**kept)
    except TypeError:
        return None
    same = (work.endpoint, work.type, work.append) == (endpoint, type_, append)
    return work if same and work.stage != "check" else None


def _state(path: Path) -> Path:
    return path.with_name(f"{path.name}.import.json")


def _mark(path: Path) -> list[int]:
    """By what a file is known to be the same as before."""
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def _unfit(path: Path, found: list[dict[str, Any]]) -> Failure:
    some = "1 problem" if len(found) == 1 else f"{len(found)} problems"
    return Failure(
        f"{path} cannot be imported: {some}.",
        "Nothing was changed. Correct the file and import it again.",
        code="BAD_USER_INPUT",
        reason="IMPORT_INVALID",
        details={"problems": found},
    )


def _refusal(url: str, response: httpx.Response) -> Failure:
    errors = answer_of(url, response).get("errors") or [{}]
    return failure_of(errors[0])


def told(value: dict[str, Any]) -> str:
    """A problem of a file in one line."""
    field = f"{value['field']}: " if value.get("field") else ""
    quoted = f" ({json.dumps(value['value'], ensure_ascii=False)})" if value.get("value") is not None else ""
    return f"{field}{value['message']}{quoted}"
