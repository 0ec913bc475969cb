"""The AsyncAPI 3 document of all events: made from the event classes, so that it cannot say anything else."""

from __future__ import annotations

import inspect
from typing import Any, Final

from pydantic import BaseModel

from common.events import Envelope, Event
from contracts.catalogue import EVENTS

VERSION: Final = "3.0.0"
CONTENT: Final = "application/cloudevents+json"
_ABOUT: Final = """\
Everything that is decided is an event, in one order. Each is a CloudEvent 1.0 in JSON; personal values are sealed.
`GET /events` tells them as server-sent events, or over a WebSocket as `{"cursor": N, "event": {...}}`; webhooks post
them.
A cursor is an event's position in the log: what lies behind it comes in order, each event once."""
_SUBJECT: Final = "evt.{organisation}.{context}.{aggregate}.{id}"
_PARAMETERS: Final = {
    "organisation": "Organisation that owns the fact; `_` is the platform.",
    "context": "Service that decides: `registry`, `provisioner`, `gateway`, `billing`, `audit`.",
    "aggregate": "What it is about, as in the type.",
    "id": "Which one.",
}
_QUERY: Final = {
    "after": ("integer", "Cursor of the last event you have; 0 is the beginning. Without it: from now on."),
    "type": ("string", "Event type; `*` stands for any characters, a last dot for all that begin so. Repeatable."),
    "subject": ("string", "`<context>.<aggregate>.<id>`, with `*` as in types. Repeatable."),
    "organisation": ("string", "Only events of this organisation."),
    "project": ("string", "Only events that name this project."),
    "follow": ("string", "`false`: end when the end of the log is reached."),
    "ticket": ("string", "Of `POST /events/tickets`, for browsers, which send no header."),
}


def document() -> dict[str, Any]:
    """The whole document."""
    names = list(EVENTS)
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "Mortise events",
            "version": "1.0.0",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": CONTENT,
        "servers": {
            "door": {
                "host": "{host}",
                "protocol": "http",
                "variables": {"host": {"default": "127.0.0.1:8000", "description": "The public door."}},
                "security": [{"$ref": "#/components/securitySchemes/token"}],
            },
            "log": {
                "host": "{host}",
                "protocol": "nats",
                "description": "Inside; for operators.",
                "variables": {"host": {"default": "127.0.0.1:4222"}},
            },
        },
        "channels": {
            "events": _channel(
                "/events", "As they happen, behind a cursor, filtered.", names, "door", bindings={"ws": _query()}
            ),
            "webhooks": _channel(None, "Posted to an address of yours, signed as Standard Webhooks says.", names),
            "EVT": _channel(
                _SUBJECT,
                "The stream that holds all of them.",
                names,
                "log",
                parameters={name: {"description": text} for name, text in _PARAMETERS.items()},
            ),
        },
        "operations": {
            "tell": _operation("events", "Tell who reads along what he may see."),
            "post": _operation("webhooks", "Post what matches a webhook."),
            "append": _operation("EVT", "Append a fact that was decided."),
        },
        "components": {
            "messages": {name: _message(event) for name, event in EVENTS.items()},
            "schemas": {
                "envelope": _schema(Envelope, "envelope"),
                **{name: _schema(event, name) for name, event in EVENTS.items()},
            },
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A session or personal access token."}
            },
        },
    }


def _channel(address: str | None, summary: str, names: list[str], server: str | None = None, **more: Any) -> Any:
    servers = {"servers": [{"$ref": f"#/servers/{server}"}]} if server else {}
    messages = {name: {"$ref": f"#/components/messages/{name}"} for name in names}
    return {"address": address, "summary": summary, "messages": messages, **servers, **more}


def _operation(channel: str, summary: str) -> dict[str, Any]:
    return {"action": "send", "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary}


def _query() -> dict[str, Any]:
    properties = {name: {"type": kind, "description": text} for name, (kind, text) in _QUERY.items()}
    return {"method": "GET", "query": {"type": "object", "properties": properties}}


def _message(event: type[Event]) -> dict[str, Any]:
    about = inspect.cleandoc(event.__doc__ or event.__name__)
    return {
        "name": event.TYPE,
        "title": event.__name__,
        "summary": about.partition("\n")[0],
        "description": about,
        "contentType": CONTENT,
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/envelope"},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": event.TYPE},
                        "data": {"$ref": f"#/components/schemas/{event.TYPE}"},
                    },
                },
            ]
        },
    }


def _schema(model: type[BaseModel], name: str) -> dict[str, Any]:
    """The JSON schema of a model; what it refers to stays with it, so that two may use one name for two things."""
    return model.model_json_schema(ref_template=f"#/components/schemas/{name}/$defs/{{model}}")
