"""Calls that are on a gateway's disk only, as figures tell them."""

from __future__ import annotations

from pathlib import Path

from nats.aio.client import Client

from gateway.execute.sender import Sender, unsent_calls, waiting_since_ms
from gateway.execute.wal import Directory, Journal


async def test_a_call_is_unsent_from_its_record_until_its_batch_has_left(tmp_path: Path) -> None:
    directory = Directory.own(tmp_path)
    journal = Journal(directory, directory.begin_epoch())
    sender, before = Sender(Client(), journal, []), unsent_calls()

    journal.append(b"[]")
    assert (unsent_calls() - before, sender.waiting_since_ms) == (1, None)

    sender.pending.append(journal.seal(watermark_ms=7))
    sender.pending.append(journal.seal(watermark_ms=9))
    assert (unsent_calls() - before, sender.waiting_since_ms, waiting_since_ms()) == (1, 7, 7)

    sender.pending.popleft()
    assert (unsent_calls() - before, sender.waiting_since_ms) == (0, 9)
    sender.pending.clear()
    journal.close()
    directory.release()
