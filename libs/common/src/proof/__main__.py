"""Check a proof on a machine that has Python and this folder, nothing else: `python3 -m proof FILE [--key KEY]`.

Exit code 0: genuine; 1: not what was recorded; 2: cannot say.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from proof.verify import CANNOT_DECIDE, verify


def main() -> int:
    """Judge one file; the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m proof", description="Check a proof or an export of Mortise.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", help="the verifier key to trust; without it, the one in the file")
    given = parser.parse_args()
    try:
        document = given.file.read_bytes()
    except OSError as error:
        print(f"{given.file} cannot be read: {error.strerror}", file=sys.stderr)  # noqa: T201 - it is a command
        return CANNOT_DECIDE
    verdict = verify(document, key=given.key)
    print(f"{given.file}: {verdict.message}", file=sys.stderr if verdict.code else sys.stdout)
    return verdict.code


if __name__ == "__main__":
    sys.exit(main())
