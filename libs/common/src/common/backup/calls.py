"""Write-ahead logs of calls: copied after the stream of calls, so that the two overlap and nothing lies between.

What is in both is stored once when a restored gateway sends it: batches are numbered, and the stream is asked first
(MA 5.2). The file `sent` is left behind for that reason: it speaks of a stream that the restored one is older than.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
from nats.aio.client import Client

from common.backup.files import CHUNK_BYTES, Target
from common.backup.manifest import CALLS, Gateway
from common.errors import BAD_USER_INPUT, Refused
from common.stream import Stream

EPOCH: Final = "epoch"
_HEAD: Final = b"H "
_PAYLOAD_AT: Final = 11
"""Kind, blank, eight hex digits, blank (the format of a gateway's segments)."""


@dataclass(frozen=True)
class Reached:
    """The last batch of a gateway's epoch that the stream holds."""

    gateway: str
    epoch: str
    number: int


def gaps(gateways: tuple[Gateway, ...], reached: list[Reached]) -> list[str]:
    """Epochs whose log begins after the last batch that the stream was known to hold; pure."""
    known = {(each.gateway, each.epoch): each.number for each in reached}
    return [
        f"{gateway.gateway}, epoch {epoch}: batches {known.get((gateway.gateway, epoch), 0) + 1} to {first - 1}"
        for gateway in gateways
        for epoch, first in gateway.epochs.items()
        if first > known.get((gateway.gateway, epoch), 0) + 1
    ]


def first_batch(segment: bytes) -> int | None:
    """The number of a segment's first batch, from its first line; None when not even that was written."""
    line, end, _ = segment.partition(b"\n")
    if not end or not line.startswith(_HEAD):
        return None
    return int(orjson.loads(line[_PAYLOAD_AT:])["number"])


async def reached(client: Client, root: Path) -> list[Reached]:
    """How far the stream is for each epoch that has segments here."""
    stream, found = Stream(client, CALLS), []
    for folder in _folders(root):
        for epoch in sorted({path.name.split("-")[0] for path in folder.glob("*.wal")}):
            last = await stream.last(f"calls.{folder.name}.{int(epoch)}")
            number = int(orjson.loads(last.body)["number"]) if last else 0
            found.append(Reached(folder.name, str(int(epoch)), number))
    return found


def copy_out(root: Path, target: Target) -> tuple[Gateway, ...]:
    """Every gateway's segments as they are now. Segments are appended to meanwhile; a torn end is cut off later."""
    found = []
    for folder in _folders(root):
        paths: list[str] = []
        epochs: dict[str, int] = {}
        for source in [*sorted(folder.glob("*.wal")), folder / EPOCH]:
            path = f"wal/{folder.name}/{source.name}"
            try:
                with source.open("rb") as data:
                    head = data.read(CHUNK_BYTES)
                    with target.file(path) as sink:
                        sink.write(head)
                        shutil.copyfileobj(data, sink, CHUNK_BYTES)
            except FileNotFoundError:
                continue  # sent long ago and swept while we looked
            paths.append(path)
            if source.name != EPOCH and (first := first_batch(head)) is not None:
                epochs.setdefault(str(int(source.name.split("-")[0])), first)
        if paths:
            found.append(Gateway(gateway=folder.name, paths=tuple(paths), epochs=epochs))
    return tuple(found)


def copy_in(directory: Path, gateways: tuple[Gateway, ...], root: Path) -> None:
    """Put the logs where a gateway finds and sends them. Raises Refused when there are some already."""
    if _folders(root):
        message = f"{root} holds write-ahead logs already."
        raise Refused(BAD_USER_INPUT, message, "Restore into an empty directory.", reason="NOT_EMPTY")
    for gateway in gateways:
        folder = root / gateway.gateway
        folder.mkdir(parents=True, mode=0o700)
        for path in gateway.paths:
            shutil.copyfile(directory / path, folder / Path(path).name)
            (folder / Path(path).name).chmod(0o600)


def forget_sent(root: Path) -> int:
    """Make gateways compare all they have kept with the stream again; how many logs that are."""
    marks = [folder / "sent" for folder in _folders(root) if (folder / "sent").exists()]
    for mark in marks:
        mark.unlink()
    return len(marks)


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
