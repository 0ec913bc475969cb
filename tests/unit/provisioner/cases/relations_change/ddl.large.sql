-- 1 prepare: add hidden column
alter table "app"."t2" drop column if exists "~r7";
alter table "app"."t2" add column "~r7" text collate "C";

-- 2 prepare: start copy
drop table if exists "app"."~t1_r6_03f19c06";
create table "app"."~t1_r6_03f19c06" (id text collate "C" primary key, value text collate "C");
drop function if exists "app"."~t1_r6_03f19c06" cascade;
create function "app"."~t1_r6_03f19c06"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_r6_03f19c06', each from unnest(array[coalesce(new.id, old.id)]) as each where each is not null; return null; end$$;
create trigger "~t1_r6_03f19c06" after insert or update of "r6" or delete on "app"."t1" for each row execute function "app"."~t1_r6_03f19c06"();

-- 3 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (insert into "app"."~t1_r6_03f19c06" select "id", "r6" from "app"."t1" where ("r6" is not null) and "id" = any((select ids from batch)::text[]) on conflict (id) do nothing) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 4 prepare: build index
drop index concurrently if exists "app"."~t2_r7_key";
create unique index concurrently "~t2_r7_key" on "app"."t2" ("~r7");

-- 5 prepare: build index
drop index concurrently if exists "app"."~t1_r4_idx";
create index concurrently "~t1_r4_idx" on "app"."t1" ("r4", "id");

-- 6 prepare: build index
drop index concurrently if exists "app"."~count_1";
create index concurrently "~count_1" on "app"."t1" ("id") where "r6" is not null;

-- 7 prepare: catch up
update "app"."~touched" set taken = true where place = '~t1_r6_03f19c06' and true and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_r6_03f19c06' and true limit 1000));
delete from "app"."~t1_r6_03f19c06" where id = any(array(select distinct id from "app"."~touched" where place = '~t1_r6_03f19c06' and taken));
insert into "app"."~t1_r6_03f19c06" select "id", "r6" from "app"."t1" where ("r6" is not null) and "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_r6_03f19c06' and taken)) on conflict (id) do nothing;
with gone as (delete from "app"."~touched" where place = '~t1_r6_03f19c06' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 8 switch: catch up
update "app"."~touched" set taken = true where place = '~t1_r6_03f19c06' and true;
delete from "app"."~t1_r6_03f19c06" where id = any(array(select distinct id from "app"."~touched" where place = '~t1_r6_03f19c06' and taken));
insert into "app"."~t1_r6_03f19c06" select "id", "r6" from "app"."t1" where ("r6" is not null) and "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_r6_03f19c06' and taken)) on conflict (id) do nothing;
with gone as (delete from "app"."~touched" where place = '~t1_r6_03f19c06' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 9 switch: drop index
drop index "app"."~count_1";

-- 10 switch: drop reference
alter table "app"."t1" drop constraint "t1_r6_fkey";

-- 11 switch: drop index
drop index "app"."t1_r4_key";

-- 12 switch: drop index
drop index "app"."t1_r6_key";

-- 13 switch: keep copy
drop function "app"."~t1_r6_03f19c06" cascade;
alter table "app"."~t1_r6_03f19c06" rename constraint "~t1_r6_03f19c06_pkey" to "t1_r6_03f19c06_pkey";
alter table "app"."~t1_r6_03f19c06" rename to "t1_r6_03f19c06";
alter table "app"."t1_r6_03f19c06" set schema "trash";

-- 14 switch: drop column
alter table "app"."t1" drop column "r6";

-- 15 switch: reveal column
alter table "app"."t2" rename column "~r7" to "r7";

-- 16 switch: set required
alter table "app"."t2" add constraint "t2_r7_not_null" not null "r7" not valid;

-- 17 switch: reveal index
alter index "app"."~t2_r7_key" rename to "t2_r7_key";

-- 18 switch: reveal index
alter index "app"."~t1_r4_idx" rename to "t1_r4_idx";

-- 19 switch: add index
create unique index "r5_a_key" on "app"."r5" ("a");

-- 20 switch: add reference
alter table "app"."t2" add constraint "t2_r7_fkey" foreign key ("r7") references "app"."t3" ("id") on delete restrict deferrable initially immediate not valid;

-- 21 finish: validate
alter table "app"."t2" validate constraint "t2_r7_not_null";

-- 22 finish: validate
alter table "app"."t2" validate constraint "t2_r7_fkey";
