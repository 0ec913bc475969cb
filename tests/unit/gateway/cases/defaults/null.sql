-- optional: write
-- answers, 13 values
with written as (insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c4", "c5", "c6", "c7", "c8", "c9", "c10", "c11", "c12", "c13", "c14") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text, $4::int4, $5::float8, $6::bool, $7::timestamptz, $8::text, $9::json, $10::text[], $11::int4[], $10::text[], $12::timestamptz[])
  returning '{"ratio":' || coalesce("t"."c6"::text, 'null') || ',"at":' || coalesce('"' || to_char("t"."c8" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"', 'null') || ',"kind":' || coalesce('"' || "t"."c9" || '"', 'null') || ',"json":' || coalesce("t"."c10"::text, 'null') || ',"texts":' || coalesce(array_to_json("t"."c11")::text, 'null') || ',"kinds":' || coalesce(array_to_json("t"."c13")::text, 'null') || ',"moments":' || coalesce(array_to_json(app.instants("t"."c14"))::text, 'null') || ',"number":' || "t"."c5"::text || '}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $13::text) then 'moved' end), (select answer
  from written));

-- required: constant
-- 3036: The input value null was not valid for field number of type Thing.

-- list: constant
-- 3036: The input value null was not valid for field numbers of type Thing.

-- _allThingsMeta: read
-- answers, 0 values
select '{"count":' || count(*)::text || '}'
  from "app"."t1" "t1";

