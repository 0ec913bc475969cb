-- createPerson: write
-- refusal 0: 3011: The node of type 'Person' to connect does not exist: {node}
-- 12 values
with "w1" as (insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c3", "r7", "r4") select "w"."id", $1::timestamptz, $1::timestamptz, "w"."c3", "w"."r7", "w"."r4"
  from unnest($2::text[], $3::text[], $4::text[], $5::text[]) "w"("id", "c3", "r7", "r4")), "w2" as (insert into "app"."r6" ("a", "b") select w.a, w.b
  from unnest($6::text[], $7::text[]) w(a, b)
  on conflict ("a", "b") do nothing), "w3" as (insert into "app"."r5" ("a", "b") select w.a, w.b
  from unnest($8::text[], $9::text[]) w(a, b)
  on conflict ("a", "b") do nothing), "w4" as (insert into "app"."r8" ("a", "b") select w.a, w.b
  from unnest($10::text[], $11::text[]) w(a, b)
  on conflict ("a", "b") do nothing) select app.refuse(case
  when exists (select from unnest($12::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)) then '0:' || (select w.id
  from unnest($12::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end);
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"name":' || to_json("t1"."c3")::text || ',"spouse":' || coalesce((select '{"name":' || to_json("t2"."c3")::text || ',"spouse":' || coalesce((select '{"name":' || to_json("t4"."c3")::text || '}'
  from "app"."r6" "e5" join "app"."t1" "t4" on "t4"."id" = "e5"."b"
  where "e5"."a" = "t2"."id"), 'null') || '}'
  from "app"."r6" "e3" join "app"."t1" "t2" on "t2"."id" = "e3"."b"
  where "e3"."a" = "t1"."id"), 'null') || ',"mentor":' || coalesce((select '{"name":' || to_json("t6"."c3")::text || ',"student":' || coalesce((select '{"name":' || to_json("t7"."c3")::text || '}'
  from "app"."t1" "t7"
  where "t7"."r7" = "t6"."id"), 'null') || ',"mentor":' || coalesce((select '{"name":' || to_json("t8"."c3")::text || '}'
  from "app"."t1" "t8"
  where "t8"."id" = "t6"."r7"), 'null') || '}'
  from "app"."t1" "t6"
  where "t6"."id" = "t1"."r7"), 'null') || ',"friends":' || (select coalesce('[' || string_agg('{"name":' || to_json("q10"."c3")::text || ',"friends":' || (select coalesce('[' || string_agg('{"name":' || to_json("q13"."c3")::text || '}', ',') || ']', '[]')
  from (select "t12"."c3"
  from "app"."r5" "e14" join "app"."t1" "t12" on "t12"."id" = "e14"."b"
  where "e14"."a" = "q10"."id"
  order by "t12"."id" limit 1000) "q13") || '}', ',') || ']', '[]')
  from (select "t9"."c3", "t9"."id"
  from "app"."r5" "e11" join "app"."t1" "t9" on "t9"."id" = "e11"."b"
  where "e11"."a" = "t1"."id"
  order by "t9"."id" limit 1000) "q10") || ',"children":' || (select coalesce('[' || string_agg('{"name":' || to_json("q16"."c3")::text || ',"parent":' || coalesce((select '{"name":' || to_json("t17"."c3")::text || '}'
  from "app"."t1" "t17"
  where "t17"."id" = "q16"."r4"), 'null') || ',"children":' || (select coalesce('[' || string_agg('{"name":' || to_json("q19"."c3")::text || '}', ',') || ']', '[]')
  from (select "t18"."c3"
  from "app"."t1" "t18"
  where "t18"."r4" = "q16"."id"
  order by "t18"."id" limit 1000) "q19") || '}', ',') || ']', '[]')
  from (select "t15"."c3", "t15"."r4", "t15"."id"
  from "app"."t1" "t15"
  where "t15"."r4" = "t1"."id"
  order by "t15"."id" limit 1000) "q16") || ',"follows":' || (select coalesce('[' || string_agg('{"name":' || to_json("q21"."c3")::text || ',"followers":' || (select coalesce('[' || string_agg('{"name":' || to_json("q24"."c3")::text || '}', ',') || ']', '[]')
  from (select "t23"."c3"
  from "app"."r8" "e25" join "app"."t1" "t23" on "t23"."id" = "e25"."a"
  where "e25"."b" = "q21"."id"
  order by "t23"."id" limit 1000) "q24") || ',"follows":' || (select coalesce('[' || string_agg('{"name":' || to_json("q27"."c3")::text || '}', ',') || ']', '[]')
  from (select "t26"."c3"
  from "app"."r8" "e28" join "app"."t1" "t26" on "t26"."id" = "e28"."b"
  where "e28"."a" = "q21"."id"
  order by "t26"."id" limit 1000) "q27") || '}', ',') || ']', '[]')
  from (select "t20"."c3", "t20"."id"
  from "app"."r8" "e22" join "app"."t1" "t20" on "t20"."id" = "e22"."b"
  where "e22"."a" = "t1"."id"
  order by "t20"."id" limit 1000) "q21") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text) as x (made)));

