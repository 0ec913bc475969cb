-- 1 switch: judge what fits
create temp table "pg_temp"."~misfit" (n int4, id text collate "C", other text collate "C", value text) on commit drop;
create temp table "pg_temp"."~unfit" (t text, id text collate "C", why text) on commit drop;
create temp table "pg_temp"."~t1" on commit drop as select b.id, b.updated_at, (("c4")::text ) as "c4", (("c5")::int4 ) as "c5", (("c6")::text ) as "c6" from "app"."t1" as b;
alter table "pg_temp"."~t1" add primary key (id);
create temp table "pg_temp"."~t2" on commit drop as select b.id, b.updated_at from "app"."t2" as b;
alter table "pg_temp"."~t2" add primary key (id);
create temp table "pg_temp"."~r7" on commit drop as select a::text collate "C" as a, b::text collate "C" as b from (select "r7" as a, id as b from "app"."t2" where "r7" is not null) as edge;
create index on "pg_temp"."~r7" (a);
create index on "pg_temp"."~r7" (b);
insert into "pg_temp"."~misfit" (n, id, value) select 0, id, left("c4"::text, 120) from (select id, "c4", row_number() over (partition by left(app.fold("c4"), 191) order by updated_at, id) as place from "pg_temp"."~t1" where "c4" is not null) as each where place > 1;
update "pg_temp"."~t1" as u set "c4" = null from "pg_temp"."~misfit" as m where m.n = 0 and m.id = u.id and u."c4" is not null;
insert into "pg_temp"."~misfit" (n, id) select 0, id from "pg_temp"."~t1" as u where "c4" is null and not exists (select from "pg_temp"."~misfit" as m where m.n = 0 and m.id = u.id);
insert into "pg_temp"."~unfit" (t, id, why) select 't1', id, 'Band.name' from "pg_temp"."~t1" where "c4" is null;
insert into "pg_temp"."~misfit" (n, id) select 1, id from "pg_temp"."~t1" as u where "c5" is null and not exists (select from "pg_temp"."~misfit" as m where m.n = 1 and m.id = u.id);
update "pg_temp"."~t1" set "c5" = 3::int4 where "c5" is null;
insert into "pg_temp"."~misfit" (n, id, value) select 2, id, left("c6"::text, 120) from "pg_temp"."~t1" where "c6" = any(array['WILD']::text[]);
update "pg_temp"."~t1" set "c6" = null where "c6" = any(array['WILD']::text[]);
insert into "pg_temp"."~unfit" (t, id, why) select 't2', id, 'Song.band' from "pg_temp"."~t2" as u where not exists (select from "pg_temp"."~r7" as e where e.b = u.id);
insert into "pg_temp"."~unfit" (t, id, why) with recursive needs as (select 't2' as t, b as id, 't1' as on_t, a as on_id, 'Song.band' as why from "pg_temp"."~r7"), gone (t, id) as (select t, id from "pg_temp"."~unfit" union select needs.t, needs.id from needs join gone on gone.t = needs.on_t and gone.id = needs.on_id) select distinct needs.t, needs.id, needs.why from needs join gone on gone.t = needs.on_t and gone.id = needs.on_id;
insert into "pg_temp"."~misfit" (n, id, value) select 4, id, string_agg(distinct why, ', ' order by why) from "pg_temp"."~unfit" where t = 't1' group by id;
insert into "pg_temp"."~misfit" (n, id, value) select 5, id, string_agg(distinct why, ', ' order by why) from "pg_temp"."~unfit" where t = 't2' group by id;
insert into "pg_temp"."~misfit" (n, id, other) select 3, a, b from "pg_temp"."~r7" as e where (exists (select from "pg_temp"."~unfit" as u where u.t = 't1' and u.id = e.a) or exists (select from "pg_temp"."~unfit" as u where u.t = 't2' and u.id = e.b));
delete from "pg_temp"."~r7" as e where exists (select from "pg_temp"."~unfit" as u where u.t = 't1' and u.id = e.a) or exists (select from "pg_temp"."~unfit" as u where u.t = 't2' and u.id = e.b);

-- 2 switch: set values aside
create table "trash"."t1_c4_60a1a9ef" as select t.id, t."c4" as value from "app"."t1" as t join "pg_temp"."~misfit" as m on m.n = 0 and m.id = t.id where t."c4" is not null;

-- 3 switch: set values aside
create table "trash"."t1_c5_60a1a9ef" as select t.id, t."c5" as value from "app"."t1" as t join "pg_temp"."~misfit" as m on m.n = 1 and m.id = t.id where t."c5" is not null;

-- 4 switch: set values aside
create table "trash"."t1_c6_60a1a9ef" as select t.id, t."c6" as value from "app"."t1" as t join "pg_temp"."~misfit" as m on m.n = 2 and m.id = t.id where t."c6" is not null;

-- 5 switch: set edges aside
create table "trash"."r7_edges_60a1a9ef" as select id as a, other as b from "pg_temp"."~misfit" where n = 3;

-- 6 switch: bring values back
update "app"."t1" as t set "c4" = u."c4", "c5" = u."c5", "c6" = u."c6" from "pg_temp"."~t1" as u where u.id = t.id and (t."c4"::text is distinct from u."c4"::text or t."c5"::text is distinct from u."c5"::text or t."c6"::text is distinct from u."c6"::text);

-- 7 switch: set rows aside
create table "trash"."t1_rows_60a1a9ef" as select t.* from "app"."t1" as t where exists (select from "pg_temp"."~unfit" as u where u.t = 't1' and u.id = t.id);
create table "trash"."t2_rows_60a1a9ef" as select t.* from "app"."t2" as t where exists (select from "pg_temp"."~unfit" as u where u.t = 't2' and u.id = t.id);
with g0 as (delete from "app"."t1" as t where exists (select from "pg_temp"."~unfit" as u where u.t = 't1' and u.id = t.id)), g1 as (delete from "app"."t2" as t where exists (select from "pg_temp"."~unfit" as u where u.t = 't2' and u.id = t.id)) select 1;

-- 8 switch: drop reference
alter table "app"."t2" drop constraint "t2_r7_fkey";

-- 9 switch: drop check
alter table "app"."t1" drop constraint "t1_c6_check";

-- 10 switch: set required
alter table "app"."t1" alter column "c4" set not null;

-- 11 switch: set required
alter table "app"."t1" alter column "c5" set not null;

-- 12 switch: set required
alter table "app"."t2" alter column "r7" set not null;

-- 13 switch: add check
alter table "app"."t1" add constraint "t1_c6_check" check ("c6" = any(array['LOUD', 'SOFT']::text[]));

-- 14 switch: add index
create unique index "t1_c4_key" on "app"."t1" (left(app.fold("c4"), 191));

-- 15 switch: add index
create index "t1_c4_idx" on "app"."t1" (left(app.fold("c4"), 191) nulls first, "id");

-- 16 switch: add reference
alter table "app"."t2" add constraint "t2_r7_fkey" foreign key ("r7") references "app"."t1" ("id") on delete restrict deferrable initially immediate;
