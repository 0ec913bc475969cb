"""Personal data that can be forgotten: sealed under a key of its own person, readable only while that key exists.

A token is JSON text `{"sealed", "n", "c", "h"}` (DESIGN 2.5, MA 3.8): key id, nonce, AES-256-GCM ciphertext and a
salted commitment whose salt lies inside the ciphertext. Destroying the key in `vault.person_keys` makes every token of
that person unreadable, wherever it was copied to, and no stored byte changes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, TypeVar

import orjson
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from common import clock

KEY_CACHE_SECONDS: Final = 30.0
"""How long a destroyed key may still open tokens in a process that has just used it."""
KEY_CACHE_SIZE: Final = 4096
NONCE_BYTES: Final = 12

Value = TypeVar("Value")

VAULT: Final = sa.MetaData(schema="vault")
PERSON_KEYS: Final = sa.Table(
    "person_keys",
    VAULT,
    sa.Column("person", sa.Text(collation="C"), primary_key=True),
    sa.Column("id", sa.Text(collation="C"), nullable=False, unique=True),
    sa.Column("wrapped", sa.LargeBinary),  # null = destroyed; the row stays, so that a forgotten person stays forgotten
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("destroyed_at", sa.DateTime(timezone=True)),
)
PASSWORDS: Final = sa.Table(
    "passwords",
    VAULT,
    sa.Column("person", sa.Text(collation="C"), primary_key=True),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
)


class Sealer:
    """Seals and opens the personal data of people. Keys are made on first use."""

    def __init__(self, engine: AsyncEngine, secret_key: bytes) -> None:
        self._engine = engine
        self._master = purpose_key(secret_key, "vault")
        self._keys: OrderedDict[str, tuple[float, bytes | None]] = OrderedDict()
        self._ids: OrderedDict[str, tuple[float, str]] = OrderedDict()

    async def seal(self, person: str, value: str) -> str:
        """A token for `value`. For a forgotten person it is one that nobody can ever open."""
        key_id, key = await self._key_of(person)
        return sealed(key_id, key or secrets.token_bytes(32), value)

    async def open(self, token: str) -> str | None:
        """The value of a token; None when its key was destroyed. Raises ValueError when it is no token of ours."""
        parts = _parts(token)
        key = await self._key(parts["sealed"])
        if key is None:
            return None
        return _opened(parts, key)

    async def open_all(self, tokens: Sequence[str]) -> list[str | None]:
        """The values of many tokens, with one look into the vault for all keys that are not at hand."""
        parts = [_parts(token) for token in tokens]
        at = time.monotonic()
        wanted = {each["sealed"] for each in parts}
        missing = [key_id for key_id in wanted if (known := self._keys.get(key_id)) is None or known[0] <= at]
        keys = {key_id: self._keys[key_id][1] for key_id in wanted if key_id not in missing}
        if missing:
            query = sa.select(PERSON_KEYS.c.id, PERSON_KEYS.c.wrapped).where(PERSON_KEYS.c.id.in_(missing))
            async with self._engine.connect() as connection:
                stored = {row.id: row.wrapped for row in await connection.execute(query)}
            keys |= {key_id: self._keep(key_id, stored.get(key_id)) for key_id in missing}
        opened = [(each, keys[each["sealed"]]) for each in parts]
        return [None if key is None else _opened(each, key) for each, key in opened]

    async def destroy(self, person: str) -> bool:
        """Forget a person: no token of theirs opens any more, nor any made later. False when there was no key."""
        gone = sa.update(PERSON_KEYS).where(PERSON_KEYS.c.person == person, PERSON_KEYS.c.wrapped.is_not(None))
        async with self._engine.begin() as connection:
            row = (
                await connection.execute(
                    gone.values(wrapped=None, destroyed_at=clock.now()).returning(PERSON_KEYS.c.id)
                )
            ).first()
        if row is not None:
            self._keys.pop(row.id, None)
        return row is not None

    async def _key_of(self, person: str) -> tuple[str, bytes | None]:
        known = self._ids.get(person)
        if known is not None and known[0] > time.monotonic():
            return known[1], await self._key(known[1])
        fresh = secrets.token_bytes(32)
        key_id = clock.new_id()
        new = insert(PERSON_KEYS).values(
            person=person, id=key_id, wrapped=wrap(self._master, key_id, fresh), created_at=clock.now()
        )
        async with self._engine.begin() as connection:
            await connection.execute(new.on_conflict_do_nothing(index_elements=[PERSON_KEYS.c.person]))
            row = (await connection.execute(sa.select(PERSON_KEYS).where(PERSON_KEYS.c.person == person))).one()
        _remember(self._ids, person, row.id)
        return row.id, self._keep(row.id, row.wrapped)

    async def _key(self, key_id: str) -> bytes | None:
        cached = self._keys.get(key_id)
        if cached is not None and cached[0] > time.monotonic():
            return cached[1]
        async with self._engine.connect() as connection:
            wrapped = await connection.scalar(sa.select(PERSON_KEYS.c.wrapped).where(PERSON_KEYS.c.id == key_id))
        return self._keep(key_id, wrapped)

    def _keep(self, key_id: str, wrapped: bytes | None) -> bytes | None:
        key = None if wrapped is None else unwrap(self._master, key_id, wrapped)
        _remember(self._keys, key_id, key)
        return key


def sealed(key_id: str, key: bytes, value: str) -> str:
    """The token of a value under a given key; the salt keeps equal values from looking alike (B10)."""
    salt = secrets.token_bytes(32)
    nonce = secrets.token_bytes(NONCE_BYTES)
    inside = orjson.dumps({"s": _text(salt), "v": value})
    parts = {
        "sealed": key_id,
        "n": _text(nonce),
        "c": _text(AESGCM(key).encrypt(nonce, inside, key_id.encode())),
        "h": commitment(salt, value),
    }
    return json.dumps(parts, sort_keys=True, separators=(",", ":"))


def commitment(salt: bytes, value: str) -> str:
    """SHA-256 over the salt and the canonical JSON of the value, in hex."""
    return hashlib.sha256(salt + json.dumps(value, ensure_ascii=False).encode()).hexdigest()


def wrap(key: bytes, label: str, plain: bytes) -> bytes:
    """`plain` under AES-256-GCM, bound to `label`: nonce, then ciphertext."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, label.encode())


