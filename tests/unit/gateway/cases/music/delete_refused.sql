-- orphans: write
-- refusal 0: 3002: 'Band' has no item with id '{node}'
-- refusal 1: 3032: The field 'band' on type 'Album' is required. Performing this mutation would violate the constraint
-- answers, 2 values
with written as (delete from "app"."t1" "t"
  where "t"."id" = $1::text
  returning '{"id":"' || "t"."id" || '"}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $2::text) then 'moved'
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '0'
  when exists (select from "app"."t2"
  where "r20" = $1::text and "id" <> $1::text) then '1' end), (select answer
  from written));

-- unknown: write
-- refusal 0: 3002: 'Band' has no item with id '{node}'
-- refusal 1: 3032: The field 'band' on type 'Album' is required. Performing this mutation would violate the constraint
-- answers, 2 values
with written as (delete from "app"."t1" "t"
  where "t"."id" = $1::text
  returning '{"id":"' || "t"."id" || '"}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $2::text) then 'moved'
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '0'
  when exists (select from "app"."t2"
  where "r20" = $1::text and "id" <> $1::text) then '1' end), (select answer
  from written));

-- malformed: constant
-- 3001: The given id 'a b' is invalid.

-- long: constant
-- 3001: The given id 'c0000000000000000000000001' is invalid.
-- refusal 0: 3002: 'Band' has no item with id '{node}'
-- refusal 1: 3032: The field 'band' on type 'Album' is required. Performing this mutation would violate the constraint
-- answers, 2 values
with written as (delete from "app"."t1" "t"
  where "t"."id" = $1::text
  returning '{"id":"' || "t"."id" || '"}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $2::text) then 'moved'
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '0'
  when exists (select from "app"."t2"
  where "r20" = $1::text and "id" <> $1::text) then '1' end), (select answer
  from written));

-- _allBandsMeta: read
-- answers, 0 values
select '{"count":' || count(*)::text || '}'
  from "app"."t1" "t1";

