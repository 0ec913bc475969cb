-- given: write
-- answers, 9 values
with written as (insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c6", "c7", "c8", "c11", "c14", "c15") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text, $4::text, $5::text, $6::bool, $7::json, $8::json[])
  returning '{"genre":' || coalesce('"' || "t"."c8" || '"', 'null') || ',"active":' || "t"."c11"::text || ',"meta":' || coalesce("t"."c14"::text, 'null') || ',"notes":' || coalesce(array_to_json("t"."c15")::text, 'null') || ',"tags":' || coalesce(array_to_json("t"."c12")::text, 'null') || '}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $9::text) then 'moved' end), (select answer
  from written));

-- null: write
-- answers, 7 values
with written as (insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c6", "c7", "c8", "c11") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text, $4::text, $5::text, $6::bool)
  returning '{"genre":' || coalesce('"' || "t"."c8" || '"', 'null') || ',"active":' || "t"."c11"::text || '}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $7::text) then 'moved' end), (select answer
  from written));

