-- 1 prepare: start copy
drop table if exists "app"."~t1_c5_03f19c06";
create table "app"."~t1_c5_03f19c06" (id text collate "C" primary key, value text);
drop function if exists "app"."~t1_c5_03f19c06" cascade;
create function "app"."~t1_c5_03f19c06"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c5_03f19c06', each from unnest(array[coalesce(new.id, old.id)]) as each where each is not null; return null; end$$;
create trigger "~t1_c5_03f19c06" after insert or update of "c5" or delete on "app"."t1" for each row execute function "app"."~t1_c5_03f19c06"();

-- 2 prepare: start copy
drop table if exists "app"."~t1_r9_03f19c06";
create table "app"."~t1_r9_03f19c06" (id text collate "C" primary key, value text collate "C");
drop function if exists "app"."~t1_r9_03f19c06" cascade;
create function "app"."~t1_r9_03f19c06"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_r9_03f19c06', each from unnest(array[coalesce(new.id, old.id)]) as each where each is not null; return null; end$$;
create trigger "~t1_r9_03f19c06" after insert or update of "r9" or delete on "app"."t1" for each row execute function "app"."~t1_r9_03f19c06"();

-- 3 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (insert into "app"."~t1_c5_03f19c06" select "id", "c5" from "app"."t1" where ("c5" is not null) and "id" = any((select ids from batch)::text[]) on conflict (id) do nothing) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 4 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (insert into "app"."~t1_r9_03f19c06" select "id", "r9" from "app"."t1" where ("r9" is not null) and "id" = any((select ids from batch)::text[]) on conflict (id) do nothing) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 5 prepare: build index
drop index concurrently if exists "app"."~count_1";
create index concurrently "~count_1" on "app"."t1" ("id") where "c5" is not null;

-- 6 prepare: build index
drop index concurrently if exists "app"."~count_2";
create index concurrently "~count_2" on "app"."t2" ("id") where "r7" is not null;

-- 7 prepare: build index
drop index concurrently if exists "app"."~count_3";
create index concurrently "~count_3" on "app"."t1" ("id") where "r9" is not null;

-- 8 prepare: catch up
update "app"."~touched" set taken = true where place = '~t1_c5_03f19c06' and true and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c5_03f19c06' and true limit 1000));
delete from "app"."~t1_c5_03f19c06" where id = any(array(select distinct id from "app"."~touched" where place = '~t1_c5_03f19c06' and taken));
insert into "app"."~t1_c5_03f19c06" select "id", "c5" from "app"."t1" where ("c5" is not null) and "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c5_03f19c06' and taken)) on conflict (id) do nothing;
with gone as (delete from "app"."~touched" where place = '~t1_c5_03f19c06' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 9 prepare: catch up
update "app"."~touched" set taken = true where place = '~t1_r9_03f19c06' and true and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_r9_03f19c06' and true limit 1000));
delete from "app"."~t1_r9_03f19c06" where id = any(array(select distinct id from "app"."~touched" where place = '~t1_r9_03f19c06' and taken));
insert into "app"."~t1_r9_03f19c06" select "id", "r9" from "app"."t1" where ("r9" is not null) and "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_r9_03f19c06' and taken)) on conflict (id) do nothing;
with gone as (delete from "app"."~touched" where place = '~t1_r9_03f19c06' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 10 switch: catch up
update "app"."~touched" set taken = true where place = '~t1_c5_03f19c06' and true;
delete from "app"."~t1_c5_03f19c06" where id = any(array(select distinct id from "app"."~touched" where place = '~t1_c5_03f19c06' and taken));
insert into "app"."~t1_c5_03f19c06" select "id", "c5" from "app"."t1" where ("c5" is not null) and "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c5_03f19c06' and taken)) on conflict (id) do nothing;
with gone as (delete from "app"."~touched" where place = '~t1_c5_03f19c06' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 11 switch: catch up
update "app"."~touched" set taken = true where place = '~t1_r9_03f19c06' and true;
delete from "app"."~t1_r9_03f19c06" where id = any(array(select distinct id from "app"."~touched" where place = '~t1_r9_03f19c06' and taken));
insert into "app"."~t1_r9_03f19c06" select "id", "r9" from "app"."t1" where ("r9" is not null) and "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_r9_03f19c06' and taken)) on conflict (id) do nothing;
with gone as (delete from "app"."~touched" where place = '~t1_r9_03f19c06' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 12 switch: drop index
drop index "app"."~count_1";

-- 13 switch: drop index
drop index "app"."~count_2";

-- 14 switch: drop index
drop index "app"."~count_3";

-- 15 switch: drop reference
alter table "app"."t1" drop constraint "t1_r9_fkey";

-- 16 switch: drop reference
alter table "app"."t2" drop constraint "t2_r7_fkey";

-- 17 switch: drop reference
alter table "app"."r8" drop constraint "r8_a_fkey";

-- 18 switch: drop reference
alter table "app"."r8" drop constraint "r8_b_fkey";

-- 19 switch: drop index
drop index "app"."t1_c5_key";

-- 20 switch: drop index
drop index "app"."t1_c5_idx";

-- 21 switch: drop index
drop index "app"."t1_r9_key";

-- 22 switch: drop index
drop index "app"."t2_r7_idx";

-- 23 switch: drop index
drop index "app"."r8_b_idx";

-- 24 switch: trash table
alter table "app"."t2" rename constraint "t2_pkey" to "t2_03f19c06_pkey";
alter table "app"."t2" rename to "t2_03f19c06";
alter table "app"."t2_03f19c06" set schema "trash";

-- 25 switch: trash table
alter table "app"."r8" rename constraint "r8_pkey" to "r8_03f19c06_pkey";
alter table "app"."r8" rename to "r8_03f19c06";
alter table "app"."r8_03f19c06" set schema "trash";

-- 26 switch: keep copy
drop function "app"."~t1_c5_03f19c06" cascade;
alter table "app"."~t1_c5_03f19c06" rename constraint "~t1_c5_03f19c06_pkey" to "t1_c5_03f19c06_pkey";
alter table "app"."~t1_c5_03f19c06" rename to "t1_c5_03f19c06";
alter table "app"."t1_c5_03f19c06" set schema "trash";

-- 27 switch: drop column
alter table "app"."t1" drop column "c5";

-- 28 switch: keep copy
drop function "app"."~t1_r9_03f19c06" cascade;
alter table "app"."~t1_r9_03f19c06" rename constraint "~t1_r9_03f19c06_pkey" to "t1_r9_03f19c06_pkey";
alter table "app"."~t1_r9_03f19c06" rename to "t1_r9_03f19c06";
alter table "app"."t1_r9_03f19c06" set schema "trash";

-- 29 switch: drop column
alter table "app"."t1" drop column "r9";
