"""The `mortise` command."""

from __future__ import annotations

import sys

from console import screen
from console.cli import app
from console.failures import Failure


def main() -> None:
    """Run one command; its exit code is that of `failures`."""
    try:
        app(prog_name="mortise")
    except Failure as failure:
        screen.failed(failure, as_json="--json" in sys.argv[1:])
        sys.exit(failure.exit_code)


if __name__ == "__main__":
    main()
