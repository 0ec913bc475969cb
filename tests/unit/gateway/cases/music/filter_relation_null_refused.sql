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
-- 3033: The filter 'bands_some' cannot be null.

