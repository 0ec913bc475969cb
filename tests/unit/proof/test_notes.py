"""Who signed what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from proof import ed25519, notes

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
LOG = notes.parse_key(VECTORS["log_key"])
WITNESS = notes.parse_key(VECTORS["witness_key"])


def test_the_published_note_is_signed_by_log_and_witness() -> None:
    note = notes.parse(VECTORS["note"])

    assert str(note) == VECTORS["note"]
    assert notes.verify(LOG, note)
    assert notes.verify(WITNESS, note)
    assert notes.parse_checkpoint(note.text) == notes.Checkpoint(
        "audit.example.test/evt", 8, bytes.fromhex(VECTORS["roots"][8])
    )


def test_a_note_we_write_is_the_published_one() -> None:
    text = str(notes.Checkpoint(LOG.name, 8, bytes.fromhex(VECTORS["roots"][8])))
    note = notes.Note(text, (notes.Signature(LOG.name, LOG.id, PRIVATE.sign(text.encode())),))

    assert VECTORS["note"].startswith(str(note))
    assert str(notes.Key("audit.example.test/evt", PUBLIC)) == VECTORS["log_key"]


@pytest.mark.parametrize("at", range(0, len(VECTORS["note"]), 3))
def test_no_character_of_a_note_can_change_unseen(at: int) -> None:
    changed = VECTORS["note"][:at] + chr(ord(VECTORS["note"][at]) ^ 1) + VECTORS["note"][at + 1 :]
    try:
        note = notes.parse(changed)
        signed = notes.verify(LOG, note) and notes.verify(WITNESS, note)
    except notes.Malformed:
        signed = False

    assert not signed


def test_a_wrong_line_in_the_name_of_the_key_spoils_the_note() -> None:
    good = notes.parse(VECTORS["note"])
    forged = notes.Note(good.text, (*good.signatures, notes.Signature(LOG.name, LOG.id, bytes(64))))

    assert not notes.verify(LOG, forged)


def test_signatures_by_strangers_are_ignored_and_prove_nothing() -> None:
    stranger = notes.Key("stranger", PUBLIC)
    good = notes.parse(VECTORS["note"])
    more = notes.Note(good.text, (*good.signatures, notes.Signature("stranger", b"\0\0\0\0", b"anything")))

    assert notes.verify(LOG, more)
    assert not notes.verify(stranger, more)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text\n",
        "text\n\n",
        "text\n\n— name\n",
        "text\n\n- name AAAAAAA=\n",
        "text\n\n— name AAAA\n",
        "t\r\n\n— n AAAAAAA=\n",
    ],
)
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(notes.Malformed):
        notes.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "log\n8\n",
        "log\n08\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
        "log\n-8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
        "log\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\nextension\n",
        "log\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyh=\n",
        "log\n8\nAAAA\n",
        "\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
        "",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(notes.Malformed):
        notes.parse_checkpoint(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000+AQ==",
        VECTORS["log_key"].replace("e28f70cb", "e28f70cc"),
        VECTORS["log_key"][:-1] + "5",
        "+e28f70cb+AQ==",
    ],
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(notes.Malformed):
        notes.parse_key(text)


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.integers(0, 511))
def test_signatures_of_the_signing_library_hold_and_a_flipped_bit_does_not(seed: bytes, text: bytes, bit: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = private.public_key().public_bytes_raw(), private.sign(text)
    flipped = (int.from_bytes(signature, "big") ^ (1 << bit)).to_bytes(64, "big")

    assert ed25519.verify(public, text, signature)
    assert not ed25519.verify(public, text, flipped)
    assert not ed25519.verify(public, text + b"!", signature)


def test_a_signature_has_one_form_only() -> None:
    order = 2**252 + 27742317777372353535851937790883648493
    signature = PRIVATE.sign(b"text")
    larger = (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")

    assert ed25519.verify(PUBLIC, b"text", signature)
    assert not ed25519.verify(PUBLIC, b"text", signature[:32] + larger)


@pytest.mark.parametrize(
    "public", [b"", bytes(31), b"\xff" * 32, (2).to_bytes(32, "little"), b"\x01" + bytes(30) + b"\x80"]
)
def test_bytes_that_are_no_key_verify_nothing(public: bytes) -> None:
    assert not ed25519.verify(public, b"text", PRIVATE.sign(b"text"))
    assert not ed25519.verify(PUBLIC, b"text", b"short")
