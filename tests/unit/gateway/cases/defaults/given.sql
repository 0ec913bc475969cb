-- createThing: write
-- refusal 0: 3011: The node of type 'Bare' to connect does not exist: {node}
-- 17 values
with "w1" as (insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c4", "c5", "c6", "c7", "c8", "c9", "c10", "c11", "c12", "c13", "c14", "c15", "c16", "c17", "r18") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text, $4::int4, $5::float8, $6::bool, $7::timestamptz, $8::text, $9::json, $10::text[], $11::int4[], $12::text[], $13::timestamptz[], $14::bool[], $15::float8[], $16::json[], $17::text)) select app.refuse(case
  when not exists (select from "app"."t2"
  where "id" = $17::text) then '0:' || $17::text end);
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"text":' || to_json("t1"."c4")::text || ',"number":' || "t1"."c5"::text || ',"flag":' || "t1"."c7"::text || ',"at":' || coalesce('"' || to_char("t1"."c8" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"', 'null') || ',"kind":' || coalesce('"' || "t1"."c9" || '"', 'null') || ',"texts":' || coalesce(array_to_json("t1"."c11")::text, 'null') || ',"numbers":' || array_to_json("t1"."c12")::text || ',"kinds":' || coalesce(array_to_json("t1"."c13")::text, 'null') || ',"moments":' || coalesce(array_to_json(app.instants("t1"."c14"))::text, 'null') || ',"flags":' || coalesce(array_to_json("t1"."c15")::text, 'null') || ',"ratios":' || coalesce(array_to_json("t1"."c16")::text, 'null') || ',"jsons":' || coalesce(array_to_json("t1"."c17")::text, 'null') || ',"bare":' || coalesce((select '{"things":' || (select coalesce('[' || string_agg('{"number":' || "q4"."c5"::text || '}', ',') || ']', '[]')
  from (select "t3"."c5"
  from "app"."t1" "t3"
  where "t3"."r18" = "t2"."id"
  order by "t3"."id" limit 1000) "q4") || '}'
  from "app"."t2" "t2"
  where "t2"."id" = "t1"."r18"), 'null') || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text) as x (made)));

