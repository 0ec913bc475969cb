"""Files taken in piece by piece: each is judged as a whole and stored in one transaction, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import asyncpg

from common import clock
from common.errors import BAD_USER_INPUT, Refused
from common.logs import log
from common.sql import Sql
from contracts import gateway as said
from contracts.moments import iso
from gateway.domain.bulk import emptying, lines, rights, sheets, transfer, writing
from gateway.domain.bulk.piece import PROBLEMS_MAX, Edge, Piece
from gateway.domain.bulk.shape import Shape, Table
from gateway.domain.bulk.transfer import Form, Mode, Transfer
from gateway.execute.bulk.desk import Case, Desk, changing, new_transfer
from gateway.execute.bulk.exports import typed

LINES_MAX: Final = 10_000
"""Lines of a piece."""
TURN_LINES: Final = 50
"""So many lines are judged before calls get a turn: a millisecond or two."""
TRIES: Final = 4
"""How often a piece is stored anew when it loses against concurrent calls."""
Connection: TypeAlias = "asyncpg.Connection[Any]"


@dataclass(frozen=True, slots=True)
class Begun:
    """An import that can send its first piece, and what replacing would take away."""

    token: str
    line: int
    present: int
    """Nodes that are there."""
    cut: dict[str, int]
    """Edges of other types that would go with them, by field."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A piece that was taken in, or an end of the file."""

    transfer: Transfer
    token: str | None
    """Of what comes next; None when the import is done."""
    problems: tuple[dict[str, Any], ...] = ()


