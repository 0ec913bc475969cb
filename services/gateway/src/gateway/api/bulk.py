"""`/{endpoint}/export`, `/import` and `/drop`: all data of an environment, out and in (C 1.6, DESIGN 4.8).

Each request is a call like any other in the record of calls; what they did to the data is a fact of the log.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from typing import Any, Final, cast, get_args

import orjson
from aiohttp import ClientPayloadError, web

from common.errors import INTERNAL, Refused
from common.logs import log
from contracts.calls import CallClass
from gateway.api import data, http
from gateway.api.data import Shell, Visit
from gateway.api.http import Asked, Reply, Send
from gateway.domain import bodies
from gateway.domain.admission import Admitted, bad_credential
from gateway.domain.bodies import BadBody, too_large
from gateway.domain.bulk import rights
from gateway.domain.bulk.rights import Act
from gateway.domain.bulk.transfer import Form, Mode
from gateway.domain.directory import Key
from gateway.execute.bulk.desk import Case, Desk
from gateway.execute.bulk.drops import drop
from gateway.execute.bulk.exports import Export, Exports, Wanted
from gateway.execute.bulk.imports import Imports, Taken

SNAPSHOT: Final = "Mortise-Snapshot"
PIECE_BYTES_MAX: Final = 8 * 1024 * 1024
IDLE_SECONDS: Final = 30.0
"""A caller who takes nothing, or sends nothing, for so long is cut off."""
CONTENT_TYPES: Final[Mapping[Form, str]] = {
    "ndjson": "application/x-ndjson; charset=utf-8",
    "csv": "text/csv; charset=utf-8; header=present",
}
ACTS: Final[Mapping[str, Act]] = {"export": "export", "import": "import", "drop": "drop"}
SUFFIXES: Final = tuple(f"/{name}" for name in ACTS)


class Bulk:
    """The three doors."""

    def __init__(self, shell: Shell, desk: Desk) -> None:
        self._shell = shell
        self._desk = desk
        self._exports = Exports(desk)
        self._imports = Imports(desk)

    async def __call__(self, asked: Asked) -> Reply:
        """Answer a request, and record it."""
        _, endpoint, name = asked.path.split("/", 2)
        act = ACTS[name]
        route = await data.find(self._shell.lookup, asked, endpoint)
        allowed = "GET" if act == "export" else "POST"
        if asked.method != allowed:
            return http.method_not_allowed(asked, allowed)
        visit = Visit(self._shell, route, asked.request_id, operation=act)
        try:
            case = await self._admitted(asked, visit, act)
            if act == "export":
                return await self._export(asked, visit, case)
            reply = await (self._import(asked, visit, case) if act == "import" else self._drop(asked, visit, case))
        except Exception as problem:  # noqa: BLE001 - a call that broke is counted like any other
            refusal = problem if isinstance(problem, Refused) else Refused(INTERNAL, "Internal server error")
            if refusal is not problem:
                log.error("gateway.broken", request=asked.request_id, path=asked.path, exc_info=problem)
            reply = http.refused(refusal)
            call = await visit.done(visit.refused(refusal), reply.status, len(reply.body))
            return http.counted(reply, call)
        return http.counted(reply, await visit.done("ok", reply.status, len(reply.body)))

    async def close(self) -> None:
        """Give up exports that nobody goes on with."""
        await self._exports.close()

    async def _admitted(self, asked: Asked, visit: Visit, act: Act) -> Case:
        lookup = self._shell.lookup
        secret = data.credential(asked.headers)
        holder = await lookup.holder(secret) if secret is not None else None
        if secret is not None and holder is None:
            raise bad_credential()
        rights.authorise(act, visit.route, holder)
        assert holder is not None, "nobody is authorised to do what he does not prove to be his"
        visit.admitted = Admitted(holder.id if isinstance(holder, Key) else holder.credential)
        lookup.accepted(holder)
        await visit.enter_patiently()
        return Case(visit.route, holder, asked.request_id)

    # --- out ----------------------------------------------------------------------------------------------------------

    async def _export(self, asked: Asked, visit: Visit, case: Case) -> Reply:
        form = _choice(asked, "form", get_args(Form), "ndjson")
        offset = asked.query.get("offset", "0")
        if not (offset.isascii() and offset.isdecimal() and len(offset) < 16):  # noqa: PLR2004 - petabytes
            raise BadBody(400, f"`offset` is not a number of bytes: {offset[:40]!r}.")
        snapshot = asked.query.get("snapshot") or None
        if int(offset) and snapshot is None:
            raise BadBody(
                400, "An export goes on from an offset only with its snapshot.", f"See the header {SNAPSHOT}."
            )
        wanted = Wanted(cast("Any", form), asked.query.get("type"), int(offset), snapshot)
        export = await self._exports.begin(case, wanted)
        headers = {SNAPSHOT: export.snapshot, "Cache-Control": "no-store"}
        stream = functools.partial(self._stream, visit, export)
        return Reply(b"", content_type=CONTENT_TYPES[wanted.form], headers=headers, stream=stream)

    async def _stream(self, visit: Visit, export: Export, send: Send) -> None:
        """Send an export at the caller's pace; recorded as a call however it ends."""

        async def patiently(piece: bytes) -> None:
            async with asyncio.timeout(IDLE_SECONDS):
                await send(piece)

        outcome: CallClass = "upstream_error"
        try:
            await export.run(patiently)
            outcome = "ok"
        except Refused as refusal:
            outcome = visit.refused(refusal)
            raise
        except (OSError, TimeoutError) as problem:
            outcome = "partial"
            log.info("gateway.bulk", outcome="broken off", transfer=export.transfer, problem=str(problem))
            raise
        finally:
            await visit.done(outcome, 200, export.bytes_out)

    # --- in -----------------------------------------------------------------------------------------------------------

    async def _import(self, asked: Asked, visit: Visit, case: Case) -> Reply:
        token = asked.query.get("transfer")
        force = asked.query.get("force") == "true"
        if token is None:
            form = cast("Form", _choice(asked, "form", get_args(Form), "ndjson"))
            mode = cast("Mode", _choice(asked, "mode", get_args(Mode), "append"))
            begun = await self._imports.begin(case, form, mode, asked.query.get("type"))
            told = {"transfer": begun.token, "stage": "check", "line": begun.line}
            return http.as_json({**told, "present": begun.present, "cut": begun.cut})
        if asked.query.get("end") == "true":
            confirmed = asked.query.get("confirm")
            return _told(await self._imports.end(case, token, confirmed=confirmed, force=force))
        body = await _body(asked)
        visit.bytes_in = len(body)
        visit.writes(None, len(body))
        return _told(await self._imports.piece(case, token, body))

    # --- away ---------------------------------------------------------------------------------------------------------

    async def _drop(self, asked: Asked, visit: Visit, case: Case) -> Reply:
        bodies.require_json(asked.header("content-type") or "")
        body = await asked.body()
        visit.bytes_in = len(body)
        said = bodies.load(body)
        if not isinstance(said, dict):
            raise BadBody(400, "The body is not a JSON object.")
        rights.confirm(case.route, said.get("confirm"), force=said.get("force") is True)
        removed = await drop(self._desk, case)
        visit.emptied()
        return http.as_json({"removed": removed})


