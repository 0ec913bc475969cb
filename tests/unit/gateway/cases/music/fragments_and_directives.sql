-- allBands: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"__typename":"Band","id":"' || "q2"."id" || '","genre":' || coalesce('"' || "q2"."c8" || '"', 'null') || ',"rating":' || coalesce("q2"."c9"::text, 'null') || ',"albums":' || (select coalesce('[' || string_agg('{"title":' || to_json("q4"."c16")::text || ',"year":' || coalesce("q4"."c17"::text, 'null') || '}', ',') || ']', '[]')
  from (select "t3"."c16", "t3"."c17"
  from "app"."t2" "t3"
  where "t3"."r20" = "q2"."id"
  order by "t3"."id" limit 1) "q4") || ',"again":"' || "q2"."id" || '"}', ',') || ']', '[]')
  from (select "t1"."id", "t1"."c8", "t1"."c9"
  from "app"."t1" "t1"
  order by "t1"."id" limit 1) "q2") as x (made);

