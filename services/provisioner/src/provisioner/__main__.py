"""Starts the provisioner: `python -m provisioner`."""

from __future__ import annotations

from typing import Final

from common.service import Service, run
from provisioner.api import graph
from provisioner.handlers import start
from provisioner.store.projection import PROJECTION

SERVICE: Final = Service(name="provisioner", projections=lambda _: [PROJECTION], graph=graph, start=start)

if __name__ == "__main__":
    run(SERVICE)
