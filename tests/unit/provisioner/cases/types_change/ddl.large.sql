-- 1 prepare: add shadow
alter table "app"."t1" drop column if exists "~c3";
alter table "app"."t1" add column "~c3" text;
drop function if exists "app"."~t1_c3" cascade;
create function "app"."~t1_c3"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c3', each from unnest(array[new.id]) as each where each is not null; return null; end$$;
create trigger "~t1_c3" after insert or update of "c3" on "app"."t1" for each row execute function "app"."~t1_c3"();

-- 2 prepare: add shadow
alter table "app"."t1" drop column if exists "~c4";
alter table "app"."t1" add column "~c4" text;
drop function if exists "app"."~t1_c4" cascade;
create function "app"."~t1_c4"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c4', each from unnest(array[new.id]) as each where each is not null; return null; end$$;
create trigger "~t1_c4" after insert or update of "c4" on "app"."t1" for each row execute function "app"."~t1_c4"();

-- 3 prepare: add shadow
alter table "app"."t1" drop column if exists "~c5";
alter table "app"."t1" add column "~c5" text[];
drop function if exists "app"."~t1_c5" cascade;
create function "app"."~t1_c5"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c5', each from unnest(array[new.id]) as each where each is not null; return null; end$$;
create trigger "~t1_c5" after insert or update of "c5" on "app"."t1" for each row execute function "app"."~t1_c5"();

-- 4 prepare: add shadow
alter table "app"."t1" drop column if exists "~c6";
alter table "app"."t1" add column "~c6" text[];
drop function if exists "app"."~t1_c6" cascade;
create function "app"."~t1_c6"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c6', each from unnest(array[new.id]) as each where each is not null; return null; end$$;
create trigger "~t1_c6" after insert or update of "c6" on "app"."t1" for each row execute function "app"."~t1_c6"();

-- 5 prepare: add shadow
alter table "app"."t1" drop column if exists "~c7";
alter table "app"."t1" add column "~c7" text;
drop function if exists "app"."~t1_c7" cascade;
create function "app"."~t1_c7"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c7', each from unnest(array[new.id]) as each where each is not null; return null; end$$;
create trigger "~t1_c7" after insert or update of "c7" on "app"."t1" for each row execute function "app"."~t1_c7"();

-- 6 prepare: add shadow
alter table "app"."t1" drop column if exists "~c11";
alter table "app"."t1" add column "~c11" text;
drop function if exists "app"."~t1_c11" cascade;
create function "app"."~t1_c11"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c11', each from unnest(array[new.id]) as each where each is not null; return null; end$$;
create trigger "~t1_c11" after insert or update of "c11" on "app"."t1" for each row execute function "app"."~t1_c11"();

-- 7 prepare: start copy
drop table if exists "app"."~t1_c8_03f19c06";
create table "app"."~t1_c8_03f19c06" (id text collate "C" primary key, value float8);
drop function if exists "app"."~t1_c8_03f19c06" cascade;
create function "app"."~t1_c8_03f19c06"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c8_03f19c06', each from unnest(array[coalesce(new.id, old.id)]) as each where each is not null; return null; end$$;
create trigger "~t1_c8_03f19c06" after insert or update of "c8" or delete on "app"."t1" for each row execute function "app"."~t1_c8_03f19c06"();

-- 8 prepare: start copy
drop table if exists "app"."~t1_c9_03f19c06";
create table "app"."~t1_c9_03f19c06" (id text collate "C" primary key, value text);
drop function if exists "app"."~t1_c9_03f19c06" cascade;
create function "app"."~t1_c9_03f19c06"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c9_03f19c06', each from unnest(array[coalesce(new.id, old.id)]) as each where each is not null; return null; end$$;
create trigger "~t1_c9_03f19c06" after insert or update of "c9" or delete on "app"."t1" for each row execute function "app"."~t1_c9_03f19c06"();

-- 9 prepare: start copy
drop table if exists "app"."~t1_c10_03f19c06";
create table "app"."~t1_c10_03f19c06" (id text collate "C" primary key, value int4);
drop function if exists "app"."~t1_c10_03f19c06" cascade;
create function "app"."~t1_c10_03f19c06"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c10_03f19c06', each from unnest(array[coalesce(new.id, old.id)]) as each where each is not null; return null; end$$;
create trigger "~t1_c10_03f19c06" after insert or update of "c10" or delete on "app"."t1" for each row execute function "app"."~t1_c10_03f19c06"();

