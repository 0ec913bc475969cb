"""A backup put into an empty stack: streams at their sequence numbers, environments, vault and logs of calls.

Nothing is written before the backup was read to its last byte, the key is the right one and the stack was found empty.
Services start afterwards and make their read models from the log.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nats.aio.client import Client

from common.backup import calls, databases, files, streams
from common.backup.manifest import EVENTS, Manifest, Stream
from common.backup.site import WORLD, Site, connected, key_of, of_environment, servers
from common.backup.streams import Taken
from common.backup.taking import KEPT, KEPT_FILE, KEY_FILE, key_check
from common.errors import BAD_USER_INPUT, Refused
from common.stream import Message

AT_ONCE: Final = 2
"""Databases that are loaded side by side."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Restored:
    """What stands now."""

    manifest: Manifest
    streams: dict[str, tuple[int, int]]
    """Stream to its first and last position."""
    environments: int
    warnings: tuple[str, ...]

    def told(self) -> dict[str, Any]:
        """As JSON values."""
        found = [{"name": name, "first": first, "last": last} for name, (first, last) in sorted(self.streams.items())]
        return {
            "position": self.manifest.position,
            "streams": found,
            "environments": self.environments,
            "gateways": [each.gateway for each in self.manifest.gateways],
            "warnings": list(self.warnings),
        }


async def restore(directory: Path, data: Path | None, secrets: Path | None, say: Say) -> Restored:
    """Fill the stack of a data directory, whose servers run meanwhile, or of the servers that variables name."""
    manifest = files.verified(directory)
    say(f"{directory} is whole: {len(manifest.files)} files")
    found = secrets or (directory / Path(KEY_FILE).parent if manifest.with_key else None)
    async with _site(manifest, data, found) as (site, warnings), connected(site) as client:
        in_the_way = await held(site, client)
        if in_the_way:
            message = f"The stack is not empty: {in_the_way[0]}."
            hint = "Restore into a new data directory, or into servers on which only bootstrap has run."
            raise Refused(BAD_USER_INPUT, message, hint, reason="NOT_EMPTY", details={"found": in_the_way})
        return await _filled(site, client, directory, manifest, warnings, say)


async def held(site: Site, client: Client) -> list[str]:
    """What the stack holds already. Raises Refused when bootstrap has not made what everything is put into."""
    there = await streams.names(client)
    if EVENTS not in there:
        message = f"There is no stream {EVENTS}."
        raise Refused(BAD_USER_INPUT, message, "Run `python -m common.bootstrap` first.", reason="NOT_BOOTSTRAPPED")
    found = []
    for name in there:
        last = int((await streams.taken(client, name)).state["last_seq"])
        if last and name not in streams.NOT_BACKED_UP:
            found.append(f"the stream {name} ends at {last}")
    found += [f"there is a database or role {name}" for name in await databases.environments(site.provision_dsn)]
    if rows := await databases.vault_rows(site.platform_dsn):
        found.append(f"the vault holds {rows} rows")
    if site.wal is not None and site.wal.is_dir() and any(site.wal.iterdir()):
        found.append(f"{site.wal} holds write-ahead logs")
    return found


async def _filled(
    site: Site, client: Client, directory: Path, manifest: Manifest, warnings: list[str], say: Say
) -> Restored:
    assert site.secret_key is not None, "it was compared"
    secret_key, turns = site.secret_key, asyncio.Semaphore(AT_ONCE)
    present = [each for each in manifest.environments if each.path is not None]
    stand: dict[str, tuple[int, int]] = {}

    async def stream(each: Stream) -> None:
        stand[each.name] = await put(client, directory, each)
        say(f"{each.name} restored up to position {stand[each.name][1]}")

    async def environment(number: int) -> None:
        async with turns:
            await databases.copy_in(site.provision_dsn, present[number], directory, secret_key)
        say(f"environment {present[number].environment} restored")

    try:
        async with asyncio.TaskGroup() as group:
            for each in manifest.streams:
                group.create_task(stream(each))
            for number in range(len(present)):
                group.create_task(environment(number))
            group.create_task(databases.vault_in(site.platform_dsn, directory / manifest.vault))
    except* (Refused, *WORLD) as failed:
        raise failed.exceptions[0] from None
    if site.wal is not None:
        calls.copy_in(directory, manifest.gateways, site.wal)
    elif manifest.gateways:
        warnings.append(f"Put {directory / 'wal'} where gateways keep their write-ahead logs before one starts.")
    warnings += [f"environment {each.environment}: {each.warning}" for each in manifest.environments if each.warning]
    return Restored(manifest, stand, len(present), tuple(warnings))


