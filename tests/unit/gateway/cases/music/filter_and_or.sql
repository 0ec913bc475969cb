-- and: read
-- answers, 2 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where (("t1"."c9" = $1::float8) and ("t1"."c11" = $2::bool))
  order by "t1"."id" limit 1000) "q2") as x (made);

-- or: read
-- answers, 3 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where (((left(app.fold("t1"."c6"), 191) = left(app.fold($1::text), 191) and app.fold("t1"."c6") = app.fold($1::text)) or "t1"."c9" < $2::float8) and ("t1"."c11" = $3::bool))
  order by "t1"."id" limit 1000) "q2") as x (made);

-- nested: read
-- answers, 3 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where ((("t1"."c9" = $1::float8) and ("t1"."c8" = $2::text)) or (left(app.fold("t1"."c6"), 191) = left(app.fold($3::text), 191) and app.fold("t1"."c6") = app.fold($3::text)))
  order by "t1"."id" limit 1000) "q2") as x (made);

-- empty: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  order by "t1"."id" limit 1) "q2") as x (made);

-- hollow: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where (left(app.fold("t1"."c6"), 191) = left(app.fold($1::text), 191) and app.fold("t1"."c6") = app.fold($1::text))
  order by "t1"."id" limit 1000) "q2") as x (made);

