"""Each service reaches its own subjects, its own schema and what the table grants; the servers refuse the rest.

The tables below are written out by hand, not computed from `common.bootstrap.accounts`: they say what we promise, and
a change of the accounts has to be made twice.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import nats
import pytest
from nats.aio.client import Client

from tests.support.stack import Stack

SERVICES: Final = ("registry", "provisioner", "gateway", "billing", "audit")
ALL: Final = frozenset(SERVICES)
NOBODY: Final = frozenset[str]()


def only(*services: str) -> frozenset[str]:
    return frozenset(services)


PUBLISH: Final[dict[str, frozenset[str]]] = {
    # facts: each writes its own context, in any organisation
    "evt.o1.registry.project.p1": only("registry"),
    "evt._.registry.claim.c1": only("registry"),
    "evt.o1.provisioner.environment.e1": only("provisioner"),
    "evt.o1.gateway.route.r1": only("gateway"),
    "evt.o1.billing.invoice.i1": only("billing"),
    "evt._.audit.log.l1": only("audit"),
    "evt.o1.nobody.thing.t1": NOBODY,
    "evt.registry.project": NOBODY,
    # calls, rows, logs, runs, accesses
    "calls.g1.e1": only("gateway"),
    "data.o1.e1": only("gateway"),
    "logs.o1.p1.e1.calls": only("audit"),
    "documents.s1.0123456789abcdef": only("gateway"),
    "runs.o1.t1": only("registry"),
    "access.registry.u1": only("registry"),
    "access.gateway.u1": only("gateway"),
    "access.gateway.tokens": only("gateway"),
    "access.audit.u1": only("audit"),
    # asking one another
    "api.registry": only("gateway"),
    "api.audit": only("gateway"),
    "ask.provisioner.plan": only("registry"),
    "ask.provisioner.compact": only("registry", "gateway"),
    "ask.gateway.usage": only("registry"),
    "ask.gateway.breaks": only("registry"),
    "ask.registry.anything": NOBODY,
    "ask.billing.anything": NOBODY,
    "ask.billing.uses": only("registry"),
    "ops.registry": NOBODY,
    "ops.gateway": NOBODY,
    "_INBOX.gateway.abc": NOBODY,
    "_INBOX.audit.abc": NOBODY,
    # documents and published schemas
    "$O.BLOBS.C.n1": only("registry", "provisioner", "billing"),
    "$O.BLOBS.M.n1": only("registry", "provisioner", "billing"),
    "$KV.API.registry": only("registry"),
    "$KV.API.audit": only("audit"),
    "$KV.API.other": NOBODY,
    # reading
    "$JS.API.INFO": ALL,
    "$JS.API.STREAM.INFO.EVT": ALL,
    "$JS.API.STREAM.MSG.GET.EVT": ALL,
    "$JS.API.DIRECT.GET.EVT": ALL,
    "$JS.API.DIRECT.GET.EVT.evt._.audit.log.l1": ALL,
    "$JS.API.CONSUMER.CREATE.EVT.c1": ALL,
    "$JS.API.CONSUMER.MSG.NEXT.EVT.c1": ALL,
    "$JS.API.CONSUMER.DELETE.EVT.c1": ALL,
    "$JS.API.STREAM.MSG.GET.OBJ_BLOBS": ALL,
    "$JS.API.STREAM.INFO.CALLS": only("gateway", "billing", "audit"),
    "$JS.API.STREAM.MSG.GET.CALLS": only("gateway", "billing", "audit"),
    "$JS.API.CONSUMER.CREATE.CALLS.c1": only("billing", "audit"),
    "$JS.API.STREAM.INFO.ACCESS": only("registry", "audit"),
    "$JS.API.STREAM.MSG.GET.ACCESS": only("registry", "audit"),
    "$JS.API.CONSUMER.CREATE.ACCESS.c1": only("registry", "audit"),
    "$JS.API.STREAM.MSG.GET.DOCUMENTS": only("gateway"),
    "$JS.API.CONSUMER.CREATE.DOCUMENTS.c1": NOBODY,
    "$JS.API.CONSUMER.CREATE.DATA.c1": only("gateway"),
    "$JS.API.CONSUMER.CREATE.RUNS.c1": only("registry"),
    "$JS.API.CONSUMER.CREATE.KV_API.c1": only("gateway"),
    "$JS.API.STREAM.MSG.GET.KV_API": only("gateway"),
    # nobody changes what is kept
    **{f"$JS.API.STREAM.{verb}.EVT": NOBODY for verb in ("CREATE", "UPDATE", "DELETE", "PURGE", "MSG.DELETE")},
    **{f"$JS.API.STREAM.{verb}.CALLS": NOBODY for verb in ("CREATE", "UPDATE", "DELETE", "PURGE", "MSG.DELETE")},
    **{f"$JS.API.STREAM.{verb}.OBJ_BLOBS": NOBODY for verb in ("UPDATE", "DELETE", "PURGE", "MSG.DELETE")},
    **{f"$JS.API.STREAM.{verb}.mine": NOBODY for verb in ("CREATE", "SNAPSHOT", "RESTORE")},
    "$JS.API.STREAM.NAMES": NOBODY,
    "$JS.API.STREAM.LIST": NOBODY,
    "$JS.API.STREAM.SNAPSHOT.EVT": NOBODY,
    "$JS.API.META.LEADER.STEPDOWN": NOBODY,
    "$SYS.REQ.SERVER.PING": NOBODY,
    "anything": NOBODY,
}
"""Who may publish to a subject."""

SUBSCRIBE: Final[dict[str, frozenset[str]]] = {
    **{f"api.{service}": only(service) for service in SERVICES},
    **{f"ask.{service}.>": only(service) for service in SERVICES},
    **{f"ops.{service}": only(service) for service in SERVICES},
    **{f"_INBOX.{service}.>": only(service) for service in SERVICES},
    **dict.fromkeys(
        ("api.>", "api.*", "ask.>", "ops.>", "_INBOX.>", "evt.>", "calls.>", "data.>", "access.>", "logs.>"), NOBODY
    ),
    **dict.fromkeys(("$KV.API.>", "$O.BLOBS.>", "$JS.>", "$JS.EVENT.ADVISORY.>", "$SYS.>", ">", "*"), NOBODY),
}
"""Who may subscribe to a subject (JetStream deliveries arrive in the inbox)."""


@asynccontextmanager
async def signed_in(servers: Stack, service: str) -> AsyncIterator[tuple[Client, list[str]]]:
    """A connection as a service, and what the server refused it (said only to the error callback, in lower case)."""
    refused: list[str] = []

    async def note(error: Exception) -> None:
        refused.append(str(error))

    user, password = servers.account(service)
    url = "nats://" + servers.nats_url.rpartition("@")[2]
    client = await nats.connect(
        url, user=user, password=password, inbox_prefix=f"_INBOX.{service}".encode(), error_cb=note
    )
    try:
        yield client, refused
    finally:
        await client.close()


async def _settled(client: Client) -> None:
    """The server answers in order: when the second pong is here, every refusal before it has been told."""
    await client.flush()
    await client.flush()


def _granted(table: dict[str, frozenset[str]], verb: str, refused: list[str]) -> dict[str, bool]:
    told = "\n".join(refused).lower()
    return {subject: f'permissions violation for {verb} to "{subject}"'.lower() not in told for subject in table}


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_may_publish_to_its_own_subjects_and_to_nothing_else(servers: Stack, service: str) -> None:
    async with signed_in(servers, service) as (client, refused):
        for subject in PUBLISH:
            # A body that no stream accepts as a request, so that what is allowed changes nothing.
            await client.publish(subject, b"!", headers={"Nats-Expected-Stream": "none"})
        await _settled(client)

        assert _granted(PUBLISH, "publish", refused) == {subject: service in may for subject, may in PUBLISH.items()}


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_may_subscribe_to_its_own_subjects_and_to_nothing_else(servers: Stack, service: str) -> None:
    async with signed_in(servers, service) as (client, refused):
        for subject in SUBSCRIBE:
            await client.subscribe(subject)
        await _settled(client)

        expected = {subject: service in may for subject, may in SUBSCRIBE.items()}
        assert _granted(SUBSCRIBE, "subscription", refused) == expected


async def test_an_answer_goes_to_whoever_asked_and_only_once(servers: Stack) -> None:
    async with signed_in(servers, "gateway") as (gateway, _), signed_in(servers, "audit") as (audit, refused):
        asked = await audit.subscribe("api.audit")
        answers = await gateway.subscribe("_INBOX.gateway.answers")
        await asyncio.gather(audit.flush(), gateway.flush())

        await gateway.publish("api.audit", b"?", reply="_INBOX.gateway.answers")
        question = await asked.next_msg(timeout=5)
        await question.respond(b"first")
        await question.respond(b"second")
        await _settled(audit)
        await gateway.flush()

        assert (await answers.next_msg(timeout=5)).data == b"first"
        assert len(refused) == 1


async def test_nobody_without_an_account_gets_in(servers: Stack) -> None:
    url = "nats://" + servers.nats_url.rpartition("@")[2]

    wrong: tuple[dict[str, Any], ...] = (
        {},
        {"user": "mortise_registry", "password": "x"},
        {"user": "root", "password": ""},
    )
    for credentials in wrong:
        client = Client()
        with pytest.raises(nats.errors.Error, match=r"(?i)authorization"):
            await client.connect(url, allow_reconnect=False, error_cb=_unheard, **credentials)
        await client.close()


async def _unheard(_: Exception) -> None:
    return


async def test_the_log_cannot_be_shortened_even_by_the_admin(servers: Stack) -> None:
    admin = await nats.connect(servers.nats_url)
    try:
        for stream in ("EVT", "CALLS"):
            for request, body in ((f"STREAM.PURGE.{stream}", {}), (f"STREAM.MSG.DELETE.{stream}", {"seq": 1})):
                answer = await _api(admin, request, body)
                assert "error" in answer, request
            held = (await _api(admin, f"STREAM.INFO.{stream}", {}))["config"]
            for field in ("deny_delete", "deny_purge"):
                opened = await _api(admin, f"STREAM.UPDATE.{stream}", {**held, field: False})
                assert "error" in opened, field
    finally:
        await admin.close()


async def _api(client: Client, request: str, body: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads((await client.request(f"$JS.API.{request}", json.dumps(body).encode())).data)
    return answer


# --- PostgreSQL ---------------------------------------------------------------------------------------------------


@asynccontextmanager
async def logged_in(servers: Stack, name: str, database: str = "mortise") -> AsyncIterator[asyncpg.Connection]:
    user, password = servers.account(name)
    where = servers.postgres_dsn.rpartition("@")[2].rpartition("/")[0]
    connection = await asyncpg.connect(f"postgresql://{user}:{password}@{where}/{database}", ssl=False)
    try:
        yield connection
    finally:
        await connection.close()


async def _may(connection: asyncpg.Connection, statement: str) -> bool:
    """Whether the statement is permitted; what it does is undone."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return False
    else:
        return True
    finally:
        await transaction.rollback()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_services_role_owns_its_schema_and_sees_no_other(servers: Stack, service: str) -> None:
    admin = await asyncpg.connect(servers.postgres_dsn.rpartition("/")[0] + "/mortise")
    try:
        for schema in SERVICES:
            await admin.execute(f"create table if not exists {schema}.wall (brick int)")
            await admin.execute(f"alter table {schema}.wall owner to mortise_{schema}")
    finally:
        await admin.close()

    async with logged_in(servers, service) as role:
        reads = {schema: await _may(role, f"table {schema}.wall") for schema in SERVICES}
        makes = {schema: await _may(role, f"create table {schema}.mine (a int)") for schema in (*SERVICES, "public")}

        assert reads == {schema: schema == service for schema in SERVICES}
        assert makes == {schema: schema == service for schema in (*SERVICES, "public")}
        assert await role.fetchval("select current_schema()") == service


