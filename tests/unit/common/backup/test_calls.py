"""Stream and write-ahead logs of calls overlap in a backup, or it is not taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.backup import calls
from common.backup.calls import Reached, first_batch, gaps
from common.backup.files import Target
from common.backup.manifest import Gateway
from common.errors import Refused
from gateway.domain import journal


def gateway(**epochs: int) -> tuple[Gateway, ...]:
    return (Gateway(gateway="g1", paths=(), epochs={name.removeprefix("e"): first for name, first in epochs.items()}),)


@pytest.mark.parametrize(
    ("first", "last", "missing"),
    [
        (1, 0, []),
        (1, 7, []),
        (8, 7, []),
        (9, 7, ["g1, epoch 2: batches 8 to 8"]),
        (5, 0, ["g1, epoch 2: batches 1 to 4"]),
    ],
)
def test_a_batch_that_is_in_neither_is_named(first: int, last: int, missing: list[str]) -> None:
    reached = [Reached("g1", "2", last)] if last else []

    assert gaps(gateway(e2=first), reached) == missing


def test_the_first_batch_of_a_segment_is_read_as_a_gateway_writes_it() -> None:
    head = journal.head("g1", 3, 2, 41)

    assert first_batch(head + journal.line(journal.CALL, b"[]")) == 41
    assert first_batch(head[:-1]) is None
    assert first_batch(b"") is None


def test_logs_come_back_without_the_mark_of_what_the_lost_stream_held(tmp_path: Path) -> None:
    source = tmp_path / "wal" / "g1"
    source.mkdir(parents=True)
    (source / "000002-000001.wal").write_bytes(journal.head("g1", 2, 1, 5) + b"C torn")
    for name, text in (("epoch", "2"), ("sent", "1"), ("lock", "")):
        (source / name).write_text(text)
    target = Target(tmp_path / "backup")

    (copied,) = calls.copy_out(tmp_path / "wal", target)
    calls.copy_in(tmp_path / "backup", (copied,), tmp_path / "other")

    assert copied.epochs == {"2": 5}
    assert sorted(path.name for path in (tmp_path / "other" / "g1").iterdir()) == ["000002-000001.wal", "epoch"]
    assert (tmp_path / "other" / "g1" / "000002-000001.wal").read_bytes().endswith(b"C torn")
    with pytest.raises(Refused, match="already"):
        calls.copy_in(tmp_path / "backup", (copied,), tmp_path / "other")


def test_marks_of_what_was_sent_can_be_forgotten(tmp_path: Path) -> None:
    for name in ("g1", "g2"):
        (tmp_path / name).mkdir()
    (tmp_path / "g1" / "sent").write_text("4")

    assert calls.forget_sent(tmp_path) == 1
    assert calls.forget_sent(tmp_path) == 0
    assert calls.forget_sent(tmp_path / "nowhere") == 0
