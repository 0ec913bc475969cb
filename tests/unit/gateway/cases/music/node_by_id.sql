-- Band: read
-- answers, 1 values
select '{"id":"' || "t1"."id" || '","name":' || to_json("t1"."c7")::text || ',"rating":' || coalesce("t1"."c9"::text, 'null') || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $1::text;

