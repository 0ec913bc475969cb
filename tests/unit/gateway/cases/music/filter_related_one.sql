-- allBands: read
-- answers, 2 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || ',"manager":' || coalesce((select '{"name":' || to_json("t3"."c18")::text || '}'
  from "app"."t3" "t3"
  where "t3"."id" = "q2"."r21" and app.fold("t3"."c18") like (replace(replace(replace(app.fold($1::text), '\', '\\'), '%', '\%'), '_', '\_') || '%')), 'null') || ',"albums":' || (select coalesce('[' || string_agg('{"title":' || to_json("q5"."c16")::text || '}', ',') || ']', '[]')
  from (select "t4"."c16"
  from "app"."t2" "t4"
  where "t4"."r20" = "q2"."id" and ("t4"."c17" = $2::int4)
  order by "t4"."id" limit 1000) "q5") || '}', ',') || ']', '[]')
  from (select "t1"."c6", "t1"."r21", "t1"."id"
  from "app"."t1" "t1"
  order by left(app.fold("t1"."c6"), 191) nulls first, "t1"."id" limit 1000) "q2") as x (made);

