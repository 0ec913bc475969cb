-- createBand: write
-- refusal 0: 3011: The node of type 'Manager' to connect does not exist: {node}
-- refusal 1: 3011: The node of type 'Album' to connect does not exist: {node}
-- refusal 2: 3011: The node of type 'Fan' to connect does not exist: {node}
-- 3 values
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
  order by w.n limit 1)
  when exists (select from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t4" "f"
  where "f"."id" = w.id)) then '2:' || (select w.id
  from unnest($3::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t4" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end);
-- 10 values
with "w1" as (insert into "app"."t1" as "t" ("id", "created_at", "updated_at", "c6", "c7", "c8", "c11", "r21") values ($1::text, $2::timestamptz, $2::timestamptz, $3::text, $4::text, $5::text, $6::bool, $7::text)), "w2" as (update "app"."t2" set "r20" = $1::text
  where "id" = any($8::text[])) insert into "app"."r22" ("a", "b") select w.a, w.b
  from unnest($9::text[], $10::text[]) w(a, b)
  on conflict ("a", "b") do nothing;
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"id":"' || "t1"."id" || '","manager":' || coalesce((select '{"name":' || to_json("t2"."c18")::text || '}'
  from "app"."t3" "t2"
  where "t2"."id" = "t1"."r21"), 'null') || ',"albums":' || (select coalesce('[' || string_agg('{"title":' || to_json("q4"."c16")::text || '}', ',') || ']', '[]')
  from (select "t3"."c16"
  from "app"."t2" "t3"
  where "t3"."r20" = "t1"."id"
  order by "t3"."id" limit 1000) "q4") || ',"fans":' || (select coalesce('[' || string_agg('{"email":' || to_json("q6"."c19")::text || '}', ',') || ']', '[]')
  from (select "t5"."c19"
  from "app"."r22" "e7" join "app"."t4" "t5" on "t5"."id" = "e7"."b"
  where "e7"."a" = "t1"."id"
  order by "t5"."id" limit 1000) "q6") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text) as x (made)));

-- allBands: read
-- answers, 0 values
select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select coalesce('[' || string_agg('{"slug":' || to_json("q2"."c6")::text || ',"manager":' || coalesce((select '{"name":' || to_json("t3"."c18")::text || '}'
  from "app"."t3" "t3"
  where "t3"."id" = "q2"."r21"), 'null') || ',"albums":' || (select coalesce('[' || string_agg('{"title":' || to_json("q5"."c16")::text || '}', ',') || ']', '[]')
  from (select "t4"."c16"
  from "app"."t2" "t4"
  where "t4"."r20" = "q2"."id"
  order by "t4"."id" limit 1000) "q5") || '}', ',') || ']', '[]')
  from (select "t1"."c6", "t1"."r21", "t1"."id"
  from "app"."t1" "t1"
  order by "t1"."id" limit 1000) "q2") as x (made);

