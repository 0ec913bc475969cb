"""audit's part of the control API. In `history` what happened, in `log` what was called and deployed."""

from __future__ import annotations

from ariadne import ObjectType, QueryType

from audit.api.history import History, page_info
from audit.api.log import Log
from audit.execute import history as execute
from audit.store.history import HISTORY_PROJECTION
from audit.store.sheets import Sheets
from audit.store.who import PEOPLE_PROJECTION
from common.graphs import Graph, load_schema
from common.service import Runtime
from common.stream import Stream
from contracts.loglines import STREAM

__all__ = ["graph"]


def graph(runtime: Runtime) -> Graph:
    """The resolvers over a running service."""
    history = History(execute.scribe(runtime), runtime.sealer)
    log = Log(runtime.database, Sheets(Stream(runtime.nats, STREAM)), runtime.sealer)
    query = QueryType()
    query.set_field("auditEntries", history.entries)
    query.set_field("auditEntry", history.entry)
    query.set_field("auditProof", history.proof)
    query.set_field("auditCheckpoint", history.checkpoint)
    query.set_field("auditConsistency", history.consistency)
    query.set_field("logs", log.lines)
    connection = ObjectType("AuditConnection")
    connection.set_field("totalCount", history.total)
    connection.set_field("pageInfo", page_info)
    return Graph(
        load_schema("audit", query, connection),
        [runtime.runners[name] for name in (HISTORY_PROJECTION.name, PEOPLE_PROJECTION.name)],
    )
