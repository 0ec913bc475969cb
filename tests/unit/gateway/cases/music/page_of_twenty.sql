-- allAlbums: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"id":"' || "q2"."id" || '","title":' || to_json("q2"."c16")::text || ',"year":' || coalesce("q2"."c17"::text, 'null') || ',"band":' || coalesce((select '{"id":"' || "t3"."id" || '","name":' || to_json("t3"."c7")::text || ',"slug":' || to_json("t3"."c6")::text || '}'
  from "app"."t1" "t3"
  where "t3"."id" = "q2"."r20"), 'null') || '}', ',') || ']', '[]')
  from (select "t1"."id", "t1"."c16", "t1"."c17", "t1"."r20"
  from "app"."t2" "t1"
  where "t1"."c17" >= $1::int4
  order by left(app.fold("t1"."c16"), 191) nulls first, "t1"."id" limit 20) "q2") as x (made);

