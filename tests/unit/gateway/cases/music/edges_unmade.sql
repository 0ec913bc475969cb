-- fan: write
-- refusal 0: 3013: Node with id {node} not found
-- refusal 1: 3013: Node with id {node} not found
-- 2 values
with "w1" as (delete from "app"."r22"
  where "a" = $1::text and "b" = $2::text) select app.refuse(case
  when not exists (select from "app"."t4"
  where "id" = $2::text) then '0:' || $2::text
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '1:' || $1::text end);
-- answers, 3 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"bandsBand":' || coalesce((select '{"slug":' || to_json("t1"."c6")::text || ',"fans":' || (select coalesce('[' || string_agg('{"email":' || to_json("q3"."c19")::text || '}', ',') || ']', '[]')
  from (select "t2"."c19"
  from "app"."r22" "e4" join "app"."t4" "t2" on "t2"."id" = "e4"."b"
  where "e4"."a" = "t1"."id"
  order by "t2"."id" limit 1000) "q3") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text), 'null') || ',"fansFan":' || coalesce((select '{"bands":' || (select coalesce('[' || string_agg('{"slug":' || to_json("q7"."c6")::text || '}', ',') || ']', '[]')
  from (select "t6"."c6"
  from "app"."r22" "e8" join "app"."t1" "t6" on "t6"."id" = "e8"."a"
  where "e8"."b" = "t5"."id"
  order by "t6"."id" limit 1000) "q7") || '}'
  from "app"."t4" "t5"
  where "t5"."id" = $3::text), 'null') || '}') as x (made)));

-- again: write
-- refusal 0: 3013: Node with id {node} not found
-- refusal 1: 3013: Node with id {node} not found
-- 2 values
with "w1" as (delete from "app"."r22"
  where "a" = $1::text and "b" = $2::text) select app.refuse(case
  when not exists (select from "app"."t4"
  where "id" = $2::text) then '0:' || $2::text
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '1:' || $1::text end);
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"fansFan":' || coalesce((select '{"email":' || to_json("t1"."c19")::text || '}'
  from "app"."t4" "t1"
  where "t1"."id" = $2::text), 'null') || '}'));

-- manager: write
-- refusal 0: 3013: Node with id {node} not found
-- refusal 1: 3013: Node with id {node} not found
-- 2 values
with "w1" as (update "app"."t1" set "r21" = null
  where "id" = $1::text and "r21" = $2::text) select app.refuse(case
  when not exists (select from "app"."t3"
  where "id" = $2::text) then '0:' || $2::text
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '1:' || $1::text end);
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"bandBand":' || coalesce((select '{"manager":' || coalesce((select '{"name":' || to_json("t2"."c18")::text || '}'
  from "app"."t3" "t2"
  where "t2"."id" = "t1"."r21"), 'null') || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text), 'null') || '}'));

-- notHis: write
-- refusal 0: 3013: Node with id {node} not found
-- refusal 1: 3013: Node with id {node} not found
-- 2 values
with "w1" as (update "app"."t1" set "r21" = null
  where "id" = $1::text and "r21" = $2::text) select app.refuse(case
  when not exists (select from "app"."t3"
  where "id" = $2::text) then '0:' || $2::text
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '1:' || $1::text end);
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"managerManager":' || coalesce((select '{"band":' || coalesce((select '{"slug":' || to_json("t2"."c6")::text || '}'
  from "app"."t1" "t2"
  where "t2"."r21" = "t1"."id"), 'null') || '}'
  from "app"."t3" "t1"
  where "t1"."id" = $2::text), 'null') || '}'));

-- unknown: write
-- refusal 0: 3013: Node with id {node} not found
-- refusal 1: 3013: Node with id {node} not found
-- 2 values
with "w1" as (delete from "app"."r22"
  where "a" = $1::text and "b" = $2::text) select app.refuse(case
  when not exists (select from "app"."t4"
  where "id" = $2::text) then '0:' || $2::text
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '1:' || $1::text end);
-- answers, 1 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"__typename":"RemoveFromBandFansPayload"}'));

-- otherType: write
-- refusal 0: 3013: Node with id {node} not found
-- refusal 1: 3013: Node with id {node} not found
-- 2 values
with "w1" as (update "app"."t1" set "r21" = null
  where "id" = $1::text and "r21" = $2::text) select app.refuse(case
  when not exists (select from "app"."t3"
  where "id" = $2::text) then '0:' || $2::text
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '1:' || $1::text end);
-- answers, 1 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"__typename":"UnsetBandManagerPayload"}'));

-- malformed: constant
-- 3013: Node with id a b not found

-- allBands: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || ',"manager":' || coalesce((select '{"name":' || to_json("t3"."c18")::text || '}'
  from "app"."t3" "t3"
  where "t3"."id" = "q2"."r21"), 'null') || ',"fans":' || (select coalesce('[' || string_agg('{"email":' || to_json("q5"."c19")::text || '}', ',') || ']', '[]')
  from (select "t4"."c19"
  from "app"."r22" "e6" join "app"."t4" "t4" on "t4"."id" = "e6"."b"
  where "e6"."a" = "q2"."id"
  order by "t4"."id" limit 1000) "q5") || '}', ',') || ']', '[]')
  from (select "t1"."c6", "t1"."r21", "t1"."id"
  from "app"."t1" "t1"
  order by "t1"."id" limit 1000) "q2") as x (made);

