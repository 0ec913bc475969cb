-- createFan: write
-- refusal 0: 3011: The node of type 'Manager' to connect does not exist: {node}
-- refusal 1: 3011: The node of type 'Album' to connect does not exist: {node}
-- 2 values
with "w1" as (update "app"."t1" set "r21" = null
  where "r21" = $1::text) select app.refuse(case
  when not exists (select from "app"."t3"
  where "id" = $1::text) then '0:' || $1::text
  when exists (select from unnest($2::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t2" "f"
  where "f"."id" = w.id)) then '1:' || (select w.id
  from unnest($2::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t2" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end);
-- 18 values
with "w1" as (insert into "app"."t4" as "t" ("id", "created_at", "updated_at", "c19") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text)), "w2" as (insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c6", "c7", "c8", "c11", "r21") select "w"."id", $2::timestamptz, $2::timestamptz, "w"."c6", "w"."c7", $4::text, $5::bool, "w"."r21"
  from unnest($6::text[], $7::text[], $8::text[], $9::text[]) "w"("id", "c6", "c7", "r21")), "w3" as (insert into "app"."t3" as "t" ("id", "created_at", "updated_at", "c18") values ($10::text, $2::timestamptz, $2::timestamptz, $11::text)), "w4" as (insert into "app"."t2" as "t" ("id", "created_at", "updated_at", "c16", "r20") select "w"."id", $2::timestamptz, $2::timestamptz, "w"."c16", "w"."r20"
  from unnest($12::text[], $13::text[], $14::text[]) "w"("id", "c16", "r20")), "w5" as (update "app"."t2" set "r20" = $15::text
  where "id" = any($16::text[])) insert into "app"."r22" ("a", "b") select w.a, w.b
  from unnest($17::text[], $18::text[]) w(a, b)
  on conflict ("a", "b") do nothing;
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"id":"' || "t1"."id" || '","bands":' || (select coalesce('[' || string_agg('{"id":"' || "q3"."id" || '","slug":' || to_json("q3"."c6")::text || ',"manager":' || coalesce((select '{"id":"' || "t5"."id" || '","name":' || to_json("t5"."c18")::text || '}'
  from "app"."t3" "t5"
  where "t5"."id" = "q3"."r21"), 'null') || ',"albums":' || (select coalesce('[' || string_agg('{"id":"' || "q7"."id" || '","title":' || to_json("q7"."c16")::text || '}', ',') || ']', '[]')
  from (select "t6"."id", "t6"."c16"
  from "app"."t2" "t6"
  where "t6"."r20" = "q3"."id"
  order by "t6"."id" limit 1000) "q7") || '}', ',') || ']', '[]')
  from (select "t2"."id", "t2"."c6", "t2"."r21"
  from "app"."r22" "e4" join "app"."t1" "t2" on "t2"."id" = "e4"."a"
  where "e4"."b" = "t1"."id"
  order by "t2"."id" limit 1000) "q3") || '}'
  from "app"."t4" "t1"
  where "t1"."id" = $2::text) as x (made)));