def _told(taken: Taken) -> Reply:
    at = taken.transfer
    told: dict[str, Any] = {"transfer": taken.token, "stage": at.stage if taken.token else "done", "line": at.line}
    return Reply(orjson.dumps({**told, "nodes": at.nodes, "edges": at.edges, "problems": taken.problems}))


def _choice(asked: Asked, name: str, choices: tuple[str, ...], default: str) -> str:
    given = asked.query.get(name, default)
    if given not in choices:
        raise BadBody(400, f"`{name}` is {' or '.join(choices)}, not {given[:40]!r}.")
    return given


async def _body(asked: Asked) -> bytes:
    """A piece, as large as pieces may be and no slower than callers may be. Raises BadBody."""
    encoding = (asked.header("content-encoding") or "identity").strip().lower()
    if encoding != "identity":
        raise BadBody(415, f"The content encoding {encoding[:40]!r} is not supported.", "Send the piece as it is.")
    got: list[bytes] = []
    size = 0
    try:
        while True:
            async with asyncio.timeout(IDLE_SECONDS):
                piece = await asked.request.content.readany()
            if not piece:
                return b"".join(got)
            got.append(piece)
            size += len(piece)
            if size > PIECE_BYTES_MAX:
                raise too_large(PIECE_BYTES_MAX)
    except TimeoutError:
        raise BadBody(408, f"Nothing came for {IDLE_SECONDS:.0f} seconds.", "Send the piece again.") from None
    except (web.RequestPayloadError, ClientPayloadError, ConnectionError) as problem:
        raise BadBody(400, f"The body broke off or is malformed: {str(problem)[:100]}.") from None
