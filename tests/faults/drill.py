"""The restore drill: `python -m tests.faults.drill` backs up a stack under load and restores it, held to the ledger.

Commands come in, calls are made, environments come and go while the backup is taken, and one of two gateways hangs with
calls that it has answered and not yet sent. Then it is restored into an empty directory, and what was acknowledged up
to its position has to be there: commands, calls, rows, bills, the log to the byte. Last, the streams of the first stack
are thrown away and brought back from audit's byte copy.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp
import nats
import uvloop

from common.backup.streams import between
from common.stream import Message, Stream
from tests.faults import load, site
from tests.faults.check import Check
from tests.faults.ledger import Finding, Ledger
from tests.support.stack import Stack, a_directory
from tests.support.waiting import until

QUIET: Final = {"MORTISE_LOG_LEVEL": "warning"}
CHURNING: Final = 2
HANGING: Final = "gateway-1"
AT_ONCE: Final = 500
ASKED_AT_ONCE: Final = 8
ANSWER_SECONDS_MAX: Final = 30.0
LEAST_CALLS: Final = 20
LEAST_COMMANDS: Final = 6
"""Answered before the backup begins."""

ENVIRONMENTS: Final = """query($service: ID, $instance: ID) { environments(service: $service, instance: $instance) {
  id name state version endpoint deployments { id version status plan { number kind subject grade } } } }"""
PROJECT: Final = """query($slug: String!) { project(slug: $slug) { id name description createdAt myRole
  clients { id name currency } keys { id name prefix kind revoked createdAt } instances { id } } }"""
INVOICE: Final = """query($project: ID!, $client: ID!) { invoice(project: $project, client: $client) {
  clientName calls subtotal lines { quantity amount } } }"""
ENTRIES: Final = """query($after: Cursor) { auditEntries(first: 2, after: $after) {
  edges { cursor node { id index type subject leafHash leaf changes actor { id username } } } } }"""


@dataclass(frozen=True)
class Question:
    """Something whose answer the load does not change."""

    query: str
    variables: Mapping[str, Any]


@dataclass
class Drilled:
    """What came of a drill. Both stacks are as they were left: the first one stopped, the restored one running."""

    backup: Path
    first: Path
    manifest: dict[str, Any]
    restored: Stack
    report: dict[str, Any]
    answers: list[tuple[Question, bytes, bytes]]
    """Before the load, and after the restore."""
    log: list[Message]
    """Of the first stack, whole."""
    log_restored: list[Message]
    checked: dict[str, Any]
    """What audit said when it derived everything again from the restored stream."""
    findings: list[Finding] = field(default_factory=list)
    acknowledged: int = 0
    """Commands whose facts lie at or before the backup's position."""
    calls: int = 0
    """Calls that were answered before the backup began."""
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What a drill is asked to do."""

    before_seconds: float = 1.0
    """Load before the backup begins; it goes on until the backup has ended."""
    commands_per_second: float = 30.0
    calls_per_second: float = 150.0
    churning: int = CHURNING
    """So many at once add and remove instances."""
    questions: int = 200


@asynccontextmanager
async def drill(plan: Plan) -> AsyncIterator[Drilled]:
    """Carry it out; the restored stack runs for as long as the context lasts."""
    with a_directory() as first, a_directory() as second, a_directory() as backups:
        backup, seconds = backups / "backup", dict[str, float]()
        source = Stack(first, workers=2, environ=QUIET)
        await asyncio.to_thread(source.start)
        try:
            async with load.http() as client:
                place = await site.build(source, client, "drill")
                questions = await _questions(source, client, place, plan.questions)
                before = await _answers(client, place, questions)
                ledger, calls, writes = Ledger(), set[str](), set[str]()
                began = time.monotonic()
                manifest = await _under_load(plan, source, client, place, backup, (ledger, calls, writes))
                seconds["load and backup"] = time.monotonic() - began
            log = await _log(source)
        finally:
            await asyncio.to_thread(source.stop)
        began = time.monotonic()
        report = await mortise("restore", str(backup), "--data", str(second / "data"))
        seconds["restore"] = time.monotonic() - began
        restored, began = Stack(second / "data", environ=QUIET), time.monotonic()
        await asyncio.to_thread(restored.start)
        seconds["read models"] = time.monotonic() - began
        try:
            yield await _judged(
                Drilled(backup, first, manifest, restored, report, [], log, await _log(restored), {}, seconds=seconds),
                replace(place, url=restored.url),
                _cut(ledger, calls, writes, log, int(manifest["position"])),
                list(zip(questions, before, strict=True)),
            )
        finally:
            await asyncio.to_thread(restored.stop)


async def mortise(*words: str) -> dict[str, Any]:
    """The JSON that a command of the command line prints. Raises AssertionError with its words when it fails."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "console", *words, "--json"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode() + out.decode()
    value: dict[str, Any] = json.loads(out)
    return value


