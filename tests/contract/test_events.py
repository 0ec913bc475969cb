"""The log outlives the code: the shape of every event is a file that a reviewer reads, and it only ever grows."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

import contracts.audit
import contracts.billing
import contracts.gateway
import contracts.people
import contracts.previews
import contracts.provisioner
import contracts.registry
import contracts.webhooks
from common import claims
from common.events import Event, schema_uri
from tests.support import golden

SCHEMAS = Path(__file__).parent / "events"
PUBLISHERS = (
    contracts.gateway,
    contracts.registry,
    contracts.people,
    contracts.previews,
    contracts.webhooks,
    contracts.provisioner,
    contracts.billing,
    contracts.audit,
    claims,
)
EVENTS = sorted(
    {
        member
        for module in PUBLISHERS
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Event) and member is not Event
    },
    key=lambda event: event.TYPE,
)


def schema(event: type[Event]) -> dict[str, Any]:
    return event.model_json_schema()


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TYPE)
def test_the_shape_of_every_event_is_written_down(event: type[Event]) -> None:
    golden.check(SCHEMAS / f"{event.TYPE}.json", json.dumps(schema(event), indent=2, sort_keys=True) + "\n")


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TYPE)
def test_the_name_of_an_event_follows_from_its_type(event: type[Event]) -> None:
    found = re.fullmatch(r"mortise\.([a-z]+)\.([a-z]+)\.([a-z_]+)\.v(\d+)", event.TYPE)
    assert found, event.TYPE
    fact = "".join(part.capitalize() for part in found[3].split("_"))
    assert event.__name__.endswith(fact) or fact in {"Claimed", "Released"}, (event.__name__, fact)


def test_no_two_events_share_a_type() -> None:
    assert len({event.TYPE for event in EVENTS}) == len(EVENTS)


def test_every_written_shape_still_has_its_event() -> None:
    """An event that was ever stored can be read for ever (C11): its class may not go."""
    assert {path.stem for path in SCHEMAS.glob("*.json")} == {event.TYPE for event in EVENTS}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TYPE)
def test_unknown_fields_are_ignored_and_optional_ones_may_be_absent(event: type[Event]) -> None:
    """Two versions of a service run side by side without refusing each other's events (C20)."""
    assert event.model_config.get("extra") == "ignore"
    required = set(schema(event).get("required", []))
    written = json.loads((SCHEMAS / f"{event.TYPE}.json").read_text())
    assert required <= set(written.get("required", [])), "a new field of a stored event must have a default"


def test_the_schema_a_fact_names_is_the_one_written_down() -> None:
    """A reworded docstring is no other shape, another field is."""

    class Reworded(Event):
        """Said otherwise."""

        TYPE = claims.NameClaimed.TYPE
        scope: str
        owner: str

    class Widened(Reworded):
        more: str

    assert schema_uri(Reworded) == schema_uri(claims.NameClaimed)
    assert schema_uri(Widened) != schema_uri(claims.NameClaimed)
