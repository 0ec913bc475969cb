-- createThing: write
-- answers, 14 values
with written as (insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c4", "c5", "c6", "c7", "c8", "c9", "c10", "c11", "c12", "c13", "c14") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text, $4::int4, $5::float8, $6::bool, $7::timestamptz, $8::text, $9::json, $10::text[], $11::int4[], $12::text[], $13::timestamptz[])
  returning '{"id":"' || "t"."id" || '","text":' || to_json("t"."c4")::text || ',"number":' || "t"."c5"::text || ',"ratio":' || coalesce("t"."c6"::text, 'null') || ',"flag":' || "t"."c7"::text || ',"at":' || coalesce('"' || to_char("t"."c8" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"', 'null') || ',"kind":' || coalesce('"' || "t"."c9" || '"', 'null') || ',"json":' || coalesce("t"."c10"::text, 'null') || ',"texts":' || coalesce(array_to_json("t"."c11")::text, 'null') || ',"numbers":' || array_to_json("t"."c12")::text || ',"kinds":' || coalesce(array_to_json("t"."c13")::text, 'null') || ',"moments":' || coalesce(array_to_json(app.instants("t"."c14"))::text, 'null') || ',"flags":' || coalesce(array_to_json("t"."c15")::text, 'null') || ',"ratios":' || coalesce(array_to_json("t"."c16")::text, 'null') || ',"jsons":' || coalesce(array_to_json("t"."c17")::text, 'null') || ',"bare":' || coalesce((select '{"id":"' || "t1"."id" || '"}'
  from "app"."t2" "t1"
  where "t1"."id" = "t"."r18"), 'null') || '}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $14::text) then 'moved' end), (select answer
  from written));

