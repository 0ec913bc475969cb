-- Band: read
-- answers, 1 values
select '{"slug":' || to_json("t1"."c6")::text || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $1::text;

