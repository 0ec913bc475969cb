"""Completion of commands and options in a shell."""

from __future__ import annotations

from typing import Annotated, Final

import typer
from typer.completion import get_completion_script  # type: ignore[attr-defined] # it is there, if undeclared

from console.failures import usage

SHELLS: Final = ("bash", "zsh", "fish")


def completion(*, shell: Annotated[str, typer.Argument(help="bash, zsh or fish.")]) -> None:
    """Print what makes a shell complete commands: `eval "$(mortise completion bash)"`, or install it for good."""
    if shell not in SHELLS:
        raise usage(f"{shell!r} is not a shell that completion is written for.", f"One of {', '.join(SHELLS)}.")
    print(get_completion_script(prog_name="mortise", complete_var="_MORTISE_COMPLETE", shell=shell))
