-- has: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where "t1"."r21" is not null
  order by "t1"."id" limit 1000) "q2") as x (made);

-- hasNot: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where "t1"."r21" is null
  order by "t1"."id" limit 1000) "q2") as x (made);

-- managed: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where exists (select from "app"."t3" "t3"
  where "t3"."id" = "t1"."r21" and (app.fold("t3"."c18") = app.fold($1::text)))
  order by "t1"."id" limit 1000) "q2") as x (made);

-- some: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where exists (select from "app"."t2" "t3"
  where "t3"."r20" = "t1"."id" and ("t3"."c17" = $1::int4))
  order by "t1"."id" limit 1000) "q2") as x (made);

-- same: read
-- answers, 2 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where exists (select from "app"."t2" "t3"
  where "t3"."r20" = "t1"."id" and (("t3"."c17" = $1::int4) and (app.fold("t3"."c16") = app.fold($2::text))))
  order by "t1"."id" limit 1000) "q2") as x (made);

-- two: read
-- answers, 2 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where (exists (select from "app"."t2" "t3"
  where "t3"."r20" = "t1"."id" and ("t3"."c17" = $1::int4)) and exists (select from "app"."t2" "t4"
  where "t4"."r20" = "t1"."id" and (app.fold("t4"."c16") = app.fold($2::text))))
  order by "t1"."id" limit 1000) "q2") as x (made);

-- none: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where not exists (select from "app"."t2" "t3"
  where "t3"."r20" = "t1"."id")
  order by "t1"."id" limit 1000) "q2") as x (made);

-- every: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where not exists (select from "app"."t2" "t3"
  where "t3"."r20" = "t1"."id" and not ("t3"."c17" > $1::int4))
  order by "t1"."id" limit 1000) "q2") as x (made);

-- everyOne: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || '}', ',') || ']', '[]')
  from (select "t1"."c6"
  from "app"."t1" "t1"
  where true
  order by "t1"."id" limit 1000) "q2") as x (made);

-- deep: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"email":' || to_json("q2"."c19")::text || '}', ',') || ']', '[]')
  from (select "t1"."c19"
  from "app"."t4" "t1"
  where exists (select from "app"."r22" "e4" join "app"."t1" "t3" on "t3"."id" = "e4"."a"
  where "e4"."b" = "t1"."id" and exists (select from "app"."t2" "t5"
  where "t5"."r20" = "t3"."id" and exists (select from "app"."t1" "t6"
  where "t6"."id" = "t5"."r20" and exists (select from "app"."t3" "t7"
  where "t7"."id" = "t6"."r21" and "t7"."c18" is not null))))
  order by "t1"."id" limit 1000) "q2") as x (made);