@pytest.mark.parametrize("service", SERVICES)
async def test_the_vault_opens_as_far_as_each_service_needs(servers: Stack, service: str) -> None:
    statements = {
        "read keys": "table vault.person_keys",
        "add a key": "insert into vault.person_keys (person, id, created_at) values ('w', 'w', now())",
        "destroy a key": "update vault.person_keys set wrapped = null, destroyed_at = now() where person = 'wall'",
        "forget that there was a key": "delete from vault.person_keys where person = 'wall'",
        "forget all keys": "truncate vault.person_keys",
        "read passwords": "table vault.passwords",
        "set a password": "insert into vault.passwords (person, hash, changed_at) values ('wall', '', now())",
        "change a password": "update vault.passwords set hash = ''",
        "remove a password": "delete from vault.passwords",
        "add a table": "create table vault.mine (a int)",
    }
    everyone = {"read keys", "add a key"}
    passwords = {"read passwords", "set a password", "change a password", "remove a password"}
    registry = everyone | {"destroy a key"} | passwords

    async with logged_in(servers, service) as role:
        granted = {what for what, statement in statements.items() if await _may(role, statement)}

    assert granted == (registry if service == "registry" else everyone)


@pytest.mark.parametrize("service", [*SERVICES, "provision"])
async def test_a_role_is_in_no_other_database_and_rises_no_higher(servers: Stack, service: str) -> None:
    for database in ("postgres", "template1"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with logged_in(servers, service, database):
                pass

    async with logged_in(servers, service) as role:
        others = [name for name in SERVICES if name != service]
        assert [name for name in others if await _may(role, f"set role mortise_{name}")] == []
        assert not await _may(role, "set role mortise")
        assert not await _may(role, "create temporary table t (a int)")
        # Files and programs of the server's machine.
        assert not await _may(role, "select pg_read_file('/etc/passwd')")
        assert not await _may(role, "copy (select 1) to program 'true'")
        if service != "provision":
            assert not await _may(role, "create role somebody")
            assert not await _may(role, f"alter role mortise_{others[0]} password 'x'")


async def test_the_provisioner_makes_databases_and_roles_that_stay_its_own(servers: Stack) -> None:
    async with logged_in(servers, "provision") as maker:
        await maker.execute("create role env_wall login password 'wall'")
        await maker.execute(
            "create database env_wall template template0 locale_provider builtin builtin_locale 'C.UTF-8'"
        )
        await maker.execute("revoke connect, temporary on database env_wall from public")
        await maker.execute("grant connect on database env_wall to env_wall")
        try:
            async with logged_in(servers, "provision", "env_wall") as inside:
                await inside.execute("create schema app; create table app.t0 (id text)")
                await inside.execute("grant usage on schema app to env_wall; grant select on app.t0 to env_wall")
                await inside.execute("set role env_wall; select * from app.t0; reset role")
            refused = 0
            for service in SERVICES:
                try:
                    async with logged_in(servers, service, "env_wall"):
                        pass
                except asyncpg.InsufficientPrivilegeError:
                    refused += 1
            assert refused == len(SERVICES)
        finally:
            await maker.execute("drop database env_wall")
            await maker.execute("drop role env_wall")
