"""`updateOrCreate` -> statements: whether the node is there is found out in the database, once (G 6.4)."""

from __future__ import annotations

from typing import Final

from common.sql import Sql, ident, sql
from gateway.engine.plan.changes import Upsert
from gateway.engine.sql import guards, reading, text
from gateway.engine.sql.writing import answered, grouped, statements

_FOUND: Final = sql("current_setting('mortise.found') = 'true'")
_NOT_FOUND: Final = sql("current_setting('mortise.found') = 'false'")


def upsert(tree: Upsert, sha: str, bytes_max: int) -> list[Sql]:
    """Both writes in order, each behind its gate; the last statement answers. Verdicts count the guards of both."""
    entity, node = tree.answer.entity, text.text(tree.answer.value)
    # A setting that ends with the transaction keeps the decision, and a lock the node.
    find = sql(
        "with found as (select from {table} where {id} = {node} for no key update) "
        "select set_config('mortise.found', (exists (select from found))::text, true)",
        table=text.table(entity.table),
        id=ident("id"),
        node=node,
    )
    made: list[Sql] = [find]
    first = 0
    for branch, gate in ((tree.update, _FOUND), (tree.create, _NOT_FOUND)):
        made += guards.locks(branch.locks, gate)
        made += statements(grouped(branch, gate), guards.cases(branch.guards, first), gate)
        first += len(branch.guards)
    shown = sql("case when {found} then {node} else {new} end", found=_FOUND, node=node, new=text.text(tree.new))
    outputs = tree.answer.outputs
    return [*made, answered(reading.bounded(reading.node_of(entity, outputs, shown), outputs, bytes_max), sha)]
