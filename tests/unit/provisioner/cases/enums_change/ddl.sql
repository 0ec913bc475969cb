-- 1 switch: drop check
alter table "app"."t1" drop constraint "t1_c6_check";

-- 2 switch: drop check
alter table "app"."t1" drop constraint "t1_c7_check";

-- 3 switch: drop check
alter table "app"."t1" drop constraint "t1_c8_check";

-- 4 switch: drop check
alter table "app"."t1" drop constraint "t1_c9_check";

-- 5 switch: drop check
alter table "app"."t1" drop constraint "t1_c10_check";

-- 6 switch: fill column
create table "trash"."t1_c8_03f19c06" as select "id", "c8" as value from "app"."t1" where "c8" = any(array['GREEN']::text[]);
update "app"."t1" set "c8" = 'BLUE'::text where "c8" = any(array['GREEN']::text[]);

-- 7 switch: fill column
create table "trash"."t1_c9_03f19c06" as select "id", "c9" as value from "app"."t1" where "c9" = any(array['OIL']::text[]);
update "app"."t1" set "c9" = 'GAS'::text where "c9" = any(array['OIL']::text[]);

-- 8 switch: add check
alter table "app"."t1" add constraint "t1_c6_check" check ("c6" = any(array['RED', 'BLUE', 'BLACK']::text[]));

-- 9 switch: add check
alter table "app"."t1" add constraint "t1_c7_check" check ("c7" <@ array['RED', 'BLUE', 'BLACK']::text[]);

-- 10 switch: add check
alter table "app"."t1" add constraint "t1_c8_check" check ("c8" = any(array['RED', 'BLUE', 'BLACK']::text[]));

-- 11 switch: add check
alter table "app"."t1" add constraint "t1_c9_check" check ("c9" = any(array['GAS']::text[]));

-- 12 switch: add check
alter table "app"."t1" add constraint "t1_c10_check" check ("c10" = any(array['AUTO', 'MANUAL']::text[]));
