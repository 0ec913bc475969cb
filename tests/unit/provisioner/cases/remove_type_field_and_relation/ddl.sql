-- 1 switch: drop reference
alter table "app"."t1" drop constraint "t1_r9_fkey";

-- 2 switch: drop reference
alter table "app"."t2" drop constraint "t2_r7_fkey";

-- 3 switch: drop reference
alter table "app"."r8" drop constraint "r8_a_fkey";

-- 4 switch: drop reference
alter table "app"."r8" drop constraint "r8_b_fkey";

-- 5 switch: drop index
drop index "app"."t1_c5_key";

-- 6 switch: drop index
drop index "app"."t1_c5_idx";

-- 7 switch: drop index
drop index "app"."t1_r9_key";

-- 8 switch: drop index
drop index "app"."t2_r7_idx";

-- 9 switch: drop index
drop index "app"."r8_b_idx";

-- 10 switch: trash table
alter table "app"."t2" rename constraint "t2_pkey" to "t2_03f19c06_pkey";
alter table "app"."t2" rename to "t2_03f19c06";
alter table "app"."t2_03f19c06" set schema "trash";

-- 11 switch: trash table
alter table "app"."r8" rename constraint "r8_pkey" to "r8_03f19c06_pkey";
alter table "app"."r8" rename to "r8_03f19c06";
alter table "app"."r8_03f19c06" set schema "trash";

-- 12 switch: trash column
create table "trash"."t1_c5_03f19c06" as select "id", "c5" as value from "app"."t1" where "c5" is not null;
alter table "app"."t1" drop column "c5";

-- 13 switch: trash column
create table "trash"."t1_r9_03f19c06" as select "id", "r9" as value from "app"."t1" where "r9" is not null;
alter table "app"."t1" drop column "r9";
