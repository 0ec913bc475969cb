"""All data of an environment taken away; its schema stays."""

from __future__ import annotations

from contracts import gateway as said
from gateway.execute.bulk.desk import Case, Desk, new_transfer
from gateway.execute.bulk.imports import removed_nodes


async def drop(desk: Desk, case: Case) -> int:
    """Delete every node and edge; how many nodes. Raises Refused.

    The fact is appended while the transaction is open: nothing is ever taken away without it. When the database fails
    after that, the log tells of a drop that did not happen, and the caller hears that it did not.
    """
    shape, route = await desk.shape(case.route), case.route
    async with desk.turn(), desk.connected(route) as connection, connection.transaction():
        removed = await removed_nodes(connection, shape, None, route.model_sha)
        fact = said.DataDropped(
            transfer=new_transfer(),
            environment=route.environment,
            kind=route.kind,
            types=tuple(shape.table),
            removed=removed,
        )
        await desk.say(case, fact.transfer, fact)
    return removed
