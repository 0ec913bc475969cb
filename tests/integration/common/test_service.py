"""A service of the tests' own, started as every service is: it answers, says how it is, and leaves in good order."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import aiohttp
import nats
import pytest
from ariadne import MutationType, QueryType, make_executable_schema
from faststream.nats import NatsBroker
from graphql import GraphQLResolveInfo
from pydantic import BaseModel

from common import commands, rpc
from common.clock import new_id
from common.errors import Refused
from common.graphs import Context, Graph
from common.log import Subject
from common.operations import Report
from common.projection import Projection
from common.rpc import Answer, Ask
from common.service import Runtime, Service, connection, live
from common.settings import Settings
from tests.support.lab import ACTOR, DropFell, JarBroken, JarOpened, projection
from tests.support.stack import Stack
from tests.support.waiting import until

ORG = new_id()
QUERY = QueryType()
MUTATION = MutationType()
SDL = """
type Query { jar(id: ID!): Int, broken: Int, sum(numbers: [Int!]!): Int! nothing: Int! }
type Mutation { open(name: String!): ID!, refuse: Int }
"""
running_service: dict[str, Runtime] = {}


@QUERY.field("jar")
async def jar(_: object, __: GraphQLResolveInfo[Context], id: str) -> int | None:
    async with running_service["lab"].database.reading() as reading:
        row = (await reading.exec_driver_sql("select drops from jars where id = $1", (f"audit.jar.{id}",))).first()
    return row[0] if row else None


@QUERY.field("broken")
def broken(*_: object) -> int:
    raise RuntimeError("the secret reason")


@QUERY.field("sum")
def total(_: object, __: GraphQLResolveInfo[Context], numbers: list[int]) -> int:
    return sum(numbers)


@MUTATION.field("open")
async def open_jar(_: object, info: GraphQLResolveInfo[Context], name: str) -> str:
    context = info.context
    runtime = running_service["lab"]
    told = context.cause(info.path.key if isinstance(info.path.key, str) else "", ACTOR)
    subject = Subject(ORG, "audit", "jar", told.causation_id)
    recorded = await commands.execute(runtime.log, subject, cause=told, decide=lambda _: AuditJarOpened(name=name))
    context.wrote(recorded)
    return subject.id


@MUTATION.field("refuse")
def refuse(*_: object) -> int:
    raise Refused("BAD_USER_INPUT", "'x' is taken.", "Take y.", reason="CONFLICT", field="input.name")


class AuditJarOpened(JarOpened):
    """The service runs with audit's account, which may only write facts of audit."""

    TYPE = "mortise.audit.jar.opened.v1"


def lab_projection() -> Projection:
    kept = projection(ORG)
    events = (AuditJarOpened, JarOpened, DropFell)
    return Projection("jars", kept.metadata, events, apply=kept.apply, ignored=frozenset({JarBroken.TYPE}))


async def remember(runtime: Runtime) -> None:
    running_service["lab"] = runtime


def settings(servers: Stack, service: str = "audit") -> Settings:
    user, password = servers.account(service)
    where = urlsplit(servers.postgres_dsn)
    place = where.netloc.rpartition("@")[2]
    return Settings(
        service=service,
        node="lab-0",
        nats_url=nats_address(servers),
        nats_user=user,
        nats_password=password,
        postgres_dsn=f"postgresql://{user}:{password}@{place}/mortise",
        secret_key=bytes(range(32)),
    )


def nats_address(servers: Stack) -> str:
    return f"nats://{urlsplit(servers.nats_url).netloc.rpartition('@')[2]}"


@pytest.fixture(scope="module")
async def base(servers: Stack) -> AsyncIterator[str]:
    """The running service; the address of its inside door."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    service = Service(
        name="audit",
        projections=lambda _: [lab_projection()],
        graph=lambda runtime: Graph(make_executable_schema(SDL, QUERY, MUTATION), list(runtime.runners.values())),
        start=remember,
    )
    stopping = asyncio.Event()
    told = settings(servers).model_copy(update={"health_port": port})
    task = asyncio.create_task(live(service, told, stopping=stopping))
    address = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession() as session:

        async def ready() -> bool:
            assert not task.done()
            with contextlib.suppress(aiohttp.ClientConnectionError):
                async with session.get(f"{address}/readyz") as answer:
                    return answer.status == 200
            return False

        await until(ready, 20)
    yield address
    stopping.set()
    await asyncio.wait_for(task, 15)


@pytest.fixture(scope="module")
async def door(servers: Stack) -> AsyncIterator[NatsBroker]:
    """The gateway's own connection: the only account that may ask owners."""
    broker = connection(settings(servers, "gateway"))
    await broker.start()
    yield broker
    await broker.stop()


