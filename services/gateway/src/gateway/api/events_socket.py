"""Events over a WebSocket: one text message for each, `{"cursor": N, "event": {...}}`.

Nothing is taken from the client. A message with a cursor alone says how far it is when there is nothing to tell. When
it ends, the close code says why.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Final

import orjson
from aiohttp import WSCloseCode, WSMsgType, hdrs, web

from common.errors import FORBIDDEN, NOT_FOUND, SERVICE_UNAVAILABLE, UNAUTHENTICATED, Refused
from common.logs import log
from gateway.domain.bodies import BadBody
from gateway.execute.feed_readers import EventReader

HEARD_BYTES_MAX: Final = 4096
DONE: Final = 1000
CODES: Final[Mapping[str, int]] = {
    UNAUTHENTICATED: 4401,
    FORBIDDEN: 4403,
    NOT_FOUND: 4404,
    SERVICE_UNAVAILABLE: WSCloseCode.SERVICE_RESTART,
}
"""Close code by error code."""
REASON_BYTES_MAX: Final = 120
"""A close frame holds 125 bytes, two of which are its code."""


def is_asked_for(request: web.BaseRequest) -> bool:
    """Whether a request is the handshake of a WebSocket. Raises BadBody (400) for a handshake that is none."""
    if request.headers.get(hdrs.UPGRADE, "").strip().lower() != "websocket":
        return False
    if not web.WebSocketResponse().can_prepare(request):
        raise BadBody(400, "This is no handshake of a WebSocket.", "Use a client that speaks RFC 6455.")
    return True


def told(refusal: Refused) -> dict[str, Any]:
    """Why it ends, in the words of an error."""
    return {"message": refusal.message, **refusal.extensions()}


async def conversation(
    request: web.BaseRequest, reader: EventReader, *, beat: float, stall: float
) -> web.WebSocketResponse:
    """Tell a reader over a WebSocket until one of both ends it."""
    socket = web.WebSocketResponse(heartbeat=2 * beat, max_msg_size=HEARD_BYTES_MAX, compress=False, timeout=stall)
    await socket.prepare(request)
    tasks = [asyncio.create_task(_tell(socket, reader, beat, stall)), asyncio.create_task(_hear(socket))]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        code, reason = next(iter(done)).result()
    except OSError:
        # Gone, or deaf: what he did not take he gets when he comes again.
        if request.transport is not None:
            request.transport.abort()
        return socket
    except Exception as problem:  # noqa: BLE001 - the last line, as for every answer: here it is a close code
        log.error("gateway.broken", path=request.path, exc_info=problem)
        code, reason = WSCloseCode.INTERNAL_ERROR, "Internal server error"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    with contextlib.suppress(OSError):
        await socket.close(code=code, message=reason.encode()[:REASON_BYTES_MAX])
    return socket


async def _tell(socket: web.WebSocketResponse, reader: EventReader, beat: float, stall: float) -> tuple[int, str]:
    """Tell; close code and reason when there is nothing more to tell."""

    async def send(piece: bytes) -> None:
        async with asyncio.timeout(stall):
            await socket.send_frame(piece, WSMsgType.TEXT)

    try:
        await send(b'{"cursor":%d}' % reader.cursor)
        while (facts := await reader.batch(beat)) is not None:
            for fact in facts:
                await send(b'{"cursor":%d,"event":%b}' % (fact.position, fact.body))
            if not facts:
                await send(b'{"cursor":%d}' % reader.cursor)
    except Refused as refusal:
        await send(orjson.dumps({"cursor": reader.cursor, "end": told(refusal)}))
        return CODES.get(refusal.code, WSCloseCode.INTERNAL_ERROR), refusal.extensions().get("reason") or refusal.code
    return DONE, "DONE"


async def _hear(socket: web.WebSocketResponse) -> tuple[int, str]:
    """Wait until the client ends it, or says something."""
    heard = await socket.receive()
    if heard.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
        return WSCloseCode.POLICY_VIOLATION, "Nothing is taken here."
    return DONE, ""
