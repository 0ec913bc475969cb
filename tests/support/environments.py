"""An environment's database of the tests' own: deployed to step by step, filled, and looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from common.clock import new_id
from common.sql import ident, join, sql, value
from contracts.model import Model, digest, encode
from contracts.names import environment_id
from provisioner.domain.plan import Plan, plan
from provisioner.domain.versions import between
from provisioner.execute.cluster import Cluster
from provisioner.execute.migrate import Counted, Refusal, measure, migrate
from tests.support.schemas import model


class Place:
    """One environment and the Model it has."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.id = environment_id(new_id(), "private")
        self.model: Model | None = None
        self.deployments = 0

    async def made(self) -> Place:
        async with self.cluster.connected() as server:
            await self.cluster.ensure(server, self.id)
        return self

    def planned(self, *versions: Model, forced: bool = False) -> Plan:
        """The plan from the Model it has to the last of `versions`."""
        return plan(
            between(self.model, versions),
            environment=self.id,
            deployment=f"deployment-{self.deployments}",
            from_model_sha=None if self.model is None else digest(encode(self.model)),
            model_sha=digest(encode(versions[-1])),
            forced=forced,
        )

    async def deploy(self, *versions: Model | str, forced: bool = False) -> Refusal | None:
        """Deploy the last of the versions, schema texts or Models."""
        models: list[Model] = []
        for each in versions:
            models.append(model(each, models[-1] if models else self.model) if isinstance(each, str) else each)
        self.deployments += 1
        refusal = await migrate(self.cluster, self.planned(*models, forced=forced))
        if refusal is None:
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
        found = {}
        for row in await self.fetch("select tablename from pg_tables where schemaname = 'trash' order by 1"):
            name = row["tablename"]
            rows = await self.fetch(sql("select * from {t} order by 1", t=ident("trash", name)).text)
            found[name.rpartition("_")[0]] = [tuple(each.values()) for each in rows]
        return found

    async def catalogue(self) -> list[str]:
        """Everything in schema `app`, in words that do not depend on the order it was made in."""
        async with self.cluster.connected(self.id) as connection:
            return [row["line"] for row in await connection.fetch(CATALOGUE)]

    async def gone(self) -> None:
        async with self.cluster.connected() as server:
            await self.cluster.remove(server, self.id)


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
select 'index ' || pg_get_indexdef(indexrelid)
from pg_index i join pg_class c on c.oid = i.indexrelid where c.relnamespace = 'app'::regnamespace
union all
select 'grant ' || relname || ' ' || coalesce(regexp_replace(relacl::text, 'env_[0-9a-f]+', 'role', 'g'), '')
from pg_class where relnamespace = 'app'::regnamespace and relkind = 'r'
order by 1
"""
