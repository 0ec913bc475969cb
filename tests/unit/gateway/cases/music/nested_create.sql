-- createBand: write
-- refusal 0: 3011: The node of type 'Fan' to connect does not exist: {node}
-- 16 values
with "w1" as (insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c6", "c7", "c8", "c11", "r21") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text, $4::text, $5::text, $6::bool, $7::text)), "w2" as (insert into "app"."t3" as "t" ("id", "created_at", "updated_at", "c18") values ($7::text, $2::timestamptz, $2::timestamptz, $8::text)), "w3" as (insert into "app"."t2" as "t" ("id", "created_at", "updated_at", "c16", "c17", "r20") select "w"."id", $2::timestamptz, $2::timestamptz, "w"."c16", "w"."c17", $1::text
  from unnest($9::text[], $10::text[], $11::int4[]) "w"("id", "c16", "c17")), "w4" as (insert into "app"."t4" as "t" ("id", "created_at", "updated_at", "c19") values ($12::text, $2::timestamptz, $2::timestamptz, $13::text)), "w5" as (insert into "app"."r22" ("a", "b") select w.a, w.b
  from unnest($14::text[], $15::text[]) w(a, b)
  on conflict ("a", "b") do nothing) select app.refuse(case
  when exists (select from unnest($16::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t4" "f"
  where "f"."id" = w.id)) then '0:' || (select w.id
  from unnest($16::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t4" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end);
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"id":"' || "t1"."id" || '","createdAt":"' || to_char("t1"."created_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '","updatedAt":"' || to_char("t1"."updated_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '","manager":' || coalesce((select '{"id":"' || "t2"."id" || '","name":' || to_json("t2"."c18")::text || ',"band":' || coalesce((select '{"slug":' || to_json("t3"."c6")::text || '}'
  from "app"."t1" "t3"
  where "t3"."r21" = "t2"."id"), 'null') || '}'
  from "app"."t3" "t2"
  where "t2"."id" = "t1"."r21"), 'null') || ',"albums":' || (select coalesce('[' || string_agg('{"id":"' || "q5"."id" || '","title":' || to_json("q5"."c16")::text || ',"year":' || coalesce("q5"."c17"::text, 'null') || ',"band":' || coalesce((select '{"slug":' || to_json("t6"."c6")::text || '}'
  from "app"."t1" "t6"
  where "t6"."id" = "q5"."r20"), 'null') || '}', ',') || ']', '[]')
  from (select "t4"."id", "t4"."c16", "t4"."c17", "t4"."r20"
  from "app"."t2" "t4"
  where "t4"."r20" = "t1"."id"
  order by "t4"."id" limit 1000) "q5") || ',"fans":' || (select coalesce('[' || string_agg('{"id":"' || "q8"."id" || '","email":' || to_json("q8"."c19")::text || ',"bands":' || (select coalesce('[' || string_agg('{"slug":' || to_json("q11"."c6")::text || '}', ',') || ']', '[]')
  from (select "t10"."c6"
  from "app"."r22" "e12" join "app"."t1" "t10" on "t10"."id" = "e12"."a"
  where "e12"."b" = "q8"."id"
  order by "t10"."id" limit 1000) "q11") || '}', ',') || ']', '[]')
  from (select "t7"."id", "t7"."c19"
  from "app"."r22" "e9" join "app"."t4" "t7" on "t7"."id" = "e9"."b"
  where "e9"."a" = "t1"."id"
  order by "t7"."id" limit 1000) "q8") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text) as x (made)));

-- allFans: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"email":' || to_json("q2"."c19")::text || ',"bands":' || (select coalesce('[' || string_agg('{"slug":' || to_json("q4"."c6")::text || '}', ',') || ']', '[]')
  from (select "t3"."c6"
  from "app"."r22" "e5" join "app"."t1" "t3" on "t3"."id" = "e5"."a"
  where "e5"."b" = "q2"."id"
  order by "t3"."id" limit 1000) "q4") || '}', ',') || ']', '[]')
  from (select "t1"."c19", "t1"."id"
  from "app"."t4" "t1"
  order by "t1"."id" limit 1000) "q2") as x (made);

