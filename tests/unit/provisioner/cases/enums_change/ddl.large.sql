-- 1 prepare: add shadow
alter table "app"."t1" drop column if exists "~c8";
alter table "app"."t1" add column "~c8" text;
drop function if exists "app"."~t1_c8" cascade;
create function "app"."~t1_c8"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c8', each from unnest(array[new.id]) as each where each is not null; return null; end$$;
create trigger "~t1_c8" after insert or update of "c8" on "app"."t1" for each row execute function "app"."~t1_c8"();

-- 2 prepare: add shadow
alter table "app"."t1" drop column if exists "~c9";
alter table "app"."t1" add column "~c9" text;
drop function if exists "app"."~t1_c9" cascade;
create function "app"."~t1_c9"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c9', each from unnest(array[new.id]) as each where each is not null; return null; end$$;
create trigger "~t1_c9" after insert or update of "c9" on "app"."t1" for each row execute function "app"."~t1_c9"();

-- 3 prepare: start copy
drop table if exists "app"."~t1_c8_03f19c06";
create table "app"."~t1_c8_03f19c06" (id text collate "C" primary key, value text);
drop function if exists "app"."~t1_c8_03f19c06" cascade;
create function "app"."~t1_c8_03f19c06"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c8_03f19c06', each from unnest(array[coalesce(new.id, old.id)]) as each where each is not null; return null; end$$;
create trigger "~t1_c8_03f19c06" after insert or update of "c8" or delete on "app"."t1" for each row execute function "app"."~t1_c8_03f19c06"();

-- 4 prepare: start copy
drop table if exists "app"."~t1_c9_03f19c06";
create table "app"."~t1_c9_03f19c06" (id text collate "C" primary key, value text);
drop function if exists "app"."~t1_c9_03f19c06" cascade;
create function "app"."~t1_c9_03f19c06"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c9_03f19c06', each from unnest(array[coalesce(new.id, old.id)]) as each where each is not null; return null; end$$;
create trigger "~t1_c9_03f19c06" after insert or update of "c9" or delete on "app"."t1" for each row execute function "app"."~t1_c9_03f19c06"();

-- 5 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (update "app"."t1" as node set "~c8" = case when "c8" = any(array['GREEN']::text[]) then 'BLUE'::text else "c8" end where "id" = any((select ids from batch)::text[])) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 6 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (update "app"."t1" as node set "~c9" = case when "c9" = any(array['OIL']::text[]) then 'GAS'::text else "c9" end where "id" = any((select ids from batch)::text[])) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 7 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (insert into "app"."~t1_c8_03f19c06" select "id", "c8" from "app"."t1" where ("c8" = any(array['GREEN']::text[])) and "id" = any((select ids from batch)::text[]) on conflict (id) do nothing) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 8 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (insert into "app"."~t1_c9_03f19c06" select "id", "c9" from "app"."t1" where ("c9" = any(array['OIL']::text[])) and "id" = any((select ids from batch)::text[]) on conflict (id) do nothing) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 9 prepare: build index
drop index concurrently if exists "app"."~count_1";
create index concurrently "~count_1" on "app"."t1" ("id") where "c6" = any(array['GREEN']::text[]);