class Imports:
    """The imports of this worker. What is under way is in its token, not here."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def begin(self, case: Case, form: Form, mode: Mode, type_: str | None) -> Begun:
        """A new import; nothing changes yet. Raises Refused."""
        shape = await self._desk.shape(case.route)
        table = typed(shape, type_) if form == "csv" else None
        linked = table is not None and _links_itself(shape, table)
        first = transfer.FIRST_LINE[form]
        made = Transfer(
            id=new_transfer(),
            environment=case.route.environment,
            form=form,
            mode=mode,
            began_ms=clock.milliseconds(),
            type=table.name if table is not None else None,
            linked=linked,
            line=first,
        )
        present, cut = 0, dict[str, int]()
        async with self._desk.turn(), self._desk.connected(case.route) as connection:
            for each in [table] if table is not None else shape.table.values():
                present += await connection.fetchval(emptying.count(each).text)
            if table is not None and mode == "replace":
                cut = await _cut(connection, shape, table)
        return Begun(transfer.written(made, self._desk.seal), first, present, cut)

    async def piece(self, case: Case, token: str, data: bytes) -> Taken:
        """Take a piece in. Raises Refused, with the problems, when it cannot be stored; then nothing of it was."""
        now = transfer.read(token, self._desk.seal, case.route.environment)
        shape = await self._desk.shape(case.route)
        found, count = await _judged(shape, now, data)
        if now.stage == "check":
            after = now.after(count, found.nodes, len(found.edges), len(found.problems))
            return self._taken(after, found)
        if found.problems:
            raise _unfit(found)
        _keep(found, now)
        async with self._desk.turn():
            nodes, edges = await self._stored(case, found)
        return self._taken(now.after(count, nodes, edges), found)

    async def end(self, case: Case, token: str, *, confirmed: object, force: bool) -> Taken:
        """The file has ended: on to the next stage, or the end of it all. Raises Refused."""
        now = transfer.read(token, self._desk.seal, case.route.environment)
        if now.problems:
            message = f"The check has found {now.problems} problems; nothing was imported."
            raise Refused(BAD_USER_INPUT, message, "Correct the file.", reason="IMPORT_INVALID")
        shape = await self._desk.shape(case.route)
        if now.stage == "check":
            if now.mode == "replace":
                rights.confirm(case.route, confirmed, force=force)
            await self._begin_rows(case, shape, now)
        following = now.next_stage()
        if following is not None:
            return Taken(following, transfer.written(following, self._desk.seal))
        async with self._desk.turn(), self._desk.connected(case.route) as connection:
            lonely = await _lonely(connection, shape)
        types = (now.type,) if now.type else tuple(shape.table)
        where = {"environment": case.route.environment, "kind": case.route.kind, "form": now.form, "types": types}
        await self._desk.say(
            case,
            now.id,
            said.DataImported.model_validate({"transfer": now.id, "nodes": now.nodes, "edges": now.edges, **where}),
        )
        return Taken(now, None, lonely)

    async def _begin_rows(self, case: Case, shape: Shape, now: Transfer) -> None:
        """Say that data comes in, and take away what it replaces: both or neither, and once however often it is asked.

        The fact is appended while the transaction is open: nothing is ever taken away without it.
        """
        table = typed(shape, now.type) if now.type else None
        async with self._desk.turn(), self._desk.connected(case.route) as connection:
            running = connection.transaction()
            await running.start()
            removed = 0
            if now.mode == "replace":
                removed = await removed_nodes(connection, shape, table, case.route.model_sha)
            fact = said.DataImportBegun(
                transfer=now.id,
                environment=case.route.environment,
                kind=case.route.kind,
                form=now.form,
                mode=now.mode,
                types=(table.name,) if table else tuple(shape.table),
                removed=removed,
            )
            if await self._desk.say(case, now.id, fact):
                await running.commit()
            else:
                await running.rollback()

    async def _stored(self, case: Case, found: Piece) -> tuple[int, int]:
        route = case.route
        for attempt in range(1, TRIES + 1):
            try:
                async with self._desk.connected(route) as connection, connection.transaction():
                    return await _store(connection, found, route.model_sha)
            except (asyncpg.IntegrityConstraintViolationError, asyncpg.TransactionRollbackError) as problem:
                # Somebody else wrote between our look and our change; the next look sees it.
                if attempt == TRIES:
                    log.warning("gateway.bulk", outcome="lost", environment=route.environment, problem=str(problem))
                    raise _contended() from problem
        raise AssertionError("the last try returns or raises")

    def _taken(self, after: Transfer, found: Piece) -> Taken:
        told = tuple(problem.told() for problem in found.problems)
        return Taken(after, transfer.written(after, self._desk.seal), told)


async def removed_nodes(connection: Connection, shape: Shape, table: Table | None, model_sha: str) -> int:
    """Delete all nodes of a type, or of all types; how many. Raises Refused when others need them."""
    try:
        removed = await _removed(connection, shape, table)
    except (asyncpg.IntegrityConstraintViolationError, asyncpg.TransactionRollbackError) as problem:
        raise _contended() from problem
    # Looked up last, when the locks on what was deleted keep a deployment from going on.
    if await connection.fetchval(writing.SERVED.text) != model_sha:
        raise changing()
    return removed


async def _removed(connection: Connection, shape: Shape, table: Table | None) -> int:
    if table is None:
        return sum(await connection.fetchval(emptying.everything(shape).text)) if shape.table else 0
    for cut in emptying.cuts(shape, table):
        edges = await connection.fetchval(cut.count.text) if cut.required else 0
        if edges:
            raise emptying.needed(table, cut.field, edges)
    return int(await connection.fetchval(emptying.one(table).text))


async def _judged(shape: Shape, now: Transfer, data: bytes) -> tuple[Piece, int]:
    """The nodes and edges of a piece, and how many lines it has. Raises Refused for a piece that is too long."""
    piece = Piece(shape)
    if now.form == "ndjson":
        texts = data.split(b"\n")
        if not texts[-1]:
            texts.pop()
        _bounded(len(texts))
        steps: Iterable[None] = _each_line(piece, now, texts)
        count = len(texts)
    else:
        table = typed(shape, now.type)
        try:
            text = data.decode()
        except UnicodeDecodeError as problem:
            line = now.line - 1 + data.count(b"\n", 0, problem.start)
            piece.wrong(line, None, "is not UTF-8", data[problem.start : problem.start + 20].hex(" "))
            return piece, data.count(b"\n") - 1
        count = _lines(text) - 1
        _bounded(count)
        steps = _each_record(piece, table, now, text)
    for number, _ in enumerate(steps):
        if number % TURN_LINES == 0:
            await asyncio.sleep(0)
    piece.settle()
    return piece, max(count, 0)


def _each_line(piece: Piece, now: Transfer, texts: list[bytes]) -> Iterator[None]:
    for line, text in enumerate(texts, now.line):
        lines.take(piece, line, text, now.new_id(line))
        yield


def _each_record(piece: Piece, table: Table, now: Transfer, text: str) -> Iterator[None]:
    """The first line of a piece of a sheet are the names again, whatever line of the file it begins with."""
    found = sheets.records(text.removeprefix("\ufeff"), now.line - 1)
    try:
        names = next(found, None)
        if names is None or not sheets.header(piece, table, names.cells):
            return
        for record in found:
            sheets.take(piece, table, names.cells, record, now.new_id(record.line))
            yield
    except sheets.Broken as problem:
        piece.wrong(problem.line, None, str(problem))


def _lines(text: str) -> int:
    return sheets.breaks(text) + (not text.endswith(("\n", "\r")))


def _bounded(count: int) -> None:
    if count > LINES_MAX:
        message = f"A piece has {LINES_MAX} lines at most, this one {count}."
        raise Refused(BAD_USER_INPUT, message, "Send smaller pieces.", reason="TOO_LONG")


def _links_itself(shape: Shape, table: Table) -> bool:
    return any(shape.entity(one.field.target) is table.entity for one in table.to_one.values() if not _needed(one))


def _needed(one: Any) -> bool:
    return getattr(one, "required", False)


def _keep(found: Piece, now: Transfer) -> None:
    """Of a sheet whose rows point at its own rows, first the nodes, then these edges."""
    if not now.linked:
        return
    own = {one.id for one in found.shape.model.relations if one.a == one.b}
    if now.stage == "rows":
        found.edges = [edge for edge in found.edges if edge.relation not in own]
    else:
        found.rows, found.edges = {}, [edge for edge in found.edges if edge.relation in own]


async def _store(connection: Connection, found: Piece, model_sha: str) -> tuple[int, int]:
    """Check and store; how many nodes and edges were not there. Raises Refused."""
    shape, now = found.shape, iso(clock.now())
    nodes, edges = 0, 0
    await connection.execute(writing.DEFER.text)
    rows = [(table, list(found.rows[table.name].values())) for table in shape.order if table.name in found.rows]
    for table, those in rows:
        await _check(connection, found, writing.node_checks(table, those))
    _stop(found)
    for table, those in rows:
        nodes += await _value(connection, writing.insert(table, those, now))
    for table, those in rows:
        await _check(connection, found, writing.partner_checks(table, those))
    by_relation: dict[str, list[Edge]] = {}
    for edge in found.edges:
        by_relation.setdefault(edge.relation, []).append(edge)
    for id_, those_edges in by_relation.items():
        relation = shape.model.relation_by_id[id_]
        await _check(connection, found, writing.edge_checks(shape, relation, those_edges))
        if not found.problems:
            edges += await _value(connection, writing.connect(shape, relation, those_edges))
    _stop(found)
    if await connection.fetchval(writing.SERVED.text) != model_sha:
        raise changing()
    await connection.execute(writing.SETTLE.text)
    return nodes, edges


async def _check(connection: Connection, found: Piece, checks: Iterable[writing.Check]) -> None:
    for check in checks:
        for row in await connection.fetch(check.statement.text, *check.statement.values):
            found.wrong(row[0], check.field, check.why, check.values.get(row[0]))


async def _value(connection: Connection, statement: Sql) -> int:
    return int(await connection.fetchval(statement.text, *statement.values))


def _stop(found: Piece) -> None:
    if found.problems:
        problem = _unfit(found)
        found.problems = []  # The next look finds its own.
        raise problem


def _unfit(found: Piece) -> Refused:
    told = sorted((problem.told() for problem in found.problems), key=lambda one: int(one["line"]))
    first = told[0]
    field = f", {first['field']}" if "field" in first else ""
    return Refused(
        BAD_USER_INPUT,
        f"Line {first['line']}{field}: {first['message']}.",
        "Nothing of this piece was imported.",
        reason="IMPORT_INVALID",
        details={"problems": told},
    )


def _contended() -> Refused:
    message = "Calls change the same data all the time."
    return Refused("SERVICE_UNAVAILABLE", message, "Try again in a moment.", reason="CONFLICT")


async def _cut(connection: Connection, shape: Shape, table: Table) -> dict[str, int]:
    found: dict[str, int] = {}
    for cut in emptying.cuts(shape, table):
        edges = int(await connection.fetchval(cut.count.text))
        if edges and cut.required:
            raise emptying.needed(table, cut.field, edges)
        if edges:
            found[cut.field] = edges
    return found


async def _lonely(connection: Connection, shape: Shape) -> tuple[dict[str, Any], ...]:
    """Nodes that lack a partner which they must have, and which came in no line: it is said, not undone."""
    told: list[dict[str, Any]] = []
    why = "is required, and has no partner"
    for type_, field, statement in writing.lonely(shape):
        rows = await connection.fetch(statement.text)
        told += [{"type": type_, "id": row[0], "field": field, "message": why} for row in rows]
    return tuple(told[:PROBLEMS_MAX])
