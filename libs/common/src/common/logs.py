"""One JSON line per thing that happened, and the same record feeds the counters.

`observe("registry.command", ...)` writes the canonical line of a request, command or message. No secrets, no rows, no
prose: a dotted constant name and fields.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import orjson
import structlog

from common import clock, metrics

LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
MILLISECOND: Final = 0.001

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def configure(service: str, node: str, level: str = "info") -> None:
    """Send every line of this process, ours and the libraries', to standard error as JSON."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _stamp(service, node),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_Bridge()]
    root.setLevel(logging.WARNING)


def observe(
    name: str, *, outcome: str = "ok", took_ms: float | None = None, level: str = "info", **fields: Any
) -> None:
    """The canonical line of one thing that happened. `outcome` is a short constant: it becomes a label."""
    metrics.OBSERVED.labels(name, outcome).inc()
    if took_ms is not None:
        metrics.TOOK.labels(name).observe(took_ms * MILLISECOND)
        fields["took_ms"] = round(took_ms, 3)
    getattr(log, level)(name, outcome=outcome, **fields)


def _stamp(service: str, node: str) -> structlog.typing.Processor:
    def stamp(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        line["at"] = clock.text(clock.now())
        line["service"] = service
        line["node"] = node
        return line

    return stamp


def _dumps(line: Any, **_: Any) -> bytes:
    return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS)


class _Bridge(logging.Handler):
    """Lines of libraries that use the standard logging."""

    def emit(self, record: logging.LogRecord) -> None:
        level = min(LEVELS.items(), key=lambda known: abs(known[1] - record.levelno))[0]
        getattr(log, level)(
            "library", logger=record.name, message=record.getMessage(), exc_info=record.exc_info or None
        )
