-- createFan: write
-- answers, 4 values
with written as (insert into "app"."t4" as "t" ("id", "created_at", "updated_at", "c19") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text)
  returning '{"id":"' || "t"."id" || '","email":' || to_json("t"."c19")::text || ',"__typename":"Fan"}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $4::text) then 'moved' end), (select answer
  from written));

