"""Waiting until a declared version runs: the provisioner works on its own, the command line looks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from console import documents
from console.client import Client
from console.failures import NOT_DEPLOYED, Failure

SECONDS_MAX: Final = 120.0
LOOK_SECONDS: Final = 0.15


def environments(client: Client, **owner: str) -> dict[str, dict[str, Any]]:
    """What exists of a service or instance by environment name; `owner` is `service=` or `instance=` with its id.

    Nothing yet when the provisioner has not heard of the owner.
    """
    try:
        found = client.ask(documents.ENVIRONMENTS, **owner)["environments"]
    except Failure as failure:
        if failure.code != "NOT_FOUND":
            raise
        return {}
    return {each["name"]: each for each in found}


def newest(environment: dict[str, Any] | None) -> str | None:
    """Id of the newest deployment there."""
    deployments = environment["deployments"] if environment else []
    return deployments[0]["id"] if deployments else None


def until_deployed(
    client: Client,
    name: str,
    version: str,
    *,
    after: str | None = None,
    saw: Callable[[str], None] = lambda _: None,
    **owner: str,
) -> dict[str, Any]:
    """The environment, once it serves the version.

    `after` is the deployment that was newest before the command: it may have failed at the same version. Raises Failure
    (exit 4) when the deployment fails or takes longer than two minutes.
    """

    def look() -> dict[str, Any] | None:
        environment = environments(client, **owner).get(name)
        if not environment:
            return None
        saw(environment["state"])
        if environment["state"] == "ready" and environment["version"] == version:
            return environment
        first = next(iter(environment["deployments"]), None)
        ended = first and first["id"] != after and first["version"] == version and first["status"] == "FAILED"
        if first and ended:
            raise Failure(
                f"Version {version} could not be deployed to {name}: {first['reason'] or environment['reason']}",
                "What ran there before still runs.",
                code="DEPLOYMENT_FAILED",
                exit_code=NOT_DEPLOYED,
            )
        return None

    late = Failure(
        f"Version {version} does not run on {name} after {SECONDS_MAX:.0f} seconds.",
        "It may still come; look with `mortise service info` or `mortise project service info`.",
        code="DEPLOYMENT_SLOW",
        exit_code=NOT_DEPLOYED,
    )
    return until_there(look, SECONDS_MAX, late)


def until_there(look: Callable[[], dict[str, Any] | None], seconds: float, late: Failure) -> dict[str, Any]:
    """What `look` finds, asked again and again. Raises `late` after so many seconds, and what `look` raises."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise late
        time.sleep(LOOK_SECONDS)  # a command line waits for a platform that it knows by HTTP only: it can but look
    return found


def data_urls(client: Client, found: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Where the data APIs are of environments that exist."""
    return {name: data_url(client, each) for name, each in found.items() if each["state"] != "absent"}


def data_url(client: Client, environment: dict[str, Any]) -> str:
    """Where the environment's data API is."""
    return f"{client.url}/{environment['endpoint']}/graphql"
