-- up: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || ',"rating":' || coalesce("q2"."c9"::text, 'null') || '}', ',') || ']', '[]')
  from (select "t1"."c6", "t1"."c9"
  from "app"."t1" "t1"
  order by "t1"."c9" nulls first, "t1"."id" limit 1000) "q2") as x (made);

-- down: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || ',"rating":' || coalesce("q2"."c9"::text, 'null') || '}', ',') || ']', '[]')
  from (select "t1"."c6", "t1"."c9"
  from "app"."t1" "t1"
  order by "t1"."c9" desc nulls last, "t1"."id" limit 1000) "q2") as x (made);

