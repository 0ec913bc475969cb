-- 1 switch: drop reference
alter table "app"."t1" drop constraint "t1_r7_fkey";

-- 2 switch: drop reference
alter table "app"."t1" drop constraint "t1_r8_fkey";

-- 3 switch: set required
alter table "app"."t1" alter column "c3" set not null;

-- 4 switch: set optional
alter table "app"."t1" alter column "c4" drop not null;

-- 5 switch: fill column
create table "trash"."t1_c5_03f19c06" as select "id", "c5" as value from "app"."t1" where "c5" is not null;
update "app"."t1" set "c5" = array[]::text[];

-- 6 switch: set required
alter table "app"."t1" alter column "c5" set not null;

-- 7 switch: fill column
update "app"."t1" set "c6" = 'none'::text where "c6" is null;

-- 8 switch: set required
alter table "app"."t1" alter column "c6" set not null;

-- 9 switch: set required
alter table "app"."t1" alter column "r7" set not null;

-- 10 switch: set optional
alter table "app"."t1" alter column "r8" drop not null;

-- 11 switch: add reference
alter table "app"."t1" add constraint "t1_r7_fkey" foreign key ("r7") references "app"."t1" ("id") on delete restrict deferrable initially immediate;

-- 12 switch: add reference
alter table "app"."t1" add constraint "t1_r8_fkey" foreign key ("r8") references "app"."t2" ("id") on delete set null deferrable initially immediate;
