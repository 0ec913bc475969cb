"""Back up, check and restore from the command line: `python -m common.backup take DIR --data .mortise`.

    take DIR                    a backup of the stack that runs in --data, or of the servers that MORTISE_* name
    verify DIR                  read every byte of a backup and compare
    restore DIR                 fill the empty stack of --data (its servers are started for it) or of MORTISE_*
    events-from-audit [DIR]     bring EVT back from audit's byte copy; other streams from the backup DIR

One JSON object on stdout: what was done, or `{"error": {code, message, hint}}`; a line for each step on stderr. Exit
code 0; 1 when it was refused or a backup is damaged; 3 when a server does not answer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

from common.backup.copies import bring_back
from common.backup.files import verified
from common.backup.manifest import Manifest
from common.backup.restoring import restore
from common.backup.site import WORLD, Site, of_data, of_environment
from common.backup.taking import take
from common.errors import SERVICE_UNAVAILABLE, Refused

REFUSED: Final = 1
UNREACHABLE: Final = 3


def told(manifest: Manifest) -> dict[str, Any]:
    """A backup in a few words."""
    streams = [each.model_dump(include={"name", "first", "last", "messages"}) for each in manifest.streams]
    named = {"environment", "path", "serves", "underway"}
    return {
        "position": manifest.position,
        "calls": manifest.calls,
        "takenAt": manifest.taken_at,
        "endedAt": manifest.ended_at,
        "bytes": sum(each.bytes for each in manifest.files),
        "files": len(manifest.files),
        "streams": streams,
        "environments": [each.model_dump(include=named) for each in manifest.environments],
        "leftOut": manifest.left_out,
        "gateways": [each.gateway for each in manifest.gateways],
        "rounds": manifest.rounds,
        "withKey": manifest.with_key,
        "warnings": manifest.warnings(),
    }


def _site(data: Path | None) -> Site:
    return of_data(data) if data is not None else of_environment(os.environ)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - it speaks to a terminal


def _done(given: argparse.Namespace) -> dict[str, Any]:
    match given.act:
        case "take":
            manifest = asyncio.run(take(_site(given.data), given.directory, with_key=given.with_key, say=_say))
            return {"directory": str(given.directory), **told(manifest)}
        case "restore":
            restored = asyncio.run(restore(given.directory, given.data, given.secrets, _say))
            return {"directory": str(given.directory), **restored.told()}
        case "events-from-audit":
            return asyncio.run(bring_back(given.directory, given.data, _say)).told()
        case _:
            return {"directory": str(given.directory), **told(verified(given.directory))}


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m common.backup", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("act", choices=("take", "verify", "restore", "events-from-audit"))
    parser.add_argument("directory", type=Path, nargs="?", help="of the backup")
    parser.add_argument("--data", type=Path, help="data directory of a stack on this machine")
    parser.add_argument("--with-key", action="store_true", help="take: put the secret key into the backup")
    parser.add_argument(
        "--secrets", type=Path, help="restore: directory with secret.key, and kept.json if there is one"
    )
    given = parser.parse_args(words)
    if given.directory is None and given.act != "events-from-audit":
        parser.error(f"{given.act}: the directory of the backup is missing")
    return given


def main(words: list[str]) -> int:
    """Run one command; its exit code."""
    os.umask(0o077)
    try:
        value = _done(_arguments(words))
    except Refused as refused:
        return _failed(refused)
    except WORLD as error:
        return _failed(Refused(SERVICE_UNAVAILABLE, f"{type(error).__name__}: {error}"))
    print(json.dumps(value, indent=1))  # noqa: T201 - the same
    return 0


def _failed(refused: Refused) -> int:
    print(json.dumps({"error": {"message": refused.message, **refused.extensions()}}, indent=1))  # noqa: T201 - the same
    return UNREACHABLE if refused.code == SERVICE_UNAVAILABLE else REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
