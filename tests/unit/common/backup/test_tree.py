"""A byte copy that is not what was signed is never brought back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.domain.heads import Signer
from audit.domain.leaves import LOG, Stored, leaf
from common.backup.tree import Broken, Checked, Head, Row, pointed_to
from common.stream import Message
from proof import merkle, notes

SIZE = 20
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = notes.Key(LOG, PRIVATE.public_key().public_bytes_raw())


def row(position: int) -> Row:
    body = json.dumps({"id": f"e{position}", "data": {"model_sha": "m" * 64, "name": "n"}}).encode()
    subject = f"evt.o1.registry.project.p{position}"
    data = leaf(Stored(position, subject, body)).data
    return Row(position - 1, Message(position, subject, f"e{position}", body), data, merkle.leaf_hash(data))


ROWS = [row(position) for position in range(1, SIZE + 1)]
ROOTS = {size: merkle.root([each.hash for each in ROWS[:size]]) for size in (3, 16, SIZE)}


def head(size: int = SIZE) -> Head:
    signed = Signer(KEY, PRIVATE.sign).head(size, ROOTS[size])
    return Head(LOG, signed.size, signed.root, signed.note)


def checked(rows: list[Row], newest: Head | None = None) -> Checked:
    found = Checked(ROOTS)
    for each in rows:
        found.take(each)
    found.finish(newest or head(), KEY)
    return found


def test_a_good_copy_gives_its_size_and_the_documents_it_points_to() -> None:
    found = checked(ROWS)

    assert found.frontier.size == SIZE
    assert found.documents == {"m" * 64}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda each: replace(each, message=replace(each.message, body=each.message.body + b" ")), "the copy holds"),
        (lambda each: replace(each, message=replace(each.message, subject="evt.o2.a.b.c")), "the copy holds"),
        (lambda each: replace(each, message=replace(each.message, position=9)), "is missing"),
        (lambda each: replace(each, index=9), "is missing"),
        (lambda each: replace(each, leaf=each.leaf + b" "), "does not have the hash"),
        (lambda each: replace(each, leaf=b"no leaf"), "cannot be read"),
        (lambda each: replace(each, hash=bytes(32)), "does not have the hash"),
        (lambda each: row_of(each, b'{"data":{}}'), "not the one that was signed"),
    ],
    ids=["body", "subject", "position", "index", "leaf", "no leaf", "hash", "all of it, consistently"],
)
def test_every_change_of_a_row_is_found(change: Callable[[Row], Row], words: str) -> None:
    with pytest.raises(Broken, match=words):
        checked([*ROWS[:6], change(ROWS[6]), *ROWS[7:]])


def row_of(each: Row, body: bytes) -> Row:
    """A row that somebody has forged with its leaf and its hash."""
    data = leaf(Stored(each.message.position, each.message.subject, body)).data
    return replace(each, message=replace(each.message, body=body), leaf=data, hash=merkle.leaf_hash(data))


def test_a_copy_that_ends_before_a_signed_head_is_found() -> None:
    with pytest.raises(Broken, match="20 records were signed, the copy ends at 19"):
        checked(ROWS[:-1])


def test_a_head_that_another_key_has_signed_is_found() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    forged = Signer(KEY, other.sign).head(SIZE, ROOTS[SIZE])

    with pytest.raises(Broken, match="installation's key"):
        checked(ROWS, Head(LOG, forged.size, forged.root, forged.note))


def test_a_head_whose_note_speaks_of_another_tree_is_found() -> None:
    with pytest.raises(Broken, match="installation's key"):
        checked(ROWS, replace(head(16), size=SIZE, root=ROOTS[SIZE]))
    with pytest.raises(Broken, match="cannot be read"):
        checked(ROWS, replace(head(), note="nothing"))


@pytest.mark.parametrize("body", [b"\xff", b"[]", b"{}", b'{"data": 3}', b'{"data": {"x_sha": 3, "y": "z"}}'])
def test_what_points_to_nothing_is_no_document(body: bytes) -> None:
    assert pointed_to(body) == set()
