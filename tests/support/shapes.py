"""Whether a JSON value is what a JSON Schema says: the part of the language that schemas of outputs are written in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
ANY: Final = {"$comment": "any JSON value"}
"""What a schema says where whatever stands there is somebody else's."""
KNOWN: Final = {"$schema", "description", "type", "properties", "required", "additionalProperties", "items", "enum"}


def faults(schema: Mapping[str, Any] | None, value: Any, path: str = "") -> Iterator[str]:
    """Every place where the value is something else."""
    if schema is None:
        yield f"{path}: there is no schema"
        return
    if schema == ANY:
        return
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if not any(_is(value, kind) for kind in kinds):
        yield f"{path}: {value!r} is no {' or '.join(kinds)}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {schema['enum']}"
    elif isinstance(value, dict):
        yield from _members(schema, value, path)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from faults(schema["items"], each, f"{path}[{number}]")


def loose(schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Places of a schema that let anything pass, or say what is not understood here."""
    if schema == ANY:
        return
    yield from (f"{path}: {each} is not understood" for each in schema.keys() - KNOWN)
    kinds = schema.get("type", ())
    if "object" in kinds:
        more = schema.get("additionalProperties")
        if more is not False and not isinstance(more, dict):
            yield f"{path}: may hold anything more"
        if isinstance(more, dict):
            yield from loose(more, f"{path}.*")
        for name, inner in schema.get("properties", {}).items():
            yield from loose(inner, f"{path}.{name}")
    if "array" in kinds:
        yield from loose(schema["items"], f"{path}[]") if "items" in schema else [f"{path}: items may be anything"]
    if not kinds:
        yield f"{path}: may be anything"


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, TYPES[kind])


def _members(schema: Mapping[str, Any], value: Mapping[str, Any], path: str) -> Iterator[str]:
    known = schema.get("properties", {})
    inside = f"{path}." if path else ""
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{inside}{name}: missing"
    for name, each in value.items():
        inner = known.get(name, schema["additionalProperties"])
        if inner is False:
            yield f"{inside}{name}: not in the schema"
        else:
            yield from faults(inner, each, f"{inside}{name}")