-- 10 prepare: catch up
update "app"."~touched" set taken = true where place = '~t1_c8' and true and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c8' and true limit 1000));
update "app"."t1" as node set "~c8" = case when "c8" = any(array['GREEN']::text[]) then 'BLUE'::text else "c8" end where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c8' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c8' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 11 prepare: catch up
update "app"."~touched" set taken = true where place = '~t1_c9' and true and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c9' and true limit 1000));
update "app"."t1" as node set "~c9" = case when "c9" = any(array['OIL']::text[]) then 'GAS'::text else "c9" end where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c9' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c9' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 12 prepare: catch up
update "app"."~touched" set taken = true where place = '~t1_c8_03f19c06' and true and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c8_03f19c06' and true limit 1000));
delete from "app"."~t1_c8_03f19c06" where id = any(array(select distinct id from "app"."~touched" where place = '~t1_c8_03f19c06' and taken));
insert into "app"."~t1_c8_03f19c06" select "id", "c8" from "app"."t1" where ("c8" = any(array['GREEN']::text[])) and "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c8_03f19c06' and taken)) on conflict (id) do nothing;
with gone as (delete from "app"."~touched" where place = '~t1_c8_03f19c06' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 13 prepare: catch up
update "app"."~touched" set taken = true where place = '~t1_c9_03f19c06' and true and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c9_03f19c06' and true limit 1000));
delete from "app"."~t1_c9_03f19c06" where id = any(array(select distinct id from "app"."~touched" where place = '~t1_c9_03f19c06' and taken));
insert into "app"."~t1_c9_03f19c06" select "id", "c9" from "app"."t1" where ("c9" = any(array['OIL']::text[])) and "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c9_03f19c06' and taken)) on conflict (id) do nothing;
with gone as (delete from "app"."~touched" where place = '~t1_c9_03f19c06' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 14 switch: catch up
update "app"."~touched" set taken = true where place = '~t1_c8' and true;
update "app"."t1" as node set "~c8" = case when "c8" = any(array['GREEN']::text[]) then 'BLUE'::text else "c8" end where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c8' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c8' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 15 switch: catch up
update "app"."~touched" set taken = true where place = '~t1_c9' and true;
update "app"."t1" as node set "~c9" = case when "c9" = any(array['OIL']::text[]) then 'GAS'::text else "c9" end where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c9' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c9' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 16 switch: catch up
update "app"."~touched" set taken = true where place = '~t1_c8_03f19c06' and true;
delete from "app"."~t1_c8_03f19c06" where id = any(array(select distinct id from "app"."~touched" where place = '~t1_c8_03f19c06' and taken));
insert into "app"."~t1_c8_03f19c06" select "id", "c8" from "app"."t1" where ("c8" = any(array['GREEN']::text[])) and "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c8_03f19c06' and taken)) on conflict (id) do nothing;
with gone as (delete from "app"."~touched" where place = '~t1_c8_03f19c06' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 17 switch: catch up
update "app"."~touched" set taken = true where place = '~t1_c9_03f19c06' and true;
delete from "app"."~t1_c9_03f19c06" where id = any(array(select distinct id from "app"."~touched" where place = '~t1_c9_03f19c06' and taken));
insert into "app"."~t1_c9_03f19c06" select "id", "c9" from "app"."t1" where ("c9" = any(array['OIL']::text[])) and "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c9_03f19c06' and taken)) on conflict (id) do nothing;
with gone as (delete from "app"."~touched" where place = '~t1_c9_03f19c06' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 18 switch: drop index
drop index "app"."~count_1";

-- 19 switch: drop check
alter table "app"."t1" drop constraint "t1_c6_check";

-- 20 switch: drop check
alter table "app"."t1" drop constraint "t1_c7_check";

-- 21 switch: drop check
alter table "app"."t1" drop constraint "t1_c8_check";

-- 22 switch: drop check
alter table "app"."t1" drop constraint "t1_c9_check";

-- 23 switch: drop check
alter table "app"."t1" drop constraint "t1_c10_check";

-- 24 switch: keep copy
drop function "app"."~t1_c8_03f19c06" cascade;
alter table "app"."~t1_c8_03f19c06" rename constraint "~t1_c8_03f19c06_pkey" to "t1_c8_03f19c06_pkey";
alter table "app"."~t1_c8_03f19c06" rename to "t1_c8_03f19c06";
alter table "app"."t1_c8_03f19c06" set schema "trash";

-- 25 switch: swap column
drop function "app"."~t1_c8" cascade;
alter table "app"."t1" drop column "c8";
alter table "app"."t1" rename column "~c8" to "c8";

-- 26 switch: keep copy
drop function "app"."~t1_c9_03f19c06" cascade;
alter table "app"."~t1_c9_03f19c06" rename constraint "~t1_c9_03f19c06_pkey" to "t1_c9_03f19c06_pkey";
alter table "app"."~t1_c9_03f19c06" rename to "t1_c9_03f19c06";
alter table "app"."t1_c9_03f19c06" set schema "trash";

-- 27 switch: swap column
drop function "app"."~t1_c9" cascade;
alter table "app"."t1" drop column "c9";
alter table "app"."t1" rename column "~c9" to "c9";

-- 28 switch: set required
alter table "app"."t1" add constraint "t1_c9_not_null" not null "c9" not valid;

-- 29 switch: add check
alter table "app"."t1" add constraint "t1_c6_check" check ("c6" = any(array['RED', 'BLUE', 'BLACK']::text[])) not valid;

-- 30 switch: add check
alter table "app"."t1" add constraint "t1_c7_check" check ("c7" <@ array['RED', 'BLUE', 'BLACK']::text[]) not valid;

-- 31 switch: add check
alter table "app"."t1" add constraint "t1_c8_check" check ("c8" = any(array['RED', 'BLUE', 'BLACK']::text[])) not valid;

-- 32 switch: add check
alter table "app"."t1" add constraint "t1_c9_check" check ("c9" = any(array['GAS']::text[])) not valid;

-- 33 switch: add check
alter table "app"."t1" add constraint "t1_c10_check" check ("c10" = any(array['AUTO', 'MANUAL']::text[])) not valid;

-- 34 finish: validate
alter table "app"."t1" validate constraint "t1_c9_not_null";

-- 35 finish: validate
alter table "app"."t1" validate constraint "t1_c6_check";

-- 36 finish: validate
alter table "app"."t1" validate constraint "t1_c7_check";

-- 37 finish: validate
alter table "app"."t1" validate constraint "t1_c8_check";

-- 38 finish: validate
alter table "app"."t1" validate constraint "t1_c9_check";

-- 39 finish: validate
alter table "app"."t1" validate constraint "t1_c10_check";
