-- 1 prepare: add shadow
alter table "app"."t1" drop column if exists "~c2";
alter table "app"."t1" add column "~c2" text;
drop function if exists "app"."~t1_c2" cascade;
create function "app"."~t1_c2"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c2', each from unnest(array[new.id]) as each where each is not null; return null; end$$;
create trigger "~t1_c2" after insert or update of "c2" on "app"."t1" for each row execute function "app"."~t1_c2"();

-- 2 prepare: start copy
drop table if exists "app"."~t1_c2_03f19c06";
create table "app"."~t1_c2_03f19c06" (id text collate "C" primary key, value text);
drop function if exists "app"."~t1_c2_03f19c06" cascade;
create function "app"."~t1_c2_03f19c06"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c2_03f19c06', each from unnest(array[coalesce(new.id, old.id)]) as each where each is not null; return null; end$$;
create trigger "~t1_c2_03f19c06" after insert or update of "c2" or delete on "app"."t1" for each row execute function "app"."~t1_c2_03f19c06"();

-- 3 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (update "app"."t1" as node set "~c2" = 'nobody'::text where "id" = any((select ids from batch)::text[])) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 4 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (insert into "app"."~t1_c2_03f19c06" select "id", "c2" from "app"."t1" where ("c2" is not null) and "id" = any((select ids from batch)::text[]) on conflict (id) do nothing) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 5 prepare: catch up
update "app"."~touched" set taken = true where place = '~t1_c2' and true and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c2' and true limit 1000));
update "app"."t1" as node set "~c2" = 'nobody'::text where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c2' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c2' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 6 prepare: catch up
update "app"."~touched" set taken = true where place = '~t1_c2_03f19c06' and true and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c2_03f19c06' and true limit 1000));
delete from "app"."~t1_c2_03f19c06" where id = any(array(select distinct id from "app"."~touched" where place = '~t1_c2_03f19c06' and taken));
insert into "app"."~t1_c2_03f19c06" select "id", "c2" from "app"."t1" where ("c2" is not null) and "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c2_03f19c06' and taken)) on conflict (id) do nothing;
with gone as (delete from "app"."~touched" where place = '~t1_c2_03f19c06' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 7 switch: catch up
update "app"."~touched" set taken = true where place = '~t1_c2' and true;
update "app"."t1" as node set "~c2" = 'nobody'::text where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c2' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c2' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 8 switch: catch up
update "app"."~touched" set taken = true where place = '~t1_c2_03f19c06' and true;
delete from "app"."~t1_c2_03f19c06" where id = any(array(select distinct id from "app"."~touched" where place = '~t1_c2_03f19c06' and taken));
insert into "app"."~t1_c2_03f19c06" select "id", "c2" from "app"."t1" where ("c2" is not null) and "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c2_03f19c06' and taken)) on conflict (id) do nothing;
with gone as (delete from "app"."~touched" where place = '~t1_c2_03f19c06' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 9 switch: keep copy
drop function "app"."~t1_c2_03f19c06" cascade;
alter table "app"."~t1_c2_03f19c06" rename constraint "~t1_c2_03f19c06_pkey" to "t1_c2_03f19c06_pkey";
alter table "app"."~t1_c2_03f19c06" rename to "t1_c2_03f19c06";
alter table "app"."t1_c2_03f19c06" set schema "trash";

-- 10 switch: swap column
drop function "app"."~t1_c2" cascade;
alter table "app"."t1" drop column "c2";
alter table "app"."t1" rename column "~c2" to "c2";

-- 11 switch: set required
alter table "app"."t1" add constraint "t1_c2_not_null" not null "c2" not valid;

-- 12 finish: validate
alter table "app"."t1" validate constraint "t1_c2_not_null";
