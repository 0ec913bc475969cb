-- twice: write
-- verdict, answer, 4 values
with written as (insert into "app"."t4" as "t" ("id", "created_at", "updated_at", "c19") select $1::text, $2::timestamptz, $2::timestamptz, $3::text
  where exists (select from app._mortise
  where model_sha = $4::text)
  returning '{"id":"' || "t"."id" || '"}' as answer) select case
  when not exists (select from app._mortise
  where model_sha = $4::text) then 'moved' end, (select answer
  from written);

-- unknown: write
-- verdict, answer, 5 values
with written as (insert into "app"."t2" as "t" ("id", "created_at", "updated_at", "c16", "r20") select $1::text, $2::timestamptz, $2::timestamptz, $3::text, $4::text
  where exists (select from app._mortise
  where model_sha = $5::text)
  returning '{"id":"' || "t"."id" || '"}' as answer) select case
  when not exists (select from app._mortise
  where model_sha = $5::text) then 'moved' end, (select answer
  from written);

-- alone: constant
-- 3032: The field 'band' on type 'Album' is required. Performing this mutation would violate the constraint

-- some: write
-- verdict, 1 values
select case
  when exists (select from unnest($1::text[]) w(id)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)) then '0:' || (select w.id
  from unnest($1::text[]) w(id)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id) limit 1) end;
-- nothing, 3 values
insert into "app"."t4" as "t" ("id", "created_at", "updated_at", "c19") select $1::text, $2::timestamptz, $2::timestamptz, $3::text;
-- nothing, 2 values
insert into "app"."r22" ("b", "a") select $1::text, w.id
  from unnest($2::text[]) w(id)
  on conflict do nothing;
-- verdict, answer, 2 values
select case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end, (select '{"id":"' || "t1"."id" || '"}'
  from "app"."t4" "t1"
  where "t1"."id" = $2::text);

-- null: constant
-- 3036: The input value null was not valid for field active of type Band.

-- _allFansMeta: read
-- answer, 0 values
select '{"count":' || count(*)::text || '}'
  from "app"."t4" "t1";

-- _allAlbumsMeta: read
-- answer, 0 values
select '{"count":' || count(*)::text || '}'
  from "app"."t2" "t1";

