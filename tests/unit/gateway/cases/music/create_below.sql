-- createAlbum: write
-- verdict, answer, 5 values
with written as (insert into "app"."t2" as "t" ("id", "created_at", "updated_at", "c16", "r20") select $1::text, $2::timestamptz, $2::timestamptz, $3::text, $4::text
  where exists (select from app._mortise
  where model_sha = $5::text)
  returning '{"id":"' || "t"."id" || '","title":' || to_json("t"."c16")::text || ',"year":' || coalesce("t"."c17"::text, 'null') || ',"band":' || coalesce((select '{"name":' || to_json("t1"."c7")::text || '}'
  from "app"."t1" "t1"
  where "t1"."id" = "t"."r20"), 'null') || '}' as answer) select case
  when not exists (select from app._mortise
  where model_sha = $5::text) then 'moved' end, (select answer
  from written);

