"""The AsyncAPI document: every event there is, as AsyncAPI's own schema wants it written.

The schema is installed from the lock file into the user's cache the first time; nothing of it stays in the tree.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

import contracts
from common import claims
from common.events import Event
from contracts import asyncapi, catalogue
from tests.support import packages

HERE: Final = Path(__file__).parent / "asyncapi"
DOCUMENT: Final = asyncapi.document()


@pytest.fixture(scope="module")
def installed() -> Path:
    return packages.installed(HERE)


def wrong(document: dict[str, Any], installed: Path) -> list[dict[str, Any]]:
    """What AsyncAPI's schema says against a document."""
    words = ["node", str(HERE / "validate.mjs")]
    done = subprocess.run(words, cwd=installed, input=json.dumps(document), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def defined() -> set[type[Event]]:
    """Every event class of every module of the borders."""
    modules = [importlib.import_module(f"contracts.{each.name}") for each in pkgutil.iter_modules(contracts.__path__)]
    members = [member for module in (*modules, claims) for _, member in inspect.getmembers(module, inspect.isclass)]
    return {member for member in members if issubclass(member, Event) and member is not Event}


def test_every_event_is_in_the_catalogue() -> None:
    assert set(catalogue.EVENTS.values()) == defined()


def test_every_event_type_is_a_message_of_every_channel_with_its_shape() -> None:
    types = {event.TYPE for event in defined()}

    assert set(DOCUMENT["components"]["messages"]) == types
    assert set(DOCUMENT["components"]["schemas"]) == types | {"envelope"}
    for channel in DOCUMENT["channels"].values():
        assert set(channel["messages"]) == types
    for event in defined():
        properties = set(DOCUMENT["components"]["schemas"][event.TYPE].get("properties", {}))
        assert properties == set(event.model_fields)


def test_every_reference_leads_somewhere() -> None:
    def look(value: Any) -> None:
        match value:
            case dict():
                if isinstance(ref := value.get("$ref"), str):
                    found: Any = DOCUMENT
                    for part in ref.removeprefix("#/").split("/"):
                        found = found[part]
                for inner in value.values():
                    look(inner)
            case list():
                for inner in value:
                    look(inner)
            case _:
                pass

    look(DOCUMENT)


def test_the_document_is_valid_by_the_schema_of_asyncapi(installed: Path) -> None:
    broken = {**DOCUMENT, "channels": {"events": {"address": 1, "nonsense": True}}}

    assert wrong(DOCUMENT, installed) == []
    assert wrong(broken, installed) != []
