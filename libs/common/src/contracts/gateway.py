"""What the gateway says: data that went out of an environment or came in beside its API (aggregate `transfer`).

Single calls are no facts but rows of CALLS; an export, an import and a drop concern all data at once. Each is an
aggregate of its own, so that writing it never has to wait for another one.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from common.events import Event

Form = Literal["ndjson", "csv", "ndf"]


class DataExported(Event):
    """Data went out; `complete` unless the caller went away before the end."""

    TYPE: ClassVar[str] = "mortise.gateway.transfer.exported.v1"
    transfer: str
    environment: str
    kind: str
    form: Form
    types: tuple[str, ...]
    nodes: int
    edges: int
    bytes_out: int
    complete: bool


class DataImportBegun(Event):
    """Data is about to come in. `removed` nodes were taken away for it, of `types`."""

    TYPE: ClassVar[str] = "mortise.gateway.transfer.import_begun.v1"
    transfer: str
    environment: str
    kind: str
    form: Form
    mode: Literal["append", "replace"]
    types: tuple[str, ...]
    removed: int


class DataImported(Event):
    """All of a file came in: so many nodes and edges that were not there."""

    TYPE: ClassVar[str] = "mortise.gateway.transfer.imported.v1"
    transfer: str
    environment: str
    kind: str
    form: Form
    types: tuple[str, ...]
    nodes: int
    edges: int


class DataDropped(Event):
    """All data was taken away; the schema stayed."""

    TYPE: ClassVar[str] = "mortise.gateway.transfer.dropped.v1"
    transfer: str
    environment: str
    kind: str
    types: tuple[str, ...]
    removed: int