async def put(client: Client, directory: Path, stream: Stream) -> tuple[int, int]:
    """One stream restored; its first and last position. Raises Refused when they are not those of the backup."""
    if stream.layout == "events":
        await streams.refill(client, stream.name, _messages(directory, stream))
    elif stream.last:
        held = Taken(stream.config, stream.state)
        await streams.restore(client, stream.name, held, directory / stream.path)
    state = (await streams.taken(client, stream.name)).state
    first, last = int(state["first_seq"]), int(state["last_seq"])
    exact = stream.layout == "events"
    # Of a snapshot, what was written while it was taken may be there as well, and what is too old may have gone.
    if first < stream.first or last < stream.last or (exact and (first, last) != (stream.first, stream.last)):
        message = f"{stream.name} stands at {first} to {last}; the backup says {stream.first} to {stream.last}."
        raise Refused(BAD_USER_INPUT, message, "Begin again with an empty stack.", reason="DIFFERENT")
    return first, last


async def _messages(directory: Path, stream: Stream) -> AsyncIterator[Message]:
    for message in files.events(directory, stream.path):
        yield message


# --- the key ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _site(manifest: Manifest, data: Path | None, secrets: Path | None) -> AsyncIterator[tuple[Site, list[str]]]:
    """The stack to fill, with its servers running and the backup's own key in it."""
    if data is None:
        site = of_environment(os.environ)
        checked(manifest, site.secret_key, "MORTISE_SECRET_KEY or MORTISE_SECRET_KEY_FILE")
        yield site, []
        return
    warnings = prepared(manifest, data, secrets)
    async with servers(data) as site:
        yield site, warnings


def prepared(manifest: Manifest, data: Path, secrets: Path | None) -> list[str]:
    """Put key and operator's words into a data directory; what is missing afterwards. Raises Refused."""
    key = next((each for each in (data / "secret.key", *_in(secrets, "secret.key")) if each.exists()), None)
    environ = {**os.environ, **({"MORTISE_SECRET_KEY_FILE": str(key)} if key else {})}
    if key:
        environ.pop("MORTISE_SECRET_KEY", None)
    found = checked(manifest, key_of(environ), "--secrets DIR, a directory with the secret.key of the backup's stack")
    if not data.exists():
        data.mkdir(parents=True)
        # Servers that run under another uid must be able to pass through.
        data.chmod(0o711 if os.geteuid() == 0 else 0o700)
    if not (data / "secret.key").exists():
        _write(data / "secret.key", found.hex())
    kept = data / "kept.json"
    source = next((each for each in _in(secrets, Path(KEPT_FILE).name) if each.exists()), None)
    if not kept.exists() and source is not None:
        values = json.loads(source.read_text("utf-8"))
        _write(kept, json.dumps({name: values[name] for name in KEPT if name in values}))
        return []
    state = data / "state.json"
    return [f"The operator's password and token are those of the stack that was backed up, not those in {state}."]


def checked(manifest: Manifest, key: bytes | None, where: str) -> bytes:
    """The key of the backup. Raises Refused KEY_MISSING or KEY_DIFFERENT."""
    if key is None:
        message = "The secret key is missing: without it nothing that is sealed can be read."
        raise Refused(BAD_USER_INPUT, message, f"Give it with {where}.", reason="KEY_MISSING")
    if manifest.key_check is not None and key_check(key) != manifest.key_check:
        message = "This is another secret key than the one of the backup."
        raise Refused(BAD_USER_INPUT, message, f"Give it with {where}.", reason="KEY_DIFFERENT")
    return key


def _in(secrets: Path | None, name: str) -> list[Path]:
    return [secrets / name] if secrets is not None else []


def _write(file: Path, text: str) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
