"""Large documents, named by the SHA-256 of what they hold, in the object store BLOBS (DESIGN 2.7)."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any, Final

import orjson
from nats.aio.client import Client

from common import clock
from common.stream import REPLY_SECONDS, Stream, checked, patiently

BUCKET: Final = "BLOBS"
CHUNK_BYTES: Final = 128 * 1024
SHA: Final = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """Puts and gets documents. What is stored never changes, so a name is worth caching for ever."""

    def __init__(self, client: Client, bucket: str = BUCKET) -> None:
        self._client = client
        self._bucket = bucket
        self._stream = Stream(client, f"OBJ_{bucket}")

    async def put(self, data: bytes) -> str:
        """Store a document once; its name. Written in the layout of the NATS object store, so its tools can read it."""
        sha = hashlib.sha256(data).hexdigest()
        if await self._meta(sha) is not None:
            return sha
        # Every writer has chunks of its own: two that put the same document at once cannot mix them.
        nuid = clock.new_id()
        chunks = [data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES)]
        for number, chunk in enumerate(chunks):
            await self._store(f"$O.{self._bucket}.C.{nuid}", chunk, {"Nats-Msg-Id": f"{nuid}-{number}"})
        meta = {
            "name": sha,
            "bucket": self._bucket,
            "nuid": nuid,
            "size": len(data),
            "chunks": len(chunks),
            "digest": "SHA-256=" + base64.urlsafe_b64encode(bytes.fromhex(sha)).decode(),
            "mtime": clock.text(clock.now()),
            "options": {"max_chunk_size": CHUNK_BYTES},
        }
        await self._store(self._meta_subject(sha), orjson.dumps(meta), {"Nats-Rollup": "sub"})
        return sha

    async def get(self, sha: str) -> bytes:
        """The document. Raises LookupError when there is none, ValueError when what is stored is not it."""
        meta = await self._meta(sha)
        if meta is None:
            message = f"no document {sha!r}"
            raise LookupError(message)
        subject = f"$O.{self._bucket}.C.{meta['nuid']}"
        chunks = await self._stream.history(subject)
        while len(chunks) < meta["chunks"]:
            # Who answered follows another server and lacks the newest yet; the leader has them.
            missing = await self._stream.after(subject, chunks[-1].position if chunks else 0)
            if missing is None:
                break
            chunks.append(missing)
        data = b"".join(chunk.body for chunk in chunks)
        if hashlib.sha256(data).hexdigest() != sha:
            message = f"document {sha} is damaged: {len(data)} bytes of {meta['size']} are stored"
            raise ValueError(message)
        return data

    async def has(self, sha: str) -> bool:
        """Whether there is such a document."""
        return await self._meta(sha) is not None

    async def _meta(self, sha: str) -> dict[str, Any] | None:
        if not SHA.fullmatch(sha):
            message = f"not the name of a document: {sha!r}"
            raise LookupError(message)
        found = await self._stream.after(self._meta_subject(sha), 0)
        if found is None:
            return None
        meta: dict[str, Any] = orjson.loads(found.body)
        return None if meta.get("deleted") else meta

    def _meta_subject(self, sha: str) -> str:
        return f"$O.{self._bucket}.M.{base64.urlsafe_b64encode(sha.encode()).decode()}"

    async def _store(self, subject: str, data: bytes, headers: dict[str, str]) -> None:
        async def once() -> None:
            checked((await self._client.request(subject, data, timeout=REPLY_SECONDS, headers=headers)).data)

        await patiently(once)
