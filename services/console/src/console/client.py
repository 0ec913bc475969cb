"""The control API over HTTP: one document in, its data out, or a Failure."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any, Final

import httpx

from console import home
from console.failures import REFUSED, UNREACHABLE, Failure, unreachable, usage

SECONDS_MAX: Final = 60.0
TRIES_MAX: Final = 5
PAUSE_SECONDS: Final = 0.4

HINTS: Final = {"UNAUTHENTICATED": "Sign in with `mortise login`, or set MORTISE_TOKEN."}
"""What the API's hint means at a terminal."""


class Client:
    """A caller of one Mortise, who reads his own writes.

    Mutations carry an Idempotency-Key, so one that was not answered is sent again without harm.
    """

    def __init__(self, login: home.Login) -> None:
        self.url = login.url
        self._http = httpx.Client(timeout=SECONDS_MAX, trust_env=False)
        if login.token and not (login.token.isascii() and login.token.isprintable()):
            raise usage("The token holds characters that no token has.", "Copy it again, or take MORTISE_TOKEN away.")
        self._headers = {"authorization": f"Bearer {login.token}"} if login.token else {}
        self._position: str | None = None

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """The `data` of the answer. Raises Failure for the first error."""
        headers = dict(self._headers)
        if self._position:
            headers["mortise-position"] = self._position
        if document.lstrip().startswith("mutation"):
            headers["idempotency-key"] = secrets.token_hex(16)
        body = {"query": document, "variables": {name: value for name, value in variables.items() if value is not None}}

        def read(response: httpx.Response) -> dict[str, Any]:
            answer = answer_of(self.url, response)
            if errors := answer.get("errors"):
                raise failure_of(errors[0])
            self._position = response.headers.get("mortise-position", self._position)
            return dict(answer["data"])

        try:
            return patiently(self.url, lambda: self._http.post(f"{self.url}/query", json=body, headers=headers), read)
        except httpx.InvalidURL as error:
            raise usage(f"{self.url!r} is not an address: {error}.", "Check MORTISE_URL.") from None


def signed_in() -> Client:
    """A client with the login in force."""
    return Client(home.current())


def patiently(
    url: str,
    send: Callable[[], httpx.Response],
    read: Callable[[httpx.Response], dict[str, Any]],
    hint: str = "Start Mortise with `mortise up`, or say where it is with MORTISE_URL.",
) -> dict[str, Any]:
    """What `read` makes of the answer to a request that does no harm when it comes twice.

    It is sent again, after a pause, when the answer did not come, or when `read` raises a Failure that says that the
    service is not available just now. Raises Failure; at once, with `hint`, when nobody listens at all.
    """
    for attempt in range(1, TRIES_MAX + 1):
        try:
            return read(send())
        except httpx.TransportError as error:
            if attempt == TRIES_MAX or isinstance(error, httpx.ConnectError):
                raise silent(url, error, hint) from None
        except Failure as failure:
            if failure.code != "SERVICE_UNAVAILABLE" or attempt == TRIES_MAX:
                raise
        time.sleep(PAUSE_SECONDS * attempt)  # a platform that is busy is given time before it is asked again
    raise AssertionError("the last try returns or raises")


def silent(url: str, error: httpx.TransportError, hint: str) -> Failure:
    """Nobody answers."""
    return unreachable(f"Nobody answers at {url} ({str(error) or type(error).__name__}).", hint)


def answer_of(url: str, response: httpx.Response) -> dict[str, Any]:
    """The body of a GraphQL answer. Raises Failure when it is none."""
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or not ("data" in answer or "errors" in answer):
        raise unreachable(f"{url} answered {response.status_code}, but not as Mortise does.", "Check MORTISE_URL.")
    return answer


def failure_of(error: dict[str, Any]) -> Failure:
    """A GraphQL error as the command's end."""
    extensions = dict(error.get("extensions") or {})
    # The data API has its own codes: numbers of the dialect.
    code = str(extensions.pop("code", None) or error.get("code") or "INTERNAL_SERVER_ERROR")
    said = extensions.pop("hint", None)
    hint = HINTS.get(code, said)
    reason = extensions.pop("reason", None)
    text = str(error.get("message", "Refused without a message."))
    silent = code == "SERVICE_UNAVAILABLE"
    exit_code = UNREACHABLE if silent else REFUSED
    return Failure(text, hint, code=code, exit_code=exit_code, reason=reason, details=extensions)