def unwrap(key: bytes, label: str, wrapped: bytes) -> bytes:
    """The plain text of `wrap`. Raises ValueError when key or label are others, or the bytes were changed."""
    try:
        return AESGCM(key).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], label.encode())
    except InvalidTag:
        message = f"what is wrapped for {label!r} does not open: another MORTISE_SECRET_KEY, or changed bytes"
        raise ValueError(message) from None


def purpose_key(secret_key: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose only."""
    return hmac.new(secret_key, f"mortise/{purpose}".encode(), hashlib.sha256).digest()


def keyed_hash(secret_key: bytes, purpose: str, value: str) -> str:
    """HMAC-SHA-256 in hex: look-up of tokens, keys and addresses that nobody without the key can guess (DESIGN 2.6)."""
    return hmac.digest(_hash_key(secret_key, purpose), value.encode(), "sha256").hex()


@lru_cache(maxsize=64)
def _hash_key(secret_key: bytes, purpose: str) -> bytes:
    """Derived once: a gateway hashes a key with every call."""
    return purpose_key(secret_key, f"hash/{purpose}")


def environment_password(secret_key: bytes, environment: str, n: int = 1) -> str:
    """The password of an environment's database role: derived, so there is nothing to store (DESIGN 2.6)."""
    key = purpose_key(secret_key, "environment")
    return _text(hmac.new(key, f"{environment}\0{n}".encode(), hashlib.sha256).digest())


def _parts(token: str) -> dict[str, str]:
    try:
        parts = orjson.loads(token)
    except orjson.JSONDecodeError:
        parts = None
    if not isinstance(parts, dict) or not all(isinstance(parts.get(name), str) for name in ("sealed", "n", "c", "h")):
        message = "this is no sealed token"
        raise ValueError(message)
    return parts


def _opened(parts: dict[str, str], key: bytes) -> str:
    try:
        inside = orjson.loads(AESGCM(key).decrypt(_bytes(parts["n"]), _bytes(parts["c"]), parts["sealed"].encode()))
    except (InvalidTag, ValueError):
        message = "this sealed token was changed"
        raise ValueError(message) from None
    value = str(inside["v"])
    if commitment(_bytes(inside["s"]), value) != parts["h"]:
        message = "this sealed token does not keep its commitment"
        raise ValueError(message)
    return value


def _remember(cache: OrderedDict[str, tuple[float, Value]], name: str, value: Value) -> None:
    cache[name] = (time.monotonic() + KEY_CACHE_SECONDS, value)
    cache.move_to_end(name)
    while len(cache) > KEY_CACHE_SIZE:
        cache.popitem(last=False)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
