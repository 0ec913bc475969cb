-- last: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"title":' || to_json("q2"."c16")::text || ',"year":' || coalesce("q2"."c17"::text, 'null') || '}', ','
  order by "q2"."key" nulls first, "q2"."id") || ']', '[]')
  from (select "t1"."c16", "t1"."c17", "t1"."id", "t1"."c17" as "key"
  from "app"."t2" "t1"
  order by "t1"."c17" desc nulls last, "t1"."id" desc limit 2) "q2") as x (made);

-- skip: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"title":' || to_json("q2"."c16")::text || '}', ','
  order by "q2"."id") || ']', '[]')
  from (select "t1"."c16", "t1"."id", "t1"."id" as "key"
  from "app"."t2" "t1"
  order by "t1"."id" desc limit 3 offset 1) "q2") as x (made);

-- none: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"id":"' || "q2"."id" || '"}', ','
  order by "q2"."id") || ']', '[]')
  from (select "t1"."id", "t1"."id" as "key"
  from "app"."t2" "t1"
  order by "t1"."id" desc limit 0) "q2") as x (made);

