-- _allBandsMeta: read
-- answers, 1 values
select '{"count":' || count(*)::text || ',"again":' || count(*)::text || '}'
  from "app"."t1" "t1"
  where ("t1"."c9" = $1::float8);

