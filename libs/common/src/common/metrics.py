"""Figures of a process for Prometheus: few names, bounded labels; what varies without end belongs into a log line."""

from __future__ import annotations

from typing import Final

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest

OBSERVED: Final = Counter("mortise_observed_total", "Canonical lines by name and outcome", ("name", "outcome"))
TOOK: Final = Histogram(
    "mortise_took_seconds",
    "Duration of what a canonical line tells about",
    ("name",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
CONFLICTS: Final = Counter("mortise_append_conflicts_total", "Appends that met another writer", ("context",))
RETRIES: Final = Counter("mortise_append_retries_total", "Appends sent again because no answer came", ("context",))
POSITION: Final = Gauge("mortise_projection_position", "Last applied message", ("projection",))
LAG: Final = Gauge("mortise_projection_lag", "Messages of the stream that are not yet applied", ("projection",))
APPLIED: Final = Counter("mortise_projection_applied_total", "Messages passed by a projection", ("projection",))
REDELIVERED: Final = Counter(
    "mortise_projection_restarts_total", "Times a projection began to read anew", ("projection",)
)
PARKED: Final = Gauge("mortise_projection_parked", "Aggregates parked by a projection", ("projection",))


def exposition() -> bytes:
    """All figures in the Prometheus text format."""
    return generate_latest(REGISTRY)
