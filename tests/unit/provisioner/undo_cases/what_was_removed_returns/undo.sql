-- 1 switch: judge what fits
create temp table "pg_temp"."~misfit" (n int4, id text collate "C", other text collate "C", value text) on commit drop;
create temp table "pg_temp"."~unfit" (t text, id text collate "C", why text) on commit drop;
create temp table "pg_temp"."~t1" on commit drop as select b.id, b.updated_at, (("~c5".value)::int4 ) as "c5" from "app"."t1" as b left join "trash"."t1_c5_03f19c06" as "~c5" on "~c5".id = b.id;
alter table "pg_temp"."~t1" add primary key (id);
create temp table "pg_temp"."~t2" on commit drop as select b.id, b.updated_at from "app"."t2" as b;
alter table "pg_temp"."~t2" add primary key (id);
create temp table "pg_temp"."~t3" on commit drop as select b.id, b.updated_at from "trash"."t3_03f19c06" as b;
alter table "pg_temp"."~t3" add primary key (id);
create temp table "pg_temp"."~r7" on commit drop as select a::text collate "C" as a, b::text collate "C" as b from (select value as a, id as b from "trash"."t2_r7_03f19c06") as edge;
create index on "pg_temp"."~r7" (a);
create index on "pg_temp"."~r7" (b);
insert into "pg_temp"."~misfit" (n, id, other, value) select 0, id, null, null from "app"."t8";
insert into "pg_temp"."~misfit" (n, id, other, value) select 1, id, null, left("c9"::text, 120) from "app"."t1" where "c9" is not null;
delete from "pg_temp"."~r7" as e where not exists (select from "pg_temp"."~t1" as u where u.id = e.a);
delete from "pg_temp"."~r7" as e where not exists (select from "pg_temp"."~t2" as u where u.id = e.b);

-- 2 switch: trash table
alter table "app"."t8" rename constraint "t8_pkey" to "t8_60a1a9ef_pkey";
alter table "app"."t8" rename to "t8_60a1a9ef";
alter table "app"."t8_60a1a9ef" set schema "trash";

-- 3 switch: trash column
create table "trash"."t1_c9_60a1a9ef" as select "id", "c9" as value from "app"."t1" where "c9" is not null;
alter table "app"."t1" drop column "c9";

-- 4 switch: add column
alter table "app"."t1" add column "c5" int4;

-- 5 switch: add column
alter table "app"."t2" add column "r7" text collate "C";

-- 6 switch: create table
create table "app"."t3" (
  "id" text collate "C" not null,
  "created_at" timestamptz(3) not null,
  "updated_at" timestamptz(3) not null,
  "c6" text not null,
  constraint "t3_pkey" primary key ("id")
);
grant select, insert, update, delete on "app"."t3" to "env_00000000000050008000000000000001";

-- 7 switch: add index
create index "t2_r7_idx" on "app"."t2" ("r7", "id");

-- 8 switch: add reference
alter table "app"."t2" add constraint "t2_r7_fkey" foreign key ("r7") references "app"."t1" ("id") on delete set null deferrable initially immediate;

-- 9 switch: set edges aside
create table "trash"."r7_edges_60a1a9ef" as select id as a, other as b from "pg_temp"."~misfit" where n = 3;

-- 10 switch: bring rows back
insert into "app"."t3" ("id", "created_at", "updated_at", "c6") select "id", "created_at", "updated_at", "c6" from "trash"."t3_03f19c06" as was;

-- 11 switch: bring values back
update "app"."t1" as t set "c5" = u."c5" from "pg_temp"."~t1" as u where u.id = t.id and (t."c5"::text is distinct from u."c5"::text);

-- 12 switch: bring edges back
update "app"."t2" as t set "r7" = null where "r7" is not null and not exists (select from "pg_temp"."~r7" as e where e.b = t.id and e.a = t."r7");
update "app"."t2" as t set "r7" = e.a from "pg_temp"."~r7" as e where e.b = t.id and t."r7" is distinct from e.a;

-- 13 switch: empty the trash
drop table "trash"."t1_c5_03f19c06";
drop table "trash"."t2_r7_03f19c06";
drop table "trash"."t3_03f19c06";
