"""What may become a fact, and which layouts of a read model are the same: decided without a server."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from common.clock import new_id
from common.readmodel import Projection
from common.stream import Message
from tests.support.lab import DropFell, projection


def test_a_projection_wants_the_aggregates_it_follows_and_no_others() -> None:
    wanted = projection("o", contexts=frozenset({"lab.pot"}))
    subjects = {
        "evt.o.lab.jar.1": True,
        "evt.p.lab.pot.1": True,
        "evt.o.lab.jars.1": False,
        "evt.o.lab.jar": False,
        "calls.g.1": False,
    }
    assert {subject: wanted.wants(Message(1, subject, new_id(), b"")) for subject in subjects} == subjects


def test_a_layout_changes_with_its_tables_and_its_generation_only() -> None:
    first = projection("o").layout()
    assert first == projection("p").layout()
    assert first != projection("o", generation=2).layout()
    other = projection("o")
    sa.Table("more", other.metadata, sa.Column("id", sa.Text, primary_key=True))
    assert first != other.layout()


def test_a_table_with_a_schema_of_its_own_is_no_part_of_a_projection() -> None:
    metadata = sa.MetaData(schema="lab")
    sa.Table("jars", metadata, sa.Column("id", sa.Text, primary_key=True))

    async def raw(*_: object) -> None:
        raise AssertionError

    with pytest.raises(AssertionError, match="no schema"):
        Projection("jars", metadata, (DropFell,), raw=raw)
