"""The directory of a backup: files written once with their hashes, and checked without restoring anything.

The manifest comes last, so a directory without one is not a backup. `manifest.sha256` is in the format of `sha256sum`.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from common.backup import frames
from common.backup.manifest import DAMAGED, EVENTS, File, Manifest, read, written
from common.errors import BAD_USER_INPUT, Refused
from common.stream import Message

MANIFEST: Final = "manifest.json"
CHECK: Final = "manifest.sha256"
CHUNK_BYTES: Final = 1024 * 1024


class Sink(io.RawIOBase):
    """A file that is written from its beginning to its end and knows its hash."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._hash = hashlib.sha256()
        self.bytes = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: bytes, /) -> int:  # type: ignore[override]  # bytes are all that is ever written
        """Append."""
        self._file.write(data)
        self._hash.update(data)
        self.bytes += len(data)
        return len(data)

    def close(self) -> None:
        """On disk, if it was not closed before."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        super().close()

    @property
    def sha256(self) -> str:
        """Of all that was written, hex."""
        return self._hash.hexdigest()


class Target:
    """A new directory that becomes a backup."""

    def __init__(self, directory: Path) -> None:
        """Raises Refused when there is something already, or the directory cannot be made."""
        self.directory = directory
        self._files: dict[str, File] = {}
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            occupied = any(directory.iterdir())
        except OSError as error:
            message = f"{directory} cannot be used: {error.strerror}."
            raise Refused(BAD_USER_INPUT, message, "Name another directory.") from None
        if occupied:
            message = f"{directory} is not empty: a backup is never written over something."
            raise Refused(BAD_USER_INPUT, message, "Name a new directory.", reason="NOT_EMPTY")

    @contextmanager
    def file(self, path: str) -> Iterator[Sink]:
        """A file of the backup, written inside the `with`. Made a second time, it replaces the first."""
        place = self.directory / path
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.unlink(missing_ok=True)
        with Sink(place) as sink:
            yield sink
        self._files[path] = File(path=path, bytes=sink.bytes, sha256=sink.sha256)

    def forget(self, path: str | None) -> None:
        """A file that is not part of it after all."""
        if path is not None and self._files.pop(path, None) is not None:
            (self.directory / path).unlink()

    def files(self) -> tuple[File, ...]:
        """What was written so far, by path."""
        return tuple(self._files[path] for path in sorted(self._files))

    def finish(self, manifest: Manifest) -> None:
        """Write the table of contents: from now on it is a backup."""
        text = written(manifest).encode()
        with Sink(self.directory / CHECK) as check:
            check.write(f"{hashlib.sha256(text).hexdigest()}  {MANIFEST}\n".encode())
        with Sink(self.directory / MANIFEST) as sink:
            sink.write(text)


def contents(directory: Path) -> Manifest:
    """The manifest of a backup. Raises Refused when there is none, it was changed, or it is of another version."""
    try:
        text = (directory / MANIFEST).read_bytes()
        check = (directory / CHECK).read_bytes()
    except OSError as error:
        message = f"{directory} is no complete backup: {Path(error.filename).name} cannot be read ({error.strerror})."
        raise Refused(BAD_USER_INPUT, message, "Name the directory of a backup.", reason=DAMAGED) from None
    manifest = read(text.decode(errors="replace"))
    if check != f"{hashlib.sha256(text).hexdigest()}  {MANIFEST}\n".encode():
        message = f"{MANIFEST} is not what {CHECK} says: one of them was changed."
        raise Refused(BAD_USER_INPUT, message, "Take another backup.", reason=DAMAGED)
    return manifest


def verified(directory: Path) -> Manifest:
    """The manifest of a good backup. Raises Refused BACKUP_DAMAGED with every fault."""
    manifest = contents(directory)
    found = faults(directory, manifest)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        message = f"{directory} is damaged: {found[0]}{more}"
        raise Refused(BAD_USER_INPUT, message, "Take another backup.", reason=DAMAGED, details={"faults": found})
    return manifest


def faults(directory: Path, manifest: Manifest) -> list[str]:
    """What is not as it was written, a sentence each; none in a good backup. Every byte is read."""
    found = [fault for each in manifest.files if (fault := _fault(directory, each))]
    known = {each.path for each in manifest.files} | {MANIFEST, CHECK}
    there = {str(path.relative_to(directory)) for path in directory.rglob("*") if not path.is_dir()}
    found += [f"{path}: not part of this backup." for path in sorted(there - known)]
    named = [stream.path for stream in manifest.streams] + [manifest.vault]
    named += [each.path for each in manifest.environments if each.path is not None]
    named += [path for gateway in manifest.gateways for path in gateway.paths]
    found += [f"{path}: named, but not listed." for path in sorted(set(named) - known)]
    return found or _log_faults(directory, manifest)


def events(directory: Path, path: str) -> Iterator[Message]:
    """The messages of the log in a backup. Raises ValueError where the file is not whole."""
    try:
        with gzip.open(directory / path, "rb") as file:
            yield from frames.records(io.BufferedReader(file, CHUNK_BYTES))
    except (EOFError, gzip.BadGzipFile) as error:
        raise ValueError(str(error)) from None


def _fault(directory: Path, file: File) -> str | None:
    sha, count = hashlib.sha256(), 0
    try:
        with (directory / file.path).open("rb") as source:
            while chunk := source.read(CHUNK_BYTES):
                sha.update(chunk)
                count += len(chunk)
    except OSError as error:
        return f"{file.path}: {error.strerror}."
    if count != file.bytes:
        return f"{file.path}: {count} bytes, {file.bytes} were written."
    return None if sha.hexdigest() == file.sha256 else f"{file.path}: its content was changed (sha256 differs)."


def _log_faults(directory: Path, manifest: Manifest) -> list[str]:
    """Whether the log is whole; asked of files that are as they were written."""
    stream = manifest.stream(EVENTS)
    if stream is None:
        return [f"{EVENTS}: not in it."]
    last = 0
    try:
        for message in events(directory, stream.path):
            last = message.position
    except ValueError as error:
        return [f"{stream.path}: {error}."]
    wanted = {manifest.position, stream.last, stream.messages}
    return [] if wanted == {last} else [f"{stream.path}: ends at {last}, the manifest says {sorted(wanted)}."]