-- 10 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (update "app"."t1" as node set "~c3" = "c3"::text where "id" = any((select ids from batch)::text[])) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 11 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (update "app"."t1" as node set "~c4" = app.instant("c4") where "id" = any((select ids from batch)::text[])) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 12 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (update "app"."t1" as node set "~c5" = app.instants("c5") where "id" = any((select ids from batch)::text[])) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 13 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (update "app"."t1" as node set "~c6" = "c6"::text[] where "id" = any((select ids from batch)::text[])) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 14 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (update "app"."t1" as node set "~c7" = "c7"::text where "id" = any((select ids from batch)::text[])) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 15 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (update "app"."t1" as node set "~c11" = case when "c11" is null then 'none'::text else "c11" end where "id" = any((select ids from batch)::text[])) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 16 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (insert into "app"."~t1_c8_03f19c06" select "id", "c8" from "app"."t1" where ("c8" is not null) and "id" = any((select ids from batch)::text[]) on conflict (id) do nothing) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 17 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (insert into "app"."~t1_c9_03f19c06" select "id", "c9" from "app"."t1" where ("c9" is not null) and "id" = any((select ids from batch)::text[]) on conflict (id) do nothing) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 18 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (insert into "app"."~t1_c10_03f19c06" select "id", "c10" from "app"."t1" where ("c10" is not null) and "id" = any((select ids from batch)::text[]) on conflict (id) do nothing) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 19 prepare: let go
with freed as (update "app"."~touched" set freed = true where place = '~t1_c3' and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c3' and not freed limit 1000)) and not freed returning id) update "app"."t1" set "~c3" = null where "id" = any(array(select distinct id from freed)) and "~c3" is not null;
select case when exists (select from "app"."~touched" where place = '~t1_c3' and not freed offset 1000) then '' end;

-- 20 prepare: catch up
with freed as (update "app"."~touched" set freed = true where place = '~t1_c3' and not freed returning id) update "app"."t1" set "~c3" = null where "id" = any(array(select distinct id from freed)) and "~c3" is not null;
update "app"."~touched" set taken = true where place = '~t1_c3' and freed and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c3' and freed limit 1000));
update "app"."t1" as node set "~c3" = "c3"::text where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c3' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c3' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 21 prepare: build index
drop index concurrently if exists "app"."~t1_c3_key";
with freed as (update "app"."~touched" set freed = true where place = '~t1_c3' and not freed returning id) update "app"."t1" set "~c3" = null where "id" = any(array(select distinct id from freed)) and "~c3" is not null;
update "app"."~touched" set taken = true where place = '~t1_c3' and freed;
update "app"."t1" as node set "~c3" = "c3"::text where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c3' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c3' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;
create unique index concurrently "~t1_c3_key" on "app"."t1" (left(app.fold("~c3"), 191));

-- 22 prepare: build index
drop index concurrently if exists "app"."~t1_c3_idx";
create index concurrently "~t1_c3_idx" on "app"."t1" (left(app.fold("~c3"), 191) nulls first, "id");

-- 23 prepare: build index
drop index concurrently if exists "app"."~t1_c7_idx";
create index concurrently "~t1_c7_idx" on "app"."t1" (left(app.fold("~c7"), 191) nulls first, "id");

-- 24 prepare: build index
drop index concurrently if exists "app"."~t1_c7_trgm";
create index concurrently "~t1_c7_trgm" on "app"."t1" using gin (app.fold("~c7") app.gin_trgm_ops);

-- 25 prepare: let go
with freed as (update "app"."~touched" set freed = true where place = '~t1_c3' and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c3' and not freed limit 1000)) and not freed returning id) update "app"."t1" set "~c3" = null where "id" = any(array(select distinct id from freed)) and "~c3" is not null;
select case when exists (select from "app"."~touched" where place = '~t1_c3' and not freed offset 1000) then '' end;

-- 26 prepare: catch up
with freed as (update "app"."~touched" set freed = true where place = '~t1_c3' and not freed returning id) update "app"."t1" set "~c3" = null where "id" = any(array(select distinct id from freed)) and "~c3" is not null;
update "app"."~touched" set taken = true where place = '~t1_c3' and freed and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c3' and freed limit 1000));
update "app"."t1" as node set "~c3" = "c3"::text where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c3' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c3' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 27 prepare: catch up
update "app"."~touched" set taken = true where place = '~t1_c4' and true and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c4' and true limit 1000));
update "app"."t1" as node set "~c4" = app.instant("c4") where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c4' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c4' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 28 prepare: catch up
update "app"."~touched" set taken = true where place = '~t1_c5' and true and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c5' and true limit 1000));
update "app"."t1" as node set "~c5" = app.instants("c5") where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c5' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c5' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 29 prepare: catch up
update "app"."~touched" set taken = true where place = '~t1_c6' and true and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c6' and true limit 1000));
update "app"."t1" as node set "~c6" = "c6"::text[] where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c6' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c6' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 30 prepare: catch up
update "app"."~touched" set taken = true where place = '~t1_c7' and true and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c7' and true limit 1000));
update "app"."t1" as node set "~c7" = "c7"::text where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c7' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c7' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 31 prepare: catch up
update "app"."~touched" set taken = true where place = '~t1_c11' and true and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c11' and true limit 1000));
update "app"."t1" as node set "~c11" = case when "c11" is null then 'none'::text else "c11" end where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c11' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c11' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 32 prepare: catch up
update "app"."~touched" set taken = true where place = '~t1_c8_03f19c06' and true and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c8_03f19c06' and true limit 1000));
delete from "app"."~t1_c8_03f19c06" where id = any(array(select distinct id from "app"."~touched" where place = '~t1_c8_03f19c06' and taken));
insert into "app"."~t1_c8_03f19c06" select "id", "c8" from "app"."t1" where ("c8" is not null) and "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c8_03f19c06' and taken)) on conflict (id) do nothing;
with gone as (delete from "app"."~touched" where place = '~t1_c8_03f19c06' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 33 prepare: catch up
update "app"."~touched" set taken = true where place = '~t1_c9_03f19c06' and true and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c9_03f19c06' and true limit 1000));
delete from "app"."~t1_c9_03f19c06" where id = any(array(select distinct id from "app"."~touched" where place = '~t1_c9_03f19c06' and taken));
insert into "app"."~t1_c9_03f19c06" select "id", "c9" from "app"."t1" where ("c9" is not null) and "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c9_03f19c06' and taken)) on conflict (id) do nothing;
with gone as (delete from "app"."~touched" where place = '~t1_c9_03f19c06' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 34 prepare: catch up
update "app"."~touched" set taken = true where place = '~t1_c10_03f19c06' and true and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c10_03f19c06' and true limit 1000));
delete from "app"."~t1_c10_03f19c06" where id = any(array(select distinct id from "app"."~touched" where place = '~t1_c10_03f19c06' and taken));
insert into "app"."~t1_c10_03f19c06" select "id", "c10" from "app"."t1" where ("c10" is not null) and "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c10_03f19c06' and taken)) on conflict (id) do nothing;
with gone as (delete from "app"."~touched" where place = '~t1_c10_03f19c06' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 35 switch: catch up
with freed as (update "app"."~touched" set freed = true where place = '~t1_c3' and not freed returning id) update "app"."t1" set "~c3" = null where "id" = any(array(select distinct id from freed)) and "~c3" is not null;
update "app"."~touched" set taken = true where place = '~t1_c3' and freed;
update "app"."t1" as node set "~c3" = "c3"::text where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c3' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c3' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 36 switch: catch up
update "app"."~touched" set taken = true where place = '~t1_c4' and true;
update "app"."t1" as node set "~c4" = app.instant("c4") where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c4' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c4' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 37 switch: catch up
update "app"."~touched" set taken = true where place = '~t1_c5' and true;
update "app"."t1" as node set "~c5" = app.instants("c5") where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c5' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c5' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 38 switch: catch up
update "app"."~touched" set taken = true where place = '~t1_c6' and true;
update "app"."t1" as node set "~c6" = "c6"::text[] where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c6' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c6' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 39 switch: catch up
update "app"."~touched" set taken = true where place = '~t1_c7' and true;
update "app"."t1" as node set "~c7" = "c7"::text where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c7' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c7' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 40 switch: catch up
update "app"."~touched" set taken = true where place = '~t1_c11' and true;
update "app"."t1" as node set "~c11" = case when "c11" is null then 'none'::text else "c11" end where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c11' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c11' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 41 switch: catch up
update "app"."~touched" set taken = true where place = '~t1_c8_03f19c06' and true;
delete from "app"."~t1_c8_03f19c06" where id = any(array(select distinct id from "app"."~touched" where place = '~t1_c8_03f19c06' and taken));
insert into "app"."~t1_c8_03f19c06" select "id", "c8" from "app"."t1" where ("c8" is not null) and "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c8_03f19c06' and taken)) on conflict (id) do nothing;
with gone as (delete from "app"."~touched" where place = '~t1_c8_03f19c06' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 42 switch: catch up
update "app"."~touched" set taken = true where place = '~t1_c9_03f19c06' and true;
delete from "app"."~t1_c9_03f19c06" where id = any(array(select distinct id from "app"."~touched" where place = '~t1_c9_03f19c06' and taken));
insert into "app"."~t1_c9_03f19c06" select "id", "c9" from "app"."t1" where ("c9" is not null) and "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c9_03f19c06' and taken)) on conflict (id) do nothing;
with gone as (delete from "app"."~touched" where place = '~t1_c9_03f19c06' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 43 switch: catch up
update "app"."~touched" set taken = true where place = '~t1_c10_03f19c06' and true;
delete from "app"."~t1_c10_03f19c06" where id = any(array(select distinct id from "app"."~touched" where place = '~t1_c10_03f19c06' and taken));
insert into "app"."~t1_c10_03f19c06" select "id", "c10" from "app"."t1" where ("c10" is not null) and "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c10_03f19c06' and taken)) on conflict (id) do nothing;
with gone as (delete from "app"."~touched" where place = '~t1_c10_03f19c06' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 44 switch: drop index
drop index "app"."t1_c3_key";

-- 45 switch: drop index
drop index "app"."t1_c7_idx";

-- 46 switch: drop index
drop index "app"."t1_c9_key";

-- 47 switch: drop index
drop index "app"."t1_c9_idx";

-- 48 switch: drop check
alter table "app"."t1" drop constraint "t1_c7_check";

-- 49 switch: keep copy
drop function "app"."~t1_c8_03f19c06" cascade;
alter table "app"."~t1_c8_03f19c06" rename constraint "~t1_c8_03f19c06_pkey" to "t1_c8_03f19c06_pkey";
alter table "app"."~t1_c8_03f19c06" rename to "t1_c8_03f19c06";
alter table "app"."t1_c8_03f19c06" set schema "trash";

-- 50 switch: drop column
alter table "app"."t1" drop column "c8";

-- 51 switch: keep copy
drop function "app"."~t1_c9_03f19c06" cascade;
alter table "app"."~t1_c9_03f19c06" rename constraint "~t1_c9_03f19c06_pkey" to "t1_c9_03f19c06_pkey";
alter table "app"."~t1_c9_03f19c06" rename to "t1_c9_03f19c06";
alter table "app"."t1_c9_03f19c06" set schema "trash";

-- 52 switch: drop column
alter table "app"."t1" drop column "c9";

-- 53 switch: keep copy
drop function "app"."~t1_c10_03f19c06" cascade;
alter table "app"."~t1_c10_03f19c06" rename constraint "~t1_c10_03f19c06_pkey" to "t1_c10_03f19c06_pkey";
alter table "app"."~t1_c10_03f19c06" rename to "t1_c10_03f19c06";
alter table "app"."t1_c10_03f19c06" set schema "trash";

-- 54 switch: drop column
alter table "app"."t1" drop column "c10";

-- 55 switch: add column
alter table "app"."t1" add column "c12" int4 default 3::int4;
alter table "app"."t1" alter column "c12" drop default;

-- 56 switch: add column
alter table "app"."t1" add column "c13" text[];

-- 57 switch: add column
alter table "app"."t1" add column "c14" float8 not null default 1.5::float8;
alter table "app"."t1" alter column "c14" drop default;

-- 58 switch: swap column
drop function "app"."~t1_c3" cascade;
alter table "app"."t1" drop column "c3";
alter table "app"."t1" rename column "~c3" to "c3";

-- 59 switch: set required
alter table "app"."t1" add constraint "t1_c3_not_null" not null "c3" not valid;

-- 60 switch: swap column
drop function "app"."~t1_c4" cascade;
alter table "app"."t1" drop column "c4";
alter table "app"."t1" rename column "~c4" to "c4";

-- 61 switch: swap column
drop function "app"."~t1_c5" cascade;
alter table "app"."t1" drop column "c5";
alter table "app"."t1" rename column "~c5" to "c5";

-- 62 switch: swap column
drop function "app"."~t1_c6" cascade;
alter table "app"."t1" drop column "c6";
alter table "app"."t1" rename column "~c6" to "c6";

-- 63 switch: swap column
drop function "app"."~t1_c7" cascade;
alter table "app"."t1" drop column "c7";
alter table "app"."t1" rename column "~c7" to "c7";

-- 64 switch: set required
alter table "app"."t1" add constraint "t1_c7_not_null" not null "c7" not valid;

-- 65 switch: swap column
drop function "app"."~t1_c11" cascade;
alter table "app"."t1" drop column "c11";
alter table "app"."t1" rename column "~c11" to "c11";

-- 66 switch: set required
alter table "app"."t1" add constraint "t1_c11_not_null" not null "c11" not valid;

-- 67 switch: reveal index
alter index "app"."~t1_c3_key" rename to "t1_c3_key";

-- 68 switch: reveal index
alter index "app"."~t1_c3_idx" rename to "t1_c3_idx";

-- 69 switch: reveal index
alter index "app"."~t1_c7_idx" rename to "t1_c7_idx";

-- 70 switch: reveal index
alter index "app"."~t1_c7_trgm" rename to "t1_c7_trgm";

-- 71 finish: validate
alter table "app"."t1" validate constraint "t1_c3_not_null";

-- 72 finish: validate
alter table "app"."t1" validate constraint "t1_c7_not_null";

-- 73 finish: validate
alter table "app"."t1" validate constraint "t1_c11_not_null";
