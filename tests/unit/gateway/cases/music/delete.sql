-- deleteFan: write
-- refusal 0: 3002: 'Fan' has no item with id '{node}'
-- answers, 2 values
with written as (delete from "app"."t4" "t"
  where "t"."id" = $1::text
  returning '{"email":' || to_json("t"."c19")::text || ',"bands":[],"_bandsMeta":{"count":0}}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $2::text) then 'moved'
  when not exists (select from written) then '0' end), (select answer
  from written));

-- deleteManager: write
-- refusal 0: 3002: 'Manager' has no item with id '{node}'
-- answers, 2 values
with written as (delete from "app"."t3" "t"
  where "t"."id" = $1::text
  returning '{"name":' || to_json("t"."c18")::text || ',"band":null}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $2::text) then 'moved'
  when not exists (select from written) then '0' end), (select answer
  from written));

-- deleteAlbum: write
-- refusal 0: 3002: 'Album' has no item with id '{node}'
-- answers, 2 values
with written as (delete from "app"."t2" "t"
  where "t"."id" = $1::text
  returning '{"title":' || to_json("t"."c16")::text || ',"band":' || coalesce((select '{"slug":' || to_json("t1"."c6")::text || '}'
  from "app"."t1" "t1"
  where "t1"."id" = "t"."r20"), 'null') || '}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $2::text) then 'moved'
  when not exists (select from written) then '0' end), (select answer
  from written));

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
  order by "t4"."id" limit 1000) "q5") || ',"albums":' || (select coalesce('[' || string_agg('{"title":' || to_json("q8"."c16")::text || '}', ',') || ']', '[]')
  from (select "t7"."c16"
  from "app"."t2" "t7"
  where "t7"."r20" = "q2"."id"
  order by "t7"."id" limit 1000) "q8") || '}', ',') || ']', '[]')
  from (select "t1"."c6", "t1"."r21", "t1"."id"
  from "app"."t1" "t1"
  order by "t1"."id" limit 2) "q2") as x (made);

