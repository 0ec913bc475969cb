-- contains: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"name":' || to_json("q2"."c7")::text || '}', ',') || ']', '[]')
  from (select "t1"."c7"
  from "app"."t1" "t1"
  where app.fold("t1"."c7") like ('%' || replace(replace(replace(app.fold($1::text), '\', '\\'), '%', '\%'), '_', '\_') || '%')
  order by "t1"."id" limit 1000) "q2") as x (made);

-- starts: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"name":' || to_json("q2"."c7")::text || '}', ',') || ']', '[]')
  from (select "t1"."c7"
  from "app"."t1" "t1"
  where app.fold("t1"."c7") like (replace(replace(replace(app.fold($1::text), '\', '\\'), '%', '\%'), '_', '\_') || '%')
  order by "t1"."id" limit 1000) "q2") as x (made);

-- ends: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"name":' || to_json("q2"."c7")::text || '}', ',') || ']', '[]')
  from (select "t1"."c7"
  from "app"."t1" "t1"
  where app.fold("t1"."c7") like ('%' || replace(replace(replace(app.fold($1::text), '\', '\\'), '%', '\%'), '_', '\_'))
  order by "t1"."id" limit 1000) "q2") as x (made);

-- notStarts: read
-- answers, 2 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"name":' || to_json("q2"."c7")::text || '}', ',') || ']', '[]')
  from (select "t1"."c7"
  from "app"."t1" "t1"
  where (app.fold("t1"."c7") not like (replace(replace(replace(app.fold($1::text), '\', '\\'), '%', '\%'), '_', '\_') || '%') and app.fold("t1"."c7") not like ('%' || replace(replace(replace(app.fold($2::text), '\', '\\'), '%', '\%'), '_', '\_') || '%'))
  order by "t1"."id" limit 1000) "q2") as x (made);

-- percent: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"name":' || to_json("q2"."c7")::text || '}', ',') || ']', '[]')
  from (select "t1"."c7"
  from "app"."t1" "t1"
  where app.fold("t1"."c7") like ('%' || replace(replace(replace(app.fold($1::text), '\', '\\'), '%', '\%'), '_', '\_') || '%')
  order by "t1"."id" limit 1000) "q2") as x (made);

-- underscore: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"name":' || to_json("q2"."c7")::text || '}', ',') || ']', '[]')
  from (select "t1"."c7"
  from "app"."t1" "t1"
  where app.fold("t1"."c7") like ('%' || replace(replace(replace(app.fold($1::text), '\', '\\'), '%', '\%'), '_', '\_') || '%')
  order by "t1"."id" limit 1000) "q2") as x (made);

-- backslash: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"name":' || to_json("q2"."c7")::text || '}', ',') || ']', '[]')
  from (select "t1"."c7"
  from "app"."t1" "t1"
  where app.fold("t1"."c7") like ('%' || replace(replace(replace(app.fold($1::text), '\', '\\'), '%', '\%'), '_', '\_') || '%')
  order by "t1"."id" limit 1000) "q2") as x (made);

-- noWildcard: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"name":' || to_json("q2"."c7")::text || '}', ',') || ']', '[]')
  from (select "t1"."c7"
  from "app"."t1" "t1"
  where app.fold("t1"."c7") like ('%' || replace(replace(replace(app.fold($1::text), '\', '\\'), '%', '\%'), '_', '\_') || '%')
  order by "t1"."id" limit 1000) "q2") as x (made);

