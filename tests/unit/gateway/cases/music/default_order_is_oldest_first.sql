-- allFans: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"id":"' || "q2"."id" || '","email":' || to_json("q2"."c19")::text || '}', ',') || ']', '[]')
  from (select "t1"."id", "t1"."c19"
  from "app"."t4" "t1"
  order by "t1"."id" limit 1000) "q2") as x (made);

