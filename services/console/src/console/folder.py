"""A service on disk: `mortise.toml` says which one it is, `schema.graphql` is it, `README.md` tells people."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from console.failures import usage

MANIFEST: Final = "mortise.toml"
SCHEMA: Final = "schema.graphql"
SCHEMAS: Final = "schema"
"""A folder for several files, which make one schema together."""
LINE_BREAK: Final = re.compile("\r\n|\r|\n")
"""What GraphQL counts as the end of a line."""
README: Final = "README.md"


@dataclass(frozen=True)
class Manifest:
    """`mortise.toml`."""

    service: str
    """Slug or id."""
    name: str
    problem: str
    solution: str
    domain: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Folder:
    """A folder that holds a service."""

    path: Path
    manifest: Manifest

    @cached_property
    def sources(self) -> tuple[tuple[str, str], ...]:
        """The files of the schema with their texts: `schema.graphql`, then `schema/*.graphql` by name.

        Raises Failure when there is none, or one cannot be read.
        """
        single = self.path / SCHEMA
        files = [*([single] if single.exists() else []), *sorted((self.path / SCHEMAS).glob("*.graphql"))]
        if not files:
            hint = f"A service folder holds {MANIFEST} and {SCHEMA}, or several files in {SCHEMAS}/."
            raise usage(f"{single} is missing.", hint)
        return tuple((file.relative_to(self.path).as_posix(), _text(file)) for file in files)

    @property
    def schema(self) -> str:
        """The text of the schema: that of its files, one behind the other, with an empty line between them."""
        return "\n\n".join(text for _, text in self.sources)

    def place(self, line: int) -> tuple[str, int]:
        """The file that a line of the schema is in, and its number there; both count from 1."""
        for file, text in self.sources[:-1]:
            lines = len(LINE_BREAK.split(text)) + 1
            if line <= lines:
                return file, line
            line -= lines
        return self.sources[-1][0], line


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise usage(f"{file} cannot be read: {error}") from None


def here(path: Path) -> Folder | None:
    """The service folder at `path` or around it; None when there is none. Raises Failure for a broken manifest."""
    for place in (path, *path.parents):
        if (place / MANIFEST).is_file():
            return Folder(place, _manifest(place / MANIFEST))
    return None


def required(path: Path) -> Folder:
    """The service folder at or around `path`. Raises Failure when there is none."""
    found = here(path)
    if found is None:
        raise usage(
            f"{path} is not in a service folder: there is no {MANIFEST} in it or above it.",
            "Go to one, or make one with `mortise service create`.",
        )
    return found


def write(path: Path, manifest: Manifest, *, schema: str, readme: str) -> Folder:
    """A new folder. Its place must be free (`free`)."""
    path.mkdir(parents=True, exist_ok=True)
    values = asdict(manifest)
    # A JSON string or list of strings is one of TOML too.
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items()]
    (path / MANIFEST).write_text("".join(lines), "utf-8")
    (path / SCHEMA).write_text(schema, "utf-8")
    (path / README).write_text(readme, "utf-8")
    return Folder(path, manifest)


def free(path: Path) -> None:
    """Refuse a place where something is already."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise usage(f"{path} exists and is not empty.", "Choose another place with --folder.")


def _manifest(file: Path) -> Manifest:
    try:
        found: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise usage(f"{file} cannot be read: {error}") from None
    problems = [f"`{name}` must be a text" for name in _TEXTS if not isinstance(found.get(name, ""), str)]
    problems += ["`service` is missing: the slug or id of the service"] if not found.get("service") else []
    tags = found.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(each, str) for each in tags):
        problems.append("`tags` must be a list of texts")
    problems += [f"`{name}` is unknown" for name in found if name not in (*_TEXTS, "tags")]
    if problems:
        raise usage(f"{file}: {'; '.join(problems)}.")
    return Manifest(**{name: found.get(name, "") for name in _TEXTS}, tags=tuple(tags))


_TEXTS: Final = ("service", "name", "problem", "solution", "domain")
