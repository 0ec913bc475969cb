-- allBands: constant
-- 2041: You requested 5000 nodes. We will only return up to 1000 nodes per query.

-- fine: read
-- answers, 0 values
select '{"count":' || count(*)::text || '}'
  from "app"."t1" "t1";

