-- band: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce((select '{"__typename":"Band","id":"' || "t1"."id" || '","name":' || to_json("t1"."c7")::text || ',"albums":' || (select coalesce('[' || string_agg('{"title":' || to_json("q3"."c16")::text || ',"year":' || coalesce("q3"."c17"::text, 'null') || '}', ',') || ']', '[]')
  from (select "t2"."c16", "t2"."c17"
  from "app"."t2" "t2"
  where "t2"."r20" = "t1"."id"
  order by "t2"."id" limit 1000) "q3") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $1::text), (select '{"__typename":"Album","id":"' || "t4"."id" || '","band":' || coalesce((select '{"name":' || to_json("t5"."c7")::text || '}'
  from "app"."t1" "t5"
  where "t5"."id" = "t4"."r20"), 'null') || '}'
  from "app"."t2" "t4"
  where "t4"."id" = $1::text), (select '{"__typename":"Manager","id":"' || "t6"."id" || '"}'
  from "app"."t3" "t6"
  where "t6"."id" = $1::text), (select '{"__typename":"Fan","id":"' || "t7"."id" || '"}'
  from "app"."t4" "t7"
  where "t7"."id" = $1::text))) as x (made);

-- album: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce((select '{"__typename":"Band","id":"' || "t1"."id" || '","name":' || to_json("t1"."c7")::text || ',"albums":' || (select coalesce('[' || string_agg('{"title":' || to_json("q3"."c16")::text || ',"year":' || coalesce("q3"."c17"::text, 'null') || '}', ',') || ']', '[]')
  from (select "t2"."c16", "t2"."c17"
  from "app"."t2" "t2"
  where "t2"."r20" = "t1"."id"
  order by "t2"."id" limit 1000) "q3") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $1::text), (select '{"__typename":"Album","id":"' || "t4"."id" || '","band":' || coalesce((select '{"name":' || to_json("t5"."c7")::text || '}'
  from "app"."t1" "t5"
  where "t5"."id" = "t4"."r20"), 'null') || '}'
  from "app"."t2" "t4"
  where "t4"."id" = $1::text), (select '{"__typename":"Manager","id":"' || "t6"."id" || '"}'
  from "app"."t3" "t6"
  where "t6"."id" = $1::text), (select '{"__typename":"Fan","id":"' || "t7"."id" || '"}'
  from "app"."t4" "t7"
  where "t7"."id" = $1::text))) as x (made);

-- fan: read
-- answers, 1 values
select coalesce((select '{}'
  from "app"."t1" "t1"
  where "t1"."id" = $1::text), (select '{}'
  from "app"."t2" "t2"
  where "t2"."id" = $1::text), (select '{}'
  from "app"."t3" "t3"
  where "t3"."id" = $1::text), (select '{"email":' || to_json("t4"."c19")::text || '}'
  from "app"."t4" "t4"
  where "t4"."id" = $1::text));

-- none: read
-- answers, 1 values
select coalesce((select '{"id":"' || "t1"."id" || '"}'
  from "app"."t1" "t1"
  where "t1"."id" = $1::text), (select '{"id":"' || "t2"."id" || '"}'
  from "app"."t2" "t2"
  where "t2"."id" = $1::text), (select '{"id":"' || "t3"."id" || '"}'
  from "app"."t3" "t3"
  where "t3"."id" = $1::text), (select '{"id":"' || "t4"."id" || '"}'
  from "app"."t4" "t4"
  where "t4"."id" = $1::text));

