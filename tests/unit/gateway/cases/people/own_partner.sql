-- one: write
-- refusal 0: 3002: 'Person' has no item with id '{node}'
-- refusal 1: 3011: The node of type 'Person' to connect does not exist: {node}
-- 1 values
with "w1" as (update "app"."t1" set "r7" = null
  where "r7" = $1::text and "id" <> $1::text) select app.refuse(case
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '0'
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '1:' || $1::text end);
-- 1 values
update "app"."t1" "t" set "r7" = $1::text
  where "t"."id" = $1::text;
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"mentor":' || coalesce((select '{"name":' || to_json("t2"."c3")::text || '}'
  from "app"."t1" "t2"
  where "t2"."id" = "t1"."r7"), 'null') || ',"student":' || coalesce((select '{"name":' || to_json("t3"."c3")::text || '}'
  from "app"."t1" "t3"
  where "t3"."r7" = "t1"."id"), 'null') || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text));

-- two: write
-- refusal 0: 3002: 'Person' has no item with id '{node}'
-- 1 values
with "w1" as (update "app"."t1" set "r7" = null
  where "r7" = $1::text) select app.refuse(case
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '0' end);
-- 2 values
update "app"."t1" "t" set "r7" = $1::text
  where "t"."id" = $2::text;
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select '{"mentor":' || coalesce((select '{"name":' || to_json("t2"."c3")::text || '}'
  from "app"."t1" "t2"
  where "t2"."id" = "t1"."r7"), 'null') || ',"student":' || coalesce((select '{"name":' || to_json("t3"."c3")::text || '}'
  from "app"."t1" "t3"
  where "t3"."r7" = "t1"."id"), 'null') || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text));

-- three: write
-- refusal 0: 3002: 'Person' has no item with id '{node}'
-- refusal 1: 3011: The node of type 'Person' to connect does not exist: {node}
-- 2 values
with "w1" as (delete from "app"."r6"
  where ("a" = $1::text or "b" = $1::text)) select app.refuse(case
  when not exists (select from "app"."t1"
  where "id" = $1::text) then '0'
  when exists (select from unnest($2::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)) then '1:' || (select w.id
  from unnest($2::text[]) with ordinality w(id, n)
  where not exists (select from "app"."t1" "f"
  where "f"."id" = w.id)
  order by w.n limit 1) end);
-- 2 values
with "w1" as (delete from "app"."r6"
  where ("a" = $1::text and "b" <> $1::text or "b" = $1::text and "a" <> $1::text)) delete from "app"."r5"
  where ("a" = $1::text and "b" <> all($2::text[]) or "b" = $1::text and "a" <> all($2::text[]));
-- 5 values
with "w1" as (update "app"."t1" "t" set "r4" = $1::text
  where "t"."id" = $1::text), "w2" as (insert into "app"."r6" ("a", "b") select w.a, w.b
  from unnest($2::text[], $3::text[]) w(a, b)
  on conflict ("a", "b") do nothing) insert into "app"."r5" ("a", "b") select w.a, w.b
  from unnest($4::text[], $5::text[]) w(a, b)
  on conflict ("a", "b") do nothing;
-- answers, 2 values
select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $1::text) then 'moved' end), (select case
  when octet_length(made) > 32000000 then app.refuse('large') else made end
  from (select '{"spouse":' || coalesce((select '{"name":' || to_json("t2"."c3")::text || '}'
  from "app"."r6" "e3" join "app"."t1" "t2" on "t2"."id" = "e3"."b"
  where "e3"."a" = "t1"."id"), 'null') || ',"friends":' || (select coalesce('[' || string_agg('{"name":' || to_json("q5"."c3")::text || '}', ',') || ']', '[]')
  from (select "t4"."c3"
  from "app"."r5" "e6" join "app"."t1" "t4" on "t4"."id" = "e6"."b"
  where "e6"."a" = "t1"."id"
  order by "t4"."id" limit 1000) "q5") || ',"parent":' || coalesce((select '{"name":' || to_json("t7"."c3")::text || '}'
  from "app"."t1" "t7"
  where "t7"."id" = "t1"."r4"), 'null') || ',"children":' || (select coalesce('[' || string_agg('{"name":' || to_json("q9"."c3")::text || '}', ',') || ']', '[]')
  from (select "t8"."c3"
  from "app"."t1" "t8"
  where "t8"."r4" = "t1"."id"
  order by "t8"."id" limit 1000) "q9") || '}'
  from "app"."t1" "t1"
  where "t1"."id" = $2::text) as x (made)));

-- four: write
-- refusal 0: 3002: 'Person' has no item with id '{node}'
-- answers, 2 values
with written as (delete from "app"."t1" "t"
  where "t"."id" = $1::text
  returning '{"name":' || to_json("t"."c3")::text || ',"spouse":null}' as answer) select coalesce(app.refuse(case
  when not exists (select from app._mortise
  where model_sha = $2::text) then 'moved'
  when not exists (select from written) then '0' end), (select answer
  from written));

