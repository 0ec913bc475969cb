-- null: read
-- answer, 0 values
select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where "t1"."c8" is null
  order by "t1"."id" limit 1000) "q2";

-- notNull: read
-- answer, 0 values
select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where "t1"."c9" is not null
  order by "t1"."id" limit 1000) "q2";

-- inNull: read
-- answer, 0 values
select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where null::bool
  order by "t1"."id" limit 1000) "q2";

-- less: read
-- answer, 0 values
select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where null::bool
  order by "t1"."id" limit 1000) "q2";

-- variable: read
-- answer, 0 values
select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where "t1"."c6" is null
  order by "t1"."id" limit 1000) "q2";

-- absent: read
-- answer, 0 values
select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  order by "t1"."id" limit 1) "q2";

-- whole: read
-- answer, 0 values
select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  order by "t1"."id" limit 1) "q2";

