-- 1 switch: fill column
create table "trash"."t1_c2_03f19c06" as select "id", "c2" as value from "app"."t1" where "c2" is not null;
update "app"."t1" set "c2" = 'nobody'::text;
