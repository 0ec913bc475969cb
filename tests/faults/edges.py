"""What 64 writers do to the edges of one house, and what must hold of houses whoever was killed meanwhile.

Each model shows one kind of relation: rooms need a house, a room and its lamp need each other, a house has one key,
guests and houses are many to many, a bed is taken over by whoever gets it last, friends and buddies are mutual.
"""

from __future__ import annotations

import asyncio
import random
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

SCHEMA: Final = """
type House @model {
  id: ID! @isUnique
  name: String! @isUnique
  rooms: [Room!]! @relation(name: "HouseRooms")
  key: Key @relation(name: "HouseKey")
  guests: [Guest!]! @relation(name: "HouseGuests")
  friends: [House!]! @relation(name: "Friends")
}
type Room @model {
  id: ID! @isUnique
  label: String! @isUnique
  house: House! @relation(name: "HouseRooms")
  lamp: Lamp! @relation(name: "RoomLamp")
}
type Lamp @model { id: ID! @isUnique code: String! @isUnique room: Room! @relation(name: "RoomLamp") }
type Key @model { id: ID! @isUnique number: String! @isUnique house: House! @relation(name: "HouseKey") }
type Guest @model {
  id: ID! @isUnique
  name: String! @isUnique
  houses: [House!]! @relation(name: "HouseGuests")
  bed: Bed @relation(name: "GuestBed")
  buddy: Guest @relation(name: "Buddies")
}
type Bed @model { id: ID! @isUnique label: String! @isUnique guest: Guest @relation(name: "GuestBed") }
"""
ROOMS: Final = 3
"""Rooms that are made together with their house."""
SHARED: Final = 8
"""Guests, beds and houses that all writers pull at."""
PAGE: Final = 500

Ask = Callable[[str], Awaitable[dict[str, Any] | None]]
"""Data of a mutation that was acknowledged; {} when it was refused with a code; None when nobody knows."""


@dataclass
class Ledger:
    """What was acknowledged, and what may or may not have happened."""

    there: set[str] = field(default_factory=set)
    """Names that were made and that nobody tried to delete."""
    gone: set[str] = field(default_factory=set)
    """Names whose deletion was acknowledged."""
    edges: set[tuple[str, str]] = field(default_factory=set)
    """Guest and house that were connected, and that nobody else connects or parts."""
    apart: set[tuple[str, str]] = field(default_factory=set)
    """Guest and house that were parted last."""
    tally: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Ground:
    """What is there before anybody writes: ids."""

    house: str
    others: tuple[str, ...]
    guests: tuple[str, ...]
    beds: tuple[str, ...]


async def ground(ask: Ask) -> Ground:
    """Make the house, and what else all writers pull at."""

    async def made(kind: str, names: list[str], argument: str) -> tuple[str, ...]:
        found = []
        for name in names:
            data = await ask(f'mutation {{ made: create{kind}({argument}: "{name}") {{ id }} }}')
            assert data, f"{kind} {name} can be made"
            found.append(str(data["made"]["id"]))
        return tuple(found)

    houses = await made("House", [f"house {number}" for number in range(SHARED)], "name")
    guests = await made("Guest", [f"guest {number}" for number in range(SHARED)], "name")
    beds = await made("Bed", [f"bed {number}" for number in range(SHARED)], "label")
    return Ground(houses[0], houses[1:], guests, beds)


