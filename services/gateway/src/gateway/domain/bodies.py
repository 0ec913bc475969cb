"""What a caller sent, read strictly: GraphQL parameters out of a request body (P 1.1, G 1)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import orjson

from common.errors import BAD_USER_INPUT, Refused

BODY_BYTES_MAX: Final = 1024 * 1024
BATCH_MAX: Final = 100
"""Entries of a batch array."""
JSON: Final = "application/json"
GRAPHQL_JSON: Final = "application/graphql-response+json"


class BadBody(Refused):
    """A body that is not a request. `status` is the HTTP status, `old` the code of the old shape (G 7.2)."""

    def __init__(self, status: int, message: str, hint: str | None = None, *, old: int = 1001) -> None:
        super().__init__(BAD_USER_INPUT, message, hint)
        self.status = status
        self.old = old


class Params(NamedTuple):
    """One operation somebody asks for."""

    query: str
    variables: Mapping[str, Any] = MappingProxyType({})
    operation_name: str | None = None


def require_json(content_type: str) -> None:
    """Refuse every content type but JSON in UTF-8 (which also keeps simple cross-site requests out)."""
    kind, _, rest = content_type.partition(";")
    charset = rest.replace(" ", "").lower().removeprefix("charset=").strip('"')
    if kind.strip().lower() != JSON or (charset and charset not in ("utf-8", "utf8")):
        raise BadBody(415, f"The content type {content_type!r} is not supported.", f"Send {JSON}.")


def too_large(limit: int = BODY_BYTES_MAX) -> BadBody:
    """The refusal of a body over the limit (bytes)."""
    return BadBody(413, f"The body is larger than {limit} bytes.", "Send less at once.")


def load(body: bytes) -> Any:
    """The JSON value of a body. Refuses bad JSON, lone surrogates and NUL, which no text column can hold."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise BadBody(400, f"The body is not JSON: {problem}.") from None
    if b"\\u0000" in body and _has_nul(value):
        raise BadBody(400, "The body contains the character U+0000.", "Leave it out: text cannot hold it.")
    return value


def params(value: Any) -> Params:
    """The one operation of a body: `query` is a string, `variables` an object, `operationName` a string."""
    if not isinstance(value, dict):
        raise BadBody(400, "The body is not a JSON object with a query.")
    query = value.get("query")
    if not isinstance(query, str) or not query.strip():
        raise BadBody(400, "The body has no string `query`.")
    variables = value.get("variables")
    if variables is not None and not isinstance(variables, dict):
        raise BadBody(400, "`variables` is not an object.")
    name = value.get("operationName")
    if name is not None and not isinstance(name, str):
        raise BadBody(400, "`operationName` is not a string.")
    extensions = value.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise BadBody(400, "`extensions` is not an object.")
    return Params(query, variables or {}, name or None)


def old_params(value: Any) -> Params:
    """The same with the liberty of the old interface: variables may be a string that contains JSON (G 1)."""
    if isinstance(value, dict) and isinstance(value.get("variables"), str):
        text = value["variables"]
        try:
            inner = load(text.encode()) if text.strip() else None
        except BadBody:
            raise BadBody(200, "Variables could not be parsed as JSON: " + text[:100], old=3024) from None
        value = {**value, "variables": inner}
    try:
        return params(value)
    except BadBody as problem:
        raise BadBody(200, problem.message, problem.hint) from None


def old_batch(value: Any) -> list[Any] | None:
    """The entries of a batch array, None when the body is a single operation."""
    if not isinstance(value, list):
        return None
    if not value or len(value) > BATCH_MAX:
        raise BadBody(200, f"A batch has 1 to {BATCH_MAX} operations, not {len(value)}.")
    return value


def from_url(query: Mapping[str, str]) -> Params:
    """The operation of a GET request."""
    value: dict[str, Any] = {"query": query.get("query"), "operationName": query.get("operationName")}
    if query.get("variables"):
        value["variables"] = load(query["variables"].encode())
    return params(value)


def _has_nul(value: Any) -> bool:
    rest = [value]
    while rest:
        match rest.pop():
            case str() as text if "\0" in text:
                return True
            case list() as items:
                rest += items
            case dict() as members:
                rest += members.keys()
                rest += members.values()
            case _:
                pass
    return False
