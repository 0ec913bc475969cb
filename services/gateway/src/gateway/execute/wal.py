"""Write-ahead log directories on disk: locked, appended to, sealed, adopted (DESIGN 6).

One directory per gateway worker, named after the gateway it records for; `lock` is held with flock as long as the
worker lives. Whoever gets the lock of a directory that others left owns what is in it.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from common import clock
from gateway.domain import journal
from gateway.domain.journal import Recovered, Seal

SEGMENT_BYTES: Final = 16 * 1024 * 1024
"""A segment is ended by the first seal after this size."""
BATCHES_KEPT: Final = 4
"""Sealed batches held in memory until they are sent; older ones are read from disk again."""
SEGMENTS_KEPT: Final = 4
"""Sent segments that stay on disk, so that the last calls can be looked at and sent again by hand."""


class Directory:
    """A locked write-ahead log directory."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self.gateway = path.name
        self._lock = lock

    @classmethod
    def take(cls, path: Path) -> Directory | None:
        """The directory, locked; None when a living worker holds it."""
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return cls(path, lock)

    @classmethod
    def own(cls, root: Path) -> Directory:
        """A directory to record in: the first that nobody holds, else a new one."""
        root.mkdir(parents=True, exist_ok=True)
        for path in sorted(root.iterdir()):
            if path.is_dir() and (taken := cls.take(path)) is not None:
                return taken
        fresh = cls.take(root / f"g{clock.new_id().replace('-', '')[-16:]}")
        assert fresh is not None, "a name nobody else can have made is not locked"
        return fresh

    @classmethod
    def orphans(cls, root: Path) -> list[Directory]:
        """Directories whose worker is gone and that hold what may not have been sent. All are locked by this call."""
        found: list[Directory] = []
        for path in sorted(root.iterdir()):
            if path.is_dir() and (taken := cls.take(path)) is not None:
                if taken.unsent():
                    found.append(taken)
                else:
                    taken.release()
        return found

    def release(self) -> None:
        """Let others have it."""
        os.close(self._lock)

    # --- epochs and segments ---

    def epochs(self) -> list[int]:
        """Epochs that still have segments, oldest first."""
        return sorted({int(path.name.split("-")[0]) for path in self.path.glob("*.wal")})

    def last_epoch(self) -> int:
        """The highest epoch ever used here; 0 when there was none."""
        return max([self._number("epoch"), *self.epochs()])

    def unsent(self) -> list[int]:
        """Epochs that may hold batches the stream does not."""
        sent = self._number("sent")
        return [epoch for epoch in self.epochs() if epoch > sent]

    def all_sent(self, epoch: int) -> None:
        """Remember that the stream holds every batch up to this epoch. Without it the stream is only asked again."""
        self._keep("sent", epoch)

    def begin_epoch(self) -> int:
        """The next epoch, on disk before it is used."""
        epoch = self.last_epoch() + 1
        self._keep("epoch", epoch)
        self.sync()
        return epoch

    def _number(self, name: str) -> int:
        file = self.path / name
        return int(file.read_text("ascii")) if file.exists() else 0

    def _keep(self, name: str, number: int) -> None:
        fresh = self.path / f"{name}.new"
        with fresh.open("w", encoding="ascii") as file:
            file.write(str(number))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path / name)

    def segments(self, epoch: int) -> list[int]:
        """Segment numbers of an epoch in order."""
        return sorted(int(path.stem.split("-")[1]) for path in self.path.glob(f"{epoch:06d}-*.wal"))

    def segment_path(self, epoch: int, segment: int) -> Path:
        """The file of a segment."""
        return self.path / f"{epoch:06d}-{segment:06d}.wal"

    def recovered(self, epoch: int) -> Recovered:
        """What an epoch's segments hold."""
        numbers = self.segments(epoch)
        return journal.recover([(number, self.segment_path(epoch, number).read_bytes()) for number in numbers])

    def sync(self) -> None:
        """Make names of new files survive a power loss."""
        handle = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def sweep(self, *, before: tuple[int, int]) -> None:
        """Delete sent segments older than (epoch, segment), except the last `SEGMENTS_KEPT`."""
        sent = sorted(
            (int(path.stem.split("-")[0]), int(path.stem.split("-")[1]), path) for path in self.path.glob("*.wal")
        )
        for _, _, path in [one for one in sent if one[:2] < before][:-SEGMENTS_KEPT]:
            path.unlink()


