-- 1 switch: drop index
drop index "app"."t1_c3_key";

-- 2 switch: drop index
drop index "app"."t1_c7_idx";

-- 3 switch: drop index
drop index "app"."t1_c9_key";

-- 4 switch: drop index
drop index "app"."t1_c9_idx";

-- 5 switch: drop check
alter table "app"."t1" drop constraint "t1_c7_check";

-- 6 switch: trash column
create table "trash"."t1_c8_03f19c06" as select "id", "c8" as value from "app"."t1" where "c8" is not null;
alter table "app"."t1" drop column "c8";

-- 7 switch: trash column
create table "trash"."t1_c9_03f19c06" as select "id", "c9" as value from "app"."t1" where "c9" is not null;
alter table "app"."t1" drop column "c9";

-- 8 switch: trash column
create table "trash"."t1_c10_03f19c06" as select "id", "c10" as value from "app"."t1" where "c10" is not null;
alter table "app"."t1" drop column "c10";

-- 9 switch: add column
alter table "app"."t1" add column "c12" int4 default 3::int4;
alter table "app"."t1" alter column "c12" drop default;

-- 10 switch: add column
alter table "app"."t1" add column "c13" text[];

-- 11 switch: add column
alter table "app"."t1" add column "c14" float8 not null default 1.5::float8;
alter table "app"."t1" alter column "c14" drop default;

-- 12 switch: convert column
alter table "app"."t1" alter column "c3" type text using "c3"::text;

-- 13 switch: convert column
alter table "app"."t1" alter column "c4" type text using app.instant("c4");

-- 14 switch: convert column
alter table "app"."t1" alter column "c5" type text[] using app.instants("c5");

-- 15 switch: convert column
alter table "app"."t1" alter column "c6" type text[] using "c6"::text[];

-- 16 switch: convert column
alter table "app"."t1" alter column "c7" type text using "c7"::text;

-- 17 switch: fill column
update "app"."t1" set "c11" = 'none'::text where "c11" is null;

-- 18 switch: set required
alter table "app"."t1" alter column "c11" set not null;

-- 19 switch: add index
create unique index "t1_c3_key" on "app"."t1" (left(app.fold("c3"), 191));

-- 20 switch: add index
create index "t1_c3_idx" on "app"."t1" (left(app.fold("c3"), 191) nulls first, "id");

-- 21 switch: add index
create index "t1_c7_idx" on "app"."t1" (left(app.fold("c7"), 191) nulls first, "id");

-- 22 switch: add index
create index "t1_c7_trgm" on "app"."t1" using gin (app.fold("c7") app.gin_trgm_ops);
