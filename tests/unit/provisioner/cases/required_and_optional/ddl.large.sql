-- 1 prepare: add shadow
alter table "app"."t1" drop column if exists "~c5";
alter table "app"."t1" add column "~c5" text[];
drop function if exists "app"."~t1_c5" cascade;
create function "app"."~t1_c5"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c5', each from unnest(array[new.id]) as each where each is not null; return null; end$$;
create trigger "~t1_c5" after insert or update of "c5" on "app"."t1" for each row execute function "app"."~t1_c5"();

-- 2 prepare: add shadow
alter table "app"."t1" drop column if exists "~c6";
alter table "app"."t1" add column "~c6" text;
drop function if exists "app"."~t1_c6" cascade;
create function "app"."~t1_c6"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c6', each from unnest(array[new.id]) as each where each is not null; return null; end$$;
create trigger "~t1_c6" after insert or update of "c6" on "app"."t1" for each row execute function "app"."~t1_c6"();

-- 3 prepare: start copy
drop table if exists "app"."~t1_c5_03f19c06";
create table "app"."~t1_c5_03f19c06" (id text collate "C" primary key, value text[]);
drop function if exists "app"."~t1_c5_03f19c06" cascade;
create function "app"."~t1_c5_03f19c06"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c5_03f19c06', each from unnest(array[coalesce(new.id, old.id)]) as each where each is not null; return null; end$$;
create trigger "~t1_c5_03f19c06" after insert or update of "c5" or delete on "app"."t1" for each row execute function "app"."~t1_c5_03f19c06"();