async def ask(door: NatsBroker, query: str, **more: object) -> Answer:
    wish = Ask.model_validate({"query": query, "principal": {"id": "u1"}, "request_id": "r1", **more})
    return await rpc.request(door, "api.audit", wish, Answer, 5.0)


@pytest.mark.usefixtures("base")
async def test_a_mutation_is_read_back_by_whoever_carries_its_position(door: NatsBroker) -> None:
    opened = await ask(door, 'mutation { open(name: "x") }')
    assert opened.errors is None
    assert opened.data is not None
    query = "query ($id: ID!) { jar(id: $id) }"
    seen = await ask(door, query, variables={"id": opened.data["open"]}, position=opened.position)
    assert (seen.data, seen.errors) == ({"jar": 0}, None)
    assert seen.position >= opened.position


@pytest.mark.usefixtures("base")
async def test_the_same_idempotency_key_gives_the_same_object(door: NatsBroker) -> None:
    query = 'mutation { a: open(name: "x") b: open(name: "x") }'
    first, second = [(await ask(door, query, idempotency_key="k")).data for _ in range(2)]
    other = (await ask(door, query, idempotency_key="k", principal={"id": "u2"})).data
    assert first == second
    assert first is not None
    assert other is not None
    assert len({*first.values(), *other.values()}) == 4


@pytest.mark.usefixtures("base")
async def test_a_position_from_the_future_is_said_to_be_not_yet_visible(door: NatsBroker) -> None:
    answer = await ask(door, "{ broken }", position=10**12)
    assert answer.errors is not None
    assert answer.errors[0]["extensions"]["reason"] == "NOT_YET"


@pytest.mark.usefixtures("base")
async def test_every_error_has_the_shape_and_the_code_that_is_promised(door: NatsBroker) -> None:
    async def error(query: str, **more: object) -> dict[str, object]:
        answer = await ask(door, query, **more)
        assert answer.errors is not None
        assert len(answer.errors) == 1
        found: dict[str, object] = answer.errors[0]
        return found

    assert await error("mutation { refuse }") == {
        "message": "'x' is taken.",
        "path": ["refuse"],
        "extensions": {"code": "BAD_USER_INPUT", "reason": "CONFLICT", "field": "input.name", "hint": "Take y."},
    }
    assert await error("{ broken }") == {
        "message": "Internal server error",
        "path": ["broken"],
        "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": "r1"},
    }
    nothing = await error("{ nothing }")
    assert (nothing["message"], nothing["path"]) == ("Internal server error", ["nothing"])
    for query in (
        "{",
        "{ unknown }",
        '{ sum(numbers: "x") }',
        "{ a: __typename } query b { broken }",
        "subscription { x }",
    ):
        found = await error(query)
        assert found["extensions"] == {"code": "BAD_USER_INPUT"}
        assert "path" not in found
    found = await error("query ($n: [Int!]!) { sum(numbers: $n) }", variables={"n": ["x"]})
    assert found["extensions"] == {"code": "BAD_USER_INPUT"}
    assert "locations" in found


class Nothing(BaseModel):
    pass


@pytest.mark.usefixtures("base")
async def test_a_failed_handler_still_answers(door: NatsBroker) -> None:
    with pytest.raises(Refused) as refusal:
        await rpc.request(door, "api.audit", {"nonsense": 1}, Answer, 5.0)
    assert refusal.value.code == "BAD_USER_INPUT"
    assert "query: Field required" in refusal.value.message
    with pytest.raises(Refused) as refusal:
        await rpc.request(door, "api.billing", {}, Answer, 5.0)
    assert (refusal.value.code, refusal.value.reason) == ("SERVICE_UNAVAILABLE", "NO_RESPONDER")


class Number(BaseModel):
    number: int


