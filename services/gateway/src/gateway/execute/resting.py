"""Leaves an environment alone for a moment: its connections are closed as soon as nothing runs on them.

A preview that is a copy of its source's files can be made only while nobody is connected there. Calls that come
meanwhile wait for a connection, as they do when all are in use; the database holds it back until the copy is there.
"""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel

from gateway.execute.connections import Connections

SUBJECT: Final = "ask.gateway.rest"


class AskedRest(BaseModel):
    """The environment that is to be left alone."""

    environment: str


class Resting(BaseModel):
    """How many connections were let go of, now or when their last answer has come."""

    connections: int


def rest(connections: Connections, environment: str) -> Resting:
    """Let go of all connections to an environment. What runs on one ends first; nothing else begins on it."""
    return Resting(connections=connections.retire(environment))
