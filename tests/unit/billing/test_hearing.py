"""Whatever is said of what billing follows is known to it: an unknown type would set the aggregate aside (C11)."""

from __future__ import annotations

import inspect
from types import ModuleType

import pytest

from billing.store import learning
from common.events import Event
from common.readmodel import Projection
from contracts import billing, people, provisioner, registry

SPEAKERS = (registry, people, provisioner, billing)


def said_by(module: ModuleType) -> set[str]:
    found = (member for _, member in inspect.getmembers(module, inspect.isclass) if issubclass(member, Event))
    return {member.TYPE for member in found if member is not Event}


@pytest.mark.parametrize(
    "projection",
    [learning.DIRECTORY_PROJECTION, learning.PLANS_PROJECTION, learning.INVOICES_PROJECTION],
    ids=lambda projection: projection.name,
)
def test_every_type_of_a_followed_aggregate_is_acted_on_or_ignored(projection: Projection) -> None:
    known = set(projection.types) | projection.ignored
    followed = {
        type_
        for module in SPEAKERS
        for type_ in said_by(module)
        if ".".join(type_.split(".")[1:3]) in projection.follows
    }

    assert followed - known == set()
