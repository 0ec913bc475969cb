-- after: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"title":' || to_json("q2"."c16")::text || ',"year":' || coalesce("q2"."c17"::text, 'null') || '}', ',') || ']', '[]')
  from (select "t4"."id", "t4"."c17" as "key"
  from "app"."t2" "t4"
  where "t4"."id" = $1::text) "m3", lateral (select *
  from ((select "t1"."c16", "t1"."c17", "t1"."id", "t1"."c17" as "key"
  from "app"."t2" "t1"
  where "m3"."key" is not null and "t1"."c17" >= "m3"."key" and ("t1"."c17" > "m3"."key" or "t1"."id" > "m3"."id")
  order by "t1"."c17" nulls first, "t1"."id" limit 1000) union all (select "t1"."c16", "t1"."c17", "t1"."id", "t1"."c17" as "key"
  from "app"."t2" "t1"
  where "m3"."key" is null and "t1"."c17" is null and "t1"."id" > "m3"."id"
  order by "t1"."c17" nulls first, "t1"."id" limit 1000) union all (select "t1"."c16", "t1"."c17", "t1"."id", "t1"."c17" as "key"
  from "app"."t2" "t1"
  where "m3"."key" is null and "t1"."c17" is not null
  order by "t1"."c17" nulls first, "t1"."id" limit 1000)) "u5"
  order by "u5"."key" nulls first, "u5"."id" limit 1000) "q2") as x (made);

-- tie: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"title":' || to_json("q2"."c16")::text || ',"year":' || coalesce("q2"."c17"::text, 'null') || '}', ',') || ']', '[]')
  from (select "t4"."id", "t4"."c17" as "key"
  from "app"."t2" "t4"
  where "t4"."id" = $1::text) "m3", lateral (select *
  from ((select "t1"."c16", "t1"."c17", "t1"."id", "t1"."c17" as "key"
  from "app"."t2" "t1"
  where "m3"."key" is not null and "t1"."c17" <= "m3"."key" and ("t1"."c17" < "m3"."key" or "t1"."id" > "m3"."id")
  order by "t1"."c17" desc nulls last, "t1"."id" limit 1000) union all (select "t1"."c16", "t1"."c17", "t1"."id", "t1"."c17" as "key"
  from "app"."t2" "t1"
  where "m3"."key" is not null and "t1"."c17" is null
  order by "t1"."c17" desc nulls last, "t1"."id" limit 1000) union all (select "t1"."c16", "t1"."c17", "t1"."id", "t1"."c17" as "key"
  from "app"."t2" "t1"
  where "m3"."key" is null and "t1"."c17" is null and "t1"."id" > "m3"."id"
  order by "t1"."c17" desc nulls last, "t1"."id" limit 1000)) "u5"
  order by "u5"."key" desc nulls last, "u5"."id" limit 1000) "q2") as x (made);

-- before: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"title":' || to_json("q2"."c16")::text || ',"year":' || coalesce("q2"."c17"::text, 'null') || '}', ',') || ']', '[]')
  from (select "t4"."id", "t4"."c17" as "key"
  from "app"."t2" "t4"
  where "t4"."id" = $1::text) "m3", lateral (select *
  from ((select "t1"."c16", "t1"."c17", "t1"."id", "t1"."c17" as "key"
  from "app"."t2" "t1"
  where "m3"."key" is not null and "t1"."c17" >= "m3"."key" and ("t1"."c17" > "m3"."key" or "t1"."id" < "m3"."id")
  order by "t1"."c17" desc nulls last, "t1"."id" limit 1000) union all (select "t1"."c16", "t1"."c17", "t1"."id", "t1"."c17" as "key"
  from "app"."t2" "t1"
  where "m3"."key" is null and "t1"."c17" is null and "t1"."id" < "m3"."id"
  order by "t1"."c17" desc nulls last, "t1"."id" limit 1000) union all (select "t1"."c16", "t1"."c17", "t1"."id", "t1"."c17" as "key"
  from "app"."t2" "t1"
  where "m3"."key" is null and "t1"."c17" is not null
  order by "t1"."c17" desc nulls last, "t1"."id" limit 1000)) "u5"
  order by "u5"."key" desc nulls last, "u5"."id" limit 1000) "q2") as x (made);

-- between: read
-- answers, 2 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"name":' || to_json("q2"."c7")::text || '}', ',') || ']', '[]')
  from (select "t4"."id", left(app.fold("t4"."c7"), 191) as "key"
  from "app"."t1" "t4"
  where "t4"."id" = $1::text) "m3", (select "t6"."id", left(app.fold("t6"."c7"), 191) as "key"
  from "app"."t1" "t6"
  where "t6"."id" = $2::text) "m5", lateral (select "t1"."c7"
  from "app"."t1" "t1"
  where (left(app.fold("t1"."c7"), 191), "t1"."id") > ("m3"."key", "m3"."id") and (left(app.fold("t1"."c7"), 191), "t1"."id") < ("m5"."key", "m5"."id")
  order by left(app.fold("t1"."c7"), 191) nulls first, "t1"."id" limit 1000) "q2") as x (made);

-- text: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"name":' || to_json("q2"."c7")::text || '}', ',') || ']', '[]')
  from (select "t4"."id", left(app.fold("t4"."c7"), 191) as "key"
  from "app"."t1" "t4"
  where "t4"."id" = $1::text) "m3", lateral (select "t1"."c7"
  from "app"."t1" "t1"
  where left(app.fold("t1"."c7"), 191) <= "m3"."key" and (left(app.fold("t1"."c7"), 191) < "m3"."key" or "t1"."id" > "m3"."id")
  order by left(app.fold("t1"."c7"), 191) desc nulls last, "t1"."id" limit 1) "q2") as x (made);

-- unknown: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"id":"' || "q2"."id" || '"}', ',') || ']', '[]')
  from (select "t4"."id", "t4"."id" as "key"
  from "app"."t2" "t4"
  where "t4"."id" = $1::text) "m3", lateral (select "t1"."id"
  from "app"."t2" "t1"
  where "t1"."id" > "m3"."id"
  order by "t1"."id" limit 1000) "q2") as x (made);

-- nested: read
-- answers, 2 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"albums":' || (select coalesce('[' || string_agg('{"title":' || to_json("q3"."c16")::text || '}', ','
  order by "q3"."id") || ']', '[]')
  from (select "t5"."id", "t5"."id" as "key"
  from "app"."t2" "t5"
  where "t5"."id" = $1::text) "m4", lateral (select "t2"."c16", "t2"."id", "t2"."id" as "key"
  from "app"."t2" "t2"
  where "t2"."r20" = "t1"."id" and "t2"."id" > "m4"."id"
  order by "t2"."id" desc limit 1) "q3") || '}'
  from "app"."t1" "t1"
  where left(app.fold("t1"."c6"), 191) = left(app.fold($2::text), 191) and app.fold("t1"."c6") = app.fold($2::text)) as x (made);

