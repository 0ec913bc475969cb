"""Starts audit."""

from __future__ import annotations

from audit import api, handlers, store
from common.service import Service, run

SERVICE = Service(
    name="audit",
    projections=lambda _: (store.HISTORY_PROJECTION, store.PEOPLE_PROJECTION),
    graph=api.graph,
    start=handlers.start,
)

if __name__ == "__main__":
    run(SERVICE)
