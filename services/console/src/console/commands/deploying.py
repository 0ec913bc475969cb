"""Deployments with somebody watching."""

from __future__ import annotations

from typing import Any

from console import waiting
from console.client import Client
from console.screen import err


def watched(client: Client, name: str, version: str, *, after: str | None = None, **owner: str) -> dict[str, Any]:
    """The environment once it serves the version; what happens meanwhile is shown."""
    with err.status(f"{version} → {name}") as status:

        def saw(state: str) -> None:
            status.update(f"{version} → {name}: {state}")

        return waiting.until_deployed(client, name, version, after=after, saw=saw, **owner)
