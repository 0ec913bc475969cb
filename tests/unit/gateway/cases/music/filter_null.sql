-- null: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where "t1"."c8" is null
  order by "t1"."id" limit 1000) "q2") as x (made);

-- notNull: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where "t1"."c9" is not null
  order by "t1"."id" limit 1000) "q2") as x (made);

-- inNull: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where null::bool
  order by "t1"."id" limit 1000) "q2") as x (made);

-- less: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where null::bool
  order by "t1"."id" limit 1000) "q2") as x (made);

-- variable: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where "t1"."c6" is null
  order by "t1"."id" limit 1000) "q2") as x (made);

-- absent: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  order by "t1"."id" limit 1) "q2") as x (made);

-- whole: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  order by "t1"."id" limit 1) "q2") as x (made);

