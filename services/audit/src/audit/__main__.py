"""Starts audit. The quota LOG_DAYS of an environment's kind says how long lines of its log stay."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Final

from audit import api, handlers
from audit.execute import lines
from audit.store.history import HISTORY_PROJECTION
from audit.store.who import PEOPLE_PROJECTION
from common.projection import Projection
from common.service import Runtime, Service, run
from contracts import quotas
from contracts.quotas import Quota

NAME: Final = "audit"


def service(table: Mapping[str, Quota] = quotas.DEFAULTS) -> Service:
    """The service; `table` are the quotas by kind of environment."""

    def projections(runtime: Runtime) -> Sequence[Projection]:
        return (HISTORY_PROJECTION, PEOPLE_PROJECTION, *lines.projections(lines.Writer(runtime.nats, table)))

    return Service(name=NAME, projections=projections, graph=api.graph, start=handlers.start)


SERVICE: Final = service()


def main() -> None:
    """Run until told to stop."""
    try:
        table = quotas.configured(os.environ)
    except ValueError as problem:
        raise SystemExit(f"{NAME}: {problem}") from None
    run(service(table))


if __name__ == "__main__":
    main()
