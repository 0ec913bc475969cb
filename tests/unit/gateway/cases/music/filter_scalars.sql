-- not: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where "t1"."c9" <> $1::float8
  order by "t1"."id" limit 1000) "q2") as x (made);

-- in: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where "t1"."c8" = any($1::text[])
  order by "t1"."id" limit 1000) "q2") as x (made);

-- none: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where (left(app.fold("t1"."c6"), 191) = any(array(select left(app.fold(x), 191)
  from unnest($1::text[]) x)) and app.fold("t1"."c6") = any(array(select app.fold(x)
  from unnest($1::text[]) x)))
  order by "t1"."id" limit 1000) "q2") as x (made);

-- all: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where "t1"."c8" <> all($1::text[])
  order by "t1"."id" limit 1000) "q2") as x (made);

-- notIn: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where "t1"."c8" <> all($1::text[])
  order by "t1"."id" limit 1000) "q2") as x (made);

-- lt: read
-- answers, 2 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where ("t1"."c9" < $1::float8 and ("t1"."c11" = $2::bool))
  order by "t1"."id" limit 1000) "q2") as x (made);

-- founded: read
-- answers, 2 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where ("t1"."c10" >= $1::timestamptz and "t1"."c10" < $2::timestamptz)
  order by "t1"."id" limit 1000) "q2") as x (made);

-- ids: read
-- answers, 2 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where ("t1"."id" = any($1::text[]) and "t1"."id" <> $2::text)
  order by "t1"."id" limit 1000) "q2") as x (made);

-- text: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"name":' || to_json("q2"."c7")::text || '}', ',') || ']', '[]')
  from (select "t1"."c7"
  from "app"."t1" "t1"
  where app.fold("t1"."c7") > app.fold($1::text)
  order by "t1"."id" limit 1000) "q2") as x (made);

