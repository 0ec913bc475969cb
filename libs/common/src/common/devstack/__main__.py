"""The command line of the stack on one machine; `mortise up` runs it as a process of its own.

It stays in the foreground, prints a line when something happens, and writes DIR/state.json when all is ready. SIGTERM
or Control-C stops everything in order; a second one does not wait.

Servers of your own win over the embedded ones: MORTISE_NATS_URL (with a user that may make streams, or with the
accounts that `python -m common.bootstrap nats-config` prints) and MORTISE_POSTGRES_DSN (a user with CREATEDB and
CREATEROLE). MORTISE_NATS_SERVER and MORTISE_POSTGRES_BIN name other binaries, MORTISE_NATS_REPLICAS the copies of each
stream, MORTISE_SECRET_KEY a key of your own (hex, 32 bytes) instead of a file in the data directory. Other MORTISE_
variables, such as MORTISE_LOG_LEVEL, are handed on to the services.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from common.bootstrap import accounts
from common.devstack.home import DevstackError, Home
from common.devstack.processes import end_with_parent
from common.devstack.supervisor import Options, Supervisor


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m common.devstack", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path(".mortise"), help="data directory (.mortise)")
    parser.add_argument("--host", default="127.0.0.1", help="address of the public door (127.0.0.1)")
    parser.add_argument("--port", type=int, default=4000, help="port of the public door; 0 takes a free one (4000)")
    parser.add_argument("--workers", type=int, default=1, help="gateway processes that share the port (1)")
    # For tests of the servers alone: `--services ''` starts none.
    parser.add_argument("--services", default=",".join(accounts.SERVICES), help=argparse.SUPPRESS)
    parser.add_argument("--with-parent", action="store_true", help="stop when the process that started this one ends")
    return parser.parse_args(words)


def _options(given: argparse.Namespace) -> Options:
    named = tuple(name for name in given.services.split(",") if name)
    unknown = set(named) - set(accounts.SERVICES)
    if unknown:
        raise DevstackError(f"--services: unknown {', '.join(sorted(unknown))}; known: {', '.join(accounts.SERVICES)}")
    if given.workers < 1:
        raise DevstackError(f"--workers must be at least 1, not {given.workers}")
    return Options(given.host, given.port, given.workers, named)


def main(words: list[str]) -> int:
    """The exit code: 0 after an orderly stop, 1 with the reason on stderr when the stack cannot stand."""
    given = _arguments(words)
    os.umask(0o077 if os.geteuid() else 0o066)
    try:
        options = _options(given)
        if given.with_parent:
            end_with_parent(signal.SIGTERM)
        return Supervisor(Home(given.data), options).run()
    except DevstackError as error:
        print(f"mortise: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
