-- 1 switch: drop reference
alter table "app"."t1" drop constraint "t1_r6_fkey";

-- 2 switch: drop index
drop index "app"."t1_r4_key";

-- 3 switch: drop index
drop index "app"."t1_r6_key";

-- 4 switch: trash column
create table "trash"."t1_r6_03f19c06" as select "id", "r6" as value from "app"."t1" where "r6" is not null;
alter table "app"."t1" drop column "r6";

-- 5 switch: add column
alter table "app"."t2" add column "r7" text collate "C" not null;

-- 6 switch: add index
create unique index "t2_r7_key" on "app"."t2" ("r7");

-- 7 switch: add index
create index "t1_r4_idx" on "app"."t1" ("r4", "id");

-- 8 switch: add index
create unique index "r5_a_key" on "app"."r5" ("a");

-- 9 switch: add reference
alter table "app"."t2" add constraint "t2_r7_fkey" foreign key ("r7") references "app"."t3" ("id") on delete restrict deferrable initially immediate;
