"""Starts billing."""

from __future__ import annotations

from billing import api, store
from common.service import Service, run

SERVICE = Service(
    name="billing",
    projections=lambda _: (store.DIRECTORY_PROJECTION, store.PLANS_PROJECTION, store.USAGE_PROJECTION),
    graph=api.graph,
)

if __name__ == "__main__":
    run(SERVICE)
