"""The promises of append and load: order, one winner, exactly once (C01-C05)."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import Any

import nats.errors
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from common import commands
from common.claims import Claim, NameClaimed
from common.clock import new_id
from common.errors import Refused
from common.events import Actor
from common.log import Cause, Conflict, Entry, History, Log, Recorded, Subject
from tests.support.brokers import Broker
from tests.support.lab import DropFell, JarOpened, cause, entry, jar
from tests.support.stack import Stack


async def test_a_stored_fact_reads_back_as_it_was_told(log: Log) -> None:
    subject = jar(new_id())
    told = cause()
    stored = await log.append(entry(subject, JarOpened(name="blue")), told)
    history = await log.load(subject)
    assert history.events == (stored,)
    envelope = stored.envelope
    assert (envelope.data, envelope.version, envelope.org) == ({"name": "blue"}, 1, subject.org)
    assert (envelope.causationid, envelope.correlationid) == (told.causation_id, told.correlation_id)
    assert (envelope.subject, envelope.source, envelope.type) == (subject.name, "/lab", JarOpened.TYPE)
    assert await log.last_position() >= stored.position


async def test_what_was_never_told_has_an_empty_history(log: Log) -> None:
    history = await log.load(jar(new_id()))
    assert (history.events, history.position, history.version) == ((), 0, 0)


async def test_of_200_appends_that_saw_the_same_version_exactly_one_wins(log: Log) -> None:
    subject = jar(new_id())
    await log.append(entry(subject, JarOpened(name="x")), cause())
    seen = await log.load(subject)

    async def fall(drops: int) -> Recorded | None:
        with contextlib.suppress(Conflict):
            return await log.append(entry(subject, DropFell(drops=drops), seen), cause())
        return None

    results = await asyncio.gather(*(fall(drops) for drops in range(200)))
    winners = [result for result in results if result is not None]
    assert len(winners) == 1
    assert (await log.load(subject)).events[1:] == (winners[0],)


async def test_200_parallel_commands_on_one_aggregate_see_versions_without_gaps(client: Client) -> None:
    subject = jar(new_id())
    logs = [Log(client, "lab") for _ in range(4)]

    async def fall(number: int) -> Recorded | None:
        def decide(history: History) -> DropFell:
            return DropFell(drops=history.version)

        return await commands.execute(logs[number % 4], subject, cause=cause(), decide=decide)

    results = await asyncio.gather(*(fall(number) for number in range(200)))
    seen = sorted(result.envelope.version for result in results if result is not None)
    assert seen == list(range(1, 201))
    history = await logs[0].load(subject)
    assert [event.envelope.data["drops"] for event in history.events] == list(range(200))
    assert [event.position for event in history.events] == sorted(event.position for event in history.events)


class OvertakenLog(Log):
    """Another process is faster `times` times: it appends between our loading and our appending."""

    times = 0

    async def append(self, entry: Entry, cause: Cause) -> Recorded:
        if self.times:
            self.times -= 1
            another = Cause(cause.actor, new_id(), new_id())
            await super().append(replace(entry, event=DropFell(drops=100)), another)
        return await super().append(entry, cause)


@pytest.mark.parametrize(("times", "versions"), [(1, 2), (5, 6)])
async def test_an_overtaken_command_decides_again_on_the_new_history(client: Client, times: int, versions: int) -> None:
    log, subject, seen = OvertakenLog(client, "lab"), jar(new_id()), list[int]()
    log.times = times

    def decide(history: History) -> DropFell:
        seen.append(history.version)
        return DropFell(drops=history.version)

    stored = await commands.execute(log, subject, cause=cause(), decide=decide)
    assert stored is not None
    assert seen == list(range(versions))
    assert (stored.envelope.version, stored.envelope.data) == (versions, {"drops": versions - 1})


async def test_a_command_that_is_always_overtaken_is_refused_as_a_conflict(client: Client) -> None:
    log, subject = OvertakenLog(client, "lab"), jar(new_id())
    log.times = 6
    with pytest.raises(Refused) as refusal:
        await commands.execute(log, subject, cause=cause(), decide=lambda _: DropFell(drops=1))
    assert (refusal.value.code, refusal.value.reason) == ("BAD_USER_INPUT", "CONFLICT")
    assert [event.envelope.data["drops"] for event in (await log.load(subject)).events] == [100] * 6


async def test_a_history_longer_than_a_page_is_read_whole(log: Log) -> None:
    subject = jar(new_id())
    history = History()
    for number in range(1203):
        history = History((await log.append(entry(subject, DropFell(drops=number), history), cause()),))
    loaded = await log.load(subject)
    assert [event.envelope.data["drops"] for event in loaded.events] == list(range(1203))


async def test_a_repeated_command_has_no_second_effect_and_returns_the_first_result(log: Log) -> None:
    subject = jar(new_id())
    command = cause()

    async def run() -> Recorded | None:
        return await commands.execute(log, subject, cause=command, decide=lambda _: DropFell(drops=1))

    first = await run()
    assert await run() == first
    results = await asyncio.gather(*(run() for _ in range(20)))
    assert all(result == first for result in results)
    assert len((await log.load(subject)).events) == 1


async def test_a_decision_that_it_is_already_so_writes_nothing(log: Log) -> None:
    subject = jar(new_id())
    assert await commands.execute(log, subject, cause=cause(), decide=lambda _: None) is None
    assert (await log.load(subject)).events == ()


async def test_a_refused_decision_writes_nothing(log: Log) -> None:
    subject = jar(new_id())

    def refuse(_: History) -> DropFell:
        raise Refused("BAD_USER_INPUT", "no")

    with pytest.raises(Refused):
        await commands.execute(log, subject, cause=cause(), decide=refuse)
    assert (await log.load(subject)).events == ()


# --- claims -------------------------------------------------------------------------------------------------------


async def open_named(log: Log, org: str, name: str, command: str | None = None) -> Recorded | None:
    subject = jar(org)
    return await commands.execute(
        log,
        subject,
        cause=cause(command),
        decide=lambda _: JarOpened(name=name),
        claims=[Claim(f"jar.name:{org}", name, f"jar.{subject.id}")],
    )


async def test_200_parallel_claims_of_one_name_have_exactly_one_winner(client: Client) -> None:
    org = new_id()
    logs = [Log(client, "lab") for _ in range(4)]

    async def claim(number: int) -> Recorded | Refused | None:
        try:
            return await open_named(logs[number % 4], org, "Ünique" if number % 2 else "unique")
        except Refused as refusal:
            return refusal

    results = await asyncio.gather(*(claim(number) for number in range(200)))
    winners = [result for result in results if isinstance(result, Recorded)]
    assert len(winners) == 1
    assert {result.reason for result in results if isinstance(result, Refused)} == {"CONFLICT"}
    where = commands.claim_subject(Claim(f"jar.name:{org}", "unique", "jar.x"), org)
    holders = (await logs[0].load(where)).events
    assert [holder.envelope.data["owner"] for holder in holders] == [f"jar.{winners[0].envelope.subject.split('.')[2]}"]


async def test_claim_and_fact_are_stored_together_or_not_at_all(log: Log) -> None:
    org = new_id()
    subject = jar(org)
    first = await log.append(entry(subject, JarOpened(name="x")), cause())
    claim = Subject(org, "registry", "claim", "c" * 64)
    stale = Entry(subject, DropFell(drops=1), 0, 1)
    taken = Entry(claim, NameClaimed(scope="s", owner="jar.x"), 0, 1)
    with pytest.raises(Conflict):
        await log.append_batch([taken, stale], cause(), use="claim+fact")
    assert (await log.load(claim)).events == ()
    assert (await log.load(subject)).events == (first,)


async def test_a_released_name_is_free_and_a_rename_moves_the_claim(log: Log) -> None:
    org = new_id()
    subject = jar(org)

    def claim(name: str, owner: str = subject.id) -> Claim:
        return Claim(f"jar.name:{org}", name, f"jar.{owner}")

    async def rename(before: str | None, after: str) -> None:
        await commands.execute(
            log,
            subject,
            cause=cause(),
            decide=lambda _: JarOpened(name=after),
            claims=[claim(after)],
            releases=[claim(before)] if before else [],
        )

    await rename(None, "one")
    await rename("one", "two")
    assert await open_named(log, org, "one") is not None
    with pytest.raises(Refused, match="'TWO' is already taken"):
        await open_named(log, org, "TWO")
    await rename("two", "Two")  # the same name to the eye: nothing to claim, nothing to give back
    assert len((await log.load(commands.claim_subject(claim("two"), org))).events) == 1
    await rename("Two", "three")
    assert await open_named(log, org, "two") is not None
    assert (await log.load(subject)).version == 4


async def test_the_repeat_of_a_claiming_command_is_not_refused_by_its_own_claim(log: Log) -> None:
    org, subject = new_id(), jar(new_id())
    command = cause()
    results = [
        await commands.execute(
            log,
            subject,
            cause=command,
            decide=lambda _: JarOpened(name="x"),
            claims=[Claim(f"jar.name:{org}", "x", f"jar.{subject.id}")],
        )
        for _ in range(2)
    ]
    assert results[0] == results[1]


# --- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["a.b", "a b", "*", ">", "", "ü", "a" * 129])
def test_a_subject_is_made_of_single_tokens(part: str) -> None:
    with pytest.raises(ValueError, match="not one token"):
        Subject("org", "lab", "jar", part)


async def test_a_fact_that_audit_could_not_record_whole_is_not_written(log: Log) -> None:
    subject = jar(new_id())
    event = JarOpened(name="x")
    wrong = [
        (Entry(Subject(subject.org, "lab", "pot", "1"), event, 0, 1), cause()),
        (Entry(subject, event, 0, 2), cause()),
        (Entry(subject, event, 7, 1), cause()),
        (entry(subject, event), Cause(Actor(type="user", id=""), "c", "r")),
        (entry(subject, event), Cause(cause().actor, "", "r")),
        (entry(subject, event), Cause(cause().actor, "c", "no id")),
    ]
    for bad, told in wrong:
        with pytest.raises(ValueError, match="is not written"):
            await log.append(bad, told)
    assert (await log.load(subject)).events == ()


@pytest.mark.parametrize(
    ("name", "reason"),
    [("x" * 33_000, "TOO_LONG"), ("a\0b", "INVALID_TEXT"), ("\ud800", "INVALID_TEXT")],
    ids=["large", "nul", "surrogate"],
)
async def test_text_that_cannot_be_kept_is_refused_with_a_code(log: Log, name: str, reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        await log.append(entry(jar(new_id()), JarOpened(name=name)), cause())
    assert (refusal.value.code, refusal.value.reason) == ("BAD_USER_INPUT", reason)


async def test_the_text_of_an_escape_is_no_nul(log: Log) -> None:
    stored = await log.append(entry(jar(new_id()), JarOpened(name="\\u0000")), cause())
    assert stored.envelope.data["name"] == "\\u0000"


# --- a broker that dies -------------------------------------------------------------------------------------------


async def test_an_append_whose_answer_was_lost_with_the_server_is_stored_once(broker: Broker) -> None:
    """kill -9 between storing and answering: the second sending finds the first (C01, C03)."""
    client = await broker.client()
    log = Log(client, "lab")
    subject = jar("o")
    history = History()
    kills = 0
    for number in range(12):
        sending = asyncio.create_task(log.append(entry(subject, DropFell(drops=number), history), cause()))
        if number % 3 == 1:
            await client.flush()  # the server has the message; whether it also answered is left to the race
            broker.kill()
            kills += 1
            await broker.start()
        history = History((await sending,))
    loaded = await log.load(subject)
    assert [event.envelope.data["drops"] for event in loaded.events] == list(range(12))
    assert kills == 4


class LossyClient(Client):
    """Loses answers, not messages: the server has done what it was asked, and we do not hear of it."""

    lose = 0

    async def request(self, *args: Any, **named: Any) -> Msg:
        reply = await super().request(*args, **named)
        if self.lose and args[0].startswith("evt."):
            self.lose -= 1
            raise nats.errors.TimeoutError
        return reply


async def test_a_second_sending_of_a_stored_message_is_recognised(servers: Stack) -> None:
    """What the log then refuses is our own (STACK 3.1, 3.2)."""
    client = LossyClient()
    await client.connect(servers.nats_url)
    log = Log(client, "lab")
    subject = jar(new_id())
    client.lose = 2
    stored = await log.append(entry(subject, JarOpened(name="x")), cause())
    assert (await log.load(subject)).events == (stored,)

    claim = Entry(Subject(subject.org, "registry", "claim", "d" * 64), NameClaimed(scope="s", owner="jar.y"), 0, 1)
    other = jar(subject.org)
    client.lose = 2
    batch = await log.append_batch([claim, entry(other, JarOpened(name="y"))], cause(), use="claim+fact")
    assert (await log.load(other)).events == (batch[1],)
    assert (await log.load(claim.subject)).events == (batch[0],)
    assert client.lose == 0
    await client.close()


async def test_an_append_that_was_overtaken_after_its_lost_answer_is_still_recognised(servers: Stack) -> None:
    client = LossyClient()
    await client.connect(servers.nats_url)
    log, subject = Log(client, "lab"), jar(new_id())
    client.lose = 1
    overtaking: list[Recorded] = []
    sending = asyncio.create_task(log.append(entry(subject, JarOpened(name="x")), cause()))
    while client.lose:  # noqa: ASYNC110 - the answer is lost inside the client, which tells nobody
        await asyncio.sleep(0)
    overtaking.append(await log.append(entry(subject, DropFell(drops=1), await log.load(subject)), cause()))
    stored = await sending
    assert (await log.load(subject)).events == (stored, *overtaking)
    await client.close()
