"""A proof holds as it is, and in no other form."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proof import canonical, merkle, notes
from proof.verify import BUNDLE, CANNOT_DECIDE, EXPORT, GOOD, TAMPERED, verify

ORIGIN = "mortise/evt"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = notes.Key(ORIGIN, PRIVATE.public_key().public_bytes_raw())
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
EVENTS = [
    canonical.encode({"id": f"e{i}", "type": "mortise.registry.project.created.v1", "data": {"name": f"é{i}"}}).decode()
    for i in range(11)
]


def leaf(index: int, **changes: object) -> str:
    event = EVENTS[index]
    fields = {
        "v": 1,
        "log": ORIGIN,
        "seq": index + 1,
        "id": json.loads(event)["id"],
        "type": "mortise.registry.project.created.v1",
        "data_sha256": hashlib.sha256(event.encode()).hexdigest(),
    }
    return canonical.encode({**fields, **changes}).decode()


def signed(text: str, private: Ed25519PrivateKey = PRIVATE, key: notes.Key = KEY) -> str:
    return str(notes.Note(text, (notes.Signature(key.name, key.id, private.sign(text.encode())),)))


def bundle(index: int, leaves: list[str] | None = None) -> dict[str, Any]:
    leaves = leaves or [leaf(i) for i in range(len(EVENTS))]
    hashes = [merkle.leaf_hash(text.encode()) for text in leaves]
    ranges = merkle.inclusion_ranges(index, len(hashes))
    path = merkle.hashes_of(ranges, lambda node: merkle.root(hashes[node[1] << node[0] : (node[1] + 1) << node[0]]))
    return {
        "format": BUNDLE,
        "leaf": leaves[index],
        "event": EVENTS[index],
        "index": index,
        "size": len(hashes),
        "hashes": [value.hex() for value in path],
        "checkpoint": signed(str(notes.Checkpoint(ORIGIN, len(hashes), merkle.root(hashes)))),
        "key": str(KEY),
    }


def written(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def export(*indices: int, **manifest: object) -> bytes:
    head = {"format": EXPORT, "count": len(indices), "first": indices[0], "last": indices[-1], **manifest}
    return b"\n".join([written(head), *[written(bundle(i)) for i in indices]]) + b"\n"


@pytest.mark.parametrize("index", range(len(EVENTS)))
def test_a_record_in_the_log_is_good(index: int) -> None:
    verdict = verify(written(bundle(index)), key=str(KEY))

    assert (verdict.code, verdict.index, verdict.records, verdict.pinned) == (GOOD, index, 1, True)


def test_how_the_file_is_laid_out_does_not_matter() -> None:
    assert verify(json.dumps(bundle(4), indent=2).encode()).code == GOOD


def test_a_proof_without_the_event_is_still_a_proof_of_the_leaf() -> None:
    short = bundle(4)
    del short["event"]

    assert verify(written(short)).code == GOOD


def test_no_bit_of_a_bundle_can_change_unseen() -> None:
    # Every byte, one of its bits; the Ed25519 check is the only slow one, so signed text is a sample.
    document = written(bundle(4))
    for at in range(len(document)):
        changed = bytearray(document)
        changed[at] ^= 1 << (at % 8)
        assert verify(bytes(changed), key=str(KEY)).code != GOOD, document[max(0, at - 20) : at + 20]


@pytest.mark.parametrize(
    ("field", "change", "named"),
    [
        ("event", lambda text: text.replace("e4", "e5"), "event"),
        ("leaf", lambda text: text.replace('"v":1', '"v":2'), "leaf"),
        ("leaf", lambda text: text.replace('"seq":5', '"seq":6'), "leaf.seq"),
        ("leaf", lambda text: text.replace(ORIGIN, "mortise/xyz"), "leaf.log"),
        ("leaf", lambda text: text.replace(",", ", "), "leaf"),
        ("index", lambda index: index + 1, "leaf.seq"),
        ("size", lambda size: size + 1, "size"),
        ("hashes", lambda hashes: [hashes[0].upper(), *hashes[1:]], "hashes[0]"),
        ("hashes", lambda hashes: hashes[::-1], "leaf"),
        ("hashes", lambda hashes: hashes[:-1], "leaf"),
        ("hashes", lambda _: "none", "hashes"),
        ("checkpoint", lambda note: note.replace("\n11\n", "\n12\n"), "checkpoint"),
        ("checkpoint", lambda _: "nothing", "checkpoint"),
        ("key", lambda key: key[:-1], "key"),
        ("index", lambda _: True, "index"),
        ("event", lambda _: 7, "event"),
        ("event", lambda _: "\ud800", "event"),
    ],
)
def test_tampering_is_named_with_record_and_field(field: str, change: Any, named: str) -> None:
    forged = bundle(4)
    forged[field] = change(forged[field])

    verdict = verify(json.dumps(forged).encode())

    assert (verdict.code, verdict.field) == (TAMPERED, named)
    assert verdict.expected != verdict.found


def test_a_leaf_that_says_something_else_than_its_event_is_found() -> None:
    leaves = [leaf(i) for i in range(len(EVENTS))]
    leaves[4] = leaf(4, type="mortise.registry.project.deleted.v1")

    verdict = verify(written(bundle(4, leaves)))

    assert (verdict.code, verdict.field) == (TAMPERED, "leaf.type")


def test_a_history_signed_by_another_key_convinces_nobody_who_pins_the_key() -> None:
    other = notes.Key(ORIGIN, OTHER.public_key().public_bytes_raw())
    forged = bundle(4)
    forged["checkpoint"] = signed(notes.parse(forged["checkpoint"]).text, OTHER, other)
    forged["key"] = str(other)

    assert verify(written(forged)).code == GOOD
    assert not verify(written(forged)).pinned
    assert verify(written(forged), key=str(KEY)).code == CANNOT_DECIDE


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\xff",
        b"[]",
        b"nonsense",
        b"{}",
        b'{"format":"mortise-proof/2"}',
        b'{"format":"mortise-proof/1"}',
        b'{"format":"mortise-export/1","count":0}',
        b"[" * 100_000,
        b'{"format":"mortise-proof/1","format":"mortise-proof/1"}',
    ],
)
def test_what_is_no_proof_cannot_be_decided(document: bytes) -> None:
    assert verify(document).code == CANNOT_DECIDE


def test_an_unknown_member_cannot_be_decided_as_nobody_would_check_it() -> None:
    verdict = verify(written({**bundle(4), "evenu": "x"}))

    assert (verdict.code, verdict.field) == (CANNOT_DECIDE, "evenu")


def test_an_export_is_good_as_a_whole() -> None:
    verdict = verify(export(1, 4, 9), key=str(KEY))

    assert (verdict.code, verdict.records) == (GOOD, 3)
    assert verify(written({"format": EXPORT, "count": 0, "first": None, "last": None})).code == GOOD


def test_the_first_bad_record_of_an_export_is_named() -> None:
    lines = export(1, 4, 9).split(b"\n")
    lines[2] = lines[2].replace(b'"v\\":1', b'"v\\":2')

    verdict = verify(b"\n".join(lines))

    assert (verdict.code, verdict.index, verdict.field, verdict.records) == (TAMPERED, 4, "leaf", 1)


def test_records_left_out_swapped_or_doubled_are_found() -> None:
    lines = export(1, 4, 9).split(b"\n")

    assert verify(b"\n".join(lines[:3]) + b"\n").field == "count"
    assert verify(b"\n".join([lines[0], lines[2], lines[1], lines[3]]) + b"\n").field == "index"
    assert verify(b"\n".join([lines[0], lines[1], lines[1], lines[3]]) + b"\n").field == "index"
    assert verify(export(1, 4, 9, last=8)).field == "last"
    assert verify(b"\n".join([lines[0], b"broken"]) + b"\n").code == CANNOT_DECIDE
