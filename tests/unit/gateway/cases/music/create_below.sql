-- createAlbum: write
-- refusal 0: 3011: The node of type 'Band' to connect does not exist: {node}
-- answers, 5 values
with written as (insert into "app"."t2" as "t" ("id", "created_at", "updated_at", "c16", "r20") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text, $4::text)
  returning '{"id":"' || "t"."id" || '","title":' || to_json("t"."c16")::text || ',"year":' || coalesce("t"."c17"::text, 'null') || ',"band":' || coalesce((select '{"name":' || to_json("t1"."c7")::text || '}'
  from "app"."t1" "t1"
  where "t1"."id" = "t"."r20"), 'null') || '}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $5::text) then 'moved'
  when not exists (select from "app"."t1"
  where "id" = $4::text) then '0:' || $4::text end), (select answer
  from written));

