-- contains: read
-- answer, 1 values
select coalesce('[' || string_agg('{"name":' || to_json("q2"."c7")::text || '}', ',') || ']', '[]')
  from (select "t1"."c7"
  from "app"."t1" "t1"
  where app.fold("t1"."c7") like ('%' || replace(replace(replace(app.fold($1::text), '\', '\\'), '%', '\%'), '_', '\_') || '%')
  order by "t1"."id" limit 1000) "q2";

-- starts: read
-- answer, 1 values
select coalesce('[' || string_agg('{"name":' || to_json("q2"."c7")::text || '}', ',') || ']', '[]')
  from (select "t1"."c7"
  from "app"."t1" "t1"
  where app.fold("t1"."c7") like (replace(replace(replace(app.fold($1::text), '\', '\\'), '%', '\%'), '_', '\_') || '%')
  order by "t1"."id" limit 1000) "q2";

-- ends: read
-- answer, 1 values
select coalesce('[' || string_agg('{"name":' || to_json("q2"."c7")::text || '}', ',') || ']', '[]')
  from (select "t1"."c7"
  from "app"."t1" "t1"
  where app.fold("t1"."c7") like ('%' || replace(replace(replace(app.fold($1::text), '\', '\\'), '%', '\%'), '_', '\_'))
  order by "t1"."id" limit 1000) "q2";

-- notStarts: read
-- answer, 2 values
select coalesce('[' || string_agg('{"name":' || to_json("q2"."c7")::text || '}', ',') || ']', '[]')
  from (select "t1"."c7"
  from "app"."t1" "t1"
  where (app.fold("t1"."c7") not like (replace(replace(replace(app.fold($1::text), '\', '\\'), '%', '\%'), '_', '\_') || '%') and app.fold("t1"."c7") not like ('%' || replace(replace(replace(app.fold($2::text), '\', '\\'), '%', '\%'), '_', '\_') || '%'))
  order by "t1"."id" limit 1000) "q2";

-- percent: read
-- answer, 1 values
select coalesce('[' || string_agg('{"name":' || to_json("q2"."c7")::text || '}', ',') || ']', '[]')
  from (select "t1"."c7"
  from "app"."t1" "t1"
  where app.fold("t1"."c7") like ('%' || replace(replace(replace(app.fold($1::text), '\', '\\'), '%', '\%'), '_', '\_') || '%')
  order by "t1"."id" limit 1000) "q2";

-- underscore: read
-- answer, 1 values
select coalesce('[' || string_agg('{"name":' || to_json("q2"."c7")::text || '}', ',') || ']', '[]')
  from (select "t1"."c7"
  from "app"."t1" "t1"
  where app.fold("t1"."c7") like ('%' || replace(replace(replace(app.fold($1::text), '\', '\\'), '%', '\%'), '_', '\_') || '%')
  order by "t1"."id" limit 1000) "q2";

-- backslash: read
-- answer, 1 values
select coalesce('[' || string_agg('{"name":' || to_json("q2"."c7")::text || '}', ',') || ']', '[]')
  from (select "t1"."c7"
  from "app"."t1" "t1"
  where app.fold("t1"."c7") like ('%' || replace(replace(replace(app.fold($1::text), '\', '\\'), '%', '\%'), '_', '\_') || '%')
  order by "t1"."id" limit 1000) "q2";

-- noWildcard: read
-- answer, 1 values
select coalesce('[' || string_agg('{"name":' || to_json("q2"."c7")::text || '}', ',') || ']', '[]')
  from (select "t1"."c7"
  from "app"."t1" "t1"
  where app.fold("t1"."c7") like ('%' || replace(replace(replace(app.fold($1::text), '\', '\\'), '%', '\%'), '_', '\_') || '%')
  order by "t1"."id" limit 1000) "q2";

