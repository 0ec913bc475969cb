-- allAlbums: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"title":' || to_json("q2"."c16")::text || '}', ',') || ']', '[]')
  from (select "t1"."c16"
  from "app"."t2" "t1"
  where "t1"."c17" = any($1::int4[])
  order by "t1"."id" limit 1000) "q2") as x (made);

-- single: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"title":' || to_json("q2"."c16")::text || '}', ',') || ']', '[]')
  from (select "t1"."c16"
  from "app"."t2" "t1"
  where "t1"."c17" = any($1::int4[])
  order by "t1"."id" limit 1000) "q2") as x (made);

