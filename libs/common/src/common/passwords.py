"""Passwords of people: Argon2id in a bounded pool, so that many sign-ins cannot take the whole machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import argon2

from common.errors import SERVICE_UNAVAILABLE, Refused

AT_ONCE: Final = 2
"""Each hash takes 64 MiB and a core for about 0.1 s."""
WAITING_MAX: Final = 64
LONGEST_BYTES: Final = 1024

_hasher = argon2.PasswordHasher()
_pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
_waiting = 0

Result = TypeVar("Result")


async def hash(password: str) -> str:  # noqa: A001 - read as passwords.hash
    """The text to keep in the vault. Raises Refused when too many are waiting."""
    return await _run(lambda: _hasher.hash(_bounded(password)))


async def verify(hash: str, password: str) -> bool:
    """Whether `password` made `hash`; a damaged hash fits nothing. Raises Refused when too many are waiting."""

    def check() -> bool:
        try:
            return _hasher.verify(hash, _bounded(password))
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    return await _run(check)


def _bounded(password: str) -> bytes:
    # A lone surrogate cannot be encoded; it is kept apart from every other text, not refused.
    data = password.encode("utf-8", "surrogatepass")
    if len(data) > LONGEST_BYTES:
        message = f"A password may have {LONGEST_BYTES} bytes; this one has {len(data)}."
        raise Refused("BAD_USER_INPUT", message, reason="TOO_LONG", field="password")
    return data


async def _run(work: Callable[[], Result]) -> Result:
    global _waiting  # noqa: PLW0603 - the queue belongs to the process like its pool
    if _waiting >= WAITING_MAX:
        message = "Too many passwords are being checked."
        raise Refused(SERVICE_UNAVAILABLE, message, "Try again in a few seconds.")
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_pool, work)
    finally:
        _waiting -= 1
