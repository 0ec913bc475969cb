-- 1 prepare: add shadow
alter table "app"."t1" drop column if exists "~c2";
alter table "app"."t1" add column "~c2" text;
drop function if exists "app"."~t1_c2" cascade;
create function "app"."~t1_c2"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c2', each from unnest(array[new.id]) as each where each is not null; return null; end$$;
create trigger "~t1_c2" after insert or update of "c2" on "app"."t1" for each row execute function "app"."~t1_c2"();

-- 2 prepare: add shadow
alter table "app"."t1" drop column if exists "~c3";
alter table "app"."t1" add column "~c3" int4;
drop function if exists "app"."~t1_c3" cascade;
create function "app"."~t1_c3"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c3', each from unnest(array[new.id]) as each where each is not null; return null; end$$;
create trigger "~t1_c3" after insert or update of "c3" on "app"."t1" for each row execute function "app"."~t1_c3"();

-- 3 prepare: add shadow
alter table "app"."t1" drop column if exists "~c5";
alter table "app"."t1" add column "~c5" text;
drop function if exists "app"."~t1_c5" cascade;
create function "app"."~t1_c5"() returns trigger language plpgsql security definer set search_path = pg_catalog as $$begin insert into "app"."~touched" (place, id) select '~t1_c5', each from unnest(array[new.id]) as each where each is not null; return null; end$$;
create trigger "~t1_c5" after insert or update of "c5" on "app"."t1" for each row execute function "app"."~t1_c5"();

-- 4 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (update "app"."t1" as node set "~c2" = "c2" where "id" = any((select ids from batch)::text[])) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 5 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (update "app"."t1" as node set "~c3" = "c3" where "id" = any((select ids from batch)::text[])) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 6 prepare: back fill
with batch as materialized (select array(select "id" from "app"."t1" where "id" > (select coalesce(last, '') from "app"."~plan") order by "id" limit 1000) as ids), done as (update "app"."t1" as node set "~c5" = "c5" where "id" = any((select ids from batch)::text[])) update "app"."~plan" set last = (select ids[cardinality(ids)] from batch) returning last;

