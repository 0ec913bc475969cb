"""An operator's wishes from the command line: `python -m common.operate --data DIR --rebuild '*' SERVICE ...`.

Asks `ops.<service>` of the stack that runs in DIR, one service after the other, and prints one JSON object
`{"<service>": <report>, ...}` (see `operations.Report`). Exit code 0; 1 when a rebuild came out different or was
refused, with the reason on stderr; 3 when nobody answers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

import nats
import nats.errors
import orjson
from nats.aio.client import Client

from common import addresses
from common.operations import Operation

REBUILD_SECONDS_MAX: Final = 600.0
CONNECT_SECONDS_MAX: Final = 2

REFUSED: Final = 1
UNREACHABLE: Final = 3


class _Ended(Exception):  # noqa: N818 - the end of the command
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


async def operate(url: str, services: list[str], wish: Operation) -> dict[str, Any]:
    """The report of each service."""
    client = Client()
    try:
        await client.connect(
            addresses.each(url), allow_reconnect=False, connect_timeout=CONNECT_SECONDS_MAX, error_cb=_nothing
        )
    except (OSError, nats.errors.Error) as error:
        raise _Ended(UNREACHABLE, f"No nats-server answers: {str(error) or type(error).__name__}") from None
    try:
        return {service: await _ask(client, service, wish) for service in services}
    finally:
        await client.close()


async def _ask(client: Client, service: str, wish: Operation) -> dict[str, Any]:
    try:
        answer = await client.request(f"ops.{service}", wish.model_dump_json().encode(), timeout=REBUILD_SECONDS_MAX)
    except nats.errors.NoRespondersError:
        raise _Ended(UNREACHABLE, f"The service {service!r} does not answer.") from None
    except (TimeoutError, nats.errors.Error) as error:
        raise _Ended(UNREACHABLE, f"The service {service!r} did not answer in time: {error}") from None
    envelope = orjson.loads(answer.data)
    if "error" in envelope:
        raise _Ended(REFUSED, f"{service}: {envelope['error']['message']}")
    value: dict[str, Any] = envelope["value"]
    return value


async def _nothing(_error: Exception) -> None:
    """The exception that is raised tells it."""


def _url(data: Path) -> str:
    if url := os.environ.get("MORTISE_NATS_URL"):
        return url
    try:
        return str(json.loads((data / "state.json").read_text("utf-8"))["nats_url"])
    except (OSError, ValueError, KeyError):
        raise _Ended(UNREACHABLE, f"No stack runs in {data}.") from None


def main(words: list[str]) -> int:
    """Run one command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m common.operate", description=__doc__)
    parser.add_argument("services", nargs="+", metavar="SERVICE")
    parser.add_argument("--data", type=Path, default=Path(".mortise"), help="data directory of the stack (.mortise)")
    parser.add_argument("--rebuild", metavar="PROJECTION", help="replay a read model from the log; * = all of them")
    parser.add_argument("--retry", metavar="SUBJECT", help="take in a parked aggregate again")
    given = parser.parse_args(words)
    try:
        wish = Operation(rebuild=given.rebuild, retry=given.retry)
        reports = asyncio.run(operate(_url(given.data), given.services, wish))
    except _Ended as ended:
        print(ended, file=sys.stderr)  # noqa: T201 - it speaks to a terminal
        return ended.code
    print(json.dumps(reports))  # noqa: T201 - the same
    return 0 if all(one["equal"] for report in reports.values() for one in report["rebuilt"]) else REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
