"""The prepared statements of one connection: bounded, because each costs the server memory. Pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from gateway.execute.wire import messages

STATEMENTS_MAX: Final = 200
"""Statements kept prepared on one connection."""
BYTES_MAX: Final = 1024 * 1024
"""Bytes of text that they have together; the server's own memory for them is some ten times as much."""
STATEMENT_BYTES_MAX: Final = 64 * 1024
"""Longer statements are not kept."""


@dataclass(slots=True, eq=False)
class Prepared:
    """One statement that the server knows, or will know when it has read what was sent."""

    sql: str
    name: bytes
    target: bytes
    """What a Bind message for it begins with."""
    alone: tuple[Prepared, ...] = field(init=False)
    """This one and no other."""

    def __post_init__(self) -> None:
        """Make what every use needs."""
        self.alone = (self,)


@dataclass(slots=True)
class Known:
    """What a connection has prepared, the least used first."""

    statements: OrderedDict[str, Prepared] = field(default_factory=OrderedDict)
    bytes: int = 0
    _made: int = 0

    def use(self, sql: str) -> Prepared | None:
        """The prepared statement of a text, if there is one."""
        found = self.statements.get(sql)
        if found is not None:
            self.statements.move_to_end(sql)
        return found

    def add(self, sql: str, parameters: int) -> Prepared:
        """A name for a statement that is going to be prepared. One that is too long gets the name that is not kept."""
        if len(sql) > STATEMENT_BYTES_MAX:
            return Prepared(sql, b"", messages.target(b"", parameters))
        self._made += 1
        name = b"m%d" % self._made
        made = self.statements[sql] = Prepared(sql, name, messages.target(name, parameters))
        self.bytes += len(sql)
        return made

    def forget(self, prepared: Prepared) -> bool:
        """Use this one no more. False when it is forgotten already."""
        if self.statements.get(prepared.sql) is not prepared:
            return False
        del self.statements[prepared.sql]
        self.bytes -= len(prepared.sql)
        return True

    def surplus(self) -> list[Prepared]:
        """The least used beyond the bounds, forgotten here; the caller has the server forget them."""
        found = []
        while len(self.statements) > STATEMENTS_MAX or self.bytes > BYTES_MAX:
            _, oldest = self.statements.popitem(last=False)
            self.bytes -= len(oldest.sql)
            found.append(oldest)
        return found
