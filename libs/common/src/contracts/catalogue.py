"""Every event type that the log may hold, by its wire name."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Final

from common import claims
from common.events import Event
from contracts import audit, billing, gateway, people, previews, provisioner, registry, webhooks

PUBLISHERS: Final = (audit, billing, gateway, people, previews, provisioner, registry, webhooks, claims)
"""Modules that define events."""

EVENTS: Final[Mapping[str, type[Event]]] = {
    event.TYPE: event
    for event in sorted(
        {
            member
            for module in PUBLISHERS
            for _, member in inspect.getmembers(module, inspect.isclass)
            if issubclass(member, Event) and member is not Event
        },
        key=lambda event: event.TYPE,
    )
}