async def test_what_nobody_waits_for_any_more_is_not_begun_and_too_much_is_refused_at_once(servers: Stack) -> None:
    owner, door = connection(settings(servers, "billing")), connection(settings(servers, "gateway"))
    enough, begun = asyncio.Event(), list[int]()

    async def wait(asked: Number) -> Nothing:
        begun.append(asked.number)
        await enough.wait()
        return Nothing()

    def asked(number: int, times: int = 1, seconds: float = 20.0) -> list[asyncio.Task[Nothing]]:
        wish = {"number": number}
        return [asyncio.create_task(rpc.request(door, "api.billing", wish, Nothing, seconds)) for _ in range(times)]

    rpc.serve(owner, "api.billing", Number, wait)
    await owner.start()
    await door.start()
    busy = asked(0, rpc.AT_ONCE)
    while len(begun) < rpc.AT_ONCE:
        await asyncio.wait(busy, timeout=0.01)
    impatient = (await asyncio.gather(*asked(1, seconds=0.1), return_exceptions=True))[0]
    waiting = asked(2, rpc.WAITING_MAX - 1)
    refused = (await asyncio.gather(*asked(3), return_exceptions=True))[0]
    enough.set()
    await asyncio.gather(*busy, *waiting)

    assert isinstance(impatient, Refused)
    assert impatient.reason == "TIMEOUT"
    assert isinstance(refused, Refused)
    assert (refused.code, refused.reason) == ("SERVICE_UNAVAILABLE", "OVERLOADED")
    assert {number: begun.count(number) for number in set(begun)} == {0: rpc.AT_ONCE, 2: rpc.WAITING_MAX - 1}
    await door.stop()
    await owner.stop()


async def test_a_slow_handler_is_said_to_have_perhaps_done_it(servers: Stack) -> None:
    owner = connection(settings(servers, "billing"))
    enough = asyncio.Event()

    async def sleep(_: Nothing) -> Nothing:
        await enough.wait()
        return Nothing()

    async def fail(_: Nothing) -> Nothing:
        raise RuntimeError("the secret reason")

    rpc.serve(owner, "api.billing", Nothing, sleep)
    rpc.serve(owner, "ops.billing", Nothing, fail)
    await owner.start()
    door = connection(settings(servers, "gateway"))
    await door.start()
    with pytest.raises(Refused) as refusal:
        await rpc.request(door, "api.billing", {}, Nothing, 0.1)
    assert refusal.value.reason == "TIMEOUT"
    admin = await nats.connect(servers.nats_url)
    reply = json.loads((await admin.request("ops.billing", b"{}", timeout=5)).data)
    assert reply["error"]["message"] == "Internal server error"
    assert "secret" not in json.dumps(reply)
    await admin.close()
    await door.stop()
    enough.set()
    await owner.stop()


@pytest.mark.usefixtures("base")
async def test_its_part_of_the_graph_is_published_for_the_gateway(servers: Stack) -> None:
    admin = await nats.connect(servers.nats_url)
    stored = await admin.jetstream().get_last_msg("KV_API", "$KV.API.audit")
    part = json.loads(stored.data or b"")
    assert "scalar DateTime" in part["sdl"]
    assert len(part["sha"]) == 64
    await admin.close()


async def test_the_inside_door_tells_health_and_figures(base: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{base}/healthz") as answer:
            assert (answer.status, await answer.json()) == (200, {"alive": True})
        async with session.get(f"{base}/readyz") as answer:
            assert (answer.status, await answer.json()) == (200, {"ready": True, "troubles": {}})
        async with session.get(f"{base}/metrics") as answer:
            text = await answer.text()
    assert 'mortise_projection_lag{projection="jars"}' in text
    assert 'mortise_observed_total{name="graph.answered",outcome="ok"}' in text


@pytest.mark.usefixtures("base")
async def test_an_operator_can_have_a_read_model_rebuilt(servers: Stack, door: NatsBroker) -> None:
    """As the service's own role, which may not make schemas: bootstrap made the one for rebuilding."""
    await ask(door, 'mutation { open(name: "x") }')
    admin = await nats.connect(servers.nats_url)

    async def ops(**wish: str) -> dict[str, object]:
        reply: dict[str, object] = json.loads(
            (await admin.request("ops.audit", json.dumps(wish).encode(), timeout=30)).data
        )
        return reply

    report = Report.model_validate((await ops(rebuild="*"))["value"])
    assert [(one["projection"], one["equal"]) for one in report.rebuilt] == [("jars", True)]
    state = Report.model_validate((await ops())["value"])
    assert (state.projections[0]["name"], state.projections[0]["trouble"]) == ("jars", None)
    assert "'pots'" in str((await ops(rebuild="pots"))["error"])
    assert "NOT_FOUND" in str((await ops(retry="evt.o.lab.jar.x"))["error"])
    await admin.close()
