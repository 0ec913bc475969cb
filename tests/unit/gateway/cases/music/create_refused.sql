-- twice: write
-- answers, 4 values
with written as (insert into "app"."t4" as "t" ("id", "created_at", "updated_at", "c19") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text)
  returning '{"id":"' || "t"."id" || '"}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $4::text) then 'moved' end), (select answer
  from written));

-- unknown: write
-- refusal 0: 3011: The node of type 'Band' to connect does not exist: {node}
-- answers, 5 values
with written as (insert into "app"."t2" as "t" ("id", "created_at", "updated_at", "c16", "r20") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text, $4::text)
  returning '{"id":"' || "t"."id" || '"}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $5::text) then 'moved'
  when not exists (select from "app"."t1"
  where "id" = $4::text) then '0:' || $4::text end), (select answer
  from written));

-- alone: constant
-- 3032: The field 'band' on type 'Album' is required. Performing this mutation would violate the constraint

-- some: write
-- refusal 0: 3011: The node of type 'Band' to connect does not exist: {node}
-- answers, 7 values
with written as (insert into "app"."t4" as "t" ("id", "created_at", "updated_at", "c19") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text)
  returning '{"id":"' || "t"."id" || '"}' as answer), "w1" as (insert into "app"."r22" ("a", "b") select w.a, w.b
  from unnest($4::text[], $5::text[]) w(a, b)
  on conflict ("a", "b") do nothing) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $6::text) then 'moved'
  when exists (select from unnest($7::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)) then '0:' || (select w.id
  from unnest($7::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end), (select answer
  from written));

-- null: constant
-- 3036: The input value null was not valid for field active of type Band.

-- _allFansMeta: read
-- answers, 0 values
select '{"count":' || count(*)::text || '}'
  from "app"."t4" "t1";

-- _allAlbumsMeta: read
-- answers, 0 values
select '{"count":' || count(*)::text || '}'
  from "app"."t2" "t1";

