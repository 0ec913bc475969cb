-- node: read
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

-- Band: constant
-- 2041: You requested 1001 nodes. We will only return up to 1000 nodes per query.
-- answers, 2 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"albums":' || (select coalesce('[' || string_agg('{"id":"' || "q3"."id" || '"}', ',') || ']', '[]')
  from (select "t2"."id"
  from "app"."t2" "t2"
  where "t2"."r20" = "t1"."id"
  order by "t2"."id" limit $1::int4) "q3") || '}'
  from "app"."t1" "t1"
  where left(app.fold("t1"."c6"), 191) = left(app.fold($2::text), 191) and app.fold("t1"."c6") = app.fold($2::text)) as x (made);

-- b: constant
-- 3028: 'skip' must not be negative: -2
-- answers, 2 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"albums":' || (select coalesce('[' || string_agg('{"id":"' || "q3"."id" || '"}', ',') || ']', '[]')
  from (select "t2"."id"
  from "app"."t2" "t2"
  where "t2"."r20" = "t1"."id"
  order by "t2"."id" limit 1000 offset $1::int4) "q3") || '}'
  from "app"."t1" "t1"
  where left(app.fold("t1"."c6"), 191) = left(app.fold($2::text), 191) and app.fold("t1"."c6") = app.fold($2::text)) as x (made);

-- c: constant
-- 3014: Cannot supply both 'first' and 'last': choose one end.

-- d: constant
-- 3027: 'last' must not be negative: -1

