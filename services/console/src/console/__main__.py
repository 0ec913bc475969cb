"""The `mortise` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

from typer.main import get_command

from console import screen
from console.cli import app
from console.failures import Failure


def main(words: Sequence[str] | None = None) -> None:
    """Run one command and exit, with a code of `failures`. `words` are those of the command line unless given."""
    given = sys.argv[1:] if words is None else list(words)
    try:
        _command()(given, prog_name="mortise")
    except Failure as failure:
        screen.failed(failure, as_json="--json" in given)
        sys.exit(failure.exit_code)


@cache
def _command() -> Any:
    """All commands, put together once: that takes longer than most of them."""
    return get_command(app)


if __name__ == "__main__":
    main()
