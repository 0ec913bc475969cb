"""Starts billing."""

from __future__ import annotations

from billing import api
from billing.handlers import start
from billing.store import counting, learning
from common.service import Service, run

SERVICE = Service(
    name="billing",
    projections=lambda _: (
        learning.DIRECTORY_PROJECTION,
        learning.PLANS_PROJECTION,
        learning.INVOICES_PROJECTION,
        counting.USAGE_PROJECTION,
    ),
    graph=api.graph,
    start=start,
)

if __name__ == "__main__":
    run(SERVICE)
