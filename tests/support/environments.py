"""An environment's database of the tests' own: deployed to step by step, filled, and looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg

from common.clock import new_id
from common.sql import ident, join, sql, value
from contracts.model import Model, digest, encode
from contracts.names import environment_id
from provisioner.domain.layout import layout
from provisioner.domain.plan import Plan, plan
from provisioner.domain.versions import back, between
from provisioner.execute.cluster import Cluster
from provisioner.execute.migrate import Counted, Refusal, finish, measure, migrate
from tests.support.schemas import model


class Steady(Cluster):
    """The server with one connection per database that is kept, for tests that migrate thousands of times."""

    def __init__(self, dsn: str, secret_key: bytes) -> None:
        super().__init__(dsn, secret_key)
        self._open: dict[str, tuple[AsyncExitStack, asyncpg.Connection]] = {}

    @asynccontextmanager
    async def connected(self, environment: str | None = None) -> AsyncIterator[asyncpg.Connection]:
        if environment is None:
            async with super().connected() as connection:
                yield connection
            return
        if environment not in self._open or self._open[environment][1].is_closed():
            stack = AsyncExitStack()
            self._open[environment] = (stack, await stack.enter_async_context(super().connected(environment)))
        connection = self._open[environment][1]
        await connection.execute("reset all; set synchronous_commit = off")
        yield connection

    async def close(self) -> None:
        for stack, _ in self._open.values():
            await stack.aclose()


class Place:
    """One environment and the Model it has."""

    def __init__(self, cluster: Cluster, *, in_phases: bool = False) -> None:
        self.cluster = cluster
        self.in_phases = in_phases
        """Whether every table counts as large."""
        self.id = environment_id(new_id(), "private")
        self.model: Model | None = None
        self.deployments = 0

    async def made(self) -> Place:
        async with self.cluster.connected() as server:
            await self.cluster.ensure(server, self.id)
        return self

    async def emptied(self) -> Place:
        """As it was at birth. Cheaper than another one."""
        async with self.cluster.connected(self.id) as connection:
            await connection.execute(EMPTY)
        self.model = None
        return self

    def planned(self, *versions: Model, forced: bool = False, older: bool = False) -> Plan:
        """The plan from the Model it has to the last of `versions`, or to an older one."""
        return plan(
            back(self.model, versions[-1]) if older and self.model else between(self.model, versions),
            environment=self.id,
            deployment=f"deployment-{self.deployments}",
            from_model_sha=None if self.model is None else digest(encode(self.model)),
            model_sha=digest(encode(versions[-1])),
            forced=forced,
            large=frozenset(layout(self.model) if self.model and self.in_phases else ()),
        )

    async def deploy(self, *versions: Model | str, forced: bool = False, older: bool = False) -> Refusal | None:
        """Deploy the last of the versions, schema texts or Models, or go back to an older one."""
        models: list[Model] = []
        for each in versions:
            models.append(model(each, models[-1] if models else self.model) if isinstance(each, str) else each)
        self.deployments += 1
        made = self.planned(*models, forced=forced, older=older)
        refusal = await migrate(self.cluster, made)
        if refusal is None:
            await finish(self.cluster, made)
            self.model = models[-1]
        return refusal

    async def losses(self, text: str) -> tuple[Counted, ...]:
        """What a deployment of the text would meet."""
        return await measure(self.cluster, self.planned(model(text, self.model)))

    async def insert(self, entity: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Rows by field names; relation fields that are columns take an id. The ids of the rows."""
        assert self.model is not None
        known = self.model.entity_by_name[entity]
        columns = {field.name: field.column for field in known.fields}
        columns |= {
            field.name: column
            for field in known.relations
            if (column := self.model.relation_by_id[field.relation].column)
        }
        ids = []
        async with self.cluster.connected(self.id) as connection:
            for row in rows:
                ids.append(str(row.get("id", f"c{new_id().replace('-', '')[-24:]}")))
                given = {columns[name]: each for name, each in row.items() if name != "id"}
                statement = sql(
                    'insert into {table} ("id", "created_at", "updated_at"{names}) values ({id}, now(), now(){values})',
                    table=ident("app", known.table),
                    names=join("", [sql(", {name}", name=ident(name)) for name in given]),
                    id=value(ids[-1]),
                    values=join("", [sql(", {value}", value=value(each)) for each in given.values()]),
                )
                await connection.execute(statement.text, *statement.values)
        return ids

    async def connect(self, entity_relation: str, pairs: Sequence[tuple[str, str]]) -> None:
        """Edges of a join table."""
        assert self.model is not None
        relation = next(each for each in self.model.relations if each.name == entity_relation)
        assert relation.table is not None
        async with self.cluster.connected(self.id) as connection:
            await connection.executemany(f"insert into app.{relation.table} (a, b) values ($1, $2)", pairs)  # noqa: S608 - a physical name

    async def values(self, entity: str, field: str) -> list[Any]:
        """The values of a field or a relation column in the order of ids."""
        assert self.model is not None
        known = self.model.entity_by_name[entity]
        if field in known.field_by_name:
            column = known.field_by_name[field].column
        else:
            column = self.model.relation_by_id[known.relation_by_name[field].relation].column or ""
        statement = sql('select {c} from {t} order by "id"', c=ident(column), t=ident("app", known.table))
        return [row[0] for row in await self.fetch(statement.text)]

    async def fetch(self, text: str, *parameters: object) -> list[asyncpg.Record]:
        async with self.cluster.connected(self.id) as connection:
            return list(await connection.fetch(text, *parameters))

    async def trash(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything in the trash, by table name without the mark of the deployment."""
        return dict(await self.trashed())

    async def trashed(self) -> list[tuple[str, list[tuple[Any, ...]]]]:
        """The same where several deployments have trashed the same thing, in an order that does not depend on marks."""
        found = []
        for row in await self.fetch("select tablename from pg_tables where schemaname = 'trash' order by 1"):
            name = row["tablename"]
            rows = await self.fetch(sql("select * from {t} order by 1", t=ident("trash", name)).text)
            found.append((name.rpartition("_")[0], [tuple(each.values()) for each in rows]))
        return sorted(found, key=repr)

    async def catalogue(self) -> list[str]:
        """Everything in schema `app`, in words that do not depend on the order it was made in."""
        async with self.cluster.connected(self.id) as connection:
            return [row["line"] for row in await connection.fetch(CATALOGUE)]

    async def gone(self) -> None:
        async with self.cluster.connected() as server:
            await self.cluster.remove(server, self.id)


EMPTY = """
do $$
declare every text;
begin
  select string_agg(format('%I.%I', schemaname, tablename), ', ') into every
  from pg_tables where schemaname in ('app', 'trash') and tablename <> '_mortise';
  if every is not null then
    execute 'drop table ' || every || ' cascade';
  end if;
  for every in select oid::regprocedure from pg_proc where pronamespace = 'app'::regnamespace and proname like '~%' loop
    execute 'drop function ' || every;
  end loop;
  update app._mortise set model_sha = null, step = 0;
end $$
"""

CATALOGUE = """
select 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
  || case when a.attnotnull then ' not null' else '' end
  || coalesce(' collate ' || nullif(l.collname, 'default'), '')
  || case when a.atthasdef then ' default' else '' end as line
from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_collation l on l.oid = a.attcollation
where c.relnamespace = 'app'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
union all
select 'constraint ' || conname || ' on ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid)
from pg_constraint where connamespace = 'app'::regnamespace and contype <> 'n'
union all
select 'not null ' || conname || ' on ' || conrelid::regclass from pg_constraint
where connamespace = 'app'::regnamespace and contype = 'n'
union all
select 'index ' || pg_get_indexdef(indexrelid)
from pg_index i join pg_class c on c.oid = i.indexrelid where c.relnamespace = 'app'::regnamespace
union all
select 'function ' || proname from pg_proc where pronamespace = 'app'::regnamespace and proname like '~%'
union all
select 'trigger ' || tgname || ' on ' || tgrelid::regclass from pg_trigger where not tgisinternal
union all
select 'not valid ' || conname from pg_constraint where connamespace = 'app'::regnamespace and not convalidated
union all
select 'grant ' || relname || ' ' || coalesce(regexp_replace(relacl::text, 'env_[0-9a-f]+', 'role', 'g'), '')
from pg_class where relnamespace = 'app'::regnamespace and relkind = 'r'
order by 1
"""