async def _under_load(
    plan: Plan,
    stack: Stack,
    client: aiohttp.ClientSession,
    place: load.Site,
    backup: Path,
    kept: tuple[Ledger, set[str], set[str]],
) -> dict[str, Any]:
    """A backup while commands and calls go on; what it says of itself. `kept` gets the ledger of the load, and the
    calls and writes that were answered before the backup began.
    """
    ledger, calls, writes = kept
    commands, called, stop = load.Commands(place, ledger), load.Calls(place, ledger), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for lane in range(plan.churning):
            group.create_task(commands.churn(client, lane, stop))
        for one, work in (
            (commands.one, load.Work("commands", plan.commands_per_second, AT_ONCE)),
            (called.one, load.Work("calls", plan.calls_per_second, AT_ONCE)),
        ):
            group.create_task(load.steadily(partial(one, client), ledger.tally, work, stop))
        try:
            await asyncio.sleep(plan.before_seconds)
            await until(
                lambda: len(ledger.calls) >= LEAST_CALLS and len(ledger.commands) >= LEAST_COMMANDS, ANSWER_SECONDS_MAX
            )
            os.kill(stack.pids[HANGING], signal.SIGSTOP)
            calls |= ledger.calls
            writes |= ledger.writes
            return await mortise("backup", "-o", str(backup), "--data", str(stack.data), "--with-key")
        finally:
            os.kill(stack.pids[HANGING], signal.SIGCONT)
            stop.set()


def _cut(ledger: Ledger, calls: set[str], writes: set[str], log: list[Message], position: int) -> Ledger:
    """What of the ledger a backup at this position has to hold; everything else may be there or not."""
    first: dict[str, int] = {}
    for message in log:
        for value in json.loads(message.body)["data"].values():
            if isinstance(value, str):
                first.setdefault(value, message.position)
    held = {name: made for name, made in ledger.commands.items() if first.get(made.id, 0) <= position}
    open_ = set(ledger.commands) - set(held) | ledger.commands_open
    later = len(ledger.calls - calls) + ledger.calls_open
    return replace(ledger, commands=held, commands_open=open_, calls=calls, calls_open=later, writes=writes)


async def _judged(drilled: Drilled, place: load.Site, ledger: Ledger, before: list[tuple[Question, bytes]]) -> Drilled:
    async with load.http() as client:
        last = len(drilled.log_restored)
        now = await _answers(client, place, [each for each, _ in before], last)
        answers = [(each, then, after) for (each, then), after in zip(before, now, strict=True)]
        findings = await Check(drilled.restored, client, place, ledger).findings()
    connection = await nats.connect(drilled.restored.nats_url)
    try:
        reply = await connection.request("ask.audit.check", b'{"stream":true}', timeout=60)
    finally:
        await connection.close()
    return replace(
        drilled,
        answers=answers,
        findings=findings,
        checked=json.loads(reply.data)["value"],
        acknowledged=len(ledger.commands),
        calls=len(ledger.calls),
    )


async def _log(stack: Stack) -> list[Message]:
    connection = await nats.connect(stack.nats_url)
    try:
        last = (await Stream(connection, "EVT").info()).last
        return [message async for page in between(connection, "EVT", 0, last) for message in page]
    finally:
        await connection.close()


# --- questions ----------------------------------------------------------------------------------------------------


