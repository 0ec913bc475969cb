"""Variables as a process was given them: in its environment, or in files that its environment names.

`MORTISE_X_FILE` names a file that holds MORTISE_X, so that a secret need not stand in an environment. A DSN may leave
its password to a variable of its own: MORTISE_POSTGRES_PASSWORD goes into MORTISE_POSTGRES_DSN, and so on.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

PREFIX: Final = "MORTISE_"
_FILE: Final = "_FILE"
_DSN: Final = "_DSN"


def read(environ: Mapping[str, str]) -> dict[str, str]:
    """All variables with the content of files and passwords in place. Raises OSError for a file that cannot be read.

    What stands in the environment itself wins over a file.
    """
    found = dict(environ)
    for name, value in environ.items():
        if name.startswith(PREFIX) and name.endswith(_FILE) and value and not environ.get(plain := name[: -len(_FILE)]):
            found[plain] = Path(value).read_text(encoding="utf-8").strip()
    for name, value in list(found.items()):
        if name.startswith(PREFIX) and name.endswith(_DSN):
            password = found.get(f"{name[: -len(_DSN)]}_PASSWORD")
            found[name] = _with_password(value, password) if password else value
    return found


def _with_password(dsn: str, password: str) -> str:
    parts = urlsplit(dsn)
    if parts.username is None or parts.password is not None:
        return dsn
    where = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{parts.username}:{quote(password, safe='')}@{where}").geturl()
