"""What a PostgreSQL server keeps of a password, made here, so that the password itself is in no statement or log."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

ITERATIONS: Final = 4096
SALT_BYTES: Final = 16


def verifier(role: str, password: str) -> str:
    """The SCRAM-SHA-256 verifier of a password.

    The salt follows from the role's name: it only has to differ between roles, as these passwords cannot be guessed.
    """
    salt = hashlib.sha256(role.encode()).digest()[:SALT_BYTES]
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${ITERATIONS}:{_text(salt)}${_text(stored)}:{_text(server)}"


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
