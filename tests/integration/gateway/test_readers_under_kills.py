"""Twenty readers from twenty cursors while gateway and NATS are killed: no gap, no repeat, nothing of others."""

from __future__ import annotations

import random

from tests.faults import readers
from tests.faults.readers import House, Reader
from tests.support.door import Door


async def test_readers_miss_nothing_and_get_nothing_twice_over_restarts(mortal: Door) -> None:
    outcome = await readers.run(mortal, readers=20, kills=("gateway-0", "nats-server"), between=20, seed=3)

    assert outcome.wrong == []
    assert outcome.told["deliveries"] > 300
    assert outcome.told["connections"] >= 2 * 20, "each was cut off by the kill of the gateway"


def test_the_comparison_sees_gaps_repeats_and_strangers() -> None:
    """Without that the test above could not fail."""
    reader = Reader(0, House("h", "o", "t"), False, None, 0, random.Random(1))  # noqa: FBT003, S311 - no choice is made

    for got, said in (([1, 3], "misses [2]"), ([1, 2, 2, 3], "got twice [2]"), ([1, 2, 3, 4], "should not see [4]")):
        reader.got = got
        assert readers.compared(reader, [1, 2, 3]) == [f"reader 0: {said}"]
    reader.got = [1, 3, 2]
    assert readers.compared(reader, [1, 2, 3]) == ["reader 0: got them in another order"]
