-- allBands: read
-- answers, 1 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"name":' || to_json("q2"."c7")::text || ',"albums":' || (select coalesce('[' || string_agg('{"title":' || to_json("q4"."c16")::text || ',"year":' || coalesce("q4"."c17"::text, 'null') || ',"band":' || coalesce((select '{"name":' || to_json("t5"."c7")::text || ',"fans":' || (select coalesce('[' || string_agg('{"email":' || to_json("q7"."c19")::text || '}', ','
  order by "q7"."id") || ']', '[]')
  from (select "t6"."c19", "t6"."id", "t6"."id" as "key"
  from "app"."r22" "e8" join "app"."t4" "t6" on "t6"."id" = "e8"."b"
  where "e8"."a" = "t5"."id"
  order by "t6"."id" desc limit 1) "q7") || '}'
  from "app"."t1" "t5"
  where "t5"."id" = "q4"."r20"), 'null') || '}', ',') || ']', '[]')
  from (select "t3"."c16", "t3"."c17", "t3"."r20"
  from "app"."t2" "t3"
  where "t3"."r20" = "q2"."id"
  order by "t3"."c17" desc nulls last, "t3"."id" limit 2) "q4") || ',"_albumsMeta":' || (select '{"count":' || count(*)::text || '}'
  from "app"."t2" "t9"
  where "t9"."r20" = "q2"."id") || ',"early":' || (select '{"count":' || count(*)::text || ',"__typename":"_QueryMeta"}'
  from "app"."t2" "t10"
  where "t10"."r20" = "q2"."id" and "t10"."c17" < $1::int4) || ',"manager":' || coalesce((select '{"name":' || to_json("t11"."c18")::text || ',"band":' || coalesce((select '{"slug":' || to_json("t12"."c6")::text || '}'
  from "app"."t1" "t12"
  where "t12"."r21" = "t11"."id"), 'null') || '}'
  from "app"."t3" "t11"
  where "t11"."id" = "q2"."r21"), 'null') || ',"fans":' || (select coalesce('[' || string_agg('{"email":' || to_json("q14"."c19")::text || ',"_bandsMeta":' || (select '{"count":' || count(*)::text || '}'
  from "app"."r22" "e17" join "app"."t1" "t16" on "t16"."id" = "e17"."a"
  where "e17"."b" = "q14"."id") || '}', ',') || ']', '[]')
  from (select "t13"."c19", "t13"."id"
  from "app"."r22" "e15" join "app"."t4" "t13" on "t13"."id" = "e15"."b"
  where "e15"."a" = "q2"."id"
  order by "t13"."id" limit 1000) "q14") || '}', ',') || ']', '[]')
  from (select "t1"."c7", "t1"."id", "t1"."r21"
  from "app"."t1" "t1"
  order by left(app.fold("t1"."c7"), 191) desc nulls last, "t1"."id" limit 3 offset 1) "q2") as x (made);