-- 4 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (update "app"."t1" as node set "~c5" = array[]::text[] where "id" = any((select ids from batch)::text[])) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 5 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (update "app"."t1" as node set "~c6" = case when "c6" is null then 'none'::text else "c6" end where "id" = any((select ids from batch)::text[])) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 6 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (insert into "app"."~t1_c5_03f19c06" select "id", "c5" from "app"."t1" where ("c5" is not null) and "id" = any((select ids from batch)::text[]) on conflict (id) do nothing) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 7 prepare: let go
with freed as (update "app"."~touched" set freed = true where place = '~t1_c6' and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c6' and not freed limit 1000)) and not freed returning id) update "app"."t1" set "~c6" = null where "id" = any(array(select distinct id from freed)) and "~c6" is not null;
select case when exists (select from "app"."~touched" where place = '~t1_c6' and not freed offset 1000) then '' end;

-- 8 prepare: catch up
with freed as (update "app"."~touched" set freed = true where place = '~t1_c6' and not freed returning id) update "app"."t1" set "~c6" = null where "id" = any(array(select distinct id from freed)) and "~c6" is not null;
update "app"."~touched" set taken = true where place = '~t1_c6' and freed and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c6' and freed limit 1000));
update "app"."t1" as node set "~c6" = case when "c6" is null then 'none'::text else "c6" end where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c6' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c6' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 9 prepare: build index
drop index concurrently if exists "app"."~t1_c6_key";
with freed as (update "app"."~touched" set freed = true where place = '~t1_c6' and not freed returning id) update "app"."t1" set "~c6" = null where "id" = any(array(select distinct id from freed)) and "~c6" is not null;
update "app"."~touched" set taken = true where place = '~t1_c6' and freed;
update "app"."t1" as node set "~c6" = case when "c6" is null then 'none'::text else "c6" end where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c6' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c6' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;
create unique index concurrently "~t1_c6_key" on "app"."t1" (left(app.fold("~c6"), 191));

-- 10 prepare: build index
drop index concurrently if exists "app"."~t1_c6_idx";
create index concurrently "~t1_c6_idx" on "app"."t1" (left(app.fold("~c6"), 191) nulls first, "id");

-- 11 prepare: build index
drop index concurrently if exists "app"."~count_1";
create index concurrently "~count_1" on "app"."t1" ("id") where "c3" is null;

-- 12 prepare: build index
drop index concurrently if exists "app"."~count_2";
create index concurrently "~count_2" on "app"."t1" ("id") where "r7" is null;

-- 13 prepare: let go
with freed as (update "app"."~touched" set freed = true where place = '~t1_c6' and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c6' and not freed limit 1000)) and not freed returning id) update "app"."t1" set "~c6" = null where "id" = any(array(select distinct id from freed)) and "~c6" is not null;
select case when exists (select from "app"."~touched" where place = '~t1_c6' and not freed offset 1000) then '' end;

-- 14 prepare: catch up
update "app"."~touched" set taken = true where place = '~t1_c5' and true and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c5' and true limit 1000));
update "app"."t1" as node set "~c5" = array[]::text[] where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c5' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c5' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 15 prepare: catch up
with freed as (update "app"."~touched" set freed = true where place = '~t1_c6' and not freed returning id) update "app"."t1" set "~c6" = null where "id" = any(array(select distinct id from freed)) and "~c6" is not null;
update "app"."~touched" set taken = true where place = '~t1_c6' and freed and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c6' and freed limit 1000));
update "app"."t1" as node set "~c6" = case when "c6" is null then 'none'::text else "c6" end where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c6' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c6' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 16 prepare: catch up
update "app"."~touched" set taken = true where place = '~t1_c5_03f19c06' and true and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c5_03f19c06' and true limit 1000));
delete from "app"."~t1_c5_03f19c06" where id = any(array(select distinct id from "app"."~touched" where place = '~t1_c5_03f19c06' and taken));
insert into "app"."~t1_c5_03f19c06" select "id", "c5" from "app"."t1" where ("c5" is not null) and "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c5_03f19c06' and taken)) on conflict (id) do nothing;
with gone as (delete from "app"."~touched" where place = '~t1_c5_03f19c06' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 17 switch: catch up
update "app"."~touched" set taken = true where place = '~t1_c5' and true;
update "app"."t1" as node set "~c5" = array[]::text[] where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c5' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c5' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 18 switch: catch up
with freed as (update "app"."~touched" set freed = true where place = '~t1_c6' and not freed returning id) update "app"."t1" set "~c6" = null where "id" = any(array(select distinct id from freed)) and "~c6" is not null;
update "app"."~touched" set taken = true where place = '~t1_c6' and freed;
update "app"."t1" as node set "~c6" = case when "c6" is null then 'none'::text else "c6" end where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c6' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c6' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 19 switch: catch up
update "app"."~touched" set taken = true where place = '~t1_c5_03f19c06' and true;
delete from "app"."~t1_c5_03f19c06" where id = any(array(select distinct id from "app"."~touched" where place = '~t1_c5_03f19c06' and taken));
insert into "app"."~t1_c5_03f19c06" select "id", "c5" from "app"."t1" where ("c5" is not null) and "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c5_03f19c06' and taken)) on conflict (id) do nothing;
with gone as (delete from "app"."~touched" where place = '~t1_c5_03f19c06' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 20 switch: drop index
drop index "app"."~count_1";

-- 21 switch: drop index
drop index "app"."~count_2";

-- 22 switch: drop reference
alter table "app"."t1" drop constraint "t1_r7_fkey";

-- 23 switch: drop reference
alter table "app"."t1" drop constraint "t1_r8_fkey";

-- 24 switch: drop index
drop index "app"."t1_c6_key";

-- 25 switch: drop index
drop index "app"."t1_c6_idx";

-- 26 switch: set required
alter table "app"."t1" add constraint "t1_c3_not_null" not null "c3" not valid;

-- 27 switch: set optional
alter table "app"."t1" alter column "c4" drop not null;

-- 28 switch: keep copy
drop function "app"."~t1_c5_03f19c06" cascade;
alter table "app"."~t1_c5_03f19c06" rename constraint "~t1_c5_03f19c06_pkey" to "t1_c5_03f19c06_pkey";
alter table "app"."~t1_c5_03f19c06" rename to "t1_c5_03f19c06";
alter table "app"."t1_c5_03f19c06" set schema "trash";

-- 29 switch: swap column
drop function "app"."~t1_c5" cascade;
alter table "app"."t1" drop column "c5";
alter table "app"."t1" rename column "~c5" to "c5";

-- 30 switch: set required
alter table "app"."t1" add constraint "t1_c5_not_null" not null "c5" not valid;

-- 31 switch: swap column
drop function "app"."~t1_c6" cascade;
alter table "app"."t1" drop column "c6";
alter table "app"."t1" rename column "~c6" to "c6";

-- 32 switch: set required
alter table "app"."t1" add constraint "t1_c6_not_null" not null "c6" not valid;

-- 33 switch: set required
alter table "app"."t1" add constraint "t1_r7_not_null" not null "r7" not valid;

-- 34 switch: set optional
alter table "app"."t1" alter column "r8" drop not null;

-- 35 switch: reveal index
alter index "app"."~t1_c6_key" rename to "t1_c6_key";

-- 36 switch: reveal index
alter index "app"."~t1_c6_idx" rename to "t1_c6_idx";

-- 37 switch: add reference
alter table "app"."t1" add constraint "t1_r7_fkey" foreign key ("r7") references "app"."t1" ("id") on delete restrict deferrable initially immediate not valid;

-- 38 switch: add reference
alter table "app"."t1" add constraint "t1_r8_fkey" foreign key ("r8") references "app"."t2" ("id") on delete set null deferrable initially immediate not valid;

-- 39 finish: validate
alter table "app"."t1" validate constraint "t1_c3_not_null";

-- 40 finish: validate
alter table "app"."t1" validate constraint "t1_c5_not_null";

-- 41 finish: validate
alter table "app"."t1" validate constraint "t1_c6_not_null";

-- 42 finish: validate
alter table "app"."t1" validate constraint "t1_r7_not_null";

-- 43 finish: validate
alter table "app"."t1" validate constraint "t1_r7_fkey";

-- 44 finish: validate
alter table "app"."t1" validate constraint "t1_r8_fkey";
