"""An environment that is left alone for a moment: what runs ends, nothing else begins there, and nobody is refused."""

from __future__ import annotations

import asyncio

from gateway.execute.connections import Connections
from gateway.execute.resting import rest
from tests.support.door import Door, Live
from tests.support.pools import HELD, PID, ask, begun, connections_of, gate, pool_of, several
from tests.support.waiting import until


async def test_connections_without_work_are_closed_and_others_when_theirs_has_ended(
    door: Door, lives: list[Live], made: list[Connections]
) -> None:
    connections = connections_of(door, made, 9)
    await several(door, connections, lives[0])
    other = await ask(connections, lives[1], PID)
    async with gate(door, lives[0]):
        held, _ = begun(connections, lives[0], HELD)

        assert rest(connections, lives[0].place.id).connections == 4
        (busy,) = pool_of(connections, lives[0]).wires
        assert (busy.retired, held.done()) == (True, False)
        assert rest(connections, lives[0].place.id).connections == 1
    assert isinstance(await held, str)
    await until(lambda: pool_of(connections, lives[0]).wires == [])

    assert await ask(connections, lives[1], PID) == other
    assert connections.open == 1


async def test_who_comes_meanwhile_is_answered_on_a_connection_of_after(
    door: Door, lives: list[Live], made: list[Connections]
) -> None:
    connections = connections_of(door, made, 9)
    before = await ask(connections, lives[0], PID)
    async with gate(door, lives[0]):
        held, _ = begun(connections, lives[0], HELD)
        rest(connections, lives[0].place.id)
        answers = await asyncio.gather(*(ask(connections, lives[0], PID, small=small) for small in (True, False)))
        assert before not in answers
        assert not held.done()
    await held


async def test_an_environment_that_nobody_calls_has_nothing_to_let_go_of(
    door: Door, lives: list[Live], made: list[Connections]
) -> None:
    connections = connections_of(door, made, 2)
    assert rest(connections, lives[0].place.id).connections == 0