async def _questions(stack: Stack, client: aiohttp.ClientSession, place: load.Site, count: int) -> list[Question]:
    """A corner that the load leaves alone: another customer with a bill, the history so far, some notes."""
    scene = site.Scene(stack, client)
    quiet = await scene.ask(load.CREATE_PROJECT, name="quiet-corner", organisation=place.organisation)
    instance = (await scene.ask(load.ADD_SERVICE, project=quiet["id"], service=place.service))["id"]
    await scene.serving("dev", "0.0.2", instance=instance)
    await scene.ask(site.PROMOTE, **{"instance": instance, "from": "dev", "to": "prod"})
    prod = await scene.serving("prod", "0.0.2", instance=instance)
    payer = await scene.ask(site.CLIENT, project=quiet["id"])
    billed = payer["client"]["id"]
    await scene.ask(site.PLAN, instance=instance, client=billed)
    corner = replace(place, endpoint=prod["endpoint"], key=payer["clientKey"]["secret"])
    for number in range(7):
        text = f'mutation {{ createNote(text: "quiet {number} \\u00fc") {{ id text }} }}'
        assert "errors" not in json.loads(await _post(client, corner, text))
    wanted = {"project": quiet["id"], "client": billed}

    async def counted() -> bool:
        return bool((await scene.ask(INVOICE, **wanted))["calls"] == 7)

    await until(counted, ANSWER_SECONDS_MAX)
    kinds = [
        Question(INVOICE, wanted),
        Question(PROJECT, {"slug": "quiet-corner"}),
        Question(ENVIRONMENTS, {"service": place.service}),
        Question(ENVIRONMENTS, {"instance": instance}),
        Question("{ me { id email username } organisations { id name myRole } }", {}),
    ]
    after = None
    for _ in range(10):
        page = await scene.ask(ENTRIES, after=after)
        after = page["edges"][-1]["cursor"]
        kinds.append(Question(ENTRIES, {"after": after}))
    return (kinds * (count // len(kinds) + 1))[:count]


async def _answers(
    client: aiohttp.ClientSession, place: load.Site, questions: list[Question], position: int = 0
) -> list[bytes]:
    """The bytes of all answers, some asked side by side."""
    turns = asyncio.Semaphore(ASKED_AT_ONCE)

    async def one(question: Question) -> bytes:
        async with turns:
            return await _answer(client, place, question, position)

    return await asyncio.gather(*map(one, questions))


async def _answer(client: aiohttp.ClientSession, place: load.Site, question: Question, position: int = 0) -> bytes:
    """The bytes of an answer without errors, from read models that have come to this position of the log."""
    body = {"query": question.query, "variables": dict(question.variables)}
    headers = {"Authorization": f"Bearer {place.token}", "Mortise-Position": str(position)}
    async with asyncio.timeout(ANSWER_SECONDS_MAX):
        while True:
            async with client.post(f"{place.url}/query", json=body, headers=headers) as response:
                answer = await response.read()
            if b'"errors"' not in answer:
                return answer
            await asyncio.sleep(0.05)  # a read model is still being made


async def _post(client: aiohttp.ClientSession, place: load.Site, text: str) -> bytes:
    url = f"{place.url}/{place.endpoint}/graphql"
    async with client.post(url, json={"query": text}, headers={"x-user-authorization": place.key}) as response:
        return await response.read()


# --- from the byte copy -------------------------------------------------------------------------------------------


async def without_streams(drilled: Drilled) -> tuple[dict[str, Any], list[Message]]:
    """The first stack loses its JetStream and gets it back; what the command said, and the log that stands then."""
    shutil.rmtree(drilled.first / "nats" / "streams")
    said = await mortise("restore", "--events-from-audit", str(drilled.backup), "--data", str(drilled.first))
    stack = Stack(drilled.first, environ=QUIET)
    await asyncio.to_thread(stack.start)
    try:
        return said, await _log(stack)
    finally:
        await asyncio.to_thread(stack.stop)


async def _main(plan: Plan) -> int:
    async with drill(plan) as drilled:
        position = int(drilled.manifest["position"])
        same = sum(before == after for _, before, after in drilled.answers)
        prefix = drilled.log_restored[:position] == drilled.log[:position]
        said, log = await without_streams(drilled)
        back = log[: len(drilled.log)] == drilled.log
        good = all(finding.good for finding in drilled.findings) and same == len(drilled.answers)
        good = good and prefix and back and drilled.checked["fault"] is None
        report = [
            f"position {position} of {len(drilled.log)}, {drilled.manifest['rounds']} rounds",
            f"{drilled.acknowledged} commands and {drilled.calls} calls have to be there",
            *(f"{'good' if f.good else 'BAD '}  {f.what}: {f.found} of {f.expected}" for f in drilled.findings),
            f"answers byte-equal: {same} of {len(drilled.answers)}; log equal: {prefix}; audit: {drilled.checked}",
            f"from the byte copy: {said['stored']} facts, log equal: {back}",
            ", ".join(f"{what} {seconds:.1f} s" for what, seconds in drilled.seconds.items()),
        ]
    sys.stdout.write("\n".join(report) + "\n")
    return 0 if good else 1


def main(words: list[str]) -> int:
    """The exit code: 1 when anything that had to be there is not."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.drill", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="of load before the backup begins (20)")
    parser.add_argument("--commands", type=float, default=50.0, help="offered per second (50)")
    parser.add_argument("--calls", type=float, default=400.0, help="offered per second (400)")
    given = parser.parse_args(words)
    return uvloop.run(_main(Plan(given.seconds, given.commands, given.calls)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