-- 7 prepare: let go
with freed as (update "app"."~touched" set freed = true where place = '~t1_c2' and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c2' and not freed limit 1000)) and not freed returning id) update "app"."t1" set "~c2" = null where "id" = any(array(select distinct id from freed)) and "~c2" is not null;
select case when exists (select from "app"."~touched" where place = '~t1_c2' and not freed offset 1000) then '' end;

-- 8 prepare: catch up
with freed as (update "app"."~touched" set freed = true where place = '~t1_c2' and not freed returning id) update "app"."t1" set "~c2" = null where "id" = any(array(select distinct id from freed)) and "~c2" is not null;
update "app"."~touched" set taken = true where place = '~t1_c2' and freed and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c2' and freed limit 1000));
update "app"."t1" as node set "~c2" = "c2" where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c2' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c2' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 9 prepare: let go
with freed as (update "app"."~touched" set freed = true where place = '~t1_c3' and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c3' and not freed limit 1000)) and not freed returning id) update "app"."t1" set "~c3" = null where "id" = any(array(select distinct id from freed)) and "~c3" is not null;
select case when exists (select from "app"."~touched" where place = '~t1_c3' and not freed offset 1000) then '' end;

-- 10 prepare: catch up
with freed as (update "app"."~touched" set freed = true where place = '~t1_c3' and not freed returning id) update "app"."t1" set "~c3" = null where "id" = any(array(select distinct id from freed)) and "~c3" is not null;
update "app"."~touched" set taken = true where place = '~t1_c3' and freed and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c3' and freed limit 1000));
update "app"."t1" as node set "~c3" = "c3" where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c3' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c3' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 11 prepare: let go
with freed as (update "app"."~touched" set freed = true where place = '~t1_c5' and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c5' and not freed limit 1000)) and not freed returning id) update "app"."t1" set "~c5" = null where "id" = any(array(select distinct id from freed)) and "~c5" is not null;
select case when exists (select from "app"."~touched" where place = '~t1_c5' and not freed offset 1000) then '' end;

-- 12 prepare: catch up
with freed as (update "app"."~touched" set freed = true where place = '~t1_c5' and not freed returning id) update "app"."t1" set "~c5" = null where "id" = any(array(select distinct id from freed)) and "~c5" is not null;
update "app"."~touched" set taken = true where place = '~t1_c5' and freed and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c5' and freed limit 1000));
update "app"."t1" as node set "~c5" = "c5" where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c5' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c5' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 13 prepare: build index
drop index concurrently if exists "app"."~t1_created_at_idx";
create index concurrently "~t1_created_at_idx" on "app"."t1" ("created_at" nulls first, "id");

-- 14 prepare: build index
drop index concurrently if exists "app"."~t1_c2_key";
with freed as (update "app"."~touched" set freed = true where place = '~t1_c2' and not freed returning id) update "app"."t1" set "~c2" = null where "id" = any(array(select distinct id from freed)) and "~c2" is not null;
update "app"."~touched" set taken = true where place = '~t1_c2' and freed;
update "app"."t1" as node set "~c2" = "c2" where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c2' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c2' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;
create unique index concurrently "~t1_c2_key" on "app"."t1" (left(app.fold("~c2"), 191));

-- 15 prepare: build index
drop index concurrently if exists "app"."~t1_c2_idx";
create index concurrently "~t1_c2_idx" on "app"."t1" (left(app.fold("~c2"), 191) nulls first, "id");

-- 16 prepare: build index
drop index concurrently if exists "app"."~t1_c3_key";
with freed as (update "app"."~touched" set freed = true where place = '~t1_c3' and not freed returning id) update "app"."t1" set "~c3" = null where "id" = any(array(select distinct id from freed)) and "~c3" is not null;
update "app"."~touched" set taken = true where place = '~t1_c3' and freed;
update "app"."t1" as node set "~c3" = "c3" where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c3' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c3' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;
create unique index concurrently "~t1_c3_key" on "app"."t1" ("~c3");

-- 17 prepare: build index
drop index concurrently if exists "app"."~t1_c5_key";
with freed as (update "app"."~touched" set freed = true where place = '~t1_c5' and not freed returning id) update "app"."t1" set "~c5" = null where "id" = any(array(select distinct id from freed)) and "~c5" is not null;
update "app"."~touched" set taken = true where place = '~t1_c5' and freed;
update "app"."t1" as node set "~c5" = "c5" where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c5' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c5' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;
create unique index concurrently "~t1_c5_key" on "app"."t1" (left(app.fold("~c5"), 191));

-- 18 prepare: build index
drop index concurrently if exists "app"."~t1_c5_idx";
create index concurrently "~t1_c5_idx" on "app"."t1" (left(app.fold("~c5"), 191) nulls first, "id");

-- 19 prepare: build index
drop index concurrently if exists "app"."~t1_c5_trgm";
create index concurrently "~t1_c5_trgm" on "app"."t1" using gin (app.fold("~c5") app.gin_trgm_ops);

-- 20 prepare: let go
with freed as (update "app"."~touched" set freed = true where place = '~t1_c2' and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c2' and not freed limit 1000)) and not freed returning id) update "app"."t1" set "~c2" = null where "id" = any(array(select distinct id from freed)) and "~c2" is not null;
select case when exists (select from "app"."~touched" where place = '~t1_c2' and not freed offset 1000) then '' end;

-- 21 prepare: let go
with freed as (update "app"."~touched" set freed = true where place = '~t1_c3' and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c3' and not freed limit 1000)) and not freed returning id) update "app"."t1" set "~c3" = null where "id" = any(array(select distinct id from freed)) and "~c3" is not null;
select case when exists (select from "app"."~touched" where place = '~t1_c3' and not freed offset 1000) then '' end;

-- 22 prepare: let go
with freed as (update "app"."~touched" set freed = true where place = '~t1_c5' and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c5' and not freed limit 1000)) and not freed returning id) update "app"."t1" set "~c5" = null where "id" = any(array(select distinct id from freed)) and "~c5" is not null;
select case when exists (select from "app"."~touched" where place = '~t1_c5' and not freed offset 1000) then '' end;

-- 23 prepare: catch up
with freed as (update "app"."~touched" set freed = true where place = '~t1_c2' and not freed returning id) update "app"."t1" set "~c2" = null where "id" = any(array(select distinct id from freed)) and "~c2" is not null;
update "app"."~touched" set taken = true where place = '~t1_c2' and freed and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c2' and freed limit 1000));
update "app"."t1" as node set "~c2" = "c2" where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c2' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c2' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 24 prepare: catch up
with freed as (update "app"."~touched" set freed = true where place = '~t1_c3' and not freed returning id) update "app"."t1" set "~c3" = null where "id" = any(array(select distinct id from freed)) and "~c3" is not null;
update "app"."~touched" set taken = true where place = '~t1_c3' and freed and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c3' and freed limit 1000));
update "app"."t1" as node set "~c3" = "c3" where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c3' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c3' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 25 prepare: catch up
with freed as (update "app"."~touched" set freed = true where place = '~t1_c5' and not freed returning id) update "app"."t1" set "~c5" = null where "id" = any(array(select distinct id from freed)) and "~c5" is not null;
update "app"."~touched" set taken = true where place = '~t1_c5' and freed and ctid = any(array(select ctid from "app"."~touched" where place = '~t1_c5' and freed limit 1000));
update "app"."t1" as node set "~c5" = "c5" where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c5' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c5' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 26 switch: catch up
with freed as (update "app"."~touched" set freed = true where place = '~t1_c2' and not freed returning id) update "app"."t1" set "~c2" = null where "id" = any(array(select distinct id from freed)) and "~c2" is not null;
update "app"."~touched" set taken = true where place = '~t1_c2' and freed;
update "app"."t1" as node set "~c2" = "c2" where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c2' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c2' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 27 switch: catch up
with freed as (update "app"."~touched" set freed = true where place = '~t1_c3' and not freed returning id) update "app"."t1" set "~c3" = null where "id" = any(array(select distinct id from freed)) and "~c3" is not null;
update "app"."~touched" set taken = true where place = '~t1_c3' and freed;
update "app"."t1" as node set "~c3" = "c3" where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c3' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c3' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 28 switch: catch up
with freed as (update "app"."~touched" set freed = true where place = '~t1_c5' and not freed returning id) update "app"."t1" set "~c5" = null where "id" = any(array(select distinct id from freed)) and "~c5" is not null;
update "app"."~touched" set taken = true where place = '~t1_c5' and freed;
update "app"."t1" as node set "~c5" = "c5" where "id" = any(array(select distinct id from "app"."~touched" where place = '~t1_c5' and taken));
with gone as (delete from "app"."~touched" where place = '~t1_c5' and taken returning 1) select case when count(*) >= 1000 then '' end from gone;

-- 29 switch: drop index
drop index "app"."t1_c4_key";

-- 30 switch: drop index
drop index "app"."t1_c4_idx";

-- 31 switch: drop index
drop index "app"."t1_c5_idx";

-- 32 switch: drop index
drop index "app"."t1_c5_trgm";

-- 33 switch: swap column
drop function "app"."~t1_c2" cascade;
alter table "app"."t1" drop column "c2";
alter table "app"."t1" rename column "~c2" to "c2";

-- 34 switch: set required
alter table "app"."t1" add constraint "t1_c2_not_null" not null "c2" not valid;

-- 35 switch: swap column
drop function "app"."~t1_c3" cascade;
alter table "app"."t1" drop column "c3";
alter table "app"."t1" rename column "~c3" to "c3";

-- 36 switch: swap column
drop function "app"."~t1_c5" cascade;
alter table "app"."t1" drop column "c5";
alter table "app"."t1" rename column "~c5" to "c5";

-- 37 switch: reveal index
alter index "app"."~t1_created_at_idx" rename to "t1_created_at_idx";

-- 38 switch: reveal index
alter index "app"."~t1_c2_key" rename to "t1_c2_key";

-- 39 switch: reveal index
alter index "app"."~t1_c2_idx" rename to "t1_c2_idx";

-- 40 switch: reveal index
alter index "app"."~t1_c3_key" rename to "t1_c3_key";

-- 41 switch: reveal index
alter index "app"."~t1_c5_key" rename to "t1_c5_key";

-- 42 switch: reveal index
alter index "app"."~t1_c5_idx" rename to "t1_c5_idx";

-- 43 switch: reveal index
alter index "app"."~t1_c5_trgm" rename to "t1_c5_trgm";

-- 44 finish: validate
alter table "app"."t1" validate constraint "t1_c2_not_null";
