-- orphans: write
-- verdict, 1 values
select case
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '0:' || $1::text
  when exists (select from "app"."t2"
  where "r20" = $1::text and "id" <> $1::text) then '1' end;
-- verdict, answer, 2 values
with written as (delete from "app"."t1" "t"
  where "t"."id" = $1::text and exists (select from app._mortise
  where model_sha = $2::text)
  returning '{"id":"' || "t"."id" || '"}' as answer) select case
  when not exists (select from app._mortise
  where model_sha = $2::text) then 'moved'
  when not exists (select from written) then '0' end, (select answer
  from written);

-- unknown: write
-- verdict, 1 values
select case
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '0:' || $1::text
  when exists (select from "app"."t2"
  where "r20" = $1::text and "id" <> $1::text) then '1' end;
-- verdict, answer, 2 values
with written as (delete from "app"."t1" "t"
  where "t"."id" = $1::text and exists (select from app._mortise
  where model_sha = $2::text)
  returning '{"id":"' || "t"."id" || '"}' as answer) select case
  when not exists (select from app._mortise
  where model_sha = $2::text) then 'moved'
  when not exists (select from written) then '0' end, (select answer
  from written);

-- malformed: constant
-- 3001: The given id 'a b' is invalid.

-- long: constant
-- 3001: The given id 'c0000000000000000000000001' is invalid.
-- verdict, 1 values
select case
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '0:' || $1::text
  when exists (select from "app"."t2"
  where "r20" = $1::text and "id" <> $1::text) then '1' end;
-- verdict, answer, 2 values
with written as (delete from "app"."t1" "t"
  where "t"."id" = $1::text and exists (select from app._mortise
  where model_sha = $2::text)
  returning '{"id":"' || "t"."id" || '"}' as answer) select case
  when not exists (select from app._mortise
  where model_sha = $2::text) then 'moved'
  when not exists (select from written) then '0' end, (select answer
  from written);

-- _allBandsMeta: read
-- answer, 0 values
select '{"count":' || count(*)::text || '}'
  from "app"."t1" "t1";