class Journal:
    """The segments of one epoch, written to. All calls come from one event loop."""

    def __init__(self, directory: Directory, epoch: int, found: Recovered | None = None) -> None:
        found = found or Recovered()
        self.directory = directory
        self.epoch = epoch
        self.open_count = found.open_count
        self.number = found.seals[-1].number if found.seals else 0
        self._open_start = found.open_start
        self._end = found.end
        self.segment = found.segment
        self._file = -1
        if found.segment:
            self._file = os.open(directory.segment_path(epoch, found.segment), os.O_RDWR | os.O_CLOEXEC)
            os.ftruncate(self._file, found.end)
            os.lseek(self._file, found.end, os.SEEK_SET)
        else:
            self._next_segment()
        self.syncing = Syncing(self._file)
        self._unwritten: list[bytes] = []
        self._rows: list[bytes] = []
        """Rows of the open batch, as far as this process recorded them."""
        self._built: OrderedDict[int, bytes] = OrderedDict()

    def append(self, row: bytes) -> None:
        """Record a call: it survives the end of this process after `write()`, of the machine after `syncing.done()`."""
        self._unwritten.append(journal.line(journal.CALL, row))
        self._rows.append(row)
        self.open_count += 1

    def write(self) -> None:
        """Write what was recorded, all at once. Raises OSError; then it is still to be written, or to be forgotten."""
        if self._unwritten:
            self._write(b"".join(self._unwritten))
            self._unwritten = []

    def forget(self) -> None:
        """Drop what was recorded and could not be written."""
        lost, self._unwritten = len(self._unwritten), []
        self.open_count -= lost
        del self._rows[len(self._rows) - lost :]

    def seal(self, *, watermark_ms: int, final: bool = False) -> Seal:
        """Make the calls since the last seal the next batch, maybe an empty one."""
        self.write()
        number, start, end = self.number + 1, self._open_start, self._end
        bare = Seal(number, self.segment, start, end, self.open_count, watermark_ms, final, "")
        message = self._message(bare, b",".join(self._rows) if len(self._rows) == self.open_count else None)
        seal = Seal(number, self.segment, start, end, self.open_count, watermark_ms, final, journal.digest(message))
        self._write(journal.seal_line(seal))
        self.number, self.open_count, self._open_start = number, 0, self._end
        self._rows = []
        self._built[number] = message
        if len(self._built) > BATCHES_KEPT:
            self._built.popitem(last=False)
        if self._end >= SEGMENT_BYTES and not final:
            self._next_segment()
            self.syncing.follow(self._file)
        return seal

    def message(self, seal: Seal) -> bytes:
        """The bytes of a sealed batch. Raises ValueError when the disk no longer holds what was sealed."""
        built = self._built.get(seal.number)
        if built is not None:
            return built
        message = self._message(seal)
        if journal.digest(message) != seal.sha:
            at = self.directory.segment_path(self.epoch, seal.segment)
            text = f"batch {seal.number} in {at} is not what was sealed: the file was changed"
            raise ValueError(text)
        return message

    def close(self) -> None:
        """Give the file back."""
        self.syncing.close()
        os.close(self._file)

    def _message(self, seal: Seal, rows: bytes | None = None) -> bytes:
        """The batch of a seal; `rows` are its calls, joined by commas, where they are known without the disk."""
        if rows is None:
            rows = journal.calls_of(self._sealed(seal), seal)
        gateway = self.directory.gateway
        return journal.batch(gateway, self.epoch, seal.number, rows, watermark_ms=seal.watermark_ms, final=seal.final)

    def _sealed(self, seal: Seal) -> bytes:
        if not seal.count:
            return b""
        with self.directory.segment_path(self.epoch, seal.segment).open("rb") as file:
            file.seek(seal.start)
            return file.read(seal.end - seal.start)

    def _write(self, data: bytes) -> None:
        written = os.write(self._file, data)
        if written != len(data):
            # A full disk: take the torn piece back, so that what was acknowledged before stays readable.
            os.ftruncate(self._file, self._end)
            os.lseek(self._file, self._end, os.SEEK_SET)
            text = f"only {written} of {len(data)} bytes could be written to {self.directory.path}"
            raise OSError(text)
        self._end += written

    def _next_segment(self) -> None:
        self.segment += 1
        path = self.directory.segment_path(self.epoch, self.segment)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._end = 0
        self._write(journal.head(self.directory.gateway, self.epoch, self.segment, self.number + 1))
        self._open_start = self._end
        self.directory.sync()


class Syncing:
    """Group commit: at once if no fsync runs, else with the next one; never on a timer (DESIGN 6)."""

    def __init__(self, file: int) -> None:
        self._files = [file]
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="wal-sync")
        self._running = False
        self._waiting: asyncio.Future[None] | None = None

    def follow(self, file: int) -> None:
        """From now on write to another file; the old one is synced once more and closed."""
        self._files.append(file)

    def close(self) -> None:
        """Nothing is synced any more."""
        self._thread.shutdown(wait=True)

    def done(self) -> asyncio.Future[None]:
        """Completes when all that was written before this call is on disk. Fails with OSError."""
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().create_future()
        waiting = self._waiting
        if not self._running:
            self._start()
        return waiting

    def _start(self) -> None:
        waiting, self._waiting = self._waiting, None
        assert waiting is not None, "an fsync starts for somebody"
        files, self._files = self._files, self._files[-1:]
        self._running = True
        work = asyncio.get_running_loop().run_in_executor(self._thread, _sync, files)
        work.add_done_callback(lambda finished: self._finished(finished, waiting))

    def _finished(self, work: asyncio.Future[None], waiting: asyncio.Future[None]) -> None:
        self._running = False
        problem = work.exception()
        if not waiting.done():
            if problem is None:
                waiting.set_result(None)
            else:
                waiting.set_exception(problem)
        if self._waiting is not None:
            self._start()


def _sync(files: list[int]) -> None:
    for file in files:
        os.fdatasync(file)
    for file in files[:-1]:
        os.close(file)