class Writer:
    """One of the many: does one thing after another until it is told to stop."""

    def __init__(self, number: int, seed: int, ask: Ask, on: Ground, ledger: Ledger) -> None:
        self.number = number
        self.ask = ask
        self.on = on
        self.ledger = ledger
        self._chance = random.Random(seed * 1_000 + number)  # noqa: S311 - the same writer for the same seed
        self._made = 0
        self._rooms: list[tuple[str, str]] = []
        self._guest: str | None = None

    async def write(self, stop: asyncio.Event) -> None:
        """Write until told to stop."""
        doings = (
            *(self._room, self._room, self._whole_house, self._whole_house, self._visit, self._visit),
            *(self._key, self._bed, self._buddies, self._friends, self._move, self._remove, self._same_name),
        )
        while not stop.is_set():
            doing = self._chance.choice(doings)
            known = await doing()
            outcome = "unknown" if known is None else "done" if known else "refused"
            self.ledger.tally[f"{doing.__name__[1:]} {outcome}"] += 1
            self.ledger.tally[outcome] += 1

    def _name(self, kind: str) -> str:
        self._made += 1
        return f"{kind}-{self.number}-{self._made}"

    async def _room(self) -> dict[str, Any] | None:
        """A room of the house that everybody writes to, with the lamp that it cannot be without."""
        name = self._name("room")
        text = f'label: "{name}", houseId: "{self.on.house}", lamp: {{ code: "lamp of {name}" }}'
        data = await self.ask(f"mutation {{ made: createRoom({text}) {{ id }} }}")
        if data:
            self._rooms.append((name, data["made"]["id"]))
            self.ledger.there |= {name, f"lamp of {name}"}
        return data

    async def _whole_house(self) -> dict[str, Any] | None:
        """A house with rooms, lamps and a key at once: all of it or nothing."""
        name = self._name("house")
        rooms = ", ".join(f'{{ label: "{name}/{n}", lamp: {{ code: "{name}/{n}" }} }}' for n in range(ROOMS))
        guest = self.on.guests[self.number % SHARED]
        text = f'name: "{name}", rooms: [{rooms}], key: {{ number: "{name}" }}, guestsIds: ["{guest}"]'
        data = await self.ask(f"mutation {{ made: createHouse({text}) {{ id }} }}")
        if data:
            self.ledger.there.add(name)
        return data

    async def _visit(self) -> dict[str, Any] | None:
        """A guest of this writer alone comes to the house, or leaves it."""
        if self._guest is None:
            data = await self.ask(f'mutation {{ made: createGuest(name: "{self._name("visitor")}") {{ id }} }}')
            self._guest = data["made"]["id"] if data else None
            return data
        pair = (self._guest, self._chance.choice((self.on.house, *self.on.others)))
        verb, sure, other = self._chance.choice(
            (("addTo", self.ledger.edges, self.ledger.apart), ("removeFrom", self.ledger.apart, self.ledger.edges))
        )
        sure.discard(pair)
        other.discard(pair)
        text = f'guestsGuestId: "{pair[0]}", housesHouseId: "{pair[1]}"'
        data = await self.ask(f"mutation {{ made: {verb}HouseGuests({text}) {{ guestsGuest {{ id }} }} }}")
        if data:
            sure.add(pair)
        return data

    async def _key(self) -> dict[str, Any] | None:
        """A key for one of the houses, which may have one already: then it would be left without."""
        name, house = self._name("key"), self._chance.choice(self.on.others)
        data = await self.ask(f'mutation {{ made: createKey(number: "{name}", houseId: "{house}") {{ id }} }}')
        if data:
            self.ledger.there.add(name)
        return data

    async def _bed(self) -> dict[str, Any] | None:
        """A bed changes hands, from either end, or is made with a guest in it."""
        guest, bed = self._chance.choice(self.on.guests), self._chance.choice(self.on.beds)
        name = self._name("bed")
        text, made = self._chance.choice(
            (
                (f'setGuestBed(bedBedId: "{bed}", guestGuestId: "{guest}") {{ bedBed {{ id }} }}', ""),
                (f'updateGuest(id: "{guest}", bedId: "{bed}") {{ id }}', ""),
                (f'updateBed(id: "{bed}", guestId: "{guest}") {{ id }}', ""),
                (f'createBed(label: "{name}", guestId: "{guest}") {{ id }}', name),
                (f'unsetGuestBed(bedBedId: "{bed}", guestGuestId: "{guest}") {{ bedBed {{ id }} }}', ""),
            )
        )
        data = await self.ask(f"mutation {{ made: {text} }}")
        if data and made:
            self.ledger.there.add(made)
        return data

    async def _buddies(self) -> dict[str, Any] | None:
        one, other = self._chance.sample(self.on.guests, 2)
        text = self._chance.choice(
            (
                f'setBuddies(buddy1GuestId: "{one}", buddy2GuestId: "{other}") {{ buddy1Guest {{ id }} }}',
                f'updateGuest(id: "{one}", buddyId: "{other}") {{ id }}',
            )
        )
        return await self.ask(f"mutation {{ made: {text} }}")

    async def _friends(self) -> dict[str, Any] | None:
        one, other = self._chance.sample((self.on.house, *self.on.others), 2)
        text = self._chance.choice(
            (
                f'addToFriends(friends1HouseId: "{one}", friends2HouseId: "{other}") {{ friends1House {{ id }} }}',
                f'removeFromFriends(friends1HouseId: "{one}", friends2HouseId: "{other}") {{ friends1House {{ id }} }}',
                f'updateHouse(id: "{one}", friendsIds: ["{other}"]) {{ id }}',
            )
        )
        return await self.ask(f"mutation {{ made: {text} }}")

    async def _move(self) -> dict[str, Any] | None:
        """A room comes into another house, from either end."""
        if not self._rooms:
            return await self._room()
        room, house = self._chance.choice(self._rooms)[1], self._chance.choice(self.on.others)
        text = self._chance.choice(
            (
                f'updateRoom(id: "{room}", houseId: "{house}") {{ id }}',
                f'addToHouseRooms(roomsRoomId: "{room}", houseHouseId: "{house}") {{ roomsRoom {{ id }} }}',
            )
        )
        return await self.ask(f"mutation {{ made: {text} }}")

    async def _remove(self) -> dict[str, Any] | None:
        """Neither a room nor its lamp can be deleted alone; a guest can, and takes his edges along."""
        name = self._name("passer-by")
        data = await self.ask(
            f'mutation {{ made: createGuest(name: "{name}", housesIds: ["{self.on.house}"]) {{ id }} }}'
        )
        if not data:
            return data
        data = await self.ask(f'mutation {{ made: deleteGuest(id: "{data["made"]["id"]}") {{ id }} }}')
        if data:
            self.ledger.gone.add(name)
        return data

    async def _same_name(self) -> dict[str, Any] | None:
        """Names that differ in case and accents alone, wanted by everybody."""
        name = self._chance.choice(("Žofie {}", "zofie {}", "ŽOFIE {}", "Zofie\u030c {}"))
        name = name.format(self.ledger.tally["done"] // 200)
        return await self.ask(f'mutation {{ made: createGuest(name: "{name}") {{ id }} }}')


# --- afterwards ---------------------------------------------------------------------------------------------------

READ: Final = {
    "House": "name rooms(first: 1000) { id label } key { id } guests(first: 1000) { id } friends { id }",
    "Room": "label house { id } lamp { id }",
    "Lamp": "code room { id }",
    "Key": "number house { id }",
    "Guest": "name houses(first: 1000) { id } bed { id } buddy { id }",
    "Bed": "label guest { id }",
}
"""Type to what is read of it."""

Nodes = dict[str, dict[str, Any]]


async def everything(ask: Ask) -> dict[str, Nodes]:
    """All nodes by type and id."""
    found: dict[str, Nodes] = {}
    for kind, selection in READ.items():
        found[kind] = {}
        after = ""
        while True:
            data = await ask(f"{{ page: all{kind}s(first: {PAGE}{after}) {{ id {selection} }} }}")
            assert data is not None, "everybody answers again"
            assert data, f"{kind}: a field that is never null is null"
            found[kind] |= {node["id"]: node for node in data["page"]}
            if len(data["page"]) < PAGE:
                break
            after = f', after: "{data["page"][-1]["id"]}"'
    return found


def wrong(found: dict[str, Nodes], ledger: Ledger) -> list[str]:
    """Everything that must hold and does not."""
    return [
        *_lost(found, ledger),
        *_halves(found),
        *_one_to_one(found, "Room", "lamp", "Lamp", "room", required=True),
        *_one_to_one(found, "Key", "house", "House", "key", required=True),
        *_one_to_one(found, "Guest", "bed", "Bed", "guest", required=False),
        *_one_to_one(found, "Guest", "buddy", "Guest", "buddy", required=False),
        *_mutual(found["House"], "friends", found["House"], "friends"),
        *_mutual(found["House"], "guests", found["Guest"], "houses"),
        *_rooms(found),
        *_doubles(found),
    ]


def _named(node: dict[str, Any]) -> str:
    return str(next(node[field] for field in ("name", "label", "code", "number") if field in node))


def _lost(found: dict[str, Nodes], ledger: Ledger) -> Iterator[str]:
    names = {_named(node) for nodes in found.values() for node in nodes.values()}
    yield from (f"acknowledged and not there: {name}" for name in sorted(ledger.there - names))
    yield from (f"deleted and still there: {name}" for name in sorted(ledger.gone & names))
    edges = {(guest["id"], house["id"]) for guest in found["Guest"].values() for house in guest["houses"]}
    yield from (f"connected and apart: {pair}" for pair in sorted(ledger.edges - edges))
    yield from (f"parted and connected: {pair}" for pair in sorted(ledger.apart & edges))


def _halves(found: dict[str, Nodes]) -> Iterator[str]:
    """Houses that were made with all that is in them are whole; of others there is nothing."""
    parts: dict[str, Counter[str]] = defaultdict(Counter)
    for kind, nodes in found.items():
        for node in nodes.values():
            name = _named(node).partition("/")[0]
            if name.startswith("house-"):
                parts[name][kind] += 1
    whole = {"House": 1, "Room": ROOMS, "Lamp": ROOMS, "Key": 1}
    yield from (f"{name} is there by half: {dict(there)}" for name, there in parts.items() if there != whole)


def _one_to_one(
    found: dict[str, Nodes], near: str, field: str, far: str, back: str, *, required: bool
) -> Iterator[str]:
    """Each has one partner at most, who says the same."""
    for node in found[near].values():
        partner = node[field]
        if partner is None:
            if required:
                yield f"{near} {_named(node)} has no {field}"
            continue
        mutual = found[far].get(partner["id"], {}).get(back)
        if mutual is None or mutual["id"] != node["id"]:
            yield f"{near} {_named(node)} has a {field} that has {mutual}"
    taken = Counter(node[field]["id"] for node in found[near].values() if node[field] is not None)
    yield from (f"{far} {one} is the {field} of {times}" for one, times in taken.items() if times > 1)


def _mutual(near: Nodes, field: str, far: Nodes, back: str) -> Iterator[str]:
    there = {(node["id"], other["id"]) for node in near.values() for other in node[field]}
    again = {(other["id"], node["id"]) for node in far.values() for other in node[back]}
    yield from (f"{field}: {pair} holds from one side only" for pair in there ^ again)


def _rooms(found: dict[str, Nodes]) -> Iterator[str]:
    for room in found["Room"].values():
        if room["house"] is None or room["house"]["id"] not in found["House"]:
            yield f"room {room['label']} has no house"
    counted = Counter(room["house"]["id"] for room in found["Room"].values() if room["house"])
    for house in found["House"].values():
        if len(house["rooms"]) != min(counted[house["id"]], 1000):
            yield f"house {house['name']} lists {len(house['rooms'])} rooms of {counted[house['id']]}"


def _doubles(found: dict[str, Nodes]) -> Iterator[str]:
    """Unique texts are unique without case and accents."""
    for kind, nodes in found.items():
        folded = Counter(_fold(_named(node)) for node in nodes.values())
        yield from (f"{kind} {name} is there {times} times" for name, times in folded.items() if times > 1)


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()
