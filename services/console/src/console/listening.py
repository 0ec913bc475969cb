"""Reading along with `/events`: server-sent events, gone on with wherever the connection broke."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

from console import home, screen
from console.client import PAUSE_SECONDS, TRIES_MAX, answer_of, failure_of, silent
from console.failures import Failure, unreachable, usage

SILENCE_SECONDS: Final = 60.0
"""The door says something every 15 seconds."""
AGAIN_SECONDS: Final = 1.0
PASSING: Final = frozenset({"SERVICE_UNAVAILABLE", "UNREACHABLE"})

Query = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Told:
    """One event: its cursor and its JSON text, as it came."""

    cursor: int
    text: str


def told(login: home.Login, query: Query, after: int | None, *, follow: bool) -> Iterator[Told]:
    """Events behind a cursor, each once and in order; without `follow` up to the end of the log.

    Whoever follows waits for as long as nobody answers. Raises Failure.
    """
    cursor, tries = after, 0
    with httpx.Client(timeout=httpx.Timeout(SILENCE_SECONDS), trust_env=False) as client:
        while True:
            try:
                for frame in _frames(client, login, _with(query, cursor, follow=follow)):
                    tries = 0
                    if frame.get("event") == "end":
                        if _is_over(json.loads(frame["data"])):
                            return
                        continue
                    cursor = int(frame["id"])
                    if "data" in frame:
                        yield Told(cursor, frame["data"])
            except httpx.TransportError as error:
                _again(silent(login.url, error, "Start Mortise, or say where it is with MORTISE_URL."), tries, follow)
            except Failure as failure:
                _again(failure, tries, follow)
            tries += 1
            time.sleep(AGAIN_SECONDS if follow else PAUSE_SECONDS)  # not at once: it went away a moment ago


def _again(failure: Failure, tries: int, follow: bool) -> None:  # noqa: FBT001 - of the caller, passed on
    """Go on after trouble that passes. Raises what does not, or what lasts."""
    if failure.code not in PASSING or (tries >= TRIES_MAX - 1 and not follow):
        raise failure
    if follow and tries == 0:
        screen.say(f"{failure.message} Trying again.")


def _with(query: Query, cursor: int | None, *, follow: bool) -> list[tuple[str, str]]:
    found = list(query)
    if cursor is not None:
        found.append(("after", str(cursor)))
    if not follow:
        found.append(("follow", "false"))
    return found


def _is_over(end: dict[str, Any]) -> bool:
    """Whether all was told; False when the door only wants to be asked again. Raises Failure."""
    if end.get("reason") == "DONE":
        return True
    if end.get("code") in PASSING:
        return False
    raise failure_of({"message": end.pop("message", ""), "extensions": end})


def _frames(client: httpx.Client, login: home.Login, query: Query) -> Iterator[dict[str, str]]:
    headers = {"authorization": f"Bearer {login.token}"} if login.token else {}
    if login.token and not (login.token.isascii() and login.token.isprintable()):
        raise usage("The token holds characters that no token has.", "Copy it again, or take MORTISE_TOKEN away.")
    with client.stream("GET", f"{login.url}/events", params=list(query), headers=headers) as response:
        if response.status_code != httpx.codes.OK:
            response.read()
            answer = answer_of(login.url, response)
            raise failure_of(answer["errors"][0])
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            raise unreachable(f"{login.url} tells no events.", "Check MORTISE_URL.")
        frame: dict[str, str] = {}
        for line in response.iter_lines():
            name, _, value = line.partition(": ")
            if not line:
                if frame.keys() & {"id", "event"}:
                    yield frame
                frame = {}
            elif name:
                frame[name] = f"{frame[name]}\n{value}" if name == "data" and "data" in frame else value
