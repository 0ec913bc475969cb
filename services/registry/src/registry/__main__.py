"""Starts the registry: `python -m registry`."""

from __future__ import annotations

from typing import Final

from common.service import Service, run
from registry.api.schema import graph
from registry.handlers import start
from registry.store.projection import REGISTRY
from registry.store.uses import TOKEN_USES

SERVICE: Final = Service(name="registry", projections=lambda _: [REGISTRY, TOKEN_USES], graph=graph, start=start)

if __name__ == "__main__":
    run(SERVICE)
