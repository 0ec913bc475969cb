-- allBands: read
-- answers, 4 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"name":' || to_json("q2"."c7")::text || '}', ',') || ']', '[]')
  from (select "t1"."c7"
  from "app"."t1" "t1"
  where ((app.fold("t1"."c7") like ('%' || replace(replace(replace(app.fold($1::text), '\', '\\'), '%', '\%'), '_', '\_') || '%') or exists (select from "app"."t2" "t3"
  where "t3"."r20" = "t1"."id" and "t3"."c17" = any($2::int4[]))) and "t1"."c8" <> $3::text)
  order by left(app.fold("t1"."c7"), 191) desc nulls last, "t1"."id" limit $4::int4) "q2") as x (made);

