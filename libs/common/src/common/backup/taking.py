"""A backup of a running stack, consistent at a position of the log. Nothing has to be stopped for it.

The order is what makes it consistent:

1. the stream of calls, then the write-ahead logs: together they hold every call that was recorded until then;
2. each environment that serves, while nobody deploys to it; hence its rows are at least as new as the calls;
3. the position P, and the log up to it. An environment that was deployed to between its copy and P is copied again, now
   with every deployment waiting until the next P;
4. everything that facts point to: documents, the vault, the other streams. All of it is there before the fact is.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
from nats.aio.client import Client

from common import clock
from common.backup import calls, databases, streams
from common.backup.databases import Copy, Locks
from common.backup.facts import Folded, Known
from common.backup.files import Target
from common.backup.frames import record
from common.backup.manifest import CALLS, EVENTS, Environment, Gateway, Manifest, Stream
from common.backup.site import Site, connected
from common.errors import BAD_USER_INPUT, SERVICE_UNAVAILABLE, Refused
from common.sealing import keyed_hash

ROUNDS_MAX: Final = 8
CALLS_TRIES: Final = 5
EVENTS_FILE: Final = f"streams/{EVENTS}.log.gz"
KEY_FILE: Final = "secrets/secret.key"
KEPT_FILE: Final = "secrets/kept.json"
KEPT: Final = ("operator_email", "operator_password", "operator_token")
"""What of kept.json belongs to the log, and not to a machine."""

Say = Callable[[str], None]


@dataclass
class Taking:
    """A backup on its way."""

    site: Site
    client: Client
    target: Target
    say: Say
    folded: Folded = field(default_factory=Folded)
    copies: dict[str, Copy] = field(default_factory=dict)
    rounds: int = 0
    dropped: set[str] = field(default_factory=set)
    """Environments that were copied and have been removed since."""

    async def run(self, *, with_key: bool) -> Manifest:
        """All of it, and the manifest at the end."""
        taken_at = clock.text(clock.now())
        called, gateways = await self._calls()
        events = await self._consistently()
        held = [called, events, *[await self._stream(name) for name in await self._others()]]
        vault = await databases.vault_out(self.site.platform_dsn, self.target)
        self.say("vault copied")
        if with_key:
            self._key()
        manifest = Manifest(
            taken_at=taken_at,
            ended_at=clock.text(clock.now()),
            position=self.folded.position,
            calls=called.last,
            rounds=self.rounds,
            with_key=with_key,
            key_check=key_check(self.site.secret_key) if self.site.secret_key else None,
            servers=await self._servers(),
            streams=tuple(held),
            vault=vault,
            environments=tuple(self._environments()),
            left_out=left_out(self.folded, self.dropped),
            gateways=gateways,
            wal=self.site.wal is not None,
            files=self.target.files(),
        )
        self.target.finish(manifest)
        return manifest

    # --- calls ----------------------------------------------------------------------------------------------------

    async def _calls(self) -> tuple[Stream, tuple[Gateway, ...]]:
        """The stream first: what is sent while we copy is then in the logs, unless they were swept meanwhile."""
        for _ in range(CALLS_TRIES):
            reached = await calls.reached(self.client, self.site.wal) if self.site.wal else []
            stream = await self._stream(CALLS)
            gateways = calls.copy_out(self.site.wal, self.target) if self.site.wal else ()
            gaps = calls.gaps(gateways, reached)
            if not gaps:
                self.say(f"write-ahead logs of {len(gateways)} gateways copied")
                return stream, gateways
        message = f"Write-ahead logs were swept faster than they could be copied: {'; '.join(gaps)}."
        raise Refused(SERVICE_UNAVAILABLE, message, "Back up when fewer calls come in.")

    # --- the log and the environments -----------------------------------------------------------------------------

    async def _consistently(self) -> Stream:
        """Environments and log that fit together."""
        with self.target.file(EVENTS_FILE) as sink:
            events = gzip.GzipFile(filename="", fileobj=sink, mode="wb", compresslevel=1, mtime=0)
            async with databases.locks(self.site.provision_dsn) as locks:
                await self._read(events, await streams.whole(self.client, EVENTS))
                while moved := self._moved():
                    self.rounds += 1
                    if self.rounds > ROUNDS_MAX:
                        message = f"Environments are deployed to all the time: {', '.join(moved[:5])}."
                        raise Refused(SERVICE_UNAVAILABLE, message, "Back up in a quieter hour.")
                    await self._read(events, await self._copied(locks, moved))
            events.close()
        config = await streams.taken(self.client, EVENTS)
        last = self.folded.position
        self.say(f"{EVENTS} copied up to position {last}")
        return Stream(
            name=EVENTS,
            path=EVENTS_FILE,
            layout="events",
            config=config.config,
            state={},
            first=min(1, last),
            last=last,
            messages=last,
        )

    async def _copied(self, locks: Locks, moved: list[str]) -> int:
        """Copy these environments; a position of the log that they fit to."""
        async with AsyncExitStack() as waiting:
            if self.rounds > 1:  # from now on nothing moves but what is new
                await waiting.enter_async_context(locks.held(self.folded.live()))
            for environment in moved:
                if self.rounds > 1:
                    await self._copy(environment)
                else:
                    async with locks.held([environment]):
                        await self._copy(environment)
            return await streams.whole(self.client, EVENTS)

    async def _copy(self, environment: str) -> None:
        """The position is read first: whatever is said later makes us come again."""
        position = await streams.last_of(self.client, EVENTS, f"evt.*.provisioner.environment.{environment}")
        if (before := self.copies.get(environment)) is not None:
            self.target.forget(before.path)
        made = await databases.copy_out(self.site.provision_dsn, environment, position, self.target)
        self.copies[environment] = made
        self.say(f"environment {environment} copied, round {self.rounds}")

    async def _read(self, events: gzip.GzipFile, until: int) -> None:
        async for page in streams.between(self.client, EVENTS, self.folded.position, until):
            events.write(b"".join(map(record, page)))
            self.folded.take(page)

    def _moved(self) -> list[str]:
        """Environments that serve and were not copied, or were spoken of since."""
        live = self.folded.live()
        for environment in [each for each in self.copies if each not in live]:
            self.target.forget(self.copies.pop(environment).path)
            self.dropped.add(environment)
        return [name for name, known in live.items() if stale(known, self.copies.get(name))]

    def _environments(self) -> list[Environment]:
        live = self.folded.live()
        return [described(name, live[name], copy) for name, copy in sorted(self.copies.items())]

    # --- the rest -------------------------------------------------------------------------------------------------

    async def _others(self) -> list[str]:
        there = await streams.names(self.client)
        return [name for name in there if name not in {EVENTS, CALLS, *streams.NOT_BACKED_UP}]

    async def _stream(self, name: str) -> Stream:
        path = f"streams/{name}.tar.s2"
        with self.target.file(path) as sink:
            taken = await streams.snapshot(self.client, name, sink)
        state = taken.state
        first, last, messages = (int(state[key]) for key in ("first_seq", "last_seq", "messages"))
        self.say(f"{name} copied: {messages} messages up to position {last}")
        return Stream(
            name=name,
            path=path,
            layout="snapshot",
            config=taken.config,
            state=state,
            first=first,
            last=last,
            messages=messages,
        )

    def _key(self) -> None:
        if self.site.secret_key is None:
            hint = "Set MORTISE_SECRET_KEY or MORTISE_SECRET_KEY_FILE."
            raise Refused(BAD_USER_INPUT, "--with-key: the secret key is not at hand.", hint)
        with self.target.file(KEY_FILE) as sink:
            sink.write(self.site.secret_key.hex().encode() + b"\n")
        kept = self.site.data / "kept.json" if self.site.data else None
        if kept is not None and kept.exists():
            values = orjson.loads(kept.read_bytes())
            with self.target.file(KEPT_FILE) as sink:
                sink.write(orjson.dumps({name: values[name] for name in KEPT if name in values}))

    async def _servers(self) -> dict[str, str]:
        info: dict[str, Any] = self.client._server_info  # noqa: SLF001 - nats-py has no public door to the server's INFO
        return {"nats": str(info.get("version", "?")), "postgres": await databases.version(self.site.platform_dsn)}


async def take(site: Site, directory: Path, *, with_key: bool, say: Say) -> Manifest:
    """A backup in a new directory. Raises Refused; then the directory holds no manifest and is no backup."""
    target = Target(directory)
    async with connected(site) as client:
        return await Taking(site, client, target, say).run(with_key=with_key)


def key_check(secret_key: bytes) -> str:
    """Tells whether a key is the same, and nothing about it."""
    return keyed_hash(secret_key, "backup", "check")


def stale(known: Known, copy: Copy | None) -> bool:
    """Whether a copy was made before the last fact about its environment; pure."""
    return copy is None or copy.position < known.position


def left_out(folded: Folded, dropped: set[str]) -> dict[str, str]:
    """Environments that the log speaks of around its end and that are not copied, with the reason; pure."""
    made = [name for name, known in folded.environments.items() if known.serves is None and not known.removed]
    found = dict.fromkeys(made, "it has served nothing yet: the provisioner makes it anew")
    return found | dict.fromkeys(sorted(dropped), "it was removed while the backup was taken")


def described(name: str, known: Known, copy: Copy) -> Environment:
    """What the manifest says of an environment, with a warning when database and log do not fit; pure."""
    warning = None
    if copy.path is None:
        warning = f"the log says that it serves {known.serves}, and there is no database"
    elif not known.fits(copy.model_sha):
        warning = f"its database holds {copy.model_sha}, which the log does not know"
    return Environment(
        environment=name,
        database=databases.named(name),
        path=copy.path,
        position=known.position,
        model_sha=copy.model_sha,
        step=copy.step,
        serves=known.serves,
        underway=known.underway,
        locale=copy.locale,
        warning=warning,
    )
