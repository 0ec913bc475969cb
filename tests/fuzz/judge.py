"""Whether an answer is one that may be given: its form, its codes, and that it holds nobody else's data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson

from tests.fuzz.operations import Operation
from tests.fuzz.wire import Answer

INTERNALS: Final = re.compile(
    r"Traceback|\.py\b|site-packages|asyncpg|sqlalchemy|psycopg|aiohttp|orjson|sqlstate|graphql\.|\bapp\.|_mortise"
    r"|(?<![\w-])[trc]\d{1,4}(?![\w-])|_fkey|_pkey|_key\b|\bselect .+ from\b|\binsert into\b|\bpg_|plpgsql|\bMO001\b"
    r"|\benv_[0-9a-f]"
    r"|syntax error at or near|null value in|violates|relation \"|column \"|operator does not|invalid input syntax"
    r"|<class|object at 0x|NoneType|\b[A-Z][a-z]+(?:Key|Index|Type|Value|Attribute|Unicode\w*|Recursion)?Error\b"
    r"|/tmp/|/home/|/usr/|Internal server error|Whoops",
    re.IGNORECASE,
)
JOINT: Final = re.compile(rb"\r\n[0-9a-f]+(?:;a=b)?\r\n")
"""What stands between two chunks of a body, in the middle of a word maybe."""
SYNTAX_ERROR: Final = "Syntax Error"
"""How a parser's message begins; the one name of an error that is meant for readers."""
OPEN: Final = frozenset({"INTERNAL_SERVER_ERROR"})
MODERN_STATUS: Final = frozenset({200, 400, 401, 403, 404, 405, 406, 413, 415, 417})
SIMPLE_STATUS: Final = frozenset({200, 400, 401, 404, 405, 413, 415, 417})


def complaints(operation: Operation, answer: Answer, asked: str | None, strangers: Sequence[str]) -> list[str]:
    """What is wrong with an answer; `strangers` are canaries that it must not hold, `asked` the id of its request."""
    found = [f"holds {canary}" for canary in strangers if canary.encode() in answer.body]
    if answer.status >= 500:
        return [*found, f"status {answer.status}"]
    if asked is not None and answer.headers.get("x-request-id", answer.headers.get("request-id")) not in {asked, None}:
        found.append(f"answers {answer.headers.get('x-request-id')} instead of {asked}")
    kind = answer.headers.get("content-type", "")
    if operation.bodyless:
        return found
    if kind.startswith("text/html"):
        return [*found, *([] if operation.kind in ("url", "path") else ["a page"])]
    if not kind.startswith(("application/json", "application/graphql-response+json")):
        return [*found, f"content type {kind!r}"]
    try:
        told = orjson.loads(answer.body)
    except orjson.JSONDecodeError as problem:
        return [*found, f"no JSON: {problem}"]
    return [*found, *_told(operation, answer.status, told)]


def _told(operation: Operation, status: int, told: Any) -> Iterator[str]:
    if operation.form == "simple" and isinstance(told, list):
        for each in told:
            yield from _told(operation, status, each)
        return
    if not isinstance(told, dict):
        yield f"neither object nor batch: {str(told)[:100]}"
        return
    if status not in (SIMPLE_STATUS if operation.form == "simple" else MODERN_STATUS):
        yield f"status {status}"
    if operation.refused and told.get("data") is not None:
        yield "data for a stranger"
    sent = JOINT.sub(b"", operation.sent).decode("utf-8", "replace")
    if "error" in told and operation.form == "simple":
        yield from _old(told, sent, coded=status != 404)
    elif "errors" in told:
        yield from _errors(operation, status, told, sent)
    elif operation.kind not in ("path", "framing") and not (isinstance(told.get("data"), dict) and len(told) == 1):
        # What is found on other paths are pages of health, which are no answers of an API.
        yield f"neither data nor errors: {str(told)[:100]}"
    if status >= 400 and not {"errors", "error"} & told.keys():
        yield f"status {status} without an error"


def _old(told: dict[str, Any], sent: str, *, coded: bool) -> Iterator[str]:
    """`{"code", "requestId", "error"}`, or `{"error"}` alone for a text that does not parse (G 7.1).

    There is no code for a path below an endpoint where nothing is.
    """
    if not isinstance(told["error"], str) or not told.keys() <= {"code", "requestId", "error"}:
        yield f"not the old form: {str(told)[:200]}"
    elif coded and "code" not in told and not told["error"].startswith(SYNTAX_ERROR):
        yield f"no code: {told['error'][:200]}"
    else:
        yield from _leaks(told["error"], sent)


def _errors(operation: Operation, status: int, told: dict[str, Any], sent: str) -> Iterator[str]:
    errors = told["errors"]
    if not isinstance(errors, list) or not errors or not told.keys() <= {"data", "errors"}:
        yield f"errors are {str(errors)[:100]}"
        return
    for error in errors:
        message = error.get("message") if isinstance(error, dict) else None
        if not isinstance(message, str) or not message:
            yield f"an error without message: {str(error)[:200]}"
            continue
        extensions = error.get("extensions", {})
        code = extensions.get("code", error.get("code"))
        # In the old form what does not fit the schema has no code (G 7.1); refusals at the door have the new form.
        invalid = operation.form == "simple" and status == 200 and "path" not in error and told.get("data") is None
        if code is None and not invalid:
            yield f"no code: {message[:200]}"
        if code in OPEN:
            yield f"code {code}"
        yield from _leaks(message, sent)
        yield from _leaks(str(extensions.get("hint", "")), sent)


def _leaks(message: str, sent: str) -> Iterator[str]:
    """Words from inside; what the message only quotes from the request is no secret."""
    for found in INTERNALS.finditer(message):
        word = found.group()
        if word.lower() not in sent.lower() and not message.startswith(SYNTAX_ERROR):
            yield f"tells {word!r}: {message[:200]}"
            return
