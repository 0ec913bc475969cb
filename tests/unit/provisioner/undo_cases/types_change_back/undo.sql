-- 1 switch: judge what fits
create temp table "pg_temp"."~misfit" (n int4, id text collate "C", other text collate "C", value text) on commit drop;
create temp table "pg_temp"."~unfit" (t text, id text collate "C", why text) on commit drop;
create temp table "pg_temp"."~t1" on commit drop as select b.id, b.updated_at, ((case when "~c6".id is not null and "c6"::text is not distinct from (select (array['LOUD']::text[])::text from (select "~c6".value as "c6") as was) then (("~c6".value)::text[] ) else (("c6")::text[] ) end)::text[] ) as "c6", ((case when pg_input_is_valid("c3", 'int4') then case when ("c3"::int4)::text = "c3" then "c3"::int4 end end)::int4 ) as "c3", ((case when pg_input_is_valid("c4", 'timestamptz(3)') then case when app.instant("c4"::timestamptz(3)) = "c4" then "c4"::timestamptz(3) end end)::timestamptz(3) ) as "c4", (("~c5".value)::text ) as "c5" from "app"."t1" as b left join "trash"."t1_c6_03f19c06" as "~c6" on "~c6".id = b.id left join "trash"."t1_c5_03f19c06" as "~c5" on "~c5".id = b.id;
alter table "pg_temp"."~t1" add primary key (id);
insert into "pg_temp"."~misfit" (n, id, other, value) select 0, id, null, left("c7"::text, 120) from "app"."t1" where "c7" is not null;
insert into "pg_temp"."~misfit" (n, id, value) select 2, b.id, left(b."c3"::text, 120) from "app"."t1" as b join "pg_temp"."~t1" as u on u.id = b.id where b."c3" is not null and u."c3" is null;
insert into "pg_temp"."~misfit" (n, id, value) select 3, b.id, left(b."c4"::text, 120) from "app"."t1" as b join "pg_temp"."~t1" as u on u.id = b.id where b."c4" is not null and u."c4" is null;

-- 2 switch: drop check
alter table "app"."t1" drop constraint "t1_c6_check";

-- 3 switch: trash column
create table "trash"."t1_c3_60a1a9ef" as select "id", "c3" as value from "app"."t1" where "c3" is not null;
alter table "app"."t1" drop column "c3";

-- 4 switch: trash column
create table "trash"."t1_c4_60a1a9ef" as select "id", "c4" as value from "app"."t1" where "c4" is not null;
alter table "app"."t1" drop column "c4";

-- 5 switch: trash column
create table "trash"."t1_c7_60a1a9ef" as select "id", "c7" as value from "app"."t1" where "c7" is not null;
alter table "app"."t1" drop column "c7";

-- 6 switch: add column
alter table "app"."t1" add column "c3" int4;

-- 7 switch: add column
alter table "app"."t1" add column "c4" timestamptz(3);

-- 8 switch: add column
alter table "app"."t1" add column "c5" text;

-- 9 switch: add check
alter table "app"."t1" add constraint "t1_c6_check" check ("c6" <@ array['LOUD', 'SOFT']::text[]);

-- 10 switch: set values aside
create table "trash"."t1_c6_60a1a9ef" as select t.id, t."c6" as value from "app"."t1" as t join "pg_temp"."~misfit" as m on m.n = 1 and m.id = t.id where t."c6" is not null;

-- 11 switch: set values aside
delete from "trash"."t1_c3_60a1a9ef" as kept where not exists (select from "pg_temp"."~misfit" as m where m.n = 2 and m.id = kept.id);

-- 12 switch: set values aside
delete from "trash"."t1_c4_60a1a9ef" as kept where not exists (select from "pg_temp"."~misfit" as m where m.n = 3 and m.id = kept.id);

-- 13 switch: bring values back
update "app"."t1" as t set "c6" = u."c6", "c3" = u."c3", "c4" = u."c4", "c5" = u."c5" from "pg_temp"."~t1" as u where u.id = t.id and (t."c6"::text is distinct from u."c6"::text or t."c3"::text is distinct from u."c3"::text or t."c4"::text is distinct from u."c4"::text or t."c5"::text is distinct from u."c5"::text);

-- 14 switch: empty the trash
drop table "trash"."t1_c6_03f19c06";
drop table "trash"."t1_c5_03f19c06";
