"""List queries bear the plural of their type's name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from contracts.plural import plural


@pytest.mark.parametrize(
    ("one", "many"),
    [
        *[("Todo", "Todoes"), ("Hobby", "Hobbies"), ("Person", "Persons"), ("Photo", "Photos"), ("Video", "Videos")],
        *[("Hero", "Heroes"), ("Status", "Statuses"), ("Settings", "Settingses"), ("News", "News")],
        *[("Address", "Addresses"), ("Child", "Children"), ("Woman", "Women"), ("Leaf", "Leaves"), ("Data", "Datas")],
        *[("Human", "Humans"), ("Mouse", "Mice"), ("Axis", "Axes"), ("Knife", "Knives"), ("Wolf", "Wolves")],
        *[("Toy", "Toys"), ("Genus", "Genera"), ("Ephemeris", "Ephemerides"), ("Analysis", "Analyses")],
        *[("Church", "Churches"), ("Box", "Boxes"), ("Criterion", "Criteria"), ("Schema", "Schemas")],
        *[("MediaType", "MediaTypes"), ("InvoiceLine", "InvoiceLines"), ("Playlist", "Playlists")],
    ],
)
def test_the_plural_follows_the_dialect(one: str, many: str) -> None:
    assert plural(one) == many


@given(some.from_regex("[A-Z][A-Za-z0-9]{0,63}", fullmatch=True))
def test_every_type_name_has_a_plural(name: str) -> None:
    assert plural(name)
